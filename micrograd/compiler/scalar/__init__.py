"""From code to a graph of scalars: it runs on placeholders, and what it did to them is the graph.

trace           runs the code, twice, and refuses what is not the same
tracer          one run of the code, or a built expression, as a graph
placeholders    what code gets in place of numbers
stand_ins       what it gets in place of its parameters
users_code      which code is the user's, and its lines in messages
divergence      the line where placeholders and numbers part
holders, undo   puts back what tracing left in the user's objects
repeats         what code will do in later runs
graph           the graph, every expression once
loops/          what repeats there: loops over time, and their derivatives, which are loops, too
derivatives/    derivatives, as nodes of the same graph
"""
