"""Packages that are imported when they are first needed: whole, or with an error that says what is wrong with them.

missing     not installed
broken      installed, but its import fails, or was broken off in this process, as by Ctrl-C
remains     modules of a package whose import was broken off: they know a package that is no more
"""

from __future__ import annotations

import sys
from _thread import start_new_thread
from importlib import import_module
from importlib.util import find_spec
from threading import Event

from micrograd.system.forking import IMPORTING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

BEGIN = 1.0  # seconds in which a thread that was started begins
_whole: set[str] = set()
_interrupted: set[str] = set()


class BrokenPackage(ImportError):
    """A package is installed but cannot be used; `missing` ones are no such error.

    >>> issubclass(BrokenPackage, ImportError)
    True
    """


def missing(names: Iterable[str]) -> list[str]:
    """Those packages that are not installed.

    >>> missing(["math", "no_such_package"])
    ['no_such_package']
    """
    return [name for name in names if name not in _whole and find_spec(name.partition(".")[0]) is None]


def expect_whole(*names: str) -> None:
    """Import modules of installed packages, whole; BrokenPackage, with the cure, for one that cannot be.

    Ctrl-C is heeded when the import is over: half a package is worse than none.

    >>> expect_whole("json.tool")
    """
    for name in names:
        if name not in _whole:
            with IMPORTING:
                _import(name)
            _whole.add(name)


def _import(name: str) -> None:
    package = name.partition(".")[0]
    sweep(package)
    left = remains(package)
    try:
        undisturbed(name)
    except Exception as error:
        if left or package in _interrupted:
            raise broken_off(package) from error
        raise BrokenPackage(
            f"{package} is installed, but its import fails ({type(error).__name__}: {error}): repair it, as by "
            f"pip install --force-reinstall {package}, or take backend='eager'"
        ) from error
    finally:
        sweep(package)
    if any(map(knows_another, modules_of(package))):
        raise broken_off(package)


def broken_off(package: str) -> BrokenPackage:
    """The error for a package of which this process has half."""
    return BrokenPackage(
        f"an import of {package} failed or was broken off in this process, as by Ctrl-C; half a package is of no use: "
        "start Python again (in a notebook: restart the kernel), or take backend='eager'"
    )


def modules_of(package: str) -> list[ModuleType]:
    """Its modules that are loaded."""
    loaded = list(sys.modules.items())
    return [module for name, module in loaded if name.startswith(package + ".") and module is not None]


def remains(package: str) -> list[ModuleType]:
    """The modules of a package that is itself not loaded."""
    return [] if package in sys.modules else modules_of(package)


def sweep(package: str) -> None:
    """Remove remains, for a clean second try; not where machine code is among them, which loads once in a process."""
    left = remains(package)
    if not any(type(getattr(module, "__loader__", None)).__name__ == "ExtensionFileLoader" for module in left):
        for module in left:
            sys.modules.pop(module.__name__, None)


def knows_another(module: ModuleType) -> bool:
    """Whether a module has another package than the one that is loaded: an import of that was broken off."""
    package = module.__name__.partition(".")[0]
    return any(
        isinstance(x, type(sys)) and x.__name__ == package and x is not sys.modules.get(package)
        for x in list(vars(module).values())
    )


def undisturbed(name: str) -> None:
    """Import a module in a thread of its own: Ctrl-C reaches the main thread only, which waits for it."""
    begun, over = Event(), Event()
    errors: list[BaseException] = []

    def work() -> None:
        begun.set()
        try:
            import_module(name)
        except BaseException as error:
            errors.append(error)
        finally:
            over.set()

    interrupt: BaseException | None = None
    try:
        start_new_thread(work, ())
    except RuntimeError:  # there are no threads, as in a browser
        work()
    except BaseException as error:
        interrupt = error
    while not over.is_set():
        try:
            over.wait(None if begun.is_set() else BEGIN)
            if interrupt is not None and not begun.is_set():
                break
        except BaseException as error:
            interrupt = error
    if errors and not isinstance(errors[0], Exception):
        _interrupted.add(name.partition(".")[0])
    if interrupt is not None:
        raise interrupt
    if errors:
        raise errors[0]
