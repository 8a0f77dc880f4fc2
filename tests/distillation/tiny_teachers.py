"""Makes classifiers with random weights and tokenizers of a few dozen pieces, without a download.

There is one for each way in which tokenizers report offsets and models number positions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from tiny_tokenizers import END_OF_TEXT as END_OF_TEXT
from tiny_tokenizers import TEXTS as TEXTS
from tiny_tokenizers import byte_bpe, scores, unigram, wordpiece, wrapped
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
    XLNetTokenizer,
)

from dixtill.distillation.teacher.teacher import Teacher

LABELS = {0: "bearish", 1: "bullish", 2: "neutral"}
NUM_POSITIONS = 64

_SIZE: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "initializer_range": 0.3,
    "id2label": LABELS,
    "label2id": {name: number for number, name in LABELS.items()},
}


def _bert() -> tuple[Any, Any]:
    tokenizer = wordpiece()
    config = BertConfig(
        **_SIZE, vocab_size=len(tokenizer), max_position_embeddings=NUM_POSITIONS, pad_token_id=0
    )
    return BertForSequenceClassification(config), tokenizer


def _distilbert() -> tuple[Any, Any]:
    tokenizer = wordpiece()
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=24, n_layers=2, n_heads=2, hidden_dim=32,
        max_position_embeddings=NUM_POSITIONS, initializer_range=0.3, pad_token_id=0,
        id2label=_SIZE["id2label"], label2id=_SIZE["label2id"],
    )  # fmt: skip
    return DistilBertForSequenceClassification(config), tokenizer


def _roberta() -> tuple[Any, Any]:
    """A model that derives positions from ids: words begin at the padding id + 1."""
    tokenizer = wrapped(byte_bpe(), "<s>", "</s>", pad_token="<pad>")
    config = RobertaConfig(
        **_SIZE,
        vocab_size=len(tokenizer),
        max_position_embeddings=NUM_POSITIONS + 2,
        pad_token_id=1,
    )
    return RobertaForSequenceClassification(config), tokenizer


def _xlm_roberta() -> tuple[Any, Any]:
    tokenizer = unigram()
    config = XLMRobertaConfig(
        **_SIZE,
        vocab_size=len(tokenizer),
        max_position_embeddings=NUM_POSITIONS + 2,
        pad_token_id=1,
    )
    return XLMRobertaForSequenceClassification(config), tokenizer


def _albert() -> tuple[Any, Any]:
    """A model whose embedding module is narrower than its layers."""
    tokenizer = unigram()
    config = AlbertConfig(
        **_SIZE,
        vocab_size=len(tokenizer),
        embedding_size=12,
        max_position_embeddings=NUM_POSITIONS,
        pad_token_id=1,
    )
    return AlbertForSequenceClassification(config), tokenizer


def _qwen2() -> tuple[Any, Any]:
    """A decoder without special or padding tokens, which classifies the last token's state."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_bpe(), eos_token=END_OF_TEXT)
    config = Qwen2Config(
        **_SIZE,
        vocab_size=len(tokenizer),
        num_key_value_heads=1,
        max_position_embeddings=NUM_POSITIONS,
    )
    return Qwen2ForSequenceClassification(config), tokenizer


BUILDERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "bert": _bert,
    "distilbert": _distilbert,
    "roberta": _roberta,
    "xlm_roberta": _xlm_roberta,
    "albert": _albert,
    "qwen2": _qwen2,
}


def _auto(model_type: str, tokenizer: PreTrainedTokenizerFast, **changes: Any) -> tuple[Any, Any]:
    """A tiny model of that type, by transformers' auto classes."""
    sizes = {
        **_SIZE,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": NUM_POSITIONS,
        "pad_token_id": tokenizer.pad_token_id,
        **changes,
    }
    config = AutoConfig.for_model(model_type, **{k: v for k, v in sizes.items() if v is not None})
    model = AutoModelForSequenceClassification.from_config(config)
    # The padding vector of a trained model is not zero, as it is in a new one.
    model.get_input_embeddings().weight.data.normal_(std=0.3)
    return model, tokenizer


def _decoders_tokenizer() -> PreTrainedTokenizerFast:
    names = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=byte_bpe(), eos_token=END_OF_TEXT, model_input_names=names
    )


def _xlnet() -> tuple[Any, Any]:
    """Pads on the left and has no limit of positions; token types mark text, class and padding."""
    special = ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eop>", "<eod>")
    # Unless these names are saved with it, transformers 5's XLNet tokenizer returns no types.
    names = ["input_ids", "token_type_ids", "attention_mask"]
    tokenizer = XLNetTokenizer(vocab=scores(*special), model_input_names=names)
    return _auto(
        "xlnet", tokenizer, d_model=24, n_layer=2, n_head=2, d_inner=32, hidden_size=None,
        num_hidden_layers=None, num_attention_heads=None, max_position_embeddings=None,
    )  # fmt: skip


