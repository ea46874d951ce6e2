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

__all__ = ["paused"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 1_000_000  # young objects, beyond which garbage is looked for though other threads build on


class paused:
    """A block in which the collector is paused, `with paused():`; blocks within blocks and in threads share the pause.

    Whatever breaks a block off, Ctrl-C at any place too, ends it: at the latest when the block itself is freed.
    There is no lock, which an interrupt could leave locked: threads that begin and end at one moment may at worst
    build with the collector on.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        try:
            inside.add(id(self))
            if gc.isenabled():
                last["ends"] = gc.enable
                gc.disable()
        except BaseException:
            self.end()
            raise

    def __exit__(self, *exception: object) -> None:
        self.end()

    def __del__(self) -> None:
        if id(self) in inside or last and not inside:
            self.end()

    def end(self) -> None:
        """Go on with the collector if this was the last block; any number of times."""
        inside.discard(id(self))
        if not inside:
            last.pop("ends", bool)()
        elif last and gc.get_count()[0] > MOST:
            gc.collect(0)


inside: set[int] = set()  # ids of the blocks that run now
last: dict[str, Callable[[], object]] = {}  # what to call when the last block ends, if the collector was on


def forked() -> None:
    """In a forked process, which has none of the other threads: no block runs."""
    inside.clear()
    last.pop("ends", bool)()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forked)
