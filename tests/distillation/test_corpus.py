"""Reads texts with labels from CSV files, and texts without labels from text files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from dixtill.distillation.data.corpus import (
    Corpus,
    read_corpora,
    read_corpus,
)
from dixtill.distillation.data.label_cells import LabelLayout
from dixtill.distillation.data.unlabeled import UnlabeledTexts, read_texts
from dixtill.errors import InputError

NAMES = ("bearish", "bullish", "neutral")


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "texts.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_quotes_commas_and_newlines_belong_to_the_text(write):
    path = write('text,label\n"He said ""up"", then\nleft",1\r\nplain,0\n"",1\n')
    corpus = read_corpus(path)
    assert corpus.texts == ('He said "up", then\nleft', "plain", "")
    assert corpus.labels == (1, 0, 1)
    assert corpus.label_names == ("0", "1")


def test_a_byte_order_mark_is_not_part_of_the_header(write):
    corpus = read_corpus(write(b"\xef\xbb\xbftext,label\ncaf\xc3\xa9,0\n"))
    assert corpus.texts == ("café",)


def test_other_columns_are_ignored_and_may_come_in_any_order(write):
    path = write("id,sentiment,tweet\n7,bullish,up\n8,bearish,down\n")
    corpus = read_corpus(path, None, "tweet", LabelLayout("sentiment"))
    assert corpus == Corpus(("up", "down"), (1, 0), ("bearish", "bullish"))


def test_labels_are_names_or_indices(write):
    for content in ("a,neutral\nb,bearish\nc, neutral \nd,bullish\n", "a,2\nb,0\nc, 2 \nd,1\n"):
        corpus = read_corpus(write(f"text,label\n{content}"), NAMES)
        assert corpus.labels == (2, 0, 2, 1)
        assert corpus.label_names == NAMES


def test_labels_that_are_names_and_indices_are_refused(write):
    with pytest.raises(
        InputError, match="line 3: label '0' is an index, but 'neutral' in line 2 is"
    ):
        read_corpus(write("text,label\na,neutral\nb,0\n"), NAMES)


def test_numbers_that_are_names_are_never_mixed_with_indices(write):
    stars = ("1", "2", "3", "4", "5")
    indices = "".join(f"a,{i}\n" for i in (0, 1, 2, 3, 4))
    assert read_corpus(write(f"text,label\n{indices}"), stars).labels == (0, 1, 2, 3, 4)
    names = "".join(f"a,{i}\n" for i in (5, 1, 2))
    assert read_corpus(write(f"text,label\n{names}"), stars).labels == (4, 0, 1)
    with pytest.raises(
        InputError, match="line 2: label '0' is an index, but '5' in line 3 is a name"
    ):
        read_corpus(write("text,label\na,0\nb,5\n"), stars)


def test_files_that_are_read_together_are_read_alike(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,0\nb,1\nc,2\n")
    (tmp_path / "valid.csv").write_text("text,label\nd,1\ne,2\n")
    paths = [tmp_path / "train.csv", tmp_path / "valid.csv"]
    train, valid = read_corpora(paths, ("1", "2", "3"))
    assert (train.labels, valid.labels) == ((0, 1, 2), (1, 2))
    assert read_corpus(paths[1], ("1", "2", "3")).labels == (0, 1)  # names come first
    (tmp_path / "train.csv").write_text("text,label\na,neutral\nb,bearish\n")
    train, valid = read_corpora(paths, NAMES)
    assert (train.labels, valid.labels) == ((2, 0), (1, 2))  # each file in its own way


def test_a_name_that_is_a_number_wins_over_the_index(write):
    corpus = read_corpus(write("text,label\na,1\nb,0\n"), ["1", "0"])
    assert corpus.labels == (0, 1)


def test_names_are_sorted_numbers_by_value(write):
    assert read_corpus(write("text,label\na,10\nb,9\n")).label_names == ("9", "10")
    assert read_corpus(write("text,label\na,b\nb,10\nc,9\n")).label_names == ("10", "9", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no column 'text'; it has none"),
        ("text,label\n", "has a header but no rows"),
        ("tweet,label\na,0\n", "has no column 'text'; it has tweet, label"),
        ("text,sentiment\na,0\n", "has no column 'label'"),
        ("text,label\na,bullish\nb,rising\n", "line 3: label 'rising' is not one of bearish, bull"),
        ("text,label\na,3\n", "line 2: label '3' is not one of"),
        ("text,label\na,0\nb,\n", "line 3: the column 'label' is empty"),
        ("text,label\na\n", "line 2: the row has 1 fields, the header 2"),
        ("label,text\nbearish,jump, then crash\n", "line 2: the row has 3 fields, the header 2"),
        ('text,label\n"a,0\n', "line 2: not CSV: unexpected end of data"),
        (b"text,label\ncaf\xe9,0\n", "line 2: not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(write, content, message):
    with pytest.raises(InputError, match=message):
        read_corpus(write(content), NAMES)


def test_a_missing_label_does_not_become_a_class(write):
    with pytest.raises(InputError, match="line 3: the column 'label' is empty"):
        read_corpus(write("text,label\na,up\nb,\n"))


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*absent\.csv"):
        read_corpus(tmp_path / "absent.csv")


def corpus_of(*texts: str) -> Corpus:
    return Corpus(texts, tuple(range(len(texts))), tuple(map(str, range(len(texts)))))


def test_without_ignores_case_urls_and_white_space():
    corpus = corpus_of(
        "Oil  FALLS https://t.co/abc", "Straße\n", "profit &amp; loss", "oil rises", "oilfalls"
    )
    rest = corpus.without(corpus_of("oil falls", "STRASSE https://t.co/z", " profit  & Loss"))
    assert rest.texts == ("oil rises", "oilfalls")
    assert rest.labels == (3, 4)
    assert rest.label_names == corpus.label_names


@pytest.fixture
def uneven() -> Corpus:
    labels = (0,) * 60 + (1,) * 30 + (2,) * 10
    return Corpus(tuple(f"text {i}" for i in range(100)), labels, NAMES)


def test_a_split_is_stratified_and_loses_nothing(uneven):
    rest, held_out = uneven.split(0.2, seed=1)
    assert Counter(held_out.labels) == {0: 12, 1: 6, 2: 2}
    assert Counter(rest.labels) == {0: 48, 1: 24, 2: 8}
    assert {*rest.texts}.isdisjoint(held_out.texts)
    assert {*rest.texts, *held_out.texts} == {*uneven.texts}
    labels = dict(zip(uneven.texts, uneven.labels, strict=True))
    for part in (rest, held_out):
        assert part.labels == tuple(labels[text] for text in part.texts)
        assert part.texts == tuple(sorted(part.texts, key=uneven.texts.index))


def test_a_split_depends_on_its_seed_alone(uneven):
    assert uneven.split(0.2, seed=1) == uneven.split(0.2, seed=1)
    assert uneven.split(0.2, seed=1) != uneven.split(0.2, seed=2)


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_a_split_with_an_empty_part_is_refused(uneven, fraction):
    with pytest.raises(InputError, match="100 rows are too few to hold out"):
        uneven.split(fraction, seed=0)


def test_the_digest_tells_corpora_apart(uneven):
    others = [
        uneven.take(range(99)),
        uneven.take([1, 0, *range(2, 100)]),
        Corpus(uneven.texts, (1, *uneven.labels[1:]), NAMES),
        Corpus(uneven.texts, uneven.labels, NAMES[::-1]),
        Corpus(("text \ud800", *uneven.texts[1:]), uneven.labels, NAMES),
    ]
    assert len({corpus.digest() for corpus in (uneven, *others)}) == 6
    assert uneven.digest() == uneven.take(range(100)).digest()


def test_texts_without_labels_are_the_lines_of_a_file(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_bytes("\ufeffone, two\r\n\n  \nthree\u2028still three\x85\none, two\nfour".encode())
    assert read_texts(path) == ["one, two", "three\u2028still three\x85", "four"]


def test_texts_without_labels_are_a_column_of_a_csv_file(write):
    path = write('id,tweet\n1,"two\nlines"\n2,\n4,up\n5,up\n')
    assert read_texts(path, "tweet") == ["two\nlines", "up"]
    with pytest.raises(InputError, match="line 3: the row has 1 fields, the header 2"):
        read_texts(write("id,tweet\n1,up\n3\n"), "tweet")
    write('id,tweet\n1,"two\nlines"\n')
    with pytest.raises(InputError, match="has no column 'text'; it has id, tweet"):
        read_texts(path)


def test_a_folders_files_are_read_in_the_order_of_their_names(tmp_path):
    inner = tmp_path / "b"
    inner.mkdir()
    (tmp_path / "c.CSV").write_text("text\nlast\n")
    (tmp_path / "a.txt").write_text("first\nsecond\n")
    (inner / "x.md").write_text("first\nthird\n")
    (tmp_path / ".DS_Store").write_bytes(b"\xff\xfe")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"\xff\xfe")
    assert read_texts(tmp_path) == ["first", "second", "third", "last"]
    assert read_texts(inner) == ["first", "third"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.txt", None, r"cannot read .*absent\.txt: No such file"),
        ("absent.csv", None, r"cannot read .*absent\.csv: No such file"),
        ("latin.txt", b"caf\xe9\n", r"latin\.txt, line 1: not UTF-8"),
        ("blank.txt", b" \n\n", r"blank\.txt holds no texts"),
        ("header.csv", b"text\n", "has a header but no rows"),
    ],
)
def test_texts_that_cannot_be_read_say_why(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_texts(tmp_path / name)


def test_a_folder_without_texts_says_so(tmp_path):
    with pytest.raises(InputError, match="holds no texts"):
        read_texts(tmp_path)


def test_texts_are_left_out_as_rows_of_a_corpus_are():
    texts = ["Oil  FALLS https://t.co/abc", "oil rises", "oil falls"]
    assert list(UnlabeledTexts(lambda: texts, ["oil falls"])) == ["oil rises"]
