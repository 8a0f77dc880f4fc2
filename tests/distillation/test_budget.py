"""A vocabulary is cut so that the student's file stays under a size."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_course import TRAIN, VALID

from dixtill.distillation.budget import within_budget
from dixtill.distillation.config import DistillConfig
from dixtill.distillation.course import distill
from dixtill.distillation.student.vocabulary import Vocabulary
from dixtill.errors import InputError
from dixtill.specification.normalizer import Normalizer

LABELS = ("down", "up")
PIECES = ("[UNK]", *(f"piece{number}" for number in range(3000)))
VOCABULARY = Vocabulary(PIECES, Normalizer())
CONFIG = DistillConfig(embedding_dim=10, hidden_dim=8, attention_dim=6)


def num_kept(max_bytes: int) -> int:
    kept = within_budget(VOCABULARY, LABELS, replace(CONFIG, max_bytes=max_bytes))
    assert kept.pieces == PIECES[: len(kept.pieces)]  # the most frequent ones
    return len(kept.pieces)


def test_a_vocabulary_that_fits_is_kept_whole():
    assert within_budget(VOCABULARY, LABELS, CONFIG) is VOCABULARY


def test_one_byte_more_or_less_makes_no_leap():
    kept = [num_kept(max_bytes) for max_bytes in range(20_000, 20_100, 9)]
    assert kept == sorted(kept)
    assert 0 < kept[-1] - kept[0] < 30


def test_no_room_for_pieces_is_a_sentence():
    with pytest.raises(InputError, match=r"max_bytes is 900, but .* choose a larger max_bytes"):
        num_kept(900)


def test_the_written_file_is_within_the_budget_whose_run_can_be_quantized_again(bert, tmp_path):
    sizes = {"embedding_dim": 30, "hidden_dim": 5, "attention_dim": 4}
    few = {"epochs": 1, "method": "kl", "perturbed": 0, "progress": False, "report": False}

    def written(name: str, **more: int) -> tuple[int, int]:
        distilled = distill(bert, TRAIN, VALID, out=tmp_path / name, **sizes, **few, **more)
        return distilled.path.stat().st_size, distilled.model.shape.num_pieces

    whole, num_pieces = written("whole.safetensors")
    budget = whole + 2000  # provenance takes less than what is kept free for it
    cut, fewer = written("cut.safetensors", max_bytes=budget)
    assert cut <= budget
    assert 2 <= fewer < num_pieces
    assert written("cut.safetensors", max_bytes=budget, embedding_bits=8)[1] == fewer
