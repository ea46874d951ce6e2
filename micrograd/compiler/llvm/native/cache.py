"""The cache of machine code: what stands there is run, so it is ours alone, and each file stands under its own key.

folder      MICROGRAD_CACHE, or micrograd in the user's cache directory; made with mode 0700
key         the digest of all that the code was made from; the name of its file
file        a digest of key and code, then the code
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import warnings

from micrograd.system.disk import NO_LINK, NO_WAIT, QUIET, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SIZE = 32  # bytes of a digest


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


def path_for(parts: Iterable[str]) -> str | None:
    """The file for code that is made from these parts; None, and a warning where it helps, without a folder for it."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        refusal = why_not(os.stat(folder))
    except OSError:  # a cache that cannot be is no error
        return None
    if refusal:
        warnings.warn(
            f"machine code is not kept in {folder}: expected a folder of our own in which nobody else may "
            f"write, got one that {refusal}; remove it, or let MICROGRAD_CACHE name another",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return os.path.join(folder, hashlib.sha256("\0".join(parts).encode()).hexdigest() + ".o")


def why_not(folder: os.stat_result) -> str:
    """What lets others put code into a folder; empty where nothing does, or the system does not say."""
    if not hasattr(os, "geteuid"):
        return ""
    if folder.st_uid != os.geteuid():
        return "belongs to another user"
    return "others may write to" if folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else ""


def digest(path: str, machine_code: bytes) -> bytes:
    """What stands before the code in the file at the path."""
    return hashlib.sha256(os.path.basename(path).encode() + b"\0" + machine_code).digest()


def load(path: str | None) -> bytes | None:
    """The code that is kept there, if it is a whole file of this name, regular and our own."""
    try:
        opened = os.open(path or "", os.O_RDONLY | QUIET | NO_LINK | NO_WAIT)
        with open(opened, "rb") as file:
            status = os.fstat(opened)
            ours = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
            kept = file.read() if ours and stat.S_ISREG(status.st_mode) else b""
    except OSError:
        return None
    return kept[SIZE:] if digest(path or "", kept[SIZE:]) == kept[:SIZE] else None


def store(path: str | None, machine_code: bytes) -> None:
    """Keep code there, in place of whatever stands there; that it cannot be written is no error."""
    if path is not None:
        try:
            replace(path, digest(path, machine_code) + machine_code, mode=0o600)
        except OSError:
            return
