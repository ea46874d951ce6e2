"""What holds of operations whoever writes them down, as Values, nodes of a graph or symbols.

identities  what has the same value to the bit in fewer operations
sums        linear forms
"""
