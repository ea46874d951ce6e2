"""The engine's core in C, which may be missing: where it cannot be built, Python does. All else is in setup.cfg."""

import os
import runpy
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = Path(__file__).parent / "micrograd"
NAMES = ("fields", "leaves", "module", "node", "operations", "walks")
SOURCES = ("functions", "ops", "engine", "core/rows")
GNU = ["-O2", "-ffp-contract=off", "-fno-fast-math"]  # the bits of Python's own arithmetic


class BuildCore(build_ext):
    """Writes the rows of the table in C before the core is compiled."""

    def build_extension(self, extension):
        written = Path(self.build_temp)
        written.mkdir(parents=True, exist_ok=True)
        for name, text in runpy.run_path(str(PACKAGE / "core" / "rows.py"))["headers"](PACKAGE).items():
            (written / name).write_text(text, encoding="utf-8")
        extension.include_dirs = [str(written)]
        extension.extra_compile_args = ["/fp:precise"] if self.compiler.compiler_type == "msvc" else GNU
        super().build_extension(extension)


core = Extension(
    "micrograd.core._core",
    [f"micrograd/core/{name}.c" for name in NAMES],
    depends=["micrograd/core/node.h", *[f"micrograd/{name}.py" for name in SOURCES]],
    optional=True,
)
wanted = (
    os.environ.get("MICROGRAD_PURE", "0") in ("", "0")
    and sys.implementation.name == "cpython"
    and sys.platform not in ("emscripten", "wasi")
    and not sysconfig.get_config_var("Py_GIL_DISABLED")  # there walks would race
)
setup(ext_modules=[core] if wanted else [], cmdclass={"build_ext": BuildCore})
