"""From LLVM's text to machine code in this process, through llvmlite, with the results kept on disk (`code_cache`).

features    what the processor can do, such as avx2 or avx512f; they choose the width of vectors
object      machine code as a file would hold it, which another process can load
"""

from __future__ import annotations

import functools
import sys

from micrograd.compiler.llvm.code import Machine
from micrograd.compiler.llvm.native import cache as code_cache
from micrograd.compiler.llvm.vocabulary import PREFIX, in_c, scalar_functions

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
        version = str(binding.llvm_version_info)
        made_from = [source, target.cpu, target.features, version, sys.platform, str(OPTIMISATION)]
        path = code_cache.path_for(made_from) if cache else None
        stored = code_cache.load(path)
        if stored is None:
            optimise(module, machine, binding)
            stored = machine.emit_object(module)
            code_cache.store(path, stored)
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
