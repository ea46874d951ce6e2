"""From LLVM's text to machine code in this process, through llvmlite, with the results kept on disk (`cache`).

features    what the processor can do, such as avx2 or avx512f; they choose the width of vectors
object      machine code as a file would hold it, which another process can load
"""

from __future__ import annotations

import ctypes
import functools
import sys

import llvmlite.binding as binding

from micrograd.compiler.llvm.instructions import Registers
from micrograd.compiler.llvm.native import cache as code_cache
from micrograd.compiler.llvm.vocabulary import PREFIX, in_c, scalar_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPTIMISATION = 1  # more costs compile time and gains a few per cent at most


class Processor:
    """A processor: its name, its features, and how its vector registers are used, which follows from these."""

    def __init__(self, name: str, features: str, registers: Registers | None = None) -> None:
        self.name, self.features, self.registers = name, features, registers or registers_of(features)


def registers_of(features: str) -> Registers:
    """How the vector registers of a processor with these features are used."""
    wanted = {feature[1:] for feature in features.split(",") if feature.startswith("+")}
    if "avx512f" in wanted:
        return Registers(8, 8, 2)
    if "avx" in wanted:
        return Registers(4, 6, 2)
    return Registers(2, 4, 4 if "neon" in wanted else 2)  # SSE2, NEON: two lanes; NEON has twice as many registers


@functools.lru_cache(None)
def host() -> Processor:
    """The processor of this computer."""
    started()
    return Processor(binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())


@functools.lru_cache(None)
def started() -> Any:
    """llvmlite's binding, ready to make machine code."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


class MachineCode:
    """Functions in the memory of this process.

    calls_python    whether one of them calls a row's `forward`; `called` are the functions that they call
    """

    def __init__(self, engine: Any, called: dict[str, Any], calls_python: bool) -> None:
        self._engine, self.called, self.calls_python = engine, called, calls_python

    def address(self, name: str) -> int:
        """Where a function stands."""
        address: int = self._engine.get_function_address(name)
        return address

    def address_of_data(self, name: str) -> int:
        """Where a global variable stands."""
        address: int = self._engine.get_global_value_address(name)
        return address


def machine_code(source: str, processor: Processor, *, cache: bool = True, quick: bool = False) -> MachineCode:
    """A text as machine code, which may come from the cache; quick: made in a tenth of the time, without passes."""
    return machine_code_of([source], processor, cache=cache, quick=quick)


def machine_code_of(
    sources: list[str], processor: Processor, *, cache: bool = True, quick: bool = False
) -> MachineCode:
    """Texts whose functions have different names; each may come from the cache."""
    started()
    names = sorted({name for source in sources for name in names_called(source)})
    called = scalar_functions(names)
    for name, function in called.items():
        binding.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=processor.name, features=processor.features, opt=0 if quick else 2, jit=True
    )
    engine = binding.create_mcjit_compiler(parsed("", machine), machine)
    for source in sources:
        stored = object_code(source, processor, machine, cache, 0 if quick else OPTIMISATION)
        engine.add_object_file(binding.ObjectFileRef.from_data(stored))
    engine.finalize_object()
    return MachineCode(engine, called, any(in_c(name) is None for name in names))


def object_code(source: str, processor: Processor, machine: Any, cache: bool, level: int) -> bytes:
    """The object of a text, made where the cache has none."""
    version = str(binding.llvm_version_info)
    made_from = [source, processor.name, processor.features, version, sys.platform, str(level)]
    path = code_cache.path_for(made_from) if cache else None
    stored = code_cache.load(path)
    if stored is None:
        module = parsed(source, machine)
        if level:
            optimise(module, machine)
        stored = machine.emit_object(module)
        code_cache.store(path, stored)
    return stored


def parsed(source: str, machine: Any) -> Any:
    """A text as LLVM's module for a machine."""
    module = binding.parse_assembly(source)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    return module


def names_called(source: str) -> list[str]:
    """The primitives that the text calls number by number."""
    marker = f"declare double @{PREFIX}"
    return [line[len(marker) :].split("(")[0] for line in source.splitlines() if line.startswith(marker)]


def optimise(module: Any, machine: Any) -> None:
    """LLVM's passes; the loops are vectors already."""
    options = binding.create_pipeline_tuning_options(speed_level=OPTIMISATION)
    options.loop_vectorization = options.slp_vectorization = False
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
