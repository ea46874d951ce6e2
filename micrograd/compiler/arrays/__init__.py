"""An array program: a few steps over whole groups of like scalars, and the passes that make it.

steps           the steps
roll            the scalar graph becomes steps
differentiate   reverse mode on steps
simplify        what a reverse sweep can do without
fusion          which steps run in one loop
memory          where the rows of a block stand
purposes        the program for each purpose
"""
