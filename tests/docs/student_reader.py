"""Reads a student's file and answers with it as docs/reference/model-file.md says.

It uses the safetensors package and NumPy, and nothing of dixtill.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open


class PageReader:
    """What the page says of a file."""

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
    def cell(self) -> str:
        return self.description.get("cell", "lstm")

    @property
    def ways(self) -> list[str]:
        return ["forward", "backward"][: self.description.get("directions", 2)]

    @property
    def sizes(self) -> tuple[int, int, int, int, int]:
        attention, states = self.tensors["attention_weight_q8"].shape
        hidden = states // len(self.ways)
        columns = self.tensors["forward_weight_q8"].shape[1]
        width = columns // 2 if self.cell == "linear" else columns - hidden
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
        states = len(self.ways) * h
        q4 = "embedding_q4" in self.tensors
        rows, columns, biases = {
            "lstm": (4 * h, d + h, 4 * h),
            "gru": (3 * h, d + h, 4 * h),
            "linear": (2 * h, 2 * d, 2 * h),
        }[self.cell]
        return {
            **({"embedding_q4": (v, (d + 1) // 2)} if q4 else {"embedding_q8": (v, d)}),
            **{
                f"{way}_{part}": shape
                for way in self.ways
                for part, shape in (("weight_q8", (rows, columns)), ("scale", (rows,)),
                                    ("bias", (biases,)))
            },
            "attention_weight_q8": (a, states), "attention_scale": (a,), "attention_vector": (a,),
            "null_score": (1,),
            "head_weight_q8": (c, states), "head_scale": (c,), "head_bias": (c,),
            "vocabulary": self.tensors["vocabulary"].shape,
            **({
                "familiarity_evidence_q4": ((min(v, 10_240) + 1) // 2,),
                "familiarity_words": (2048,), "familiarity_quantiles": (101,),
            } if "familiarity_words" in self.tensors else {}),
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
        read = {"lstm": self._lstm, "gru": self._gru, "linear": self._linear}[self.cell]
        orders = {"forward": slice(None), "backward": slice(None, None, -1)}
        ways = [(way, orders[way]) for way in self.ways]
        states = np.concatenate([read(way, vectors[o])[o] for way, o in ways], axis=1)
        units = np.tanh(t["attention_scale"] * (states @ t["attention_weight_q8"].T))
        scores = units @ t["attention_vector"]
        largest = max(t["null_score"][0], scores.max())
        attention = np.exp(scores - largest)
        attention /= np.exp(t["null_score"][0] - largest) + attention.sum()
        shares = attention[:, None] * t["head_scale"] * (states @ t["head_weight_q8"].T)
        if self.cell == "linear":
            weights = np.split(t["head_weight_q8"], len(ways), axis=1)
            shares = sum(
                self._traced(way, vectors[o], attention[o], w)[o]
                for (way, o), w in zip(ways, weights, strict=True)
            )
        return t["head_bias"] + shares.sum(axis=0), shares, attention

    def familiarity(self, piece_ids: list[int]) -> float | None:
        """From 0 to 1, in double precision; None if the file does not have it."""
        if "familiarity_words" not in self.tensors:
            return None
        packed = self.tensors["familiarity_evidence_q4"].astype(int)
        evidence = np.concatenate([packed & 15, packed >> 4])[: min(len(self.pieces), 10_240)]
        evidence[evidence > 7] -= 16
        bits = np.unpackbits(self.tensors["familiarity_words"], bitorder="little")
        words: list[list[int]] = []
        for piece in piece_ids:
            if not words or not self.pieces[piece].startswith("##"):
                words.append([])
            words[-1].append(piece)
        counted, known = [], 0
        for word in words:
            if len(word) == 1:
                value = int(evidence[min(word[0], len(evidence) - 1)])
                is_known = self.pieces[word[0]] != "[UNK]"
            else:
                code = _hash(word)
                is_known = bool(bits[code % 16384] and bits[(code >> 16) % 16384])
                value = 4 if is_known else -2
            if value != -8:
                counted.append(value)
                known += is_known
        if not known:
            return 0.0
        mean = sum(counted) / (len(counted) + 2)
        q = self.tensors["familiarity_quantiles"].astype(float)
        if mean < q[0] or mean >= q[100]:
            return float(mean >= q[100])
        k = max(i for i in range(100) if q[i] <= mean)
        return float(k + (mean - q[k]) / (q[k + 1] - q[k])) / 100

    def answer(self, logits: np.ndarray) -> np.ndarray:
        """The probabilities [C], or the number [1]."""
        output = self.description.get("output", "softmax")
        if output == "number":
            return logits
        if output == "sigmoid":
            return _sigmoid(logits)
        return np.exp(logits) / np.exp(logits).sum()

    def weights(
        self, shares: np.ndarray, attention: np.ndarray, words: list[list[bool]], label: int
    ) -> list[float]:
        """The words' weights; which pieces are each one's is said by `words` [words][T]."""
        if self.description.get("output", "softmax") == "softmax":
            shares = shares - shares.mean(axis=1, keepdims=True)
        own = shares[:, label]
        c = np.array([own[inside].sum() for inside in words])
        if self.description["explanation"] == "gates":
            a = np.array([attention[inside].sum() for inside in words])
            total = a.sum()
            log = -np.log(1 - total)
            c = log / total * c - (log - total) / total**2 * a * c.sum()
        return [float(weight) for weight in c]

    def _rows(self, way: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weight, scale, bias = (
            self.tensors[f"{way}_{part}"].astype(float) for part in ("weight_q8", "scale", "bias")
        )
        return weight * scale[:, None], scale, bias

    def _lstm(self, way: str, vectors: np.ndarray) -> np.ndarray:
        weight, scale, bias = self._rows(way)
        hidden = cell = np.zeros(len(scale) // 4)
        states = []
        for vector in vectors:
            i, f, g, o = np.split(weight @ np.concatenate([vector, hidden]) + bias, 4)
            cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(g)
            hidden = np.rint(127 * _sigmoid(o) * np.tanh(cell))
            states.append(hidden)
        return np.array(states)

    def _gru(self, way: str, vectors: np.ndarray) -> np.ndarray:
        weight, scale, bias = self._rows(way)
        h, d = len(scale) // 3, vectors.shape[1]
        state = hidden = np.zeros(h)
        states = []
        for vector in vectors:
            both = weight[: 2 * h] @ np.concatenate([vector, hidden]) + bias[: 2 * h]
            r, z = np.split(_sigmoid(both), 2)
            of_piece = weight[2 * h :, :d] @ vector + bias[2 * h : 3 * h]
            of_state = weight[2 * h :, d:] @ hidden + bias[3 * h :]
            state = (1 - z) * np.tanh(of_piece + r * of_state) + z * state
            hidden = np.rint(127 * state)
            states.append(hidden)
        return np.array(states)

    def _linear(self, way: str, vectors: np.ndarray) -> np.ndarray:
        states, state = [], 0.0
        for kept, added in zip(*self._steps(way, vectors), strict=True):
            state = kept * state + added
            states.append(np.rint(127 * state))
        return np.array(states)

    def _steps(self, way: str, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each step of a linear cell keeps and adds, [T, H] each."""
        weight, _, bias = self._rows(way)
        before = np.vstack([np.zeros_like(vectors[:1]), vectors[:-1]])
        z, n = np.split(np.hstack([vectors, before]) @ weight.T + bias, 2, axis=1)
        return 1 - _sigmoid(z), _sigmoid(z) * np.tanh(n)

    def _traced(
        self, way: str, vectors: np.ndarray, attention: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """The shares [T, C] of one direction of a linear cell."""
        kept, added = self._steps(way, vectors)
        shares, reached = np.zeros((len(vectors), len(weights))), np.zeros_like(weights)
        for t in reversed(range(len(vectors))):
            reached = attention[t] * weights + reached
            shares[t] = reached @ added[t]
            reached = kept[t] * reached
        return 127 * self.tensors["head_scale"] * shares


def _hash(word: list[int]) -> int:
    x, low = 0x811C9DC5, 2**32 - 1
    for piece in word:
        x = ((x ^ piece) * 0x01000193) & low
    x ^= x >> 16
    x = (x * 0x45D9F3B) & low
    return x ^ (x >> 16)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))
