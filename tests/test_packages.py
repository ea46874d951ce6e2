"""An import that is broken off, as by Ctrl-C, leaves a package that works or a clear error, and never eager code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from micrograd import losses, nn, optim
from micrograd.system import packages
from micrograd.system.packages import BrokenPackage, expect_whole, missing
from micrograd.training import Trainer

FIRST_FIT = """
import os, sys
from micrograd import Trainer, losses, nn, optim
trainer = Trainer(nn.MLP(2, [2, 1]), losses.squared_error, optim.SGD(lr=0.1))

def attempt(k):
    # Ctrl-C at the k-th import of the first fit; what that and the next fit make of it
    count = 0
    def hook(event, details):
        nonlocal count
        count += event == "import"
        if event == "import" and count == k:
            raise KeyboardInterrupt
    sys.addaudithook(hook)
    found = []
    for _ in range(2):
        try:
            trainer.fit([[0.0, 1.0]], [1.0], epochs=1)
            found.append(trainer.objective.backend)
        except BaseException as error:
            found.append(f"{type(error).__name__}{' start Python again' * ('start Python again' in str(error))}")
    return " then ".join(found)

for k in PLACES:
    sys.stdout.flush()
    if os.fork() == 0:
        print(k, attempt(k), flush=True)
        os._exit(0)
    os.wait()
"""
GOOD = ("llvm", "numpy", "BrokenPackage start Python again")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_ctrl_c_in_the_imports_of_the_first_fit():
    pytest.importorskip("numpy")
    source = FIRST_FIT.replace("PLACES", repr([1, 12, 40, 70, 90, 105, 120, 135, 150, 170, 200, 240]))
    lines = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True).stdout.splitlines()
    assert len(lines) == 12
    for line in lines:
        first, second = line.split(" ", 1)[1].split(" then ")
        assert first in ("KeyboardInterrupt", *GOOD) and second in GOOD, line
    assert any("KeyboardInterrupt then BrokenPackage" in line for line in lines)
    assert any("KeyboardInterrupt then llvm" in line or "KeyboardInterrupt then numpy" in line for line in lines)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package of modules, which can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(name, **modules):
        (tmp_path / name).mkdir(exist_ok=True)
        for module, text in modules.items():
            (tmp_path / name / f"{module}.py").write_text(text)

    yield write
    for name in set(sys.modules) - before:
        if name.startswith("package_of_test"):
            del sys.modules[name]
    packages._whole.difference_update(["package_of_test", "package_of_test_2"])


@pytest.fixture
def heeded():
    """Ctrl-C raises KeyboardInterrupt, which a shell switches off for what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_waits_for_an_import(package, heeded):
    interrupt = "signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)"
    if not hasattr(signal, "pthread_kill"):
        interrupt = "signal.raise_signal(signal.SIGINT)"
    # time for the main thread to wake up, and to go on too early
    text = f"import signal, threading, time\n{interrupt}\ntime.sleep(0.1)\nwhole = True\n"
    package("package_of_test", __init__=text)
    with pytest.raises(KeyboardInterrupt):
        expect_whole("package_of_test")
    assert sys.modules["package_of_test"].whole


def test_what_is_left_of_a_broken_import_is_swept_away(package):
    first = "from package_of_test import part\nraise ValueError('the disk is full')\n"
    package("package_of_test", __init__=first, part="import package_of_test\n")
    with pytest.raises(BrokenPackage, match=r"fails \(ValueError: the disk is full\): repair it"):
        expect_whole("package_of_test")
    assert "package_of_test.part" not in sys.modules
    package("package_of_test", __init__="whole = [1, 2]\n")
    expect_whole("package_of_test")


def test_half_a_package_is_found_out(package, monkeypatch):
    package("package_of_test", __init__="from package_of_test import part\n", part="import package_of_test\n")
    expect_whole("package_of_test")
    half = sys.modules.pop("package_of_test")
    packages._whole.discard("package_of_test")
    monkeypatch.setattr(packages, "sweep", lambda name: None)  # as if it had machine code, which loads once
    with pytest.raises(BrokenPackage, match="was broken off in this process.*start Python again.*backend='eager'"):
        expect_whole("package_of_test")
    sys.modules["package_of_test"] = half
    expect_whole("package_of_test")


def test_a_broken_package_is_no_missing_one(package, monkeypatch):
    """Trainer's "auto" runs eagerly where a package is missing, but says so where it is broken."""
    from micrograd.compiler import backends

    assert missing(["no_such_package", "json"]) == ["no_such_package"]
    X, Y = [[0.0, 1.0]], [1.0]

    def objective(needed):
        monkeypatch.setattr(backends, "NEEDED", {"llvm": needed, "numpy": needed})
        trainer = Trainer(nn.MLP(2, [2, 1]), losses.squared_error, optim.SGD(lr=0.1))
        trainer.fit(X, Y, epochs=1)
        return repr(trainer.objective)

    assert "compile needs no_such_package" in objective(("no_such_package",))
    package("package_of_test_2", __init__="import no_such_package\n")
    with pytest.raises(BrokenPackage, match="package_of_test_2 is installed, but its import fails"):
        objective(("package_of_test_2",))
