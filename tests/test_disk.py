"""The one writer: whole or not at all, whatever is killed, full, planted or written twice at a time."""

import ast
import errno
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import micrograd
from micrograd.system import disk
from micrograd.system.disk import expect_writable, write

posix = pytest.mark.skipif(os.name == "nt", reason="files of another kind")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has files of others")
NOBODY = 65534
WRITER = """
import os, sys
os.getpid = lambda: 7
from micrograd.system.disk import write
path, letter, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
for i in range(rounds):
    write(path, f"{letter}{i % 10}" * (2000 + 500 * (i % 7)))
"""


def python(source, *arguments, before=(), **options):
    """A process that runs this source."""
    environment = {**os.environ, "PYTHONPATH": str(Path(micrograd.__file__).parent.parent)}
    return subprocess.Popen(
        [*before, sys.executable, "-c", source, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ended(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return output


def whole(text):
    return len(text) >= 4000 and text == text[:2] * (len(text) // 2)


def namespaces():
    """The command that gives a process a numbering of its own, as a container has; None where that is not permitted."""
    for more in ([], ["--user", "--map-root-user"]) if shutil.which("unshare") else ():
        command = ["unshare", *more, "--pid", "--fork"]
        if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return None


def both_write(folder, before=()):
    """Two processes write one file; what is read meanwhile is whole."""
    path, seen = folder / "file", set()
    write(path, "x" * 4000)
    writers = [python(WRITER, path, letter, 60, before=before) for letter in "ab"]
    while any(writer.poll() is None for writer in writers):
        text = path.read_text()
        assert whole(text)
        seen.add(text[0])
    for writer in writers:
        ended(writer)
    assert seen >= {"a", "b"} and os.listdir(folder) == ["file"]


@posix
def test_two_writers_of_one_number_do_not_tear_each_others_file(tmp_path):
    both_write(tmp_path)


@posix
def test_two_containers_do_not_tear_each_others_file(tmp_path):
    command = namespaces()
    if command is None:
        pytest.skip("a process may not have a numbering of its own here (unshare --pid)")
    both_write(tmp_path, command)


def test_threads_do_not_tear_each_others_file(tmp_path):
    path, failures = tmp_path / "file", []

    def work(letter):
        try:
            for i in range(40):
                write(path, f"{letter}{i % 10}" * 3000)
                assert whole(path.read_text())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and os.listdir(tmp_path) == ["file"]


@posix
def test_writers_that_are_killed_leave_the_old_or_the_new_file_and_are_swept_up_after(tmp_path):
    rng, path, left = random.Random(11), tmp_path / "file", 0
    write(path, "x" * 4000)
    for _ in range(12):
        process = python(WRITER, path, "a", 1000)
        before = path.stat().st_ino
        while path.stat().st_ino == before and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.03))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert whole(path.read_text())
        left += len(os.listdir(tmp_path)) - 1
    assert left > 0
    write(path, "the end")
    assert os.listdir(tmp_path) == ["file"] and path.read_text() == "the end"


def a_temporary_file(folder, letter="a"):
    path = folder / f"{disk.PREFIX}{letter * disk.RANDOM}{disk.SUFFIX}"
    path.write_text("half")
    return path


@posix
def test_only_what_dead_writers_left_is_swept_up(tmp_path):
    a_temporary_file(tmp_path)
    locked = a_temporary_file(tmp_path, "b")
    kept = {locked.name, "file", "link", ".micrograd-notes.new", ".micrograd-" + "A" * 16 + ".new"}
    for name in kept - {locked.name, "file", "link"}:
        (tmp_path / name).write_text("the user's own")
    pipe, link, folder = [tmp_path / f"{disk.PREFIX}{letter * 16}{disk.SUFFIX}" for letter in "cde"]
    os.mkfifo(pipe)
    (tmp_path / "link").write_text("what it leads to")
    link.symlink_to(tmp_path / "link")
    folder.mkdir()
    kept |= {pipe.name, link.name, folder.name}
    if os.geteuid() == 0:
        foreign = a_temporary_file(tmp_path, "f")
        os.chown(foreign, NOBODY, NOBODY)
        kept.add(foreign.name)
    with open(locked) as file:
        assert disk.lock(file.fileno()) is True
        write(tmp_path / "file", "x")
        assert set(os.listdir(tmp_path)) == kept
    write(tmp_path / "file", "x")
    assert set(os.listdir(tmp_path)) == kept - {locked.name}


@posix
def test_a_lock_that_somebody_else_holds_hinders_no_writer(tmp_path, monkeypatch):
    """Whoever may read a file may lock it."""
    monkeypatch.setattr(disk, "lock", lambda opened: False)
    left = a_temporary_file(tmp_path)
    write(tmp_path / "file", "x")
    assert set(os.listdir(tmp_path)) == {"file", left.name} and (tmp_path / "file").read_text() == "x"


def test_without_locks_only_old_files_are_swept_up(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "lock", lambda opened: None)
    young, old = a_temporary_file(tmp_path), a_temporary_file(tmp_path, "b")
    os.utime(old, (time.time() - 2 * disk.UNLOCKED,) * 2)
    write(tmp_path / "file", "x")
    assert set(os.listdir(tmp_path)) == {"file", young.name}


@posix
def test_a_writer_that_is_swept_away_writes_again(tmp_path, monkeypatch):
    """By a computer that shares the disk and cannot see the locks."""
    fsync, swept = os.fsync, []

    def sweeping(opened):
        if len(swept) < 3:
            swept.extend(file.unlink() or file for file in tmp_path.glob(".micrograd-*"))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", sweeping)
    write(tmp_path / "file", "x")
    assert len(swept) == 3 and os.listdir(tmp_path) == ["file"] and (tmp_path / "file").read_text() == "x"
    monkeypatch.setattr(os, "fsync", lambda opened: [file.unlink() for file in tmp_path.glob(".micrograd-*")])
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "file", "y")
    assert (tmp_path / "file").read_text() == "x"


@posix
@pytest.mark.parametrize(
    "plant",
    [lambda path: os.mkfifo(path), os.mkdir, lambda path: os.symlink("victim", path)],
    ids=["pipe", "folder", "link"],
)
def test_what_is_planted_at_a_temporary_name_is_not_written_to(plant, tmp_path, monkeypatch):
    """Though the name cannot be guessed."""
    (tmp_path / "victim").write_text("untouched")
    planted = f"{disk.PREFIX}{'00' * 8}{disk.SUFFIX}"
    plant(str(tmp_path / planted))
    monkeypatch.setattr(os, "urandom", lambda n: bytes(n))
    with pytest.raises(FileExistsError, match="file"):
        write(tmp_path / "file", "secret")
    assert (tmp_path / "victim").read_text() == "untouched" and sorted(os.listdir(tmp_path)) == [planted, "victim"]
    names = [bytes(8), bytes(8), b"12345678"]
    monkeypatch.setattr(os, "urandom", lambda n: names.pop(0))
    write(tmp_path / "file", "secret")
    assert (tmp_path / "file").read_text() == "secret" and os.path.lexists(tmp_path / planted)


# The disk is full


FULL = """
import resource, signal, sys
from micrograd import Trainer, Value, draw, explore, losses, optim, save
from micrograd.command_line.results import save_json
w, path = Value(1.0, "w" * 3000), sys.argv[1]
trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(), parameters=[w], backend="eager")
trainer.fit([1.0], [1.0], epochs=200)
loss = sum([w * i for i in range(100)])
writers = {
    "graph.json": lambda path: save(loss, path), "run.json": trainer.save, "page.html": explore(w * w).save,
    "weights.json": lambda path: save_json(path, {"weights": [w.data] * 2000}),
    **{"picture." + kind: draw(loss, {}).save for kind in ("svg", "dot", "html")},
}
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
for name, writer in writers.items():
    for old in (None, "old"):
        if old:
            open(path + "/" + name, "w").write(old)
        try:
            writer(path + "/" + name)
            print(name, "was written")
        except Exception as error:
            if "file too large" not in str(error).lower():
                print(name, error)
"""


@posix
def test_everything_that_is_written_is_whole_or_not_there(tmp_path):
    """A limit of the size of a file stands for a full disk."""
    assert ended(python(FULL, tmp_path)) == ""
    assert sorted(os.listdir(tmp_path)) == [
        "graph.json",
        "page.html",
        "picture.dot",
        "picture.html",
        "picture.svg",
        "run.json",
        "weights.json",
    ]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"old"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_devices_are_written_to_and_stay(tmp_path):
    before = os.lstat("/dev/full"), os.lstat("/dev/null")
    os.symlink("/dev/null", tmp_path / "nowhere")
    for path in ("/dev/null", tmp_path / "nowhere"):
        expect_writable(path)
        write(path, "x")
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write("/dev/full", "x")
    assert (os.lstat("/dev/full").st_rdev, os.lstat("/dev/null").st_rdev) == tuple(file.st_rdev for file in before)
    assert (tmp_path / "nowhere").is_symlink()


# Where a path leads


@posix
def test_links_are_followed_to_their_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "second").symlink_to("b/end")
    (tmp_path / "a" / "first").symlink_to("../second")
    (tmp_path / "folder").symlink_to("a")
    for content in ("new", "newer"):
        expect_writable(tmp_path / "folder" / "first")
        write(tmp_path / "folder" / "first", content)
        assert (tmp_path / "b" / "end").read_text() == content and (tmp_path / "second").is_symlink()
    assert os.listdir(tmp_path / "b") == ["end"] and os.listdir(tmp_path / "a") == ["first"]
    (tmp_path / "loop").symlink_to("loop")
    for function in (expect_writable, lambda path: write(path, "x")):
        with pytest.raises(OSError, match="loop") as caught:
            function(tmp_path / "loop")
        assert caught.value.errno == errno.ELOOP and (tmp_path / "loop").is_symlink()


