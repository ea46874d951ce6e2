"""Python state that code reads: what it is, and whether it changed.

state       the reads that lead to all that the code can reach, kept, so that they can be repeated
walk        finds them
visits      what the walk does with each kind of object
owners      objects, classes and modules of which only the names count that code reads
reads       how each kind of object is read
same        whether what was read is the same as before
classes     what classes are
names       what code reads by name
libraries   whose code it is
draws       random generators
"""
