"""From code to a graph of scalars: it runs on placeholders, and what it did to them is the graph.

trace           runs the code
placeholders    what code gets in place of numbers
stand_ins       what it gets in place of its parameters
divergence      the line where placeholders and numbers part
undo            puts back what tracing left in the user's objects
repeats         what code will do in later runs
graph           the graph, every expression once
"""