@as_root
def test_links_of_others_in_a_folder_open_to_all_are_refused(tmp_path):
    """As Linux refuses to open them: whoever put the link there chose what would be overwritten."""
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "net.svg").symlink_to(tmp_path / "victim")
    (tmp_path / "open" / "new.svg").symlink_to(tmp_path / "new")
    for name in ("net.svg", "new.svg"):
        os.lchown(tmp_path / "open" / name, NOBODY, NOBODY)
    os.chmod(tmp_path / "open", 0o1777)
    for name in ("net.svg", "new.svg"):
        for function in (expect_writable, lambda path: write(path, "x")):
            with pytest.raises(PermissionError, match="a link of another user, in a folder where all may write"):
                function(tmp_path / "open" / name)
    assert (tmp_path / "victim").read_text() == "untouched" and not (tmp_path / "new").exists()
    os.chmod(tmp_path / "open", 0o755)
    write(tmp_path / "open" / "net.svg", "followed")
    assert (tmp_path / "victim").read_text() == "followed"


@pytest.mark.skipif(not os.path.exists("/proc/self/fd/1"), reason="no /proc")
def test_standard_output_is_written_to_in_its_place(tmp_path):
    source = """
from micrograd.system.disk import expect_writable, write
print("before")
for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
    expect_writable(path)
    write(path, path + "\\n")
print("after")
"""
    expected = "before\n/dev/stdout\n/dev/fd/1\n/proc/self/fd/1\nafter\n"
    assert ended(python(source)) == expected
    with open(tmp_path / "said", "w") as file:
        subprocess.run(
            [sys.executable, "-c", source],
            stdout=file,
            check=True,
            env={**os.environ, "PYTHONPATH": str(Path(micrograd.__file__).parent.parent)},
        )
    assert (tmp_path / "said").read_text() == expected and os.listdir(tmp_path) == ["said"]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd/1"), reason="no /proc")
