"""Programs in NumPy: source code that one can read, and what runs it.

arithmetic      operations on arrays, for the formulas of `elementary`
code            the source
vocabulary      the primitives on arrays
runner          runs it
player          scalar programs
"""
