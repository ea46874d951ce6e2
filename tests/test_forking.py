"""A forked process computes, whatever the other threads of its parent were at."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from micrograd import Trainer, Value, losses, nn, optim
from micrograd.system.forking import TRACING, guarded, waited

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
X, Y = [[i / 100, 1.0 - i / 100] for i in range(100)], [i % 2 for i in range(100)]


def forked(work):
    """How a child that does some work ended: 0, or the signal that ended it where it hung."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(30)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def trainer(hidden, backend):
    return Trainer(nn.MLP(2, [hidden, 1]), losses.squared_error, optim.SGD(lr=0.01), backend=backend)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_children_train_while_other_threads_compile_and_train(backend):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    shared, over = trainer(4, backend), threading.Event()
    shared.fit(X, Y, epochs=1)

    def busy():
        for hidden in range(10**9):
            if over.is_set():
                return
            trainer(2 + hidden % 9, backend).fit(X, Y, epochs=3)
            shared.predict(X)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            time.sleep(0.02)
            assert forked(lambda: (shared.fit(X, Y, epochs=1), trainer(3, backend).fit(X, Y, epochs=1))) == 0
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_waits_for_a_trace():
    w, inside = Value(2.0, "w"), threading.Event()
    kind = type(w)

    def model(row):
        inside.set()
        time.sleep(0.2)
        return w * row[0]

    thread = threading.Thread(
        target=lambda: Trainer(model, losses.squared_error, optim.SGD(lr=0.1), parameters=[w], backend="numpy").fit(
            [1.0], [2.0], epochs=0
        )
    )
    with TRACING:  # the thread runs the code on numbers, and then waits for its turn
        thread.start()
        inside.wait()
    assert forked(lambda: w * 2.0) == 0
    thread.join()
    assert type(w) is kind


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_locks_of_others_are_free_in_the_child_and_ones_own_are_kept():
    class Owner:
        told = False

        def forked(self):
            self.told = True

    mine, theirs, taken, over = Owner(), Owner(), threading.Event(), threading.Event()
    guarded(mine), guarded(theirs)

    def hold():
        with theirs._lock:
            taken.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()

    def look():
        assert theirs._lock.acquire(blocking=False) and theirs.told
        assert mine._lock._is_owned() and not mine.told
        mine._lock.release()
        assert not any(lock._is_owned() for lock in waited())

    with mine._lock:
        assert forked(look) == 0
        assert forked(lambda: forked(look)) == 0
    over.set()
    thread.join()


def test_the_lock_of_llvm_is_known():
    """Without it a child of a process that compiles would wait forever."""
    pytest.importorskip("llvmlite.binding")
    assert len(waited()) == 3 and all(hasattr(lock, "_at_fork_reinit") for lock in waited())
