"""C: a module of statements as C99, and as the header that declares it.

code        the printers
"""
