"""Checks that a teacher's tokenizer is fast, fits the model's vocabulary, and can pad."""

from __future__ import annotations

from typing import Any

from ...errors import InputError

_NUM_PROBED = 8  # pieces in the text that a teacher is tried on


def check_tokenizer(tokenizer: Any, num_embeddings: int) -> None:
    """Raise InputError unless `tokenizer` reports offsets and fits that many embeddings.

    If its files are missing, transformers makes a tokenizer that has only special tokens. A model
    may have more embeddings than tokens, to reach a multiple of 64, but not twice as many.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            f"{type(tokenizer).__name__} is not a fast tokenizer, nor can transformers make one of "
            "it; dixtill needs character offsets to map tokens to words: take a teacher whose "
            "tokenizer has a tokenizer.json"
        )
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    if len(vocabulary) < num_embeddings / 2:
        raise InputError(
            f"its tokenizer has {len(vocabulary)} tokens, but the model has {num_embeddings} "
            "embeddings: the tokenizer's files are missing or belong to another model; "
            "save the model's own tokenizer beside it, with tokenizer.save_pretrained"
        )
    last = max(vocabulary, key=vocabulary.__getitem__)
    if vocabulary[last] >= num_embeddings:
        raise InputError(
            f"its tokenizer numbers tokens up to {vocabulary[last]} ({last!r}), but the model has "
            f"{num_embeddings} embeddings: take the model's own tokenizer, or train the model "
            "after resize_token_embeddings"
        )


def agree_on_padding(config: Any, tokenizer: Any) -> None:
    """Give tokenizer and model the same padding token, by which a decoder finds a text's end.

    Raises:
        InputError: the tokenizer has neither a padding token nor an end token to pad with.
    """
    own = config.pad_token_id
    if tokenizer.pad_token is None and isinstance(own, int) and 0 <= own < len(tokenizer):
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(own)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token is None:
        raise InputError(
            f"{type(tokenizer).__name__} has neither a padding nor an end token; set its pad_token"
        )
    for part in (config, config.get_text_config()):
        part.pad_token_id = tokenizer.pad_token_id


def probe_texts(tokenizer: Any) -> list[str]:
    """Make an empty, a short and a longer text of pieces from all parts of the vocabulary.

    Raises:
        InputError: the vocabulary has only special tokens.
    """
    special = set(tokenizer.all_special_ids)
    ids = [i for i in range(len(tokenizer)) if i not in special]
    if not ids:
        raise InputError(
            "its tokenizer has only special tokens; save the model's own tokenizer beside it, "
            "with tokenizer.save_pretrained"
        )
    pieces = [tokenizer.decode([i]).strip() for i in ids[:: -(-len(ids) // _NUM_PROBED)]]
    return ["", pieces[len(pieces) // 2], " ".join(pieces)]