def _encoder_decoder(model_type: str, **changes: Any) -> tuple[Any, Any]:
    """Reads a text twice, the second time shifted by one token, and classifies the end token."""
    tokenizer = unigram()
    tokenizer.eos_token = "</s>"
    return _auto(
        model_type, tokenizer, d_model=24, hidden_size=None, intermediate_size=None,
        eos_token_id=2, decoder_start_token_id=2, init_std=0.3, **changes,
    )  # fmt: skip


def _with_roberta_positions(model_type: str, **changes: Any) -> tuple[Any, Any]:
    tokenizer = wrapped(byte_bpe(), "<s>", "</s>", pad_token="<pad>", sep_token="</s>")
    return _auto(
        model_type, tokenizer, max_position_embeddings=NUM_POSITIONS + 2, sep_token_id=2, **changes
    )


_BART = {
    "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_hidden_layers": None,
    "num_attention_heads": None,
}  # fmt: skip
_DEBERTA = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
_DEBERTA_V3 = _DEBERTA | {
    "position_biased_input": False, "position_buckets": 8, "share_att_key": True,
    "norm_rel_ebd": "layer_norm",
}  # fmt: skip
_LLAMA = {"num_key_value_heads": 1, "head_dim": 12}
# Kinds of models that few tests need; BUILDERS has those that all tests use.
OTHER_BUILDERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "electra": lambda: _auto("electra", wordpiece(), embedding_size=12),
    "mpnet": lambda: _with_roberta_positions("mpnet"),
    "camembert": lambda: _with_roberta_positions("camembert"),
    "deberta_v2": lambda: _auto("deberta-v2", wordpiece(), **_DEBERTA),
    "deberta_v3": lambda: _auto("deberta-v2", unigram(), **_DEBERTA_V3),
    "modernbert": lambda: _auto("modernbert", wordpiece()),
    "big_bird": lambda: _auto("big_bird", wordpiece()),
    "rembert": lambda: _auto("rembert", wordpiece(), input_embedding_size=12),
    "squeezebert": lambda: _auto("squeezebert", wordpiece(), embedding_size=24),
    "xlm": lambda: _auto("xlm", unigram(), emb_dim=24, n_layers=2, n_heads=2, pad_index=1),
    "longformer": lambda: _with_roberta_positions("longformer", attention_window=[8, 8]),
    "ibert": lambda: _with_roberta_positions("ibert", quant_mode=False),
    "xlnet": _xlnet,
    "bart": lambda: _encoder_decoder("bart", **_BART),
    "mbart": lambda: _encoder_decoder("mbart", **_BART),
    "t5": lambda: _encoder_decoder("t5", d_kv=12, d_ff=32, num_layers=2, num_heads=2),
    "convbert": lambda: _auto("convbert", wordpiece(), embedding_size=24),
    "mobilebert": lambda: _auto(
        "mobilebert", wordpiece(), embedding_size=24, true_hidden_size=24,
        intra_bottleneck_size=24, initializer_range=0.1,
    ),
    "fnet": lambda: _auto("fnet", wordpiece()),
    "gpt2": lambda: _auto("gpt2", _decoders_tokenizer()),
    "gpt_neox": lambda: _auto("gpt_neox", _decoders_tokenizer()),
    "opt": lambda: _auto("opt", _decoders_tokenizer(), ffn_dim=32, word_embed_proj_dim=24),
    "bloom": lambda: _auto("bloom", _decoders_tokenizer()),
    "llama": lambda: _auto("llama", _decoders_tokenizer(), **_LLAMA),
    "mistral": lambda: _auto("mistral", _decoders_tokenizer(), **_LLAMA),
    "gemma": lambda: _auto("gemma", _decoders_tokenizer(), **_LLAMA),
    "gemma2": lambda: _auto("gemma2", _decoders_tokenizer(), **_LLAMA),
    "gemma3": lambda: _auto("gemma3_text", _decoders_tokenizer(), **_LLAMA),
    "phi3": lambda: _auto("phi3", _decoders_tokenizer(), num_key_value_heads=1, pad_token_id=1),
    "qwen3": lambda: _auto("qwen3", _decoders_tokenizer(), **_LLAMA),
}  # fmt: skip


def build(kind: str) -> tuple[Any, Any]:
    """A new model with always the same weights, and its tokenizer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return {**BUILDERS, **OTHER_BUILDERS}[kind]()


@lru_cache
def tiny_teacher(kind: str) -> Teacher:
    """The teacher of that kind, which is built once and must not be changed."""
    return Teacher(*build(kind))
