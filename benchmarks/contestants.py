"""Who is measured: two tweets to read, a student, and a teacher of BERT-base's size.

Random weights wherever the real ones are not at hand: no network, no shared files.
"""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_lowercase, digits, punctuation
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from dixtill.runtime import reference
from dixtill.runtime.cleaning import clean
from dixtill.runtime.forward import Forward
from dixtill.runtime.model_file import StudentModel
from dixtill.runtime.weights import StudentWeights
from dixtill.training.quantize import dequantized, quantize
from dixtill.training.student import Student

TWEETS = {
    12: "Apple shares jump after record earnings as iPhone sales beat analysts' estimates",
    32: "Tesla stock slides in early trading after the carmaker reports weaker deliveries than "
    "expected, while several banks cut their price targets and warn of slowing demand across "
    "Europe and China next quarter",
}  # by number of words

LABELS = ("bearish", "bullish", "neutral")
VOCABULARY_SIZE = 8000

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]


def random_weights(num_pieces: int = VOCABULARY_SIZE) -> StudentWeights:
    """The paper's sizes: 50 wide, 50 units a direction, 100 attention units, three classes."""
    torch.manual_seed(0)
    return quantize(Student(num_pieces, len(LABELS)))


def random_student() -> StudentModel:
    """A student that knows nothing, of the size of one that does."""
    return StudentModel(
        weights=random_weights(),
        vocabulary=_vocabulary(),
        labels=LABELS,
        cleaning=("urls", "html_entities"),
        lowercase=True,
        strip_accents=True,
        max_pieces=256,
        explanation="contributions",
        provenance={},
    )


def _vocabulary() -> tuple[str, ...]:
    """Characters, the tweets' words except each fourth (so that some are split), and fillers."""
    letters = ascii_lowercase + digits
    words = [
        w.strip(",").replace("'", "") for text in TWEETS.values() for w in text.lower().split()
    ]
    kept = [word for i, word in enumerate(words) if i % 4]
    fillers = [f"filler{i}" for i in range(VOCABULARY_SIZE)]
    pieces = ["[UNK]", *letters, *punctuation, *(f"##{c}" for c in letters), *kept, *fillers]
    return tuple(dict.fromkeys(pieces))[:VOCABULARY_SIZE]


def random_batch(num_texts: int, length: int) -> tuple[Int32Array, Int64Array]:
    """Piece ids [num_texts * length] and their offsets [num_texts + 1]."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, VOCABULARY_SIZE, num_texts * length, dtype=np.int32)
    return ids, np.arange(num_texts + 1, dtype=np.int64) * length


def bert_base() -> nn.Module:
    """A classifier of BERT-base's size, about 110 million random weights."""
    torch.manual_seed(0)
    model: nn.Module = BertForSequenceClassification(BertConfig(num_labels=len(LABELS)))
    return model.eval()


def bert_tokenizer(student: StudentModel) -> Any:
    """A fast tokenizer that splits a text into the student's pieces."""
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    pieces = dict.fromkeys((*special, *student.vocabulary))
    return BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)})


def transformer(model: nn.Module, tokenizer: Any) -> Callable[[str], Tensor]:
    """Text to logits [classes] through a transformer."""

    @torch.inference_mode()
    def logits(text: str) -> Tensor:
        output: Tensor = model(**tokenizer(text, return_tensors="pt")).logits
        return output[0]

    return logits


def specified(student: StudentModel, text: str) -> Forward:
    """The answer to a text that the specification gives."""
    ids = np.array(student.tokenizer()(clean(text, student.cleaning)).piece_ids, np.int32)
    return reference.forward(student.weights, ids, np.array([0, len(ids)], np.int64))


def eager_student(student: StudentModel) -> Callable[[str], Tensor]:
    """Text to logits [classes] through the float student in PyTorch."""
    model, tokenizer = dequantized(student.weights), student.tokenizer()

    @torch.inference_mode()
    def logits(text: str) -> Tensor:
        piece_ids = torch.tensor([tokenizer(clean(text, student.cleaning)).piece_ids])
        output: Tensor = model(piece_ids, torch.ones_like(piece_ids, dtype=torch.bool)).logits
        return output[0]

    return logits
