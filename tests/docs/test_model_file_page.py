"""docs/reference/model-file.md is enough to read a student: here it is read by that page alone."""

from __future__ import annotations

import html
import json
import re
import string
import sys
from pathlib import Path

import numpy as np
import pytest
from student_reader import PageReader

import dixtill
from dixtill.runtime.model_file.label_names import MAX_LABELS
from dixtill.runtime.model_file.settings import MAX_PIECES, MAX_VOCABULARY_BYTES
from dixtill.runtime.model_file.shape import CELLS, OUTPUTS
from dixtill.runtime.model_file.tensors import MAX_HEADER_BYTES, MAX_TENSOR_BYTES
from dixtill.specification import reference
from dixtill.specification.model_file import read_model, write_model

sys.path.insert(0, str(Path(__file__).parents[1]))  # after what is there: students.py alone
from tiny_students import VOCABULARY, random_familiarity, random_model

UNICODE = Path(dixtill.__file__).parent / "specification" / "unicode.json"


ONE_WAY = [f"{cell}, one direction" for cell in CELLS]


@pytest.fixture(
    params=[
        "shipped",
        "odd width, 4 bits",
        "8 bits, another alphabet",
        *CELLS,
        *ONE_WAY,
        *OUTPUTS[1:],
        "familiarity",
    ]
)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "shipped":
        return Path(dixtill.SHIPPED_MODEL)
    path = tmp_path / "student.safetensors"
    if request.param in (*CELLS, *ONE_WAY):
        cell, *one_way = request.param.split(",")
        write_model(random_model(4, 4, 7, cell, directions=1 if one_way else 2), path)
        return path
    if request.param in OUTPUTS:
        more = {"sigmoid": {"thresholds": (0.25, 0.5, 0.75)}, "number": {"interval": 0.5}}
        write_model(random_model(4, output=request.param, **more[request.param]), path)
        return path
    if request.param == "familiarity":
        known = random_familiarity(np.random.default_rng(4), len(VOCABULARY))
        write_model(random_model(4, familiarity=known), path)
        return path
    bits, width = (4, 7) if "4 bits" in request.param else (8, 6)
    labels = ("schlecht", "gut", "weiß nicht: “sha256”")
    # A provenance that looks like a checksum must not mislead a reader.
    provenance = {"sha256": "0" * 64, "note": '"sha256": "'}
    write_model(random_model(3, bits, width, labels=labels, provenance=provenance), path)
    return path


def test_the_tensors_are_those_that_the_page_names(path):
    read, model = PageReader(path), read_model(path)
    assert {n: t.shape for n, t in read.tensors.items()} == read.expected_shapes()
    assert (read.cell, *read.sizes, len(read.ways)) == tuple(model.shape)[:-1]
    np.testing.assert_array_equal(read.embedding, model.parameters.embedding_q8)
    for name, tensor in read.tensors.items():
        if not name.startswith(("embedding", "familiarity")) and name != "vocabulary":
            np.testing.assert_array_equal(tensor, getattr(model.parameters, name))
            assert tensor.dtype == (np.int8 if name.endswith("_q8") else np.float32)


def test_the_limits_that_the_page_names_are_those_of_dixtill():
    page = (Path(__file__).parents[2] / "docs/reference/model-file.md").read_text(encoding="utf-8")
    (limits,) = re.findall("a reader refuses:\n\n((?:- .*\n)+)", page)
    exponents = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    powers = re.findall("2([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", limits)
    assert [2 ** int(power.translate(exponents)) for power in powers] == [
        MAX_HEADER_BYTES, MAX_TENSOR_BYTES, MAX_PIECES, MAX_VOCABULARY_BYTES, MAX_LABELS,
    ]  # fmt: skip


def test_the_description_and_the_vocabulary_are_those_that_the_page_names(path):
    read, model = PageReader(path), read_model(path)
    assert tuple(read.pieces) == model.vocabulary
    is_old = read.description["format_version"] == 4
    assert read.description["format_version"] in (4, 5)
    assert sorted(read.description) == sorted(
        [
            "cleaning", "explanation", "format_version", "labels", "provenance", "sha256",
            "tokenizer", *([] if is_old else ["cell", "output"]),
            *(["directions"] if model.shape.directions == 1 else []),
            *(["thresholds"] if model.shape.output == "sigmoid" else []),
            *(["interval"] if model.shape.output == "number" else []),
        ]
    )  # fmt: skip
    if not is_old:
        assert read.description["output"] == model.shape.output
    assert tuple(read.description.get("thresholds", ())) == model.settings.thresholds
    assert read.description.get("interval") == model.settings.interval
    assert tuple(read.description["labels"]) == model.settings.labels
    assert read.description["tokenizer"] == {
        "lowercase": model.settings.lowercase,
        "strip_accents": model.settings.strip_accents,
        "symbols": model.settings.symbols,
        "max_pieces": model.settings.max_pieces,
    }


