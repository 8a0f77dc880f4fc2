"""The student that ships, and others of its kind: by the specification, and in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from torch import Tensor, nn

from dixtill import Prediction
from dixtill.distillation.network.student import Student
from dixtill.runtime.classifier import Classifier
from dixtill.specification import reference
from dixtill.specification.forward import Forward
from dixtill.specification.model_file import StudentModel

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]


def word_pieces(vocabulary: Sequence[str]) -> Tokenizer:
    """Return Hugging Face's tokenizer with the student's pieces."""
    ids = {piece: i for i, piece in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token=vocabulary[0]))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer


def labeled(classifier: Classifier, text: str) -> Prediction:
    """Answer, and read only the label, which is what peers return."""
    answer = classifier(text)
    assert answer.label
    return answer


def explained(classifier: Classifier, text: str) -> Prediction:
    """Answer, and read every field; until a field is read, an answer is a record of bytes."""
    answer = classifier(text)
    assert answer.label
    assert answer.words
    return answer


def specified(student: StudentModel, text: str) -> Forward:
    """Return the expected answer to a text, by Hugging Face's tokenizer and the NumPy reference."""
    ids = np.array(word_pieces(student.vocabulary).encode(text).ids, np.int32)
    return reference.forward(student.parameters, ids, np.array([0, len(ids)], np.int64))


def random_batch(num_pieces: int, num_texts: int, length: int) -> tuple[Int32Array, Int64Array]:
    """Return piece ids [num_texts * length] and their offsets [num_texts + 1]."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, num_pieces, num_texts * length, dtype=np.int32)
    return ids, np.arange(num_texts + 1, dtype=np.int64) * length


class LogitsOfFullTexts(nn.Module):
    """The float student without masks, packing and weights of words, for batches of equal lengths.

    This is what PyTorch compiles, exports or quantizes; it does less than dixtill. `states` takes
    the place of a cell that cannot be called with vectors alone.
    """

    def __init__(self, student: Student, states: nn.Module | None = None) -> None:
        super().__init__()
        self.embedding, self.cell = student.embedding, states or student.cell
        self.attention_weight = student.attention_weight
        self.attention_vector, self.null_score = student.attention_vector, student.null_score
        self.head = student.head

    def forward(self, piece_ids: Tensor) -> Tensor:
        """Return logits [batch, classes] of ids [batch, time]."""
        read = self.cell(self.embedding(piece_ids))
        states = read if isinstance(read, Tensor) else read[0]
        scores = self.attention_vector(torch.tanh(self.attention_weight(states)))
        null_scores = self.null_score.expand_as(scores[:, :1])
        attention = torch.cat([null_scores, scores], dim=1).softmax(dim=1)[:, 1:]
        logits: Tensor = self.head((attention * states).sum(dim=1))
        return logits


def compiled(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """Compile with torch.compile, LSTM included, again for each shape: its fastest mode."""
    compile_now = torch.compile(module, dynamic=False)

    def call(piece_ids: Tensor) -> Tensor:
        output: Tensor = compile_now(piece_ids)
        return output

    return call
