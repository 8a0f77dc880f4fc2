"""Corpus, tokenizer and attributions become padded batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dixtill.errors import InputError
from dixtill.runtime.normalizer import Normalizer
from dixtill.runtime.words import Tokenizer
from dixtill.training.attributions import Attribution
from dixtill.training.corpus import Corpus
from dixtill.training.examples import NO_LABEL, make_examples, unlabelled_examples

TOKENIZER = Tokenizer(("[UNK]", "up", "share", "##s", "fall", "!"), Normalizer(), max_pieces=4)
CORPUS = Corpus(
    ("shares up!", "https://t.co/x", "fall", "up up up up shares"), (1, 0, 0, 2), ("a", "b", "c")
)


def explanation(starts, ends, values, counts) -> Attribution:
    return Attribution("", (0.0,), 0, 0.0, 0.0, 0.0, starts, ends, values, counts)


EXPLAINED = [
    explanation((0, 7, 9), (6, 9, 10), (2.0, 3.0, -1.0), (2, 1, 0)),
    explanation((), (), (), ()),
    explanation((0,), (4,), (8.0,), (4,)),
    explanation((0, 3, 6, 9, 12), (2, 5, 8, 11, 18), (1.0, 2.0, 3.0, 4.0, 5.0), (1,) * 5),
]


def test_a_batch_is_padded_on_the_right():
    logits = torch.arange(12.0).view(4, 3)
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), logits, EXPLAINED)
    batch = examples.batch(np.array([1, 0]))
    assert batch.piece_ids.tolist() == [[4, 0, 0, 0], [2, 3, 1, 5]]
    assert batch.mask.tolist() == [[True, False, False, False], [True] * 4]
    assert batch.word_of_piece.tolist() == [[0, -1, -1, -1], [0, 0, 1, 2]]
    assert batch.labels.tolist() == [0, 1]
    assert batch.teacher_logits.tolist() == [[6.0, 7.0, 8.0], [0.0, 1.0, 2.0]]
    assert batch.attributions[..., 0].tolist() == [[8.0, 0.0, 0.0], [2.0, 3.0, -1.0]]


def test_texts_without_a_piece_are_left_out_with_all_that_is_theirs():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), torch.eye(4)[:, :3], EXPLAINED)
    assert len(examples) == 3
    assert examples.labels.tolist() == [1, 0, 2]
    assert examples.teacher_logits.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert [values[:, 0].tolist() for values in examples.attributions[:2]] == [[2, 3, -1], [8]]


def test_the_mean_divides_by_the_tokens_and_spares_words_without():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, EXPLAINED, merge="mean")
    assert [values[:, 0].tolist() for values in examples.attributions[:2]] == [[1, 3, -1], [2]]


def test_words_cut_off_the_students_input_are_not_explained():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, EXPLAINED)
    assert examples.texts[2].truncated
    assert examples.attributions[2][:, 0].tolist() == [1, 2, 3, 4]


def test_words_are_matched_by_their_place_in_the_text():
    shifted = [explanation((7,), (9,), (3.0,), (1,)), *EXPLAINED[1:]]
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, shifted)
    assert examples.attributions[0][:, 0].tolist() == [0, 3, 0]


def test_without_a_teacher_its_answers_are_zero():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",))
    assert not examples.teacher_logits.any()
    assert not any(values.any() for values in examples.attributions)


def test_shuffled_batches_hold_every_example_once():
    examples = make_examples(CORPUS, TOKENIZER, ())
    batches = list(examples.shuffled_batches(3, np.random.default_rng(0)))
    assert [len(batch.labels) for batch in batches] == [3, 1]
    assert sorted(torch.cat([batch.labels for batch in batches]).tolist()) == [0, 0, 1, 2]


def test_shuffled_batches_follow_the_generator():
    examples = make_examples(CORPUS, TOKENIZER, ())

    def order(seed: int) -> list[int]:
        batches = examples.shuffled_batches(1, np.random.default_rng(seed))
        return [int(batch.mask.sum()) for batch in batches]

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(8)}) > 1


def test_ordered_batches_keep_the_order():
    examples = make_examples(CORPUS, TOKENIZER, ())
    batches = list(examples.ordered_batches(3))
    assert torch.cat([batch.labels for batch in batches]).tolist() == list(CORPUS.labels)


def test_a_corpus_without_a_word_is_refused():
    with pytest.raises(InputError, match="none of the 2 texts holds anything that can be read"):
        make_examples(Corpus(("", " "), (0, 0), ("a",)), TOKENIZER, ())


def test_attributions_of_all_classes_are_centred_over_them():
    by_class = ((2.0, 3.0, -1.0), (0.0, 3.0, 1.0), (1.0, 0.0, 0.0))
    explained = [replace(EXPLAINED[0], by_class=by_class)]
    corpus = CORPUS.take([0])
    examples = make_examples(corpus, TOKENIZER, ("urls",), None, explained, classes="all")
    expected = [[1, -1, 0], [1, 1, -2], [-1, 1, 0]]
    torch.testing.assert_close(examples.attributions[0], torch.tensor(expected).float())


def test_attributions_of_one_class_do_not_do_for_all():
    with pytest.raises(InputError, match="of the predicted class alone; explain with"):
        make_examples(CORPUS, TOKENIZER, (), None, EXPLAINED, classes="all")


def test_texts_without_labels_have_the_teachers_answers_alone():
    logits = torch.eye(3)
    extra = unlabelled_examples(["up", "", "shares fall"], TOKENIZER, logits, "all")
    assert extra.labels.tolist() == [NO_LABEL] * 2
    assert extra.teacher_logits.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert [tuple(values.shape) for values in extra.attributions] == [(1, 3), (2, 3)]
    assert not any(values.any() for values in extra.attributions)
    both = make_examples(CORPUS, TOKENIZER, ("urls",), classes="all") + extra
    assert len(both) == 5
    batch = both.batch(np.array([3, 0]))
    assert batch.labels.tolist() == [NO_LABEL, 1]
    assert batch.attributions.shape == (2, 3, 3)
