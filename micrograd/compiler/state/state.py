"""The Python state that a user's code can reach, kept so that one can ask whether it still holds.

    code        a model, loss or penalty: function, bound method, callable object, class, functools.partial, Module
    state       what the code may read: closures, defaults, the globals and attributes that it names, the contents of
                containers and arrays, which Values there are, and the data of those that are no parameters
    reads       the steps that lead from the code to all that it reaches, and what each of them gave

Whether a state holds is told by the same reads: as long as each gives what it gave, they lead to the same objects.
So asking costs a fraction of finding out.

What an object in C keeps to itself is out of reach and counts by identity: files, sockets, clocks, locks, the locals
of threads, random generators, iterators and generators, what `lru_cache` keeps. The code of libraries is not read, but
what their functions close over, and the attributes of their objects, are. An object replaced by an equal one has
changed, unless both are numbers or texts.
"""

from __future__ import annotations

from micrograd.compiler.state.reads import OPERATION
from micrograd.compiler.state.same import unchanged
from micrograd.compiler.state.walk import Vast, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.state.owners import Read
    from micrograd.engine import Value


class State:
    """What the codes can reach now. `apart_from` are the parameters, whose numbers do not count; None is no code.

    built       the inner Values (results of operations made before) that the codes can reach

    Nothing is raised, and no code of the user's runs: objects that defend themselves count by identity.
    Where the code can reach more than half a million objects, the state never holds, and the code is traced every time.
    What was reached is kept alive. A copy of a state does not hold, since it would tell of other objects.

    >>> settings = {"strength": 1.0}
    >>> state = State(lambda parameters: settings["strength"] * sum(parameters))
    >>> state.holds()
    True
    >>> settings["strength"] = 0.5
    >>> state.holds()
    False
    """

    __slots__ = ("built", "_reads")

    built: list[Value]
    _reads: list[Read] | None

    def __init__(self, *codes: Any, apart_from: Sequence[Value] = ()) -> None:
        walk = Walk(apart_from)
        try:
            self._reads = walk.all_reads(codes)
        except Vast:
            self._reads = None
        self.built = [x for x in walk.values if OPERATION(x) is not None]

    def holds(self) -> bool:
        """Whether nothing that the codes can reach has changed since."""
        if self._reads is None:
            return False
        try:
            for read, source, before in self._reads:
                if not unchanged(read(source), before):
                    return False
        except Exception:  # an attribute of Values that is gone, a dictionary that another thread changes meanwhile
            return False
        return True

    def reads(self) -> list[Read]:
        """The reads, in order."""
        return self._reads or []

    def __reduce__(self) -> tuple[Any, ...]:
        return ended, ()


def ended() -> State:
    """A state that does not hold."""
    state = State()
    state._reads = None
    return state
