"""Folders record what their files depend on, and are locked by one process at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dixtill.claim import ClaimFile, held
from dixtill.errors import InputError
from dixtill.whole_file import write_whole

CLAIM = ClaimFile("made.json", "a thing", "use another", ("*.part", "more"))
MADE_OF = {"teacher": "a", "sizes": (1, 2), "rate": 0.5}


def written(folder: Path) -> object:
    return json.loads((folder / "made.json").read_bytes())


def identity(path):
    """Which file it is, and when it was last written; reading it may change the time of access."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns


def test_a_claim_is_recorded_and_can_be_repeated(tmp_path):
    CLAIM.claim(tmp_path / "new" / "folder", MADE_OF, {"by": "me"})
    (tmp_path / "new" / "folder" / "1.part").touch()
    before = identity(tmp_path / "new" / "folder" / "made.json")
    CLAIM.claim(tmp_path / "new" / "folder", MADE_OF)
    assert written(tmp_path / "new" / "folder") == {
        "teacher": "a", "sizes": [1, 2], "rate": 0.5, "by": "me"
    }  # fmt: skip
    assert identity(tmp_path / "new" / "folder" / "made.json") == before
    CLAIM.claim(tmp_path / "new" / "folder", {"teacher": "a"}, {"by": "you"})
    assert written(tmp_path / "new" / "folder")["by"] == "you"
    assert written(tmp_path / "new" / "folder")["rate"] == 0.5


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"teacher": "b"}, "teacher"),
        ({"sizes": (2, 1), "rate": None}, "sizes, rate"),
        ({"base": "x"}, "base"),
        ({str(n): n for n in range(7)}, "0, 1, 2, 3, 4 and 2 more"),
    ],
)
@pytest.mark.parametrize("name", ["x.part", "more"])
def test_another_claim_is_refused_once_there_is_a_file(tmp_path, changes, names, name):
    CLAIM.claim(tmp_path, {"teacher": "z"})
    CLAIM.claim(tmp_path, MADE_OF)
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=f"holds a thing with another {names}; use another"):
        CLAIM.claim(tmp_path, {**MADE_OF, **changes})
    assert written(tmp_path)["teacher"] == "a"


def test_temporary_and_other_files_are_not_claimed(tmp_path):
    for name in (".dixtill-1.tmp", "notes.txt"):
        (tmp_path / name).touch()
    CLAIM.claim(tmp_path, MADE_OF)
    CLAIM.claim(tmp_path, {"teacher": "b"})
    everything = ClaimFile("all.json", "a thing", "use another")
    with pytest.raises(InputError, match=r"other files, not a thing: all.json is missing; use"):
        everything.claim(tmp_path, MADE_OF)


def test_a_claim_that_cannot_be_read_is_refused(tmp_path):
    CLAIM.claim(tmp_path, MADE_OF)
    whole = (tmp_path / "made.json").read_bytes()
    (tmp_path / "1.part").touch()
    for damaged in (*(whole[:n] for n in range(len(whole) - 1)), b"\xff", b"[" * 99_999):
        (tmp_path / "made.json").write_bytes(damaged)
        with pytest.raises(InputError, match=r"made.json is damaged, so the .*; use another"):
            CLAIM.claim(tmp_path, MADE_OF)
    for foreign in (b"[]", b"null", b"{}"):
        (tmp_path / "made.json").write_bytes(foreign)
        with pytest.raises(InputError, match="another teacher, sizes, rate; use another"):
            CLAIM.claim(tmp_path, MADE_OF)


def test_a_file_in_the_place_of_the_folder_is_an_input_error(tmp_path):
    (tmp_path / "taken").touch()
    for folder in (tmp_path / "taken", tmp_path / "taken" / "in"):
        with pytest.raises(InputError, match="cannot be created: a file is in its place"):
            CLAIM.claim(folder, MADE_OF)
        with pytest.raises(InputError, match="cannot be created"), held(folder):
            pass


def test_a_folder_is_held_once_and_is_free_again(tmp_path):
    for _ in range(2):
        with held(tmp_path / "new"):
            with pytest.raises(InputError, match=r"new is in use; wait until"):
                held(tmp_path / "new").__enter__()
            with held(tmp_path / "other"):
                pass
    assert list((tmp_path / "new").iterdir()) == []


HOLDER = """
import sys, time
from pathlib import Path
from dixtill.claim import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_free_when_its_process_was_killed(tmp_path):
    arguments = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="is in use; wait until"), held(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
    with held(tmp_path):
        pass


FORKER = """
import os, sys, time
from pathlib import Path
from dixtill.claim import held
from dixtill.whole_file import replacing
with held(Path(sys.argv[1])), replacing(Path(sys.argv[2])) as temporary:
    child = os.fork()
    if child == 0:  # it has closed what it must not hold before it prints
        print(os.getpid(), temporary, flush=True)
        time.sleep(60)
        os._exit(0)
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_that_outlives_its_parent_holds_nothing(tmp_path):
    """It keeps no lock on the folder or the temporary file, which the next writer removes."""
    arguments = [sys.executable, "-c", FORKER, str(tmp_path / "run"), str(tmp_path / "file")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child, temporary = process.stdout.readline().split()
        try:
            with pytest.raises(InputError, match="is in use"), held(tmp_path / "run"):
                pass
            process.kill()
            process.wait()
            os.kill(int(child), 0)  # raises unless the child lives
            with held(tmp_path / "run"):
                pass
            write_whole(tmp_path / "file", b"whole")
            assert not Path(temporary).exists()
        finally:
            os.kill(int(child), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_that_leaves_the_context_closes_no_other_file(tmp_path):
    with held(tmp_path / "run"):
        child = os.fork()
        if child == 0:
            mine = os.open(tmp_path, os.O_RDONLY)  # reuses the descriptor that became free
    if child == 0:
        try:
            os.fstat(mine)
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@pytest.mark.parametrize("name", ["open", "mkdir"])
def test_a_folder_that_is_removed_before_it_is_opened_is_created_again(tmp_path, monkeypatch, name):
    function, folder = getattr(os, name), tmp_path / "run"
    folder.mkdir()

    def removed_meanwhile(path, *arguments, **options):
        monkeypatch.setattr(os, name, function)
        if name == "open":
            folder.rmdir()
        else:
            with pytest.raises(FileExistsError):
                function(path, *arguments, **options)
            folder.rmdir()
            raise FileExistsError(path)
        return function(path, *arguments, **options)

    monkeypatch.setattr(os, name, removed_meanwhile)
    with held(folder):
        assert folder.is_dir()


def test_a_folder_that_its_holder_removed_is_created_again(tmp_path, monkeypatch):
    """The lock is on a folder that is gone, so the new folder is locked instead."""
    from dixtill import claim

    flock, folder = claim.fcntl.flock, tmp_path / "run"

    def removed_meanwhile(file: int, operation: int) -> None:
        monkeypatch.setattr(claim.fcntl, "flock", flock)
        folder.rmdir()
        flock(file, operation)

    monkeypatch.setattr(claim.fcntl, "flock", removed_meanwhile)
    with held(folder):
        with pytest.raises(InputError, match="is in use; wait until"), held(folder):
            pass
        assert folder.is_dir()


def test_without_locks_folders_are_used_as_they_are(tmp_path, monkeypatch):
    from dixtill import claim

    monkeypatch.setattr(claim, "fcntl", None)
    with held(tmp_path / "a"), held(tmp_path / "a"):
        assert (tmp_path / "a").is_dir()
