"""Plain functions as programs: one function, one point, at the speed of its arithmetic.

function        `CompiledFunction`, what users hold
named           arguments by name, and what other names mean
nests           numbers in lists, tuples, dictionaries and arrays, as a row of numbers
recorded        the function as a graph, for arguments of one shape
periods         rows of a long graph that repeat themselves
rolling         what repeats becomes a loop
purposes        what is computed: value, gradient, Jacobian, Hessian
routine         one purpose for one shape: what is played, and read
short           the short ways of a call
rows            a function over rows of numbers, as a program of samples
descent         steps of an optimiser
comparison      the graph with the function, every routine with the graph
"""

from __future__ import annotations

from micrograd.compiler.points.function import CompiledFunction

__all__ = ["CompiledFunction"]
