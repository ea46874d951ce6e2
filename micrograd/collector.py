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
...     with paused:
...         y = x * x
...         y.backward()
>>> x.grad
600.0
"""
from __future__ import annotations

import gc
import os
from _thread import allocate_lock  # threading would load more than all of micrograd

__all__ = ["paused"]

MOST = 1_000_000  # young objects, beyond which garbage is looked for though other threads build on


class Pause:
    """The pause as a context, which blocks within blocks and in other threads share.

    inside      how many blocks run now
    resume      whether the collector was on before the first of them
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.resume = allocate_lock(), 0, False

    def __enter__(self) -> None:
        with self.lock:
            if not self.inside:
                self.resume = gc.isenabled()
                gc.disable()
            self.inside += 1

    def __exit__(self, *exception: object) -> None:
        with self.lock:
            self.inside = max(0, self.inside - 1)  # 0 where a block forked
            if self.inside == 0 and self.resume:
                gc.enable()
            overdue = self.inside > 0 and self.resume and gc.get_count()[0] > MOST
        if overdue:
            gc.collect(0)

    def forget(self) -> None:
        """In a forked process, which has none of the other threads: no block runs, and the lock is free."""
        if self.inside and self.resume:
            gc.enable()
        self.__init__()  # type: ignore[misc]


paused = Pause()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=paused.forget)
