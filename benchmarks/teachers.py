"""Transformers of common sizes with random weights, on which times do not depend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from benchmarks.onnx_models import Session
from benchmarks.texts import LABELS

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

Logits = Callable[[Any], np.ndarray]  # logits [texts, classes] of a text or a list of texts


def bert_base(num_layers: int = 12) -> nn.Module:
    """Build a model of BERT-base's size: about 110 million weights in its 12 layers."""
    return _random_bert(BertConfig(num_hidden_layers=num_layers, num_labels=len(LABELS)))


def minilm_l6(num_layers: int = 6, num_labels: int = len(LABELS)) -> nn.Module:
    """Build a model of all-MiniLM-L6's size: 23 million weights, half of them embeddings."""
    return _random_bert(
        BertConfig(
            hidden_size=384,
            num_hidden_layers=num_layers,
            num_attention_heads=12,
            intermediate_size=1536,
            num_labels=num_labels,
        )
    )


def _random_bert(config: BertConfig) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = BertForSequenceClassification(config)
    return model.eval()


def fast_tokenizer(vocabulary: tuple[str, ...]) -> Any:
    """Build BERT's fast tokenizer with the student's pieces, so that lengths equal dixtill's.

    Unused pieces fill the vocabulary up to the models' number of embeddings, as in BERT's own.
    """
    used = dict.fromkeys((*_SPECIAL, *vocabulary))
    pieces = [*used, *(f"[unused{i}]" for i in range(BertConfig().vocab_size - len(used)))]
    return BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)})


def in_pytorch(model: nn.Module, tokenizer: Any) -> Logits:
    """Pad to a multiple of 8: on some CPUs PyTorch takes 88 ms for 15 tokens, 62 ms for 16."""

    @torch.inference_mode()
    def logits(text: Any) -> np.ndarray:
        encoded = tokenizer(text, return_tensors="pt", padding=True, pad_to_multiple_of=8)
        output: Tensor = model(**encoded).logits
        return output.numpy()

    return logits


def in_onnx_runtime(session: Session, tokenizer: Any) -> Logits:
    def logits(text: Any) -> np.ndarray:
        texts = [text] if isinstance(text, str) else text
        return session(tokenizer(texts, return_tensors="np", padding=True))

    return logits


class OfIdsAndMask(nn.Module):
    """A transformer in the form that ONNX exports: tensors in, one tensor out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits
