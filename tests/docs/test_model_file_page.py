"""docs/reference/model-file.md is enough to read a student: here it is read by that page alone."""

from __future__ import annotations

import hashlib
import html
import json
import re
import string
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

import dixtill
from dixtill.runtime.model_file.label_names import MAX_LABELS
from dixtill.runtime.model_file.settings import MAX_PIECES, MAX_VOCABULARY_BYTES
from dixtill.runtime.model_file.tensors import MAX_HEADER_BYTES, MAX_TENSOR_BYTES
from dixtill.specification.model_file import read_model, write_model

sys.path.insert(0, str(Path(__file__).parents[1]))  # after what is there: students.py alone
from tiny_students import random_model

UNICODE = Path(dixtill.__file__).parent / "specification" / "unicode.json"


class PageReader:
    """What the page says, by the safetensors package and NumPy; nothing of dixtill is used."""

    def __init__(self, path: str | Path) -> None:
        with safe_open(str(path), "np") as file:
            self.written = file.metadata()["dixtill"]
            names = file.keys()  # it has no iterator
            self.tensors = {name: file.get_tensor(name) for name in names}
        self.description: dict[str, Any] = json.loads(self.written)

    @property
    def pieces(self) -> list[str]:
        return zlib.decompress(self.tensors["vocabulary"].tobytes()).decode().split("\n")

    @property
    def sizes(self) -> tuple[int, int, int, int, int]:
        attention, states = self.tensors["attention_weight_q8"].shape
        hidden = states // 2
        width = self.tensors["forward_weight_q8"].shape[1] - hidden
        return len(self.pieces), width, hidden, attention, len(self.tensors["head_bias"])

    @property
    def embedding(self) -> np.ndarray:
        """The vectors [V, d] as int8, of either width."""
        if "embedding_q8" in self.tensors:
            return self.tensors["embedding_q8"]
        packed = self.tensors["embedding_q4"]
        low, high = packed & 15, packed >> 4
        values = np.concatenate([low, high], axis=1)[:, : self.sizes[1]].astype(int)
        return 16 * np.where(values > 7, values - 16, values)

    def expected_shapes(self) -> dict[str, tuple[int, ...]]:
        v, d, h, a, c = self.sizes
        q4 = "embedding_q4" in self.tensors
        return {
            **({"embedding_q4": (v, (d + 1) // 2)} if q4 else {"embedding_q8": (v, d)}),
            **{
                f"{way}_{part}": shape
                for way in ("forward", "backward")
                for part, shape in (("weight_q8", (4 * h, d + h)), ("scale", (4 * h,)),
                                    ("bias", (4 * h,)))
            },
            "attention_weight_q8": (a, 2 * h), "attention_scale": (a,), "attention_vector": (a,),
            "null_score": (1,),
            "head_weight_q8": (c, 2 * h), "head_scale": (c,), "head_bias": (c,),
            "vocabulary": self.tensors["vocabulary"].shape,
        }  # fmt: skip

    def digest(self) -> str:
        quoted = f'"sha256": "{self.description["sha256"]}"'
        assert len(quoted) == 76
        before, _, after = self.written.rpartition(f"{quoted}, ")
        content = hashlib.sha256((before + after).encode("ascii"))
        for name in sorted(self.tensors):
            tensor = self.tensors[name]
            content.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
            content.update(tensor.tobytes())
        return content.hexdigest()

    def forward(self, piece_ids: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Logits [C], shares [T, C] and attention [T], in double precision: near float32's."""
        t = {name: tensor.astype(float) for name, tensor in self.tensors.items()}
        vectors = self.embedding[piece_ids].astype(float)
        ahead = self._states("forward", vectors)
        back = self._states("backward", vectors[::-1])[::-1]
        states = np.concatenate([ahead, back], axis=1)
        units = np.tanh(t["attention_scale"] * (states @ t["attention_weight_q8"].T))
        scores = units @ t["attention_vector"]
        largest = max(t["null_score"][0], scores.max())
        attention = np.exp(scores - largest)
        attention /= np.exp(t["null_score"][0] - largest) + attention.sum()
        shares = attention[:, None] * t["head_scale"] * (states @ t["head_weight_q8"].T)
        return t["head_bias"] + shares.sum(axis=0), shares, attention

    def weights(
        self, shares: np.ndarray, attention: np.ndarray, words: list[list[bool]], label: int
    ) -> list[float]:
        """The words' weights; which pieces are each one's is said by `words` [words][T]."""
        own = (shares - shares.mean(axis=1, keepdims=True))[:, label]
        c = np.array([own[inside].sum() for inside in words])
        if self.description["explanation"] == "gates":
            a = np.array([attention[inside].sum() for inside in words])
            total = a.sum()
            log = -np.log(1 - total)
            c = log / total * c - (log - total) / total**2 * a * c.sum()
        return [float(weight) for weight in c]

    def _states(self, way: str, vectors: np.ndarray) -> np.ndarray:
        weight = self.tensors[f"{way}_weight_q8"].astype(float)
        scale, bias = self.tensors[f"{way}_scale"], self.tensors[f"{way}_bias"]
        hidden = cell = np.zeros(len(scale) // 4)
        states = []
        for vector in vectors:
            z = scale * (weight @ np.concatenate([vector, hidden])) + bias
            z_i, z_f, z_g, z_o = np.split(z, 4)
            cell = _sigmoid(z_f) * cell + _sigmoid(z_i) * np.tanh(z_g)
            hidden = np.rint(127 * _sigmoid(z_o) * np.tanh(cell))
            states.append(hidden)
        return np.array(states)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.fixture(params=["shipped", "odd width, 4 bits", "8 bits, another alphabet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "shipped":
        return Path(dixtill.SHIPPED_MODEL)
    path = tmp_path / "student.safetensors"
    bits, width = (4, 7) if "4 bits" in request.param else (8, 6)
    labels = ("schlecht", "gut", "weiß nicht: “sha256”")
    # A provenance that looks like a checksum must not mislead a reader.
    provenance = {"sha256": "0" * 64, "note": '"sha256": "'}
    write_model(random_model(3, bits, width, labels=labels, provenance=provenance), path)
    return path


def test_the_tensors_are_those_that_the_page_names(path):
    read, model = PageReader(path), read_model(path)
    assert {n: t.shape for n, t in read.tensors.items()} == read.expected_shapes()
    assert read.sizes == tuple(model.shape)
    np.testing.assert_array_equal(read.embedding, model.parameters.embedding_q8)
    for name, tensor in read.tensors.items():
        if not name.startswith("embedding") and name != "vocabulary":
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
    assert sorted(read.description) == [
        "cleaning", "explanation", "format_version", "labels", "provenance", "sha256", "tokenizer",
    ]  # fmt: skip
    assert read.description["format_version"] in (3, 4)
    assert tuple(read.description["labels"]) == model.settings.labels
    symbols = {"symbols": model.settings.symbols} if read.description["format_version"] == 4 else {}
    assert read.description["tokenizer"] == {
        "lowercase": model.settings.lowercase,
        "strip_accents": model.settings.strip_accents,
        "max_pieces": model.settings.max_pieces,
        **symbols,
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
    probabilities = np.exp(logits) / np.exp(logits).sum()

    prediction = dixtill.load(path)(text)
    labels = read.description["labels"]
    assert prediction.label == labels[int(probabilities.argmax())]
    for label, probability in zip(labels, probabilities, strict=True):
        assert prediction.probabilities[label] == pytest.approx(probability, abs=0.005)
    if content != text:
        return  # the words' spans are those of another text
    words = [
        [word.start <= start < word.end for start, _ in encoded.offsets]
        for word in prediction.words
    ]
    weights = read.weights(shares, attention, words, int(probabilities.argmax()))
    assert [word.weight for word in prediction.words] == pytest.approx(weights, abs=0.02)