def test_the_checksum_is_what_the_page_says(path):
    read = PageReader(path)
    assert read.digest() == read.description["sha256"]


def test_a_flipped_bit_changes_the_checksum(path):
    read = PageReader(path)
    read.tensors["head_bias"] = read.tensors["head_bias"] + np.float32(1)
    assert read.digest() != read.description["sha256"]


def cleaned(read: PageReader, text: str) -> str:
    """Clean by the rules that the page lists; blanks at the end of a reference change no piece."""
    for rule in read.description["cleaning"]:
        if rule == "html_entities_v2":
            text = html.unescape(text)
        elif rule == "html_entities":
            names = "amp lt gt quot apos nbsp ndash mdash hellip trade lsquo rsquo ldquo rdquo"
            reference = rf"&(#\d{{1,7}}|#[xX][\da-fA-F]{{1,6}}|{names.replace(' ', '|')});"
            text = re.sub(reference, lambda match: html.unescape(match[0]).ljust(4), text)
        else:
            end = r'\s"<>\\^`{|}“”„«»' if rule == "urls_v2" else r"\s"
            text = re.sub(rf"(?i)(https?://|\bwww\.)[^{end}]+", " ", text)
    return text


def told_apart(text: str, pieces: dict[str, int]) -> str:
    """Put blanks around symbols, and write in its plain form what is not a piece."""
    tables = json.loads(UNICODE.read_text(encoding="utf-8"))
    text = re.sub("[\ufe00-\ufe0f\u20e3]", "", text)
    parts = []
    for char in text:
        plain = tables["plain"].get(char, "")
        is_symbol = any(first <= ord(char) <= last for first, last in tables["symbols"])
        known = plain if plain and char not in pieces else char
        parts.append(f" {known} " if is_symbol and not (plain and plain in string.punctuation)
                     else known)  # fmt: skip
    return "".join(parts)


def test_the_formulas_give_what_the_specification_gives(path):
    """Logits, and each piece's share of them; the specification rounds to float32 and to int8."""
    read, model = PageReader(path), read_model(path)
    rng = np.random.default_rng(0)
    for length in (1, 2, 9, 30):
        ids = rng.integers(0, len(model.vocabulary), length).astype(np.int32)
        logits, shares, attention = read.forward(ids.tolist())
        expected = reference.forward(model.parameters, ids, np.array([0, length]))
        np.testing.assert_allclose(logits, expected.logits[0], atol=0.02)
        np.testing.assert_allclose(shares, expected.contributions, atol=0.02)
        np.testing.assert_allclose(attention, expected.attention, atol=0.002)


@pytest.mark.parametrize(
    "text",
    [
        "Apple shares don't jump after record earnings, analysts say",
        "&quot;shares&quot; up&#33; www.x.co/a&gt;shares&hellip; AT&amp;T &pound;5",
        "Profit up🚀 and shares⬆️ −5％ don’t ﬁx 👩🏽\u200d💻 ❤️",
    ],
)
def test_the_formulas_give_the_answer(path, text):
    """From pieces by the tokenizers library to logits and weights, nothing of dixtill's."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers")
    read = PageReader(path)
    pieces = {piece: i for i, piece in enumerate(read.pieces)}
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordPiece(pieces, unk_token="[UNK]", max_input_chars_per_word=100)
    )
    settings = read.description["tokenizer"]
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(
        True, True, settings["strip_accents"], settings["lowercase"]
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    content = cleaned(read, text)
    if settings.get("symbols"):
        content = told_apart(content, pieces)
    encoded = tokenizer.encode(content, add_special_tokens=False)
    logits, shares, attention = read.forward(encoded.ids[: settings["max_pieces"]])
    answer = read.answer(logits)
    prediction = dixtill.load(path)(text)
    familiarity = read.familiarity(encoded.ids[: settings["max_pieces"]])
    assert prediction.familiarity == pytest.approx(familiarity, abs=1e-6)
    labels = read.description["labels"]
    assert prediction.top_label == labels[int(logits.argmax())]
    if prediction.value is not None:
        assert prediction.value == pytest.approx(answer[0], abs=0.02)
    for label in prediction.probabilities:
        found = prediction.probabilities[label]
        assert found == pytest.approx(answer[labels.index(label)], abs=0.005)
    if content != text:
        return  # the words' spans are those of another text
    words = [
        [word.start <= start < word.end for start, _ in encoded.offsets]
        for word in prediction.words
    ]
    for k, label in enumerate(labels):
        weights = read.weights(shares, attention, words, k)
        assert prediction.weights(label) == pytest.approx(weights, abs=0.02)
