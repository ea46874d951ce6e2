"""Scalar programs: what is computed once, as one list of entries over one vector of doubles, for every target.

kinds       what an entry computes: a row of the table, a pair of rows, a sum
nodes       the nodes that the ends need, as arrays
combine     nodes that one entry makes: long sums, pairs
groups      levels, groups of one kind, places side by side
reuse       places that are given back, where values are many numbers
runs        parts of a group whose operands stand side by side
entries     `entries_of`: all of it, and how it prints
steps       steps of an array program as entries

Words of these rooms:

    w: the vector; place: an index into it
    entry: one operation: its kind, the place that it makes, the places of up to three operands
    level: entries of one level do not depend on each other
    leaf: a node whose number comes from outside; end: a node whose number is wanted
"""

from __future__ import annotations

from micrograd.compiler.entries.entries import Entries, entries_of

__all__ = ["Entries", "entries_of"]
