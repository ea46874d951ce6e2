"""Elementary functions as formulas: range reduction and a polynomial.

arithmetic      the operations that the formulas are made of
powers          exp and its family
logarithms      log and its family
angles          sin, cos, tan and their inverses
"""