def test_what_another_process_has_open_is_written_to_in_its_place(tmp_path):
    """Such as /proc/1/fd/1, the log of a container."""
    with open(tmp_path / "log", "w") as log:
        log.write("before\n")
        log.flush()
        for out in (log, subprocess.PIPE):
            other = subprocess.Popen(["sleep", "60"], stdout=out)
            try:
                expect_writable(f"/proc/{other.pid}/fd/1")
                write(f"/proc/{other.pid}/fd/1", "x\n")
            finally:
                other.kill()
                said = other.communicate()[0]
    assert said == b"x\n" and (tmp_path / "log").read_text() == "before\nx\n" and os.listdir(tmp_path) == ["log"]


@posix
def test_paths_that_lead_nowhere(tmp_path):
    (tmp_path / "file").write_text("old")
    with open(tmp_path / "file") as read_only:
        for function in (expect_writable, lambda path: write(path, "x")):
            with pytest.raises(OSError, match="Bad file descriptor"):
                function(f"/dev/fd/{read_only.fileno()}")
    for path, kind in (
        (tmp_path, IsADirectoryError),
        (tmp_path / "none" / "file", FileNotFoundError),
        (tmp_path / "file" / "file", NotADirectoryError),
        ("", FileNotFoundError),
        (f"{tmp_path}/none/", FileNotFoundError),
        (tmp_path / ("x" * 256), OSError),
    ):
        for function in (expect_writable, lambda path: write(path, "x")):
            with pytest.raises(kind) as caught:
                function(path)
            assert caught.value.filename == os.fspath(path)
    assert os.listdir(tmp_path) == ["file"] and (tmp_path / "file").read_text() == "old"
    write(tmp_path / ("x" * 255), "a name as long as they come")


