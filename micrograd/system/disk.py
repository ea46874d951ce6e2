"""Disk: every file of this package is written here, whole or not at all, and where its path says.

    target      what is written in the end: the path, after its links
    temporary   a new file in the folder of the target, `.micrograd-….new`, which takes the target's place when it is
                safe on disk; its name is random, so that no two writers ever share one
    rights      owner, group, mode and extended attributes of the file that stood at the target: the new one gets them
    special     what is there and no regular file, such as /dev/null, a pipe or a folder

A writer locks its temporary file. One that nobody locks was left by a writer that was killed: the next one removes it.
The file is long because one order of steps makes it safe, and is read from the top to the end.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Union

    Path = Union[str, bytes, PathLike[str], PathLike[bytes]]
    Rights = tuple[os.stat_result, dict[str, bytes]]

PREFIX, RANDOM, SUFFIX = ".micrograd-", 16, ".new"
MOST_LINKS, ATTEMPTS = 40, 20
REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
BUSY = 100 if os.name == "nt" else 0  # hundredths of a second: Windows replaces no file that somebody is reading
UNLOCKED = 24 * 3600.0  # seconds after which a file on a system without locks counts as left
QUIET = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe that nobody reads would wait for ever


def write(path: Path, content: str | bytes) -> None:
    """Write a file: to a new one beside it, which takes its place, and its rights, when it is safe on disk.

    What is special is written to and stays what it is; links are followed, but not those that another user put into a
    folder where all may write. Other names (hard links) of the old file keep the old content. A text is written in
    UTF-8. OSError, with the path, if it cannot be written: the old file is then as it was.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "notes.txt")
    >>> write(path, "σ")
    >>> with open(path, "rb") as file:
    ...     file.read()
    b'\\xcf\\x83'
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        target, descriptor = followed(os.fsdecode(path))
        if descriptor is not None or special(target):
            pour(target, descriptor, data)
        else:
            replace(target, data, rights=rights_of(target))
    except OSError as error:
        raise named(error, path) from None


def expect_writable(path: Path) -> None:
    """OSError, with the path, unless `write` can write there now; nothing is changed.

    >>> try:
    ...     expect_writable("no such folder/notes.txt")
    ... except OSError as error:
    ...     print(error.filename)
    no such folder/notes.txt
    """
    try:
        target, descriptor = followed(os.fsdecode(path))
        if descriptor is not None:
            os.write(descriptor, b"")
        elif not special(target):
            replace(target, bytes(4096), rights=rights_of(target), trial=True)
        elif os.path.isdir(target):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        elif not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise named(error, path) from None


def named(error: OSError, path: Path) -> OSError:
    """The error with the path that the user knows."""
    return error if error.errno is None else OSError(error.errno, error.strerror, os.fspath(path))


# Where


def followed(path: str) -> tuple[str, int | None]:
    """The target of a path, and its descriptor if it is open in this process, as /dev/stdout is.

    Links are followed by hand, by the rule that Linux has for opening (`protected_symlinks`): what is put in place of a
    file is no opening.
    """
    for _ in range(MOST_LINKS if path else 0):
        folder, name = os.path.split(path)
        if name.isdigit() and os.path.realpath(folder) in ("/dev/fd", os.path.realpath("/proc/self/fd")):
            return path, int(name)
        try:
            link = os.lstat(path)
        except FileNotFoundError:
            return path, None
        if not stat.S_ISLNK(link.st_mode) or in_proc(path):
            return path, None
        around = os.stat(folder or os.curdir)
        open_to_all = around.st_mode & stat.S_ISVTX and around.st_mode & stat.S_IWOTH
        if open_to_all and link.st_uid not in (os.geteuid(), around.st_uid):
            raise PermissionError(errno.EACCES, "a link of another user, in a folder where all may write")
        path = os.path.join(folder, os.readlink(path))
    nowhere = errno.ELOOP if path else errno.ENOENT
    raise OSError(nowhere, os.strerror(nowhere))


def in_proc(path: str) -> bool:
    """Whether a path is one of /proc, whose links lead to what processes have open: they are no names to follow."""
    return os.path.realpath(os.path.dirname(path)).startswith("/proc/")


def special(target: str) -> bool:
    """Whether the target is there and no regular file."""
    try:
        return not stat.S_ISREG(os.lstat(target).st_mode)
    except FileNotFoundError:
        return False


def pour(target: str, descriptor: int | None, data: bytes) -> None:
    """Write into what is special, or open already."""
    import sys

    elsewhere = in_proc(target)
    if descriptor is None:
        opened = os.open(target, os.O_WRONLY | QUIET | (os.O_APPEND if elsewhere else NO_LINK))
    else:
        for stream in (sys.stdout, sys.stderr):  # what was printed before stands before
            if stream is not None:
                stream.flush()
        opened = os.dup(descriptor)
    with open(opened, "wb") as file:
        if descriptor is None and not elsewhere and stat.S_ISREG(os.fstat(opened).st_mode):
            raise FileExistsError(errno.EEXIST, "a file was put in its place")
        file.write(data)


