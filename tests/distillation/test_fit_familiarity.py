"""What tells familiar texts from others is found as scikit-learn would find it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import MultinomialNB
from tiny_teachers import tiny_teacher

from dixtill.distillation.data.corpus import Corpus, read_corpus
from dixtill.distillation.data.kind import Kind
from dixtill.distillation.student.examples import Examples, make_examples
from dixtill.distillation.student.familiarity import fit_familiarity, no_familiarity
from dixtill.distillation.student.vocabulary import Vocabulary, student_vocabulary
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.runtime.model_file.familiarity import NUM_QUANTILES
from dixtill.specification.cleaning import DEFAULT_RULES, clean
from dixtill.specification.familiarity import NO_EVIDENCE, Familiarity
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import CONTINUATION, UNKNOWN_PIECE, Tokenizer

LANGUAGES = Path(__file__).parents[1] / "languages.tsv"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ("shares", "profit", "falls", "gains", "banks")
# Letters are pieces, so that words in random order can be read.
VOCABULARY = Vocabulary(
    (UNKNOWN_PIECE, *WORDS, "!", *LETTERS, *(f"##{letter}" for letter in LETTERS)), Normalizer()
)
TEXTS = ("banks gains", "profit falls!", "shares falls", "xyz shares", "xyz banks", "pqr banks")


def examples(texts: tuple[str, ...], vocabulary: Vocabulary = VOCABULARY) -> Examples:
    tokenizer = Tokenizer(vocabulary.pieces, vocabulary.normalizer, 256)
    return make_examples(Corpus(texts, (0,) * len(texts), ("any",)), tokenizer, ())


def familiarity_of(found: Familiarity, text: str, vocabulary: Vocabulary = VOCABULARY) -> float:
    tokenizer = Tokenizer(vocabulary.pieces, vocabulary.normalizer, 256)
    is_continuation = [piece.startswith(CONTINUATION) for piece in vocabulary.pieces]
    return found(tokenizer(text).piece_ids, is_continuation, 0)


def fitted(texts: tuple[str, ...] = TEXTS, vocabulary: Vocabulary = VOCABULARY) -> Familiarity:
    return fit_familiarity(examples(texts, vocabulary), examples(texts, vocabulary), vocabulary)


def test_the_evidence_of_a_word_is_that_of_naive_bayes_against_general_texts():
    """Ranks say how usual words are in general; a shuffled word is hardly ever one of WORDS."""
    ranks = (0, 1, 10, 20, 60, 9, *[0] * (len(VOCABULARY.pieces) - 6))
    vocabulary = replace(VOCABULARY, ranks=ranks)
    texts = tuple(word for n, word in enumerate(WORDS) for _ in range(3**n))
    counts = CountVectorizer(vocabulary=VOCABULARY.pieces, token_pattern=r"\w+")
    bayes = MultinomialNB(alpha=1.0).fit(counts.transform(texts), [0] * len(texts))
    own = np.exp(bayes.feature_log_prob_[0])[1:6]
    shuffled = 0.8 / (len(texts) + len(VOCABULARY.pieces))  # no such word, but counted once
    general = 0.1 / (np.array(ranks[1:6]) + 2.7)
    expected = np.log2(own / (general / 2 + shuffled / 2))
    assert np.ptp(expected) > 5
    assert fitted(texts, vocabulary).evidence[1:6] == pytest.approx(expected, abs=0.51)


def test_known_words_of_several_pieces_are_those_that_occur_twice():
    found = fitted()
    ids = {text: Tokenizer(VOCABULARY.pieces, Normalizer())(text).piece_ids for text in TEXTS}
    assert found.knows(ids["xyz banks"][:-1])
    assert not found.knows(ids["pqr banks"][:-1])
    assert np.unpackbits(found.known_words).sum() == 2


def test_few_other_words_seem_known_and_all_known_ones_do():
    rng = np.random.default_rng(0)
    words = {"".join(rng.choice(list(LETTERS), 6)) for _ in range(12_000)}
    learned, others = sorted(words)[:2000], sorted(words)[2000:]
    found = fitted((" ".join(learned),) * 2)
    tokenizer = Tokenizer(VOCABULARY.pieces, Normalizer(), 256)
    assert not all(found.knows(tokenizer(word).piece_ids) for word in others)
    # Only as many pieces of a text as the student reads, 256, are counted.
    assert all(found.knows(tokenizer(word).piece_ids) for word in learned[:42])

    many = fitted(tuple(f"{word} {word}" for word in learned))
    assert all(many.knows(tokenizer(word).piece_ids) for word in learned)
    wrong = np.mean([many.knows(tokenizer(word).piece_ids) for word in others])
    assert 0.02 < wrong < 0.08  # 22% of the bits are set, and two are asked for


def test_familiarity_is_the_share_of_validation_texts_below():
    rng = np.random.default_rng(1)
    texts = tuple(" ".join(rng.choice([*WORDS, "pqr", "xyz"], 8)) for _ in range(400))
    found = fit_familiarity(examples(TEXTS * 9), examples(texts), VOCABULARY)
    values = np.array([familiarity_of(found, text) for text in texts])
    is_continuation = [piece.startswith(CONTINUATION) for piece in VOCABULARY.pieces]
    means = np.array(
        [found.mean_evidence(ids.tolist(), is_continuation, 0) for ids in examples(texts).piece_ids]
    )
    below = (means[:, None] > means[None]).mean(axis=1)
    up_to = (means[:, None] >= means[None]).mean(axis=1)
    assert (values >= below - 0.011).all()
    assert (values <= up_to + 0.011).all()
    assert (values >= 0.05).mean() >= 0.95
    expected = np.interp(-1.7, found.quantiles, np.linspace(0, 1, NUM_QUANTILES))
    assert found.share_below(-1.7) == pytest.approx(expected)


def test_perturbed_texts_are_not_learned_from():
    train = examples(TEXTS)
    is_made = train.kinds.clone()
    is_made[4:] = Kind.MADE
    some = fit_familiarity(replace(train, kinds=is_made), train, VOCABULARY)
    expected = fit_familiarity(examples(TEXTS[:4]), train, VOCABULARY)
    assert (some.evidence == expected.evidence).all()
    assert (some.known_words == expected.known_words).all()


@pytest.mark.parametrize("text", ["", "!!!", "ÀÉ ß", "Привет", "🚀🚀🚀", "pqr"])
def test_a_text_without_a_known_word_is_unfamiliar_by_construction(text):
    assert familiarity_of(fitted(), text) == 0.0


def test_marks_are_not_counted():
    found = fitted()
    assert found.evidence[VOCABULARY.pieces.index("!")] == NO_EVIDENCE
    assert familiarity_of(found, "banks shares!!!") == familiarity_of(found, "banks shares")


def test_later_pieces_share_a_number(monkeypatch):
    monkeypatch.setattr("dixtill.runtime.model_file.familiarity.MAX_EVIDENCE_PIECES", 3)
    found = fitted()
    assert len(found.evidence) == 3
    assert familiarity_of(found, "falls") == familiarity_of(found, "gains")


def test_the_same_texts_give_the_same_bits():
    one, other = fitted(), fitted()
    for name, tensor in one.tensors().items():
        assert (tensor == other.tensors()[name]).all()


def test_what_knows_nothing_is_as_large():
    sizes = {name: tensor.nbytes for name, tensor in fitted().tensors().items()}
    none = no_familiarity(len(VOCABULARY.pieces)).tensors()
    assert {name: tensor.nbytes for name, tensor in none.items()} == sizes


@pytest.mark.parametrize("kind", ["bert", "roberta", "deberta_v2"])
def test_ranks_follow_the_teachers_vocabulary(kind):
    teacher = tiny_teacher(kind)
    vocabulary = student_vocabulary(("a good film, and a bad film",), teacher)
    assert vocabulary.ranks is not None
    ranks = dict(zip(vocabulary.pieces, vocabulary.ranks, strict=True))
    assert ranks[UNKNOWN_PIECE] == 0
    assert all(rank == 0 for piece, rank in ranks.items() if len(piece.lstrip("#")) == 1)
    several = [rank for piece, rank in ranks.items() if len(piece.lstrip("#")) > 1]
    assert min(several, default=1) >= 0
    assert 1 in several or not any(several)


@pytest.mark.slow
def test_a_student_of_tweets_tells_them_from_other_texts(tfns, teacher_tfns):
    """The figures of issue 18, by words alone: no student need be trained."""
    train, held_out = read_corpus(tfns / "train.csv").split(0.1, seed=0)
    tweets = read_corpus(tfns / "valid.csv").texts
    cleaned = [tuple(clean(text, DEFAULT_RULES) for text in part.texts)
               for part in (train, held_out)]  # fmt: skip
    vocabulary = student_vocabulary(cleaned[0], Teacher.load(teacher_tfns), symbols=True)
    known, valid = (examples(texts, vocabulary) for texts in cleaned)
    found = fit_familiarity(known, valid, vocabulary)

    def values(texts: list[str] | tuple[str, ...]) -> np.ndarray:
        return np.array(
            [familiarity_of(found, clean(text, DEFAULT_RULES), vocabulary) for text in texts]
        )

    own = values(tweets)
    assert 0.93 < (own >= 0.05).mean() < 0.97
    data = tfns.parent
    for path, column, least in [
        (data / "sst2" / "valid.csv", "text", 0.90),
        (data / "imdb" / "test.csv", "text", 0.95),
        (data / "goemotions" / "valid.csv", "text", 0.90),
        (LANGUAGES, "text", 0.99),
    ]:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file, delimiter="\t" if path == LANGUAGES else ",")
            others = values([row[column] for row in rows][:600])
        is_own = np.repeat([1, 0], [len(own), len(others)])
        assert roc_auc_score(is_own, np.concatenate([own, others])) >= least, path
