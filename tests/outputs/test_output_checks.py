"""An output that cannot be written, or that is an input, is found before the work."""

from __future__ import annotations

import os
import sys

import pytest

from dixtill.errors import InputError
from dixtill.whole_file import (
    check_file,
    check_folder,
    check_not_input,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and file locks")


@pytest.mark.parametrize("check", [check_file, check_folder])
def test_an_unwritable_folder_is_found_before_the_work(tmp_path, check, monkeypatch):
    def refuse(path, *_):
        raise OSError(30, "Read-only file system", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Read-only") as error:
        check(tmp_path / "out")
    assert error.value.filename == str(tmp_path / "out")


def test_checks_leave_nothing_behind(tmp_path):
    check_file(tmp_path / "file")
    check_folder(tmp_path / "new" / "folder")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("check", [check_file, check_folder])
def test_a_folder_cannot_be_made_in_a_file(tmp_path, check):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"file is (not a folder|a file)"):
        check(tmp_path / "file" / "out")


def test_a_dangling_link_is_not_a_folder(tmp_path):
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(InputError, match="link is a link to nothing"):
        check_folder(tmp_path / "link")


def test_a_whole_file_cannot_be_standard_output():
    with pytest.raises(InputError, match="this output cannot go to -"):
        check_file("-")


def by_another_name(file, how):
    other = file.with_name("other")
    if how == "hard link":
        other.hardlink_to(file)
    elif how == "symbolic link":
        other.symlink_to(file)
    else:
        other = file.parent / "folder" / ".." / file.name
        (file.parent / "folder").mkdir()
    return other


@pytest.mark.parametrize("how", ["hard link", "symbolic link", "detour"])
def test_an_output_that_is_the_input_is_found_under_any_name(tmp_path, how):
    file = tmp_path / "file"
    file.write_bytes(b"content")
    other = by_another_name(file, how)
    for output, given in ((file, other), (other, file)):
        with pytest.raises(InputError, match="is the input; choose another"):
            check_file(output, [None, "absent", str(given)])
    with file.open("rb") as opened, pytest.raises(InputError, match="is the input"):
        check_not_input(other, [opened.fileno()])


def test_an_output_in_an_input_folder_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    for check in (check_file, check_folder):
        with pytest.raises(InputError, match=r"is in .*data, whose files are read"):
            check(tmp_path / "link" / "out", [tmp_path / "data"])
    check_file(tmp_path / "data.csv", [tmp_path / "data"])