# Rights


@posix
def test_a_new_file_has_the_usual_rights_and_an_old_one_keeps_its_own(tmp_path):
    path, before = tmp_path / "file", os.umask(0o027)
    try:
        write(path, "x")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        for mode in (0o600, 0o666, 0o640, 0o755):
            path.chmod(mode)
            write(path, "x")
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


@as_root
def test_an_old_file_keeps_its_owner(tmp_path):
    (tmp_path / "file").write_text("old")
    os.chown(tmp_path / "file", NOBODY, 12345)
    os.chmod(tmp_path / "file", 0o660)
    write(tmp_path / "file", "new")
    found = (tmp_path / "file").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (NOBODY, 12345, 0o660)


@posix
def test_attributes_stay_and_hard_links_keep_the_old_content(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    os.link(path, tmp_path / "other")
    try:
        os.setxattr(path, "user.note", b"mine")
    except (AttributeError, OSError):
        marked = False
    else:
        marked = True
    write(path, "new")
    assert (path.read_text(), (tmp_path / "other").read_text()) == ("new", "old")
    assert not marked or os.getxattr(path, "user.note") == b"mine"


REFUSED = """
import os, sys
from micrograd.system.disk import expect_writable, write
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for name in ("closed/new", "closed/old", "locked"):
    for function in (expect_writable, lambda path: write(path, "x")):
        try:
            function(name)
            print(name, "was written")
        except PermissionError as error:
            print(error.filename, error.strerror)
write("shared", "new")
print(oct(os.stat("shared").st_mode))
"""


@posix
def test_what_may_not_be_written_is_refused_and_stays(tmp_path):
    """A file in a folder that takes no new one would have to be overwritten piece by piece."""
    (tmp_path / "closed").mkdir()
    for name, mode in (("closed/old", 0o666), ("locked", 0o444), ("shared", 0o666)):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(mode)
    tmp_path.chmod(0o777)
    (tmp_path / "closed").chmod(0o555)
    denied, why = "Permission denied", "a new file takes the place of the old one, and their folder refuses that"
    lines = ended(python(REFUSED, cwd=tmp_path)).splitlines()
    assert lines[:2] == [f"closed/new {denied}"] * 2 and lines[2:4] == [f"closed/old {denied}: {why}"] * 2
    assert lines[4:6] == [f"locked {denied}"] * 2
    assert lines[6] == ("0o100606" if os.geteuid() == 0 else "0o100666")  # the group was another: nothing for ours
    assert [(tmp_path / name).read_text() for name in ("closed/old", "locked", "shared")] == ["old", "old", "new"]
    (tmp_path / "closed").chmod(0o755)


def test_finding_out_changes_nothing(tmp_path):
    (tmp_path / "file").write_text("old")
    before = os.stat(tmp_path / "file")
    expect_writable(tmp_path / "file")
    expect_writable(tmp_path / "new")
    after = os.stat(tmp_path / "file")
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert os.listdir(tmp_path) == ["file"] and (tmp_path / "file").read_text() == "old"


def test_nothing_is_written_but_here():
    """No other module opens a file for writing, moves one, or has a library do so."""
    writing = {"rename", "write_text", "write_bytes", "savefig", "render", "mkstemp", "mkdtemp", "os.replace"}
    for path in Path(micrograd.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if path.stem == "disk" or not any(word in source for word in ("open(", *writing)):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                called, where = ast.unparse(node.func), f"{path.name}:{node.lineno}"
                if called in ("open", "os.fdopen"):
                    modes = node.args[1:2] + [word.value for word in node.keywords if word.arg == "mode"]
                    reads = [isinstance(mode, ast.Constant) and set(mode.value) <= set("rbt") for mode in modes]
                    assert all(reads), where
                assert called.rpartition(".")[2] not in writing and called not in writing, where
