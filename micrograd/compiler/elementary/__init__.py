"""Elementary functions as formulas: a range is reduced, then comes a polynomial. It is mathematics and knows no target.

arithmetic      the operations that the formulas are made of
powers          exp and its family
logarithms      log and its family
real_powers     x to the power y, made of both in more digits
angles          sin, cos, tan and their inverses
table           all formulas by name

The polynomials interpolate at Chebyshev nodes in 200-bit arithmetic (mpmath's `chebyfit`; tests/test_vector_math.py
fits them again); nothing needs a fused multiply-add. Every function is right to 4 ulp, most to 2.5, and the same on
every processor.
"""
