"""The backends by name: what they need, which one to take, and the runner that each makes of an array program.

To add one, write a folder whose runner derives from `runner.Runner`, with a vocabulary of the primitives that it has;
put its packages into NEEDED, its name into BACKENDS, and its line into `runner_of`.
"""

from __future__ import annotations

from micrograd.expect import option
from micrograd.system.packages import expect_whole, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.descent.rule import Rule
    from micrograd.compiler.entries import Entries
    from micrograd.compiler.runner import Runner
    from micrograd.compiler.samples import Batch

BACKENDS = ("auto", "llvm", "numpy")
MOST_STEPS = {"numpy": 50_000}  # of one sample, which take half a minute and two gigabytes to compile
NEEDED = {"llvm": ("numpy", "llvmlite.binding"), "numpy": ("numpy",)}


def chosen(backend: str) -> str:
    """The backend to use, its packages imported.

    ImportError if they are missing (BrokenPackage if they are broken), ValueError for an unknown backend.
    """
    option(backend, "backend", BACKENDS)
    for name in ("llvm", "numpy") if backend == "auto" else (backend,):
        absent = missing(NEEDED[name])
        if not absent:
            expect_whole(*NEEDED[name], f"micrograd.compiler.{name}.runner")
            return name
    wanted = " and ".join([name.partition(".")[0] for name in absent])
    raise ImportError(f"compile needs {wanted}: pip install -e '.[fast]' in micrograd's folder")


def expect_short(program: ArrayProgram, backend: str) -> None:
    """ValueError, with the cure, for a program of more steps than a backend takes."""
    steps, most = len(program.steps) + len(program.before), MOST_STEPS.get(backend)
    if most is not None and steps > most:
        raise ValueError(
            f'expected at most {most:,} steps for the backend "{backend}", each of them lines of Python, got '
            f'{steps:,}, since few operations are alike: take backend="llvm" (pip install llvmlite), or '
            "run the code as it is"
        )


def runner_of(program: ArrayProgram, backend: str, threads: int | None, cache: bool) -> Runner:
    """What runs an array program; threads and cache as in `compile`, for backends that know them."""
    if backend == "llvm":
        from micrograd.compiler.llvm.runner import llvm_runner

        return llvm_runner(program, threads=threads, cache=cache)
    from micrograd.compiler.numpy.runner import NumpyRunner

    return NumpyRunner(program)


def steps_of(runner: Any, batch: Batch, rule: Rule, size: int, captured: Callable[[], Any]) -> Any:
    """What takes many steps of a rule in one call on a runner; captured() gives the numbers of captured Values.

    ValueError, with a part of a sentence, where nothing does.
    """
    if runner.backend == "numpy":
        from micrograd.compiler.numpy.steps import NumpySteps

        return NumpySteps(runner, batch, rule, size, captured)
    if runner.calls_python:
        raise ValueError("the program calls a function in Python")
    if runner.chunks(min(size, len(batch))) > 1:
        raise ValueError("a batch is work for several threads")
    from micrograd.compiler.llvm.descent.steps import LlvmSteps

    return LlvmSteps(runner, batch, rule, size, captured)


def point_steps_of(player: Any, rule: Rule, count: int, places: Any, given: Callable[[], Any]) -> Any:
    """The same for a program of one point that `player_of` plays; see `PointSteps`."""
    if player.backend != "llvm":
        raise ValueError(f'the backend "{player.backend}" has no machine code')
    if player.code.calls_python:
        raise ValueError("the program calls a function in Python")
    from micrograd.compiler.llvm.descent.steps import PointSteps

    return PointSteps(player, rule, count, places, given)


def player_of(entries: Entries, backend: str, cache: bool = True) -> Any:
    """What plays entries on a backend; cache as in `compile`.

    `player.workspace()` is a fresh vector w and a function that plays over it: write the given numbers to the first
    places of w, call it, read the results. Workspaces may run in threads at the same time.
    """
    if backend == "llvm":
        from micrograd.compiler.llvm.machine.player import LlvmPlayer

        return LlvmPlayer(entries, cache=cache)
    from micrograd.compiler.numpy.player import NumpyPlayer

    return NumpyPlayer(entries)
