"""Locks that a fork leaves usable: a forked process has only the thread that forked, and nobody who gives a lock back.

waited      locks that a fork waits for, GRACE seconds at most each: what they guard is whole in the new process
renewed     locks of objects, free in the new process: what they guard is made anew at every use
"""

from __future__ import annotations

import os
import sys
from threading import RLock, get_ident
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRACE = 60.0
TRACING = RLock()  # one thread at a time: while code is traced, its parameters are placeholders
IMPORTING = RLock()  # while a package is imported, see `packages`
_guarded: WeakSet[Any] = WeakSet()
_held: dict[int, list[Any]] = {}  # thread that forks -> what it waited for


def guarded(owner: Any) -> Any:
    """A lock for an object, which a fork renews; then `owner.forked()` is called, if nobody in the process has it.

    >>> class Runner:
    ...     def forked(self): ...
    >>> with guarded(Runner()):
    ...     pass
    """
    owner._lock = lock = RLock()
    _guarded.add(owner)
    return lock


def waited() -> list[Any]:
    """The locks that a fork waits for, in the order in which code takes them; LLVM's, under which llvmlite calls it."""
    ffi = sys.modules.get("llvmlite.binding.ffi")
    llvm = getattr(getattr(getattr(ffi, "lib", None), "_lock", None), "_lock", None)
    return [TRACING, IMPORTING, *([] if llvm is None else [llvm])]


def before() -> None:
    """Wait until nobody traces, imports or is in LLVM."""
    held = _held[get_ident()] = []
    for lock in waited():
        if lock.acquire(timeout=GRACE):
            held.append(lock)


def in_parent() -> None:
    """Go on as before."""
    for lock in reversed(_held.pop(get_ident(), [])):
        lock.release()


def in_child() -> None:
    """Give back what this thread waited for, and renew what another one had."""
    held = _held.pop(get_ident(), [])
    _held.clear()
    for lock in reversed(held):
        lock.release()
    for lock in waited():
        renew(lock)
    for owner in list(_guarded):
        if renew(owner._lock):
            owner.forked()


def renew(lock: Any) -> bool:
    """Free a lock of a thread that is no more; False if it is the present thread that has it."""
    if lock._is_owned():
        return False
    lock._at_fork_reinit()
    return True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
