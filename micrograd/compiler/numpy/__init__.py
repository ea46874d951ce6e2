"""Array programs in NumPy: source code that one can read, and what runs it.

code            the source
vocabulary      the primitives on arrays
runner          runs it
"""
