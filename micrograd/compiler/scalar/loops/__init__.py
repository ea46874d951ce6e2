"""Loops in the scalar graph: the body is there once, whatever the number of steps; the derivative of a loop is a loop.

loop            what a loop does, as a node of the graph
derivatives     its derivatives in reverse and forward
recording       `scan` in code that is traced, as a loop where it can be one
"""
