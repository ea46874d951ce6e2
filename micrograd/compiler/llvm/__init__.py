"""Array programs as machine code, made by LLVM.

code            the functions of a program, put together
loops, tiles    fused elementwise steps; matrix products
uniform         what runs once a step
tape            irregular programs
vocabulary      the primitives
instructions    text of functions
runner          runs it, in one thread or several
native/         from text to machine code
"""
