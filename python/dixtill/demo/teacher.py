"""Trains the demo's teacher from scratch: a WordPiece vocabulary and a two-layer transformer."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tokenizers.implementations import BertWordPieceTokenizer
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer, set_seed

from ..distillation.data.corpus import Corpus
from ..distillation.fine_tuning.finetune import save_teacher
from ..distillation.fine_tuning.trainer import fit
from ..distillation.finetune_config import FinetuneConfig
from ..distillation.progress.watcher import Watcher
from ..distillation.teacher.teacher import Teacher

_VOCABULARY_SIZE = 1500
_INITIAL_STD = 0.05  # BERT's 0.02 suits wider layers; with 0.05, this model learns in fewer epochs
_SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train_teacher(
    train: Corpus, valid: Corpus, epochs: int, seed: int, folder: Path, watcher: Watcher
) -> Teacher:
    """Train a teacher on the training texts and save it in `folder`."""
    config = FinetuneConfig(epochs=epochs, learning_rate=5e-4, batch_size=32, seed=seed)
    set_seed(seed)
    tokenizer = new_tokenizer(train.texts)
    model = _model(len(tokenizer), train.label_names)
    checkpoints = folder.with_name(f"{folder.name}.checkpoints")
    fit(model, tokenizer, train, valid, config, checkpoints, watcher)
    shutil.rmtree(checkpoints)
    save_teacher(model, tokenizer, folder)
    return Teacher.load(folder)


def new_tokenizer(texts: Sequence[str]) -> BertTokenizer:
    """Train WordPiece on `texts`; accents stay, since "è" and "e" are different words."""
    trained = BertWordPieceTokenizer(lowercase=True, strip_accents=False)
    alphabet = sorted(set("".join(texts).lower().replace(" ", "")))
    trained.train_from_iterator(
        texts,
        _VOCABULARY_SIZE,
        initial_alphabet=alphabet,
        # Without these, the library numbers characters, and breaks ties of merges, at random.
        special_tokens=[*_SPECIAL_TOKENS, *(f"##{char}" for char in alphabet)],
        show_progress=False,
    )
    return BertTokenizer(
        vocab=trained.get_vocab(), do_lower_case=True, strip_accents=False, model_max_length=128
    )


def _model(num_pieces: int, labels: Sequence[str]) -> BertForSequenceClassification:
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=num_pieces,
            hidden_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=512,
            max_position_embeddings=128,
            initializer_range=_INITIAL_STD,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
        )
    )
