"""Files are written whole or not at all, keep their permissions, and dead writers leave nothing."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dixtill import whole_file
from dixtill.errors import InputError
from dixtill.whole_file import (
    check_file,
    is_temporary,
    remove_abandoned,
    replacing,
    write_whole,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and file locks")

_WRITER = """
import sys, time
from pathlib import Path
from dixtill.whole_file import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    print(flush=True)
    time.sleep(60)
"""


@contextmanager
def writer_of(path):
    """Start a process and wait until it is in the middle of writing `path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def largest_file(size):
    """Limit the size of files to `size` bytes, so that writes fail as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def temporaries(folder):
    return [path for path in folder.iterdir() if is_temporary(path)]


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o664, 0o755])
def test_replacing_a_file_keeps_its_permissions(tmp_path, kept):
    file = tmp_path / "file"
    file.write_bytes(b"before")
    file.chmod(kept)
    with replacing(file) as temporary:
        assert mode(temporary) == kept
        temporary.write_bytes(b"after")
    assert (file.read_bytes(), mode(file)) == (b"after", kept)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_that_root_replaces_keeps_its_owner(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"before")
    os.chown(file, 1234, 2345)
    write_whole(file, b"after")
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


def test_a_new_file_gets_the_permissions_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o640


def test_a_symbolic_link_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    file, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    file.write_bytes(b"before")
    file.chmod(0o600)
    link.symlink_to(file)
    write_whole(link, b"after")
    assert link.is_symlink()
    assert (file.read_bytes(), mode(file)) == (b"after", 0o600)


def special(tmp_path, kind):
    path = tmp_path / "target"
    if kind == "folder":
        path.mkdir()
        return path, "a folder; name a file in it"
    if kind == "named pipe":
        os.mkfifo(path)
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to("pipe")
    return path, "a named pipe, which cannot be replaced"


@pytest.mark.parametrize("kind", ["folder", "named pipe", "link to a pipe"])
@pytest.mark.parametrize("write", [check_file, lambda path: write_whole(path, b"content")])
def test_only_regular_files_are_replaced(tmp_path, kind, write):
    path, reason = special(tmp_path, kind)
    before = path.stat()
    with pytest.raises(InputError, match=f"target is {reason}"):
        write(path)
    assert os.path.samestat(before, path.stat())
    assert not temporaries(tmp_path)


def test_a_failure_leaves_what_was_there(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), replacing(file) as temporary:
        temporary.write_bytes(b"half") // 0
    assert file.read_bytes() == b"before"
    assert not temporaries(tmp_path)


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"before")
    with largest_file(1000), pytest.raises(OSError, match="File too large") as error:
        write_whole(file, bytes(2000))
    assert error.value.filename == str(file)
    assert file.read_bytes() == b"before"
    assert not temporaries(tmp_path)


def test_the_next_writer_removes_what_a_dead_one_left(tmp_path):
    file = tmp_path / "file"
    with writer_of(file) as process:
        (held,) = temporaries(tmp_path)
        write_whole(file, b"meanwhile")
        write_whole(tmp_path / "other", b"other")
        assert temporaries(tmp_path) == [held]
        process.send_signal(signal.SIGKILL)
        process.wait()
    write_whole(tmp_path / "other", b"other")
    assert temporaries(tmp_path) == [held]  # it belongs to another target
    write_whole(file, b"after")
    assert not temporaries(tmp_path)
    assert file.read_bytes() == b"after"


def test_abandoned_files_are_old_and_their_writer_is_dead(tmp_path):
    with writer_of(tmp_path / "alive"), writer_of(tmp_path / "dead") as killed:
        files = temporaries(tmp_path)
        long_ago = time.time() - 2 * 3600
        killed.kill()
        killed.wait()
        remove_abandoned(tmp_path)
        assert set(temporaries(tmp_path)) == set(files)
        for file in files:
            os.utime(file, (long_ago, long_ago))
        remove_abandoned(tmp_path)
        (left,) = temporaries(tmp_path)
        write_whole(tmp_path / "alive", b"")
        assert temporaries(tmp_path) == [left]


def test_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    file, contents = tmp_path / "file", [bytes([n]) * 10_000 for n in range(4)]
    errors = []

    def write(content):
        try:
            for _ in range(25):
                write_whole(file, content)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert file.read_bytes() in contents
    assert not temporaries(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_without_locks_the_file_is_closed_before_it_is_moved_or_removed(tmp_path, monkeypatch):
    """Windows can do neither with an open file, and the first error would be masked by another."""
    monkeypatch.setattr(whole_file, "fcntl", None)
    unlink, replace = Path.unlink, os.replace

    def check_closed(path):
        for number in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):
                if os.readlink(f"/proc/self/fd/{number}") == str(path):
                    raise PermissionError(13, "another process uses the file", str(path))

    def unlink_on_windows(path, missing_ok=False):
        check_closed(path)
        unlink(path, missing_ok)

    def replace_on_windows(source, target):
        check_closed(source)
        replace(source, target)

    monkeypatch.setattr(Path, "unlink", unlink_on_windows)
    monkeypatch.setattr(os, "replace", replace_on_windows)
    with pytest.raises(RuntimeError, match="the cause"), replacing(tmp_path / "file"):
        raise RuntimeError("the cause")
    write_whole(tmp_path / "file", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
