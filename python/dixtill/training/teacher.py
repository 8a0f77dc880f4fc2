"""A fine-tuned Hugging Face sequence classifier: its texts in, its logits out.

Any encoder or decoder with a fast tokenizer. Does not train (finetune.py) and does not explain
(attributions.py).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from ..errors import InputError
from .finite import check_answers
from .precision import Precision, autocast

_REGISTERING = Lock()  # PyTorch numbers its hooks without one
# Keys of a config that say how it was saved, and change no answer.
_OF_THE_FILE = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


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
            InputError: the tokenizer is not a fast one, so it reports no character spans, or it
                has no token to pad with.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise InputError(
                f"{type(tokenizer).__name__} is not a fast tokenizer; dixtill needs its character "
                "offsets to map tokens to words"
            )
        _agree_on_padding(model.config, tokenizer)
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.max_length = min(max_length, tokenizer.model_max_length, self._num_positions())
        # Read now: a call of the tokenizer leaves its truncation and padding in it.
        self._tokenizer_state: str = tokenizer.backend_tokenizer.to_str()

    @classmethod
    def load(cls, name_or_folder: str | Path, max_length: int = 512) -> Teacher:
        """Load by hub name or folder.

        Raises:
            InputError: there is no such model, or it is no sequence classifier.
        """
        try:
            with _no_progress_off_terminal():
                tokenizer = AutoTokenizer.from_pretrained(name_or_folder)
                model, report = AutoModelForSequenceClassification.from_pretrained(
                    name_or_folder, dtype=torch.float32, output_loading_info=True
                )
        except Exception as error:  # transformers, tokenizers and safetensors raise all kinds
            raise InputError(
                f"cannot load a sequence classifier from '{name_or_folder}': {error}"
            ) from error
        if report["missing_keys"]:
            raise InputError(
                f"'{name_or_folder}' is no sequence classifier: it has no trained "
                f"{', '.join(sorted(report['missing_keys']))}; fine-tune it first"
            )
        return cls(model, tokenizer, max_length)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits."""
        id2label = self.model.config.id2label
        return tuple(id2label[i] for i in range(len(id2label)))

    @property
    def device(self) -> torch.device:
        """Where the model computes: a CPU, or the GPU that `model.to` moved it to."""
        device: torch.device = self.model.device
        return device

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
        """Tokens of cleaned `texts`, cut at `max_length`.

        A text without any token is read as one of padding, which is attended to.
        """
        encoded = self._tokens(texts)
        pad_id = self.tokenizer.pad_token_id
        ids = [torch.tensor(row or [pad_id]) for row in encoded["input_ids"]]
        special = [torch.tensor(row or [1]) for row in encoded["special_tokens_mask"]]
        return EncodedBatch(
            input_ids=pad_sequence(ids, batch_first=True, padding_value=pad_id),
            attention_mask=pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
            special_mask=pad_sequence(special, batch_first=True, padding_value=1),
            offsets=[spans or [(0, 0)] for spans in encoded["offset_mapping"]],
        )

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each cleaned text as `encode` gives them, without their padding."""
        return [len(row) or 1 for row in self._tokens(texts)["input_ids"]] if texts else []

    def _tokens(self, texts: Sequence[str]) -> Any:
        # The tokenizers library takes no lone surrogates.
        return self.tokenizer(
            [_LONE_SURROGATE.sub("\ufffd", text) for text in texts],
            truncation=True,
            max_length=self.max_length,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )

    def logits(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits [batch, classes] of padded token ids, on the CPU wherever the model is."""
        output: Tensor = self.model(
            input_ids=input_ids.to(self.device), attention_mask=attention_mask.to(self.device)
        ).logits
        return output.cpu()

    def predict(
        self,
        texts: Sequence[str],
        batch_size: int = 64,
        precision: Precision = "float32",
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> Tensor:
        """Logits [texts, classes] of cleaned texts; `precision` is that of the products.

        `on_batch` is told the number of texts of each batch.

        Raises:
            InputError: a logit is not finite.
        """
        logits = torch.empty(len(texts), len(self.labels))
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        with torch.no_grad(), autocast(self.device, precision):
            for start in range(0, len(texts), batch_size):
                rows = by_length[start : start + batch_size]
                batch = self.encode([texts[row] for row in rows])
                logits[rows] = self.logits(batch.input_ids, batch.attention_mask).float()
                check_answers(logits[rows], [texts[row] for row in rows], "the teacher")
                on_batch(len(rows))
        return logits

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over architecture, config, weights, tokenizer and limits.

        Two teachers have the same one only if they give the same answers.
        """
        described = {
            "architecture": type(self.model).__name__,
            "config": _settings_of(self.model.config.to_dict()),
            "labels": self.labels,
            "max_length": self.max_length,
            "tokenizer": self._tokenizer_state,
        }
        content = hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            content.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return content.hexdigest()


def _settings_of(config: Any) -> Any:
    """A model's config as JSON holds it, and those in it, without where and how it was saved."""
    if isinstance(config, dict):
        kept = config.keys() - _OF_THE_FILE
        return {str(name): _settings_of(config[name]) for name in kept}
    return config


def _agree_on_padding(config: Any, tokenizer: Any) -> None:
    """Give tokenizer and model one padding token; a decoder finds a text's end by it."""
    if tokenizer.pad_token is None and config.pad_token_id is not None:
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(config.pad_token_id)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token is None:
        raise InputError(
            f"{type(tokenizer).__name__} has neither a padding nor an end token; set its pad_token"
        )
    config.pad_token_id = tokenizer.pad_token_id


@contextmanager
def _no_progress_off_terminal() -> Iterator[None]:
    """Inside the context, transformers draws progress bars on a terminal only."""
    hide = transformers_logging.is_progress_bar_enabled() and not sys.stderr.isatty()
    if hide:
        transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if hide:
            transformers_logging.enable_progress_bar()


@contextmanager
def replaced_output(module: nn.Module, output: Tensor) -> Iterator[None]:
    """Inside the context, `module` returns `output` to this thread, whatever it is given."""
    thread = get_ident()
    with _REGISTERING:
        handle = module.register_forward_hook(lambda *_: output if get_ident() == thread else None)
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
