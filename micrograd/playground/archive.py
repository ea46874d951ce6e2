"""The package that is running, packed from its own files for a browser's Python: no build tools, no network."""

from __future__ import annotations

import gzip
import tarfile
from io import BytesIO
from pathlib import Path

FORM = "gztar"  # what Python's `shutil.unpack_archive` calls it


def travels(path: Path) -> bool:
    """Whether a file is of use on another machine: what was compiled for this one is not.

    >>> travels(Path("micrograd/engine.py")), travels(Path("micrograd/core.cpython-313-x86_64-linux-gnu.so"))
    (True, False)
    """
    return "__pycache__" not in path.parts and path.suffix not in (".so", ".pyd")


def packed() -> bytes:
    """All files of the package as a tar archive; the same files give the same bytes.

    >>> with tarfile.open(fileobj=BytesIO(packed())) as archive:
    ...     "micrograd/engine.py" in archive.getnames()
    True
    """
    home = Path(__file__).parent.parent
    files = [path for path in home.rglob("*") if path.is_file() and travels(path)]
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(f"micrograd/{path.relative_to(home).as_posix()}")
            entry.size = path.stat().st_size
            with path.open("rb") as content:
                archive.addfile(entry, content)
    return gzip.compress(made.getvalue(), mtime=0)
