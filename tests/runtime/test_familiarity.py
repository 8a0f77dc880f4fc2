"""Every answer says how familiar its text is, by native code as by the specification."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from any_texts import ANY_STRINGS
from examples import examples
from rewritten_model_files import parts, rewrite
from tiny_students import VOCABULARY, model_with_familiarity, random_familiarity, random_model

from dixtill.errors import InputError, ModelFileError
from dixtill.runtime.classifier import Classifier, load_classifier
from dixtill.runtime.prediction import Prediction
from dixtill.specification.familiarity import Familiarity
from dixtill.specification.model_file import StudentModel, read_model, write_model

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

FEW = ("[UNK]", *"abc", *(f"##{letter}" for letter in "abc"), "ab", "##", "#", "!")
MANY = ("[UNK]", *(f"a{number}" for number in range(10_300)), *(f"##{d}" for d in range(10)))
TEXTS = st.lists(st.sampled_from([*"abc ", "ab", "#", "!", "z", "🚀"]), max_size=30).map("".join)
NUMBERS = st.lists(st.integers(0, 103_009), max_size=9).map(
    lambda some: " ".join(f"a{number}" for number in some)
)


def specified(model: StudentModel, text: str) -> float:
    assert model.familiarity is not None
    read = model.tokenizer().read(text, model.settings.cleaning)
    is_continuation = [piece.startswith("##") for piece in model.vocabulary]
    return model.familiarity(read.piece_ids, is_continuation, model.vocabulary.index("[UNK]"))


PAIRS = [
    (model, Classifier(model))
    for seed in range(3)
    for model in [model_with_familiarity(FEW, seed=seed)]
]
LARGE = model_with_familiarity(MANY)
LARGE_NATIVE = Classifier(LARGE)


@hypothesis.given(TEXTS, st.sampled_from(PAIRS))
@hypothesis.settings(max_examples=examples(400))
def test_familiarity_is_the_specifications_to_the_last_bit(text, pair):
    model, classifier = pair
    assert classifier(text).familiarity == specified(model, text)


@hypothesis.given(NUMBERS)
@hypothesis.settings(max_examples=examples(100))
def test_later_pieces_of_a_large_vocabulary_share_the_last_number(text):
    assert LARGE.shape.num_pieces > len(LARGE.familiarity.evidence)
    assert LARGE_NATIVE(text).familiarity == specified(LARGE, text)


@pytest.mark.parametrize("text", ANY_STRINGS.values())
def test_any_string_has_a_familiarity(text):
    model = model_with_familiarity()
    assert Classifier(model)(text).familiarity == specified(model, text)


def test_the_texts_of_the_pairs_are_of_all_kinds():
    values = {specified(model, text) for model, _ in PAIRS for text in ("a", "ab c", "cc", "bbb")}
    assert len(values) > 6
    words = ["ab", "abc", "ca", "cab", "bcc"]
    model, _ = PAIRS[0]
    tokenizer = model.tokenizer()
    assert len({model.familiarity.knows(tokenizer(word).piece_ids) for word in words[1:]}) == 2


def test_a_list_has_the_familiarities_of_its_texts(monkeypatch):
    monkeypatch.setenv("DIXTILL_NUM_THREADS", "2")
    classifier = Classifier(model_with_familiarity(max_pieces=5000))
    texts = ["up", "", "profit falls " * 900, "!!", "株 shares"] * 40
    assert [answer.familiarity for answer in classifier(texts)] == [
        classifier(text).familiarity for text in texts
    ]


@pytest.mark.parametrize("text", ["", " ", "!!!", "🚀🚀🚀", "Привет"])
def test_a_text_without_a_known_word_is_not_familiar(text):
    vocabulary = tuple(piece for piece in VOCABULARY if piece.isalnum() or piece == "[UNK]")
    known = Familiarity(
        evidence=np.full(len(vocabulary), 7, np.int8),
        known_words=np.zeros(2048, np.uint8),
        quantiles=np.full(101, -7, np.float32),
    )
    classifier = Classifier(random_model(vocabulary=vocabulary, familiarity=known))
    assert classifier("up").familiarity == 1.0
    assert classifier(text).familiarity == 0.0
    assert classifier(text).is_familiar is False


def test_familiar_texts_are_those_from_the_level_on():
    def of(value: float) -> Prediction:
        return Prediction("up", "a", 1.0, {"a": 1.0}, (), False, familiarity=value)

    assert [of(value).is_familiar for value in (0.0, 0.0499999, 0.05, 1.0)] == [0, 0, 1, 1]


def test_a_file_keeps_what_tells_familiar_texts(tmp_path):
    model = model_with_familiarity()
    write_model(model, tmp_path / "m.safetensors")
    read = read_model(tmp_path / "m.safetensors")
    assert read.content == model.content
    for name, tensor in model.familiarity.tensors().items():
        assert (read.familiarity.tensors()[name] == tensor).all()
    answer = load_classifier(tmp_path / "m.safetensors")("shares jump")
    assert answer.familiarity == specified(model, "shares jump")


def test_a_file_without_it_has_answers_without_it():
    answer = Classifier(random_model())("shares jump")
    assert answer.familiarity is None
    assert answer.is_familiar is None
    assert "familiarity" not in answer.to_dict()
    assert "familiar" not in str(answer)


def test_all_of_it_takes_at_most_8_kilobytes():
    with_it, without = model_with_familiarity(MANY), random_model(vocabulary=MANY)
    assert len(with_it.content) - len(without.content) <= 8192


def falling(tensor):
    tensor[50] = tensor[49] - 1


def not_finite(tensor):
    tensor[100] = np.inf


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("familiarity_words", None, "familiarity_words' is missing"),
        ("familiarity_evidence_q4", lambda t: t[:-1], "has shape"),
        ("familiarity_words", lambda t: t[:-1], "has shape"),
        ("familiarity_quantiles", lambda t: t[1:], "has shape"),
        ("familiarity_quantiles", falling, "below the one before it"),
        ("familiarity_quantiles", not_finite, "not finite"),
    ],
)
def test_a_damaged_file_is_refused_with_a_sentence(name, change, sentence, tmp_path):
    path = tmp_path / "m.safetensors"
    write_model(model_with_familiarity(), path)
    tensors, description = parts(path)
    changed = None if change is None else change(tensors[name])
    if change is None:
        del tensors[name]
    elif changed is not None:
        tensors[name] = changed
    rewrite(path, tensors, description)
    with pytest.raises(ModelFileError, match=sentence):
        load_classifier(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("evidence", np.full(len(VOCABULARY), 8, np.int8)),
        ("evidence", np.zeros(len(VOCABULARY), np.int16)),
        ("known_words", np.zeros(2047, np.uint8)),
        ("quantiles", np.linspace(1, 0, 101, dtype=np.float32)),
        ("quantiles", np.full(101, np.nan, np.float32)),
    ],
)
def test_what_cannot_be_is_refused(name, value):
    known = random_familiarity(np.random.default_rng(0), len(VOCABULARY))
    given = {field: getattr(known, field) for field in ("evidence", "known_words", "quantiles")}
    with pytest.raises(InputError):
        Familiarity(**{**given, name: value})


def test_it_must_fit_the_vocabulary():
    known = random_familiarity(np.random.default_rng(0), 4)
    with pytest.raises(InputError, match=r"familiarity_evidence_q4' has shape \[2\], expected"):
        random_model(familiarity=known)


class TestOnlyFamiliar:
    """Texts that are not familiar have no label, if the user wants that."""

    FAMILIAR, OTHER = "up", "🚀"

    @pytest.fixture
    def model(self) -> StudentModel:
        quantiles = np.full(101, -7, np.float32)
        zeros = np.zeros(len(VOCABULARY), np.int8), np.zeros(2048, np.uint8)
        known = Familiarity(evidence=zeros[0], known_words=zeros[1], quantiles=quantiles)
        return random_model(familiarity=known)

    def test_a_text_that_is_not_familiar_has_no_label(self, model):
        classifier = Classifier(model, only_familiar=True)
        familiar, other = classifier([self.FAMILIAR, self.OTHER])
        assert familiar.label == familiar.top_label
        assert other.label is None
        assert other.labels == ()
        assert other.top_label in model.settings.labels
        assert str(other).startswith(f"no label: {other.top_label} ({other.probability:.2f}) and")
        assert "not familiar" in other._repr_html_()
        assert classifier(self.OTHER, only_familiar=False).label == other.top_label
        assert Classifier(model)(self.OTHER, only_familiar=True).label is None
        assert Classifier(model)(self.OTHER).label == other.top_label

    def test_several_labels_are_withheld_as_well(self, model):
        several = random_model(familiarity=model.familiarity, output="sigmoid")
        familiar, other = Classifier(several)([self.FAMILIAR, self.OTHER], threshold=0.0)
        assert len(familiar.labels) == len(other.labels) == 3
        assert Classifier(several)(self.OTHER, threshold=0.0, only_familiar=True).labels == ()

    def test_pickles_keep_it(self, model):
        classifier = pickle.loads(pickle.dumps(Classifier(model, only_familiar=True)))
        assert classifier.only_familiar
        answer = classifier(self.OTHER)
        again = pickle.loads(pickle.dumps(answer))
        assert again == answer
        assert again.label is None
        assert again.familiarity == 0.0
        assert again != Classifier(model)(self.OTHER)

    def test_json_says_it(self, model):
        found = json.loads(json.dumps(Classifier(model)(self.OTHER).to_dict()))
        assert found["familiarity"] == 0.0
        assert found["is_familiar"] is False

    def test_a_student_that_cannot_tell_refuses(self):
        with pytest.raises(InputError, match=r"does not say which texts .* distill the student ag"):
            Classifier(random_model(), only_familiar=True)
        with pytest.raises(InputError, match="does not say which texts are familiar"):
            Classifier(random_model())("up", only_familiar=True)

    def test_a_student_of_numbers_refuses(self, model):
        number = random_model(familiarity=model.familiarity, output="number")
        with pytest.raises(InputError, match="answers numbers; look at `is_familiar`"):
            Classifier(number, only_familiar=True)
        assert Classifier(number)(self.OTHER).is_familiar is False
