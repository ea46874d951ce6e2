"""From LLVM's text to machine code in this process, through llvmlite, with the results kept on disk.

features    what the processor can do, such as avx2 or avx512f; they choose the width of vectors
object      machine code as a file would hold it, which another process can load
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile

from micrograd.program.llvm_code import Machine
from micrograd.program.llvm_math import PREFIX, in_c, scalar_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPTIMISATION = 1  # more costs compile time and gains a few per cent at most


class Target:
    """A processor: its name, its features, and the machine that code is made for."""

    def __init__(self, cpu: str, features: str) -> None:
        self.cpu, self.features = cpu, features
        wanted = {feature[1:] for feature in features.split(",") if feature.startswith("+")}
        if "avx512f" in wanted:
            self.machine = Machine(8, 8, 2)
        elif "avx" in wanted:
            self.machine = Machine(4, 6, 2)
        else:  # SSE2, NEON: two lanes; NEON has twice as many registers
            self.machine = Machine(2, 4, 4 if "neon" in wanted else 2)


@functools.lru_cache(None)
def host() -> Target:
    """The processor of this computer."""
    binding = started()
    return Target(binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())


@functools.lru_cache(None)
def started() -> Any:
    """llvmlite's binding, ready to make machine code."""
    import llvmlite.binding as binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


class Engine:
    """Machine code of one text; `address(name)` of its functions; `calls_python` if one is a row's `forward`."""

    def __init__(self, source: str, target: Target, *, cache: bool = True) -> None:
        binding = started()
        names = names_called(source)
        self.functions = scalar_functions(names)
        self.calls_python = any(in_c(name) is None for name in names)
        for name, function in self.functions.items():
            import ctypes

            address = ctypes.cast(function, ctypes.c_void_p).value
            binding.add_symbol(name, address)
        module = binding.parse_assembly(source)
        machine = binding.Target.from_default_triple().create_target_machine(
            cpu=target.cpu, features=target.features, opt=2, jit=True
        )
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        path = cache_path(source, target, binding) if cache else None
        stored = load(path)
        if stored is None:
            optimise(module, machine, binding)
            stored = machine.emit_object(module)
            if path is not None:
                store(path, stored)
        empty = binding.parse_assembly("")
        empty.triple, empty.data_layout = machine.triple, str(machine.target_data)
        self._engine = binding.create_mcjit_compiler(empty, machine)
        self._engine.add_object_file(binding.ObjectFileRef.from_data(stored))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function stands."""
        return self._engine.get_function_address(name)


def names_called(source: str) -> list[str]:
    """The primitives that the text calls number by number."""
    marker = f"declare double @{PREFIX}"
    return [line[len(marker) :].split("(")[0] for line in source.splitlines() if line.startswith(marker)]


def optimise(module: Any, machine: Any, binding: Any) -> None:
    """LLVM's passes; the loops are vectors already."""
    options = binding.create_pipeline_tuning_options(speed_level=OPTIMISATION)
    options.loop_vectorization = options.slp_vectorization = False
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


# The cache


def cache_folder() -> str | None:
    """Where machine code is kept: MICROGRAD_CACHE, or the user's cache directory; None for a user without one."""
    chosen = os.environ.get("MICROGRAD_CACHE")
    if chosen:
        return chosen
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        base = base if os.path.isabs(base) else os.path.expanduser("~/.cache")
    return os.path.join(base, "micrograd") if os.path.isabs(base) else None


def cache_path(source: str, target: Target, binding: Any) -> str | None:
    """The file for this text, processor and version of LLVM."""
    folder = cache_folder()
    if folder is None:
        return None
    parts = [source, target.cpu, target.features, str(binding.llvm_version_info), sys.platform, str(OPTIMISATION)]
    return os.path.join(folder, hashlib.sha256("\0".join(parts).encode()).hexdigest() + ".o")


def load(path: str | None) -> bytes | None:
    """What is stored, if it is whole: a digest stands in front."""
    try:
        with open(path or "", "rb") as file:
            stored = file.read()
    except OSError:
        return None
    return stored[32:] if hashlib.sha256(stored[32:]).digest() == stored[:32] else None


def store(path: str, machine_code: bytes) -> None:
    """Write whole or not at all; a cache that cannot be written is no error."""
    try:
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(machine_code).digest() + machine_code)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError:
        return
