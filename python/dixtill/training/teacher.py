"""A fine-tuned Hugging Face sequence classifier: its texts in, its logits out.

Any encoder or decoder with a fast tokenizer. Does not train (finetune.py) and does not explain
(attributions.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from ..errors import InputError


@dataclass(frozen=True)
class EncodedBatch:
    """Tokens of a batch of texts, padded on the right."""

    input_ids: Tensor  # [batch, time]
    attention_mask: Tensor  # [batch, time]
    special_mask: Tensor  # [batch, time], 1 for special tokens and padding
    offsets: list[list[tuple[int, int]]]  # [batch][time], spans in the text; padding left out


class Teacher:
    """A sequence classifier with its tokenizer, in evaluation mode."""

    def __init__(self, model: Any, tokenizer: Any, max_length: int = 512) -> None:
        """Wrap a loaded model and its fast tokenizer.

        Raises:
            InputError: the tokenizer is not a fast one, so it reports no character spans.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise InputError(
                f"{type(tokenizer).__name__} is not a fast tokenizer; dixtill needs its character "
                "offsets to map tokens to words"
            )
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        if model.config.pad_token_id is None:
            model.config.pad_token_id = tokenizer.pad_token_id
        tokenizer.padding_side = "right"
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.max_length = min(max_length, tokenizer.model_max_length, self._num_positions())

    @classmethod
    def load(cls, name_or_folder: str | Path, max_length: int = 512) -> Teacher:
        """Load by hub name or folder.

        Raises:
            InputError: there is no such model, or it is no sequence classifier.
        """
        try:
            tokenizer = AutoTokenizer.from_pretrained(name_or_folder)
            model = AutoModelForSequenceClassification.from_pretrained(
                name_or_folder, dtype=torch.float32
            )
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"cannot load a sequence classifier from '{name_or_folder}': {error}"
            ) from error
        return cls(model, tokenizer, max_length)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits."""
        id2label = self.model.config.id2label
        return tuple(id2label[i] for i in range(len(id2label)))

    @property
    def word_embeddings(self) -> nn.Module:
        """The module that looks token ids up."""
        module: nn.Module = self.model.get_input_embeddings()
        return module

    @property
    def embeddings(self) -> nn.Module:
        """The module whose output enters the first layer: words, positions and types together.

        A decoder with rotary positions has none beyond its word embeddings.
        """
        module = getattr(self.model.base_model, "embeddings", None)
        return module if isinstance(module, nn.Module) else self.word_embeddings

    def _num_positions(self) -> int:
        """How many positions the model can number; RoBERTa's kind sets some apart for padding."""
        table = getattr(self.embeddings, "position_embeddings", None)
        if not isinstance(table, nn.Embedding):
            return int(getattr(self.model.config, "max_position_embeddings", None) or 2**30)
        return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)

    def encode(self, texts: Sequence[str]) -> EncodedBatch:
        """Tokens of cleaned `texts`, cut at `max_length`."""
        encoded = self.tokenizer(
            list(texts),
            truncation=True,
            max_length=self.max_length,
            padding=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        lengths = encoded["attention_mask"].sum(dim=1).tolist()
        offsets = [
            [(start, end) for start, end in spans[:length]]
            for spans, length in zip(encoded["offset_mapping"].tolist(), lengths, strict=True)
        ]
        mask = encoded["attention_mask"]
        special = encoded["special_tokens_mask"].masked_fill(mask == 0, 1)
        return EncodedBatch(encoded["input_ids"], mask, special, offsets)

    def logits(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits [batch, classes] of padded token ids."""
        output: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return output

    def predict(self, texts: Sequence[str], batch_size: int = 64) -> Tensor:
        """Logits [texts, classes] of cleaned texts."""
        logits = torch.empty(len(texts), len(self.labels))
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        with torch.no_grad():
            for start in range(0, len(texts), batch_size):
                rows = by_length[start : start + batch_size]
                batch = self.encode([texts[row] for row in rows])
                logits[rows] = self.logits(batch.input_ids, batch.attention_mask)
        return logits

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over weights, tokenizer and limits: equal only for the same teacher."""
        content = hashlib.sha256(f"{self.max_length} {self.labels}".encode())
        content.update(self.tokenizer.backend_tokenizer.to_str().encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            content.update(name.encode())
            content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return content.hexdigest()


@contextmanager
def replaced_output(module: nn.Module, output: Tensor) -> Iterator[None]:
    """Inside the context, `module` returns `output` whatever it is given."""
    handle = module.register_forward_hook(lambda *_: output)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def captured_output(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collects what `module` returns inside the context."""
    outputs: list[Tensor] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        yield outputs
    finally:
        handle.remove()
