"""Tests that corpus, tokenizer and attributions become padded batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dixtill.distillation.attribution.attributor import Attribution
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.data.kind import Kind
from dixtill.distillation.student.examples import Examples, make_examples, unlabeled_examples
from dixtill.distillation.student.outputs.softmax import NO_LABEL
from dixtill.errors import InputError
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import Tokenizer

PIECES = ("[UNK]", "up", "share", "##s", "fall", "!")
TOKENIZER = Tokenizer(PIECES, Normalizer(), max_pieces=4)
CORPUS = Corpus(
    ("shares up!", "https://t.co/x", "fall", "up up up up shares"), (1, 0, 0, 2), ("a", "b", "c")
)


def explanation(starts, ends, values, counts, by_class=()) -> Attribution:
    return Attribution("", (0.0,), 0, 0.0, 0.0, 0.0, starts, ends, values, counts, by_class)


EXPLAINED = dict(
    enumerate(
        [
            explanation((0, 7, 9), (6, 9, 10), (2.0, 3.0, -1.0), (2, 1, 0)),
            explanation((), (), (), ()),
            explanation((0,), (4,), (8.0,), (4,)),
            explanation((0, 3, 6, 9, 12), (2, 5, 8, 11, 18), (1.0, 2.0, 3.0, 4.0, 5.0), (1,) * 5),
        ]
    )
)


def test_a_batch_is_padded_on_the_right():
    logits = torch.arange(12.0).view(4, 3)
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), logits, EXPLAINED)
    batch = examples.batch(np.array([1, 0]))
    assert batch.piece_ids.tolist() == [[4, 0, 0, 0], [2, 3, 1, 5]]
    assert batch.mask.tolist() == [[True, False, False, False], [True] * 4]
    assert batch.word_of_piece.tolist() == [[0, -1, -1, -1], [0, 0, 1, 2]]
    assert batch.labels.tolist() == [0, 1]
    assert batch.teacher_logits.tolist() == [[6.0, 7.0, 8.0], [0.0, 1.0, 2.0]]
    assert batch.attributions.tolist() == [[[8.0], [0.0], [0.0]], [[2.0], [3.0], [-1.0]]]


def test_texts_may_be_explained_in_part():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, {3: EXPLAINED[3]})
    assert examples.attributions.lengths.tolist() == [0, 0, 4]


def test_texts_without_a_piece_are_left_out_with_their_answers_and_attributions():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), torch.eye(4)[:, :3], EXPLAINED)
    assert len(examples) == 3
    assert examples.labels.tolist() == [1, 0, 2]
    assert examples.teacher_logits.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert [examples.attributions[row].tolist() for row in range(2)] == [[[2], [3], [-1]], [[8]]]


def test_the_mean_divides_by_the_tokens_unless_a_word_has_none():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, EXPLAINED, merge="mean")
    assert [examples.attributions[row].tolist() for row in range(2)] == [[[1], [3], [-1]], [[2]]]


def test_words_cut_off_the_students_input_are_not_explained():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, EXPLAINED)
    assert TOKENIZER.read(CORPUS.texts[3], ("urls",)).truncated
    assert examples.attributions[2].tolist() == [[1], [2], [3], [4]]


def test_words_are_matched_by_their_place_in_the_text():
    shifted = EXPLAINED | {0: explanation((7,), (9,), (3.0,), (1,))}
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, shifted)
    assert examples.attributions[0].tolist() == [[0], [3], [0]]


def test_without_a_teacher_its_answers_are_zero():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",))
    assert not examples.teacher_logits.any()
    assert not examples.batch(np.arange(len(examples))).attributions.any()


BY_CLASS = dict(
    enumerate(
        [
            explanation(
                *((0, 7, 9), (6, 9, 10), (2.0, 3.0, -1.0), (2, 1, 0)),
                ((2.0, 3.0, -1.0), (1.0, 0.0, 0.0), (0.0, 0.0, 4.0)),
            ),
            explanation((), (), (), (), ((), (), ())),
            explanation(
                (1,), (4,), (8.0,), (4,), ((8.0,), (2.0,), (2.0,))
            ),  # not a span of the student's
            explanation((0,), (2,), (6.0,), (2,), ((6.0,), (0.0,), (0.0,))),
        ]
    )
)


def test_every_class_is_explained_against_their_mean():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, BY_CLASS, classes="all")
    first, absent, cut = examples.attributions
    assert first.tolist() == [[1, 0, -1], [2, -1, -1], [-2, -1, 3]]
    assert absent.tolist() == [[0, 0, 0]]
    assert cut.tolist() == [[4, -2, -2], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_the_mean_over_tokens_comes_before_that_over_classes():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, BY_CLASS, "mean", "all")
    assert examples.attributions[0].tolist() == [[0.5, 0, -0.5], [2, -1, -1], [-2, -1, 3]]


SOME = Attribution(
    "", (0.0, 1.0, 2.0), 2, 0.0, 0.0, 0.0, (0, 7, 9), (6, 9, 10), (2.0, 3.0, -1.0), (2, 1, 0),
    ((1.0, 0.0, 4.0), (2.0, 3.0, -1.0)), 0, (0, 2), (0.5, 1.0),
)  # fmt: skip


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("sum", [[1, 0, 2], [0, 0, 3], [4, 0, -1]]),
        ("mean", [[0.5, 0, 1], [0, 0, 3], [4, 0, -1]]),
    ],
)
def test_classes_that_were_not_explained_weigh_nothing(merge, expected):
    """Nothing is subtracted: the mean over all classes was, before they were explained."""
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, {0: SOME}, merge, "all")
    assert examples.attributions[0].tolist() == expected
    assert examples.explained.tolist() == [[2, 0, 1], [1, 1, 1], [1, 1, 1]]
    other = unlabeled_examples(["up fall"], TOKENIZER, torch.ones(1, 3), "all")
    batch = Examples.joined([other, examples]).batch(np.array([2, 1]))
    assert batch.explained.tolist() == [[1, 1, 1], [2, 0, 1]]


def test_the_predicted_class_may_be_learned_where_some_are_explained():
    examples = make_examples(CORPUS, TOKENIZER, ("urls",), None, {0: SOME}, classes="predicted")
    assert examples.attributions[0].tolist() == [[2], [3], [-1]]
    assert examples.explained.tolist() == [[1], [1], [1]]


def test_missing_attributions_of_all_classes_are_an_error_that_says_what_to_do():
    with pytest.raises(InputError, match="--classes all`, or train with `--explained-classes pred"):
        make_examples(CORPUS, TOKENIZER, ("urls",), None, EXPLAINED, classes="all")


@pytest.mark.parametrize(("classes", "outputs"), [("predicted", 1), ("all", 3)])
def test_unlabeled_texts_have_the_teachers_answers_alone(classes, outputs):
    logits = torch.arange(9.0).view(3, 3)
    examples = unlabeled_examples(["fall", " ", "up shares"], TOKENIZER, logits, classes)
    assert examples.labels.tolist() == [NO_LABEL, NO_LABEL]
    assert examples.teacher_logits.tolist() == [[0, 1, 2], [6, 7, 8]]
    assert examples.batch(np.arange(2)).attributions.shape == (2, 2, outputs)
    assert not examples.batch(np.arange(len(examples))).attributions.any()


def test_a_part_without_a_readable_text_adds_nothing():
    """Texts without labels are read in parts, and the last one may be a single text."""
    labeled = make_examples(CORPUS, TOKENIZER, ("urls",))
    nothing = unlabeled_examples([" "], TOKENIZER, torch.ones(1, 3), kinds=[Kind.MADE])
    both = Examples.joined([labeled, nothing])
    assert len(nothing) == 0
    assert len(both) == len(labeled)
    assert both.kinds.dtype == torch.int64
    assert both.labels.tolist() == labeled.labels.tolist()


def test_examples_add_up_in_their_order():
    logits = torch.arange(12.0).view(4, 3)
    labeled = make_examples(CORPUS, TOKENIZER, ("urls",), logits, BY_CLASS, classes="all")
    other = unlabeled_examples(["up fall"], TOKENIZER, torch.ones(1, 3), "all")
    both = Examples.joined([labeled, other])
    assert len(both) == len(labeled) + 1
    batch = both.batch(np.array([3, 1]))
    assert batch.piece_ids.tolist() == [[1, 4], [4, 0]]
    assert batch.labels.tolist() == [NO_LABEL, 0]
    assert batch.teacher_logits.tolist() == [[1, 1, 1], [6, 7, 8]]
    assert batch.attributions.tolist() == [[[0] * 3] * 2, [[0] * 3] * 2]
    assert both.batch(np.array([0])).attributions.any()


def test_shuffled_batches_hold_every_example_once():
    examples = make_examples(CORPUS, TOKENIZER, ())
    batches = list(examples.shuffled_batches(np.arange(len(examples)), 3, np.random.default_rng(0)))
    assert sorted(len(batch.labels) for batch in batches) == [1, 3]
    assert sorted(torch.cat([batch.labels for batch in batches]).tolist()) == [0, 0, 1, 2]


def test_shuffled_batches_follow_the_generator():
    examples = make_examples(CORPUS, TOKENIZER, ())

    def order(seed: int) -> list[int]:
        batches = examples.shuffled_batches(
            np.arange(len(examples)), 1, np.random.default_rng(seed)
        )
        return [int(batch.mask.sum()) for batch in batches]

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(8)}) > 1


def test_shuffled_batches_have_similar_lengths_and_random_order():
    lengths = np.random.default_rng(0).permutation(40) + 1
    corpus = Corpus(tuple("up " * length for length in lengths), (0,) * 40, CORPUS.label_names)
    examples = make_examples(corpus, Tokenizer(PIECES, Normalizer(), max_pieces=40), ())
    found = [
        batch.mask.sum(dim=1).tolist()
        for batch in examples.shuffled_batches(
            np.arange(len(examples)), 4, np.random.default_rng(1)
        )
    ]
    assert all(max(batch) - min(batch) == 3 for batch in found)
    assert found != sorted(found)


def test_ordered_batches_keep_the_order():
    examples = make_examples(CORPUS, TOKENIZER, ())
    batches = list(examples.ordered_batches(3))
    assert torch.cat([batch.labels for batch in batches]).tolist() == list(CORPUS.labels)


def test_a_corpus_without_a_word_is_refused():
    with pytest.raises(InputError, match="none of the 2 texts holds a word that the"):
        make_examples(Corpus(("", " "), (0, 0), ("a",)), TOKENIZER, ())
