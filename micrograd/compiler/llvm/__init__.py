"""Array programs as machine code, made by LLVM.

instructions    text of functions
memory          where everything stands, and how code finds it
vectors         arithmetic on vectors, for the formulas of `elementary`
vocabulary      the primitives
loops           fused elementwise steps
products, sums  matrix products; sums over the samples
uniform         what runs once a step
irregular       programs whose steps have little in common
code            all of them, put together
layout          a batch as the code reads it
machine/        plays entries
native/         from text to machine code
runner          runs it, in one thread or several
descent/        runs it many times, with steps of an optimiser between
"""
