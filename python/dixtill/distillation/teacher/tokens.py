"""The tokens that a teacher reads: of one text, and of a padded batch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

Inputs = tuple[Tensor, Tensor, Tensor]  # ids, attention mask, token types, each [batch, time]


@dataclass(frozen=True)
class EncodedText:
    """Tokens of a text; a text without tokens becomes one padding token that is attended to."""

    input_ids: list[int]  # [time]
    token_type_ids: list[int]  # [time]
    special_mask: list[int]  # [time], 1 for special tokens
    offsets: list[tuple[int, int]]  # [time], spans in the text


@dataclass(frozen=True)
class EncodedBatch:
    """Tokens of a batch of texts, padded."""

    input_ids: Tensor  # [batch, time]
    attention_mask: Tensor  # [batch, time]
    token_type_ids: Tensor  # [batch, time]
    special_mask: Tensor  # [batch, time], 1 for special tokens and padding
    offsets: list[list[tuple[int, int]]]  # [batch][time], spans in the text, without padding

    @property
    def inputs(self) -> Inputs:
        """The model's inputs."""
        return self.input_ids, self.attention_mask, self.token_type_ids
