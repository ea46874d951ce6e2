"""The cyclic garbage collector, paused while graphs are built.

Graphs have no cycles: they die by reference counts, and what the collector does while one grows is look for garbage
that cannot be there, again and again, in all that the program holds; more than half of the time beside large libraries.
So the package's own loops pause it for as long as one sample, or one graph, takes. This is the one thing in the
package that acts on the whole process: for that time other threads are not collected either. The collector is on again
as soon as nobody builds, if it was on before; where it was off, it stays off.

A loop of your own does the same:

>>> from micrograd import Value
>>> from micrograd.collector import paused
>>> x = Value(3.0)
>>> for _ in range(100):
...     with paused():
...         y = x * x
...         y.backward()
>>> x.grad
600.0
"""
from __future__ import annotations

import gc
import os
from _thread import RLock  # threading would load more than all of micrograd

__all__ = ["paused"]

MOST = 1_000_000  # young objects, beyond which garbage is looked for though other threads build on


class paused:
    """A block in which the collector is paused, `with paused():`; blocks within blocks and in threads share the pause.

    Whatever breaks a block off, Ctrl-C at any place too, ends it: at the latest when the block itself is freed.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        try:
            with state.lock:
                if not state.inside:
                    state.resume = gc.isenabled()
                    gc.disable()
                state.inside.add(id(self))
        except BaseException:
            self.end()
            raise

    def __exit__(self, *exception: object) -> None:
        self.end()

    def __del__(self) -> None:
        if id(self) in state.inside or state.resume and not state.inside:
            self.end()

    def end(self) -> None:
        """Go on with the collector if this was the last block; any number of times."""
        overdue = False
        with state.lock:
            state.inside.discard(id(self))
            if not state.inside and state.resume:
                gc.enable()
                state.resume = False
            elif state.inside:
                overdue = state.resume and gc.get_count()[0] > MOST
        if overdue:
            gc.collect(0)


class State:
    """What all blocks share.

    inside      ids of the blocks that run now
    resume      whether the collector was on before the first of them
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.resume = RLock(), set(), False  # type: RLock, set[int], bool

    def forked(self) -> None:
        """In a forked process, which has none of the other threads: no block runs, and the lock is free."""
        if self.inside and self.resume:
            gc.enable()
        self.__init__()  # type: ignore[misc]


state = State()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=state.forked)
