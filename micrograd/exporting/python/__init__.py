"""Python, of which an export needs the standard library only.

code            an export
lists           arrays that are written or read as a whole
vocabulary      what Python calls the rows of the table, with those that `math` lacks
"""
