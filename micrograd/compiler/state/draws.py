"""Random generators that code can reach, and what was drawn from them."""

from __future__ import annotations

import pickle
import random
import sys
from types import BuiltinMethodType, MethodType, MethodWrapperType, ModuleType

from micrograd.compiler.state.classes import MODULE, derives
from micrograd.compiler.state.reads import attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from micrograd.compiler.state.state import State

BOUND = (BuiltinMethodType, MethodType, MethodWrapperType)
PASSED = (*BOUND, tuple, frozenset)


def reached(state: State, wanted: Callable[[type], bool]) -> Iterator[Any]:
    """The objects of wanted classes that the code can reach, those in tuples and of bound methods too."""
    known: dict[type, bool] = {}

    def telling(kind: type) -> bool:
        if kind not in known:
            known[kind] = kind in PASSED or wanted(kind)
        return known[kind]

    waiting: list[Any] = []
    for read, source, row in state.reads():
        waiting += [row, source[0]] if read is attributes else [row]
    seen: set[int] = set()
    while waiting:
        items = waiting.pop()
        if not any(map(telling, set(map(type, items)))):
            continue
        for x in items:
            if type(x) in (tuple, frozenset) and id(x) not in seen:
                seen.add(id(x))
                waiting.append(x)
            elif type(x) in BOUND:
                waiting.append((x.__self__,))
            elif telling(type(x)) and type(x) not in PASSED:
                yield x


def generators(state: State) -> Iterator[Any]:
    """Random generators within reach; of the modules random and numpy.random where the code names them, or numpy."""
    for x in reached(state, lambda kind: kind is ModuleType or is_generator(kind)):
        if type(x) is not ModuleType:
            yield x
        elif any(x is sys.modules.get(name) for name in ("random", "numpy", "numpy.random")):
            yield sys.modules.get("numpy.random") if x is sys.modules.get("numpy") else x


def is_generator(kind: type) -> bool:
    """Whether the objects of a class draw random numbers."""
    return derives(kind, random.Random) or str(MODULE(kind)).startswith("numpy.random")


def drawn(generator: Any) -> bytes:
    """The state of a generator, in a form that can be compared; empty for one that has none, as that of the system."""
    for ask in (lambda: generator.getstate(), lambda: generator.bit_generator.state, lambda: generator.get_state()):
        try:
            return pickle.dumps(ask())
        except Exception:  # another kind of generator
            continue
    return b""


def draw_again(generator: Any, state: bytes) -> None:
    """Give a generator a state that it had, so that the same numbers come again."""
    if state and drawn(generator) != state:
        before = pickle.loads(state)
        if hasattr(generator, "setstate"):
            generator.setstate(before)
        elif hasattr(getattr(generator, "bit_generator", None), "state"):
            generator.bit_generator.state = before
        else:
            generator.set_state(before)


def draws(run: Callable[[], Any]) -> bool:
    """Whether a run draws numbers by the module random in this thread; others may do so meanwhile."""
    found = []

    def watch(frame: Any, event: str, called: Any) -> None:
        if event == "c_call" and derives(type(getattr(called, "__self__", None)), random.Random):
            found.append(called)
        elif event == "call" and frame.f_code.co_filename == random.__file__:
            found.append(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        run()
    finally:
        sys.setprofile(before)
    return bool(found)
