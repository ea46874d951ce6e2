"""Programs in NumPy: source code that one can read, and what runs it.

arithmetic      operations on arrays, for the formulas of `elementary`
vocabulary      the primitives on arrays
names           what the source calls them, views and arrays
code            the source
runner          runs it
steps           runs it many times, with steps of an optimiser between
player          scalar programs
"""
