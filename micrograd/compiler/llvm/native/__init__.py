"""From LLVM's text to machine code in this process, and how Python calls it.

machine_code    made through llvmlite
cache           kept on disk
direct_call     called as one of Python's own functions
"""
