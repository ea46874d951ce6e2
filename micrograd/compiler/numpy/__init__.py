"""Programs in NumPy: source code that one can read, and what runs it.

arithmetic      operations on arrays, for the formulas of `elementary`
vocabulary      the primitives on arrays
names           what the source calls them, views and arrays
code            the source
runner          runs it
player          scalar programs
"""
