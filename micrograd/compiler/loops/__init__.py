"""Scalar programs with loops: entries, then loops, then entries that read what the loops made, over one vector.

program         `player_for`: a graph with or without loops, as what is played
plan            which nodes are made when, and where their numbers stand
steps           a loop: its body, played once a step

Words of these rooms; see `compiler.scalar.loops.loop` for those of a loop in the graph:

    v: the vector of a program with loops: what is given, what its parts hand to each other, the results
    part: the entries of one stage; stage: how many loops stand one after the other before it
"""

from __future__ import annotations

from micrograd.compiler.loops.program import player_for

__all__ = ["player_for"]
