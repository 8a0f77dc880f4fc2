"""The reader of pages refuses a page that says anything wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_reader import Reader, blocks_of, is_code


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Writes a page and does what it says."""
    monkeypatch.chdir(tmp_path)

    def read_page(text: str) -> None:
        page = tmp_path / "page.md"
        page.write_text(text, encoding="utf-8")
        reader = Reader(page)
        for block in blocks_of(page):
            reader.run(block)

    return read_page


@pytest.mark.parametrize(
    "page",
    [
        "```sh\necho a; echo b\n```\n\n```\na\nb\n```\n",
        "```python\nx = 1\n```\n\ntext\n\n```python\nprint(x + 1)\n```\n\n```text\n2\n```\n",
        "```pycon\n>>> 1 + 1\n2\n>>> 1 / 3\n0.33...\n```\n",
        '```python title="a/two.py"\nprint(2)\n```\n\n```sh\npython a/two.py\n```\n\n```\n2\n```\n',
        "```sh\necho 'a: 1.25  +3'\n```\n\n<!-- numbers vary -->\n```\na: 10  -0.5\n```\n",
        "```sh\necho a; echo b >&2\n```\n\n```\na\n```\n",
        "```sh\necho a; echo b >&2\n```\n\n```\na\nb\n```\n",
        "```sh\necho one two three\n```\n\n```\none ... three\n```\n",
        "<!-- run as: echo b -->\n```sh\necho a\n```\n\n```\nb\n```\n",
        "<!-- not run: because -->\n```sh\nfalse\n```\n\n```\nwhat it would print\n```\n",
        "- a list\n\n  ```sh\n  echo indented\n  ```\n\n  ```\n  indented\n  ```\n",
    ],
)
def test_a_page_that_is_right_is_read_to_its_end(page, read):
    read(page)


@pytest.mark.parametrize(
    "page",
    [
        "```sh\necho a\n```\n\n```\nb\n```\n",
        "```sh\necho a; echo b\n```\n\n```\na\n```\n",
        "```sh\necho a; echo b >&2\n```\n\n```\nb\n```\n",
        "```sh\nfalse\n```\n",
        "```sh\nfalse | cat\n```\n",
        "```sh\necho $UNSET\n```\n",
        "```python\nraise SystemExit(1)\n```\n",
        "```python\nprint(undefined)\n```\n",
        "```pycon\n>>> 1 + 1\n3\n```\n",
        "```pycon\n>>> undefined\n```\n",
        "```sh\necho 'a: 1'\n```\n\n<!-- numbers vary -->\n```\nb: 1\n```\n",
        "```sh\necho a.c\n```\n\n```\nabc\n```\n",
        "```python\nx = 1\n```\n\n```\n2\n```\n",
    ],
)
def test_a_page_that_is_wrong_is_refused(page, read):
    with pytest.raises((AssertionError, SystemExit, NameError)):
        read(page)


def test_a_comment_counts_for_the_block_right_after_it_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: a\nb -->\n```sh\n1\n```\n\ntext\n\n```sh\n2\n```\n", "utf-8")
    first, second = blocks_of(page)
    assert (first.remark, first.argument, second.remark) == ("not run", "a\nb", "")


def test_files_and_data_are_not_code(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text('```python title="a.py"\n```\n\n```json\n{}\n```\n\n```sh\n```\n', "utf-8")
    assert [is_code(block) for block in blocks_of(page)] == [False, False, True]
