"""Runs a fine-tuned Hugging Face sequence classifier: texts in, logits out.

The model may be an encoder, a decoder or both, with a fast tokenizer; probe.py finds out how it
must be called. Training is in fine_tuning/ and explaining in attribution/.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from ...strings import without_surrogates
from ..config import Layer, OutputKind, Precision
from ..finite import check_answers
from .embedding_layer import EmbeddingLayer
from .fingerprint import fingerprint_of
from .head import Answers, class_names, last_states, mean_states, output_of
from .loading.checkpoint import errors_about
from .loading.pairs import check_reads_one_text
from .loading.sequence_classifier import load_sequence_classifier
from .precision import autocast
from .probe import choose_padding, layer_for_gradients
from .tokenizer import agree_on_padding, check_tokenizer
from .tokens import EncodedBatch, EncodedText, Inputs

Padding = Literal["right", "left", "none"]
_TEXTS_PER_CALL = 1024  # bounds the tokens in memory at once


class Teacher:
    """A sequence classifier with its tokenizer, in evaluation mode."""

    output: OutputKind
    """What its logits are: of classes, of labels that do not exclude each other, or a number."""
    labels: tuple[str, ...]
    """Names of the classes or labels, in the order of the logits; of a number, one."""
    name: str | None = None
    """The last part of the hub name or folder that it was loaded from."""
    folder: Path | None = None
    """The folder that it was loaded from, if it was loaded from one."""
    padding: Padding = "right"
    """The side where padding changes no answer; "none" if only texts of equal length can share a
    batch."""

    def __init__(self, model: Any, tokenizer: Any, max_length: int = 512) -> None:
        """Wrap a loaded model and its fast tokenizer, and try them on a few texts.

        Raises:
            InputError: the tokenizer is not fast and so reports no character spans, has no padding
                token, or belongs to another model; the head gives something else than named
                classes, labels or a number; the model compares two texts; or it fails or gives an
                answer that is not finite.
        """
        self.output = output_of(model.config)
        self.labels = class_names(model.config)
        check_reads_one_text(model.config, self.labels)
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        check_tokenizer(tokenizer, num_embeddings=len(self.embedding_matrix))
        agree_on_padding(model.config, tokenizer)
        self.max_length = min(max_length, tokenizer.model_max_length, self._num_positions())
        # Read before any call, which would leave its truncation and padding in the state.
        self._tokenizer_state: str = tokenizer.backend_tokenizer.to_str()
        self._layers: dict[Layer, EmbeddingLayer] = {}
        choose_padding(self)
        if self.padding != "none":
            tokenizer.padding_side = self.padding  # fine_tuning/ pads with the tokenizer

    @classmethod
    def load(
        cls,
        name_or_folder: str | Path,
        max_length: int = 512,
        *,
        labels: Sequence[str] | None = None,
        trust_remote_code: bool = False,
    ) -> Teacher:
        """Load a teacher, or an adapter of PEFT with its base, from a folder or the hub.

        Args:
            name_or_folder: a folder, or a name on the hub.
            max_length: longer texts are cut after this many tokens.
            labels: names for the classes, in the order of the logits, instead of the model's own.
            trust_remote_code: whether to run code that comes with the model, which can do anything.

        Raises:
            InputError: there is no such model, it is not a sequence classifier, it needs code of
                its own, there are more or fewer labels than logits, or no student can learn from
                it.
            MissingExtraError: it is an adapter, and peft is not installed.
        """
        model, tokenizer = load_sequence_classifier(name_or_folder, labels, trust_remote_code)
        with errors_about(f"the teacher '{name_or_folder}'"):
            teacher = cls(model, tokenizer, max_length)
        teacher.name = Path(name_or_folder).name
        if Path(name_or_folder).is_dir():
            teacher.folder = Path(name_or_folder).resolve()
        return teacher

    def use_gpu(self) -> None:
        """Move the model to the machine's GPU, if it has one that PyTorch can use."""
        if torch.cuda.is_available():
            self.model.to("cuda")

    @property
    def device(self) -> torch.device:
        """The device of the model: the CPU, or the GPU that `model.to` moved it to."""
        device: torch.device = self.model.device
        return device

    @property
    def word_embeddings(self) -> nn.Module:
        """The module that looks up token ids."""
        module: nn.Module = self.model.get_input_embeddings()
        return module

    @property
    def embedding_matrix(self) -> Tensor:
        """The word embeddings [rows, width]; there may be more rows than tokens."""
        matrix: Tensor = self.model.get_input_embeddings().weight
        return matrix

    @property
    def embeddings(self) -> nn.Module:
        """The module whose output enters the first layer: words, positions and types together.

        In a decoder with rotary positions these are the word embeddings.
        """
        module = getattr(self.model.base_model, "embeddings", None)
        return module if isinstance(module, nn.Module) else self.word_embeddings

    def layer(self, name: Layer) -> EmbeddingLayer:
        """Find the places of that layer's vectors in the model, which a forward pass shows.

        Raises:
            InputError: replacing the vectors does not have the effect of replacing the words, or
                there is no finite gradient.
        """
        if name not in self._layers:
            self._layers[name] = layer_for_gradients(self, name)
        return self._layers[name]

    def _num_positions(self) -> int:
        """Return the model's number of positions; RoBERTa and its kin reserve some for padding."""
        table = getattr(self.embeddings, "position_embeddings", None)
        if isinstance(table, nn.Embedding):
            return table.num_embeddings - (
                0 if table.padding_idx is None else table.padding_idx + 1
            )
        number = getattr(self.model.config, "max_position_embeddings", None)
        return number if number and number > 0 else 2**30  # XLNet's -1 means no limit

    def tokens(self, texts: Sequence[str]) -> list[EncodedText]:
        """Return the tokens of each cleaned text, cut at `max_length`."""
        if not texts:
            return []
        # The tokenizers library rejects lone surrogates.
        encoded = self.tokenizer(
            [without_surrogates(text) for text in texts],
            truncation=True,
            max_length=self.max_length,
            return_token_type_ids=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        names = ("input_ids", "token_type_ids", "special_tokens_mask", "offset_mapping")
        rows = zip(*(encoded[name] for name in names), strict=True)
        return [self._readable(EncodedText(*row)) for row in rows]

    def _readable(self, text: EncodedText) -> EncodedText:
        if not text.input_ids:
            return EncodedText([self.tokenizer.pad_token_id], [0], [1], [(0, 0)])
        config = self.model.config
        if config.is_encoder_decoder:
            # It classifies the state at the end token, so a text may hold no other end token.
            ids = text.input_ids
            for place, token in enumerate(ids):
                if token == config.eos_token_id and not text.special_mask[place]:
                    ids[place] = self._unknown_id
        return text

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each cleaned text, without padding."""
        return [
            len(text.input_ids)
            for start in range(0, len(texts), _TEXTS_PER_CALL)
            for text in self.tokens(texts[start : start + _TEXTS_PER_CALL])
        ]

    def encode(self, texts: Sequence[str]) -> EncodedBatch:
        """Return the tokens of cleaned `texts`, padded; with padding "none" all have one length."""
        encoded = self.tokens(texts)
        ids, mask, types = self.padded_inputs(
            [torch.tensor(text.input_ids) for text in encoded],
            [torch.tensor(text.token_type_ids) for text in encoded],
        )
        special = self.padded([torch.tensor(text.special_mask) for text in encoded], 1)
        return EncodedBatch(ids, mask, types, special, [text.offsets for text in encoded])

    def padded_inputs(self, ids: Sequence[Tensor], types: Sequence[Tensor]) -> Inputs:
        """Return the model's inputs, from the token ids and types [time] of each text."""
        return (
            self.padded(ids, self.tokenizer.pad_token_id),
            self.padded([torch.ones_like(row) for row in ids], 0),
            self.padded(types, self.tokenizer.pad_token_type_id),
        )

    def padded(self, rows: Sequence[Tensor], value: float) -> Tensor:
        """Stack rows [time, ...] as one tensor [batch, time, ...], padded with `value`."""
        side = "left" if self.padding == "left" else "right"
        return pad_sequence(list(rows), True, value, side)

    def logits(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Return logits [batch, classes] of padded tokens, on the CPU."""
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None and self.reads_token_types:
            given["token_type_ids"] = token_type_ids
        output: Tensor = self.model(**{n: x.to(self.device) for n, x in given.items()}).logits
        return output.cpu()

    @property
    def _unknown_id(self) -> int:
        unknown = self.tokenizer.unk_token_id
        return int(self.tokenizer.pad_token_id if unknown is None else unknown)

    @cached_property
    def reads_token_types(self) -> bool:
        """Whether the model reads token types, and its tokenizer returns them."""
        return (
            "token_type_ids" in self.tokenizer.model_input_names
            and "token_type_ids" in inspect.signature(self.model.forward).parameters
        )

    def predict(
        self,
        texts: Sequence[str],
        batch_size: int = 64,
        precision: Precision = "float32",
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> Tensor:
        """Return logits [texts, classes] of cleaned texts; see `answer`."""
        return self.answer(texts, batch_size, precision, on_batch).logits

    def answer(
        self,
        texts: Sequence[str],
        batch_size: int = 64,
        precision: Precision = "float32",
        on_batch: Callable[[int], None] = lambda _: None,
        with_states: bool = False,
    ) -> Answers:
        """Answer cleaned texts; matrix products have that `precision`.

        `on_batch` is called with the number of texts of each finished batch.

        Raises:
            InputError: a logit is not finite.
        """
        logits, states = torch.empty(len(texts), len(self.labels)), None
        with torch.no_grad(), autocast(self.device, precision), ExitStack() as stack:
            seen = stack.enter_context(last_states(self.model)) if with_states else []
            for rows in self._batches(texts, batch_size):
                batch = self.encode([texts[row] for row in rows])
                logits[rows] = self.logits(*batch.inputs).float()
                check_answers(logits[rows], [texts[row] for row in rows], "the teacher")
                if with_states:
                    found = mean_states(seen.pop(), batch.attention_mask)
                    if states is None:
                        states = found.new_empty(len(texts), found.shape[1])
                    states[rows] = found
                on_batch(len(rows))
        return Answers(logits, states)

    def _batches(self, texts: Sequence[str], batch_size: int) -> Iterator[list[int]]:
        """Yield the indices of texts that may share a batch, all of similar length."""
        lengths = self.num_tokens(texts) if self.padding == "none" else [0] * len(texts)
        order = sorted(range(len(texts)), key=lambda row: (lengths[row], len(texts[row])))
        for _, group in groupby(order, key=lengths.__getitem__):
            rows = list(group)
            for start in range(0, len(rows), batch_size):
                yield rows[start : start + batch_size]

    @cached_property
    def fingerprint(self) -> str:
        """What is the same for two teachers only if they give the same answers."""
        return fingerprint_of(self, self._tokenizer_state)
