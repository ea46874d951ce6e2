"""Many steps of an optimiser as machine code around that of a program.

shuffle     the order of an epoch
code        its text: samples gathered, the program's own code, the update rule, and the loop around them
steps       it runs on the memory of a runner
"""