# Whole or not at all


def replace(target: str, data: bytes, *, rights: Rights | None = None, mode: int = 0o666, trial: bool = False) -> None:
    """Put a file with this content at the target, whatever stands there; as a trial all but that.

    rights      of the old file, for the new one; without them the mode, less what the process withholds (umask)
    """
    folder = os.path.dirname(target) or os.curdir
    sweep(folder)
    for attempts_left in reversed(range(ATTEMPTS)):
        temporary = os.path.join(folder, PREFIX + os.urandom(RANDOM // 2).hex() + SUFFIX)
        try:
            fill(temporary, None if trial else target, data, rights, mode)
            break
        except FileExistsError:  # somebody else's
            if not attempts_left:
                raise
        except FileNotFoundError:  # swept away by a writer that saw no lock, such as one on another computer
            remove(temporary)
            if not attempts_left or not os.path.isdir(folder):
                raise
        except BaseException as error:
            remove(temporary)
            if rights is not None and isinstance(error, OSError) and error.errno in REFUSALS:
                why = f"{error.strerror}: a new file takes the place of the old one, and their folder refuses that"
                raise OSError(error.errno, why) from None
            raise
    if trial:
        remove(temporary)
    else:
        settle(folder)


def fill(temporary: str, target: str | None, data: bytes, rights: Rights | None, mode: int) -> None:
    """Make the temporary file, and put it in the target's place; FileNotFoundError if it was swept away."""
    created = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(temporary, created | QUIET | NO_LINK, mode if rights is None else 0o600), "wb") as file:
        opened = file.fileno()
        lock(opened)  # where that is too late, the move finds nothing to move
        if rights is not None:
            bestow(opened, *rights)
        file.write(data)
        file.flush()
        os.fsync(opened)
        if target is None:
            return
        if BUSY:
            file.close()  # Windows moves no open file; elsewhere the lock is held until the move
        move(temporary, target)


def move(temporary: str, target: str) -> None:
    """Put the temporary file in the target's place."""
    from time import sleep

    for _ in range(BUSY):
        try:
            return os.replace(temporary, target)
        except PermissionError:
            sleep(0.01)
    os.replace(temporary, target)


def settle(folder: str) -> None:
    """Bring the new name itself to the disk, where the system can do that."""
    if hasattr(os, "O_DIRECTORY"):
        try:
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | QUIET)
        except OSError:  # a folder in which one may write but not look
            return
        try:
            os.fsync(opened)
        except OSError:
            pass
        finally:
            os.close(opened)


# The rights of the old file


def rights_of(target: str) -> Rights | None:
    """The rights of the file at the target, None if there is none; OSError if it is not to be written."""
    try:
        opened = os.open(target, os.O_WRONLY | QUIET | NO_LINK | NO_WAIT)
    except FileNotFoundError:
        return None
    attributes = {}
    try:
        for name in os.listxattr(opened) if hasattr(os, "listxattr") else ():
            attributes[name] = os.getxattr(opened, name)
    except OSError:  # a file system without them
        pass
    try:
        return os.fstat(opened), attributes
    finally:
        os.close(opened)


def bestow(opened: int, old: os.stat_result, attributes: dict[str, bytes]) -> None:
    """Give a new file the rights of the old one, as far as the user may; where its group cannot be kept, no group's."""
    if not hasattr(os, "fchown"):
        return
    mode, new = stat.S_IMODE(old.st_mode) & 0o777, os.fstat(opened)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        for owner in (old.st_uid, -1):
            try:
                os.fchown(opened, owner, old.st_gid)
                break
            except PermissionError:
                continue
        else:
            mode &= ~0o070
    for name, entry in attributes.items():
        try:
            os.setxattr(opened, name, entry)
        except OSError:
            continue
    os.fchmod(opened, mode)


# What writers left that were killed


def lock(opened: int) -> bool | None:
    """Lock a file for as long as it is open: False if somebody else does, None if the system knows no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def sweep(folder: str) -> None:
    """Remove the temporary files in a folder that are our own and that no writer holds any more."""
    try:
        with os.scandir(folder) as entries:
            left = [entry.path for entry in entries if is_temporary(entry.name)]
    except OSError:
        return
    for path in left:
        if abandoned(path):
            remove(path)


def is_temporary(name: str) -> bool:
    """Whether a name is that of a temporary file."""
    middle = name[len(PREFIX) : -len(SUFFIX)]
    shaped = name == PREFIX + middle + SUFFIX and len(middle) == RANDOM
    return shaped and all(c in "0123456789abcdef" for c in middle)


def abandoned(path: str) -> bool:
    """Whether a temporary file is our own, and its writer is dead."""
    from time import time

    try:
        opened = os.open(path, os.O_RDWR | QUIET | NO_LINK | NO_WAIT)
    except OSError:
        return False
    try:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
            return False
        locked = lock(opened)
        return time() - status.st_mtime > UNLOCKED if locked is None else locked
    finally:
        os.close(opened)


def remove(path: str) -> None:
    """Remove a file, if it is there."""
    try:
        os.unlink(path)
    except OSError:
        pass
