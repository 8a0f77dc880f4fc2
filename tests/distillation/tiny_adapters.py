"""Saves tiny PEFT adapters and their bases, as users of PEFT save them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import peft
import tiny_teachers
import torch
from transformers import AutoModelForSequenceClassification


def save_base(kind: str, folder: Path) -> Path:
    """Save a body without a head, and its tokenizer."""
    model, tokenizer = tiny_teachers.build(kind)
    model.base_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_adapter(base: Path, folder: Path, num_labels: int = 3, **changes: Any) -> Any:
    """Save a LoRA of `base` with random weights, and return PEFT's model, which is not merged."""
    settings = {"task_type": "SEQ_CLS", "r": 4, "init_lora_weights": False, **changes}
    return save_adapted(base, folder, peft.LoraConfig(**settings), num_labels)


def save_adapted(base: Path, folder: Path, settings: Any, num_labels: int = 3) -> Any:
    """Save an adapter of any kind, and return PEFT's model."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of transformers, about its own use of it
        torch.manual_seed(5)
        model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=num_labels)
        adapted = peft.get_peft_model(model, settings).eval()
        adapted.save_pretrained(folder)
    return adapted
