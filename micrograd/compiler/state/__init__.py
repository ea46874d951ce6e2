"""Python state that code reads: what it is, and whether it changed.

state           the reads that lead to all that the code can reach, kept, so that they can be repeated
walk            finds them; `steps` has one for each kind of object, `reads` how it is read
names           what code reads by name
draws           random generators
"""
