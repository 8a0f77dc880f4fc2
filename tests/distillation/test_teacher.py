"""How a teacher is loaded, pads, limits lengths, and is told from other teachers."""

from __future__ import annotations

import json

import pytest
import torch
from tiny_teachers import BUILDERS, END_OF_TEXT, LABELS, NUM_POSITIONS, TEXTS, build, tiny_teacher

from dixtill.distillation.teacher.embedding_layer import captured_output, changed_output
from dixtill.distillation.teacher.teacher import Teacher


def test_a_loaded_teacher_is_the_saved_one(bert_folder, bert):
    loaded = Teacher.load(bert_folder)
    assert loaded.labels == tuple(LABELS.values())
    assert torch.equal(loaded.predict(TEXTS), bert.predict(TEXTS))


def test_nothing_is_drawn_unless_on_a_terminal(bert_folder, capfd):
    Teacher.load(bert_folder)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("own", [-1, 10**6])
def test_a_models_padding_token_that_does_not_exist_is_none(own):
    model, tokenizer = build("qwen2")
    model.config.pad_token_id = own
    assert Teacher(model, tokenizer).tokenizer.pad_token == END_OF_TEXT


def test_loading_draws_no_random_numbers(bert_folder):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    Teacher.load(bert_folder).layer("embeddings")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_decoder_pads_with_its_end_token(any_teacher):
    tokenizer = any_teacher.tokenizer
    assert tokenizer.pad_token_id is not None
    assert any_teacher.model.config.pad_token_id == tokenizer.pad_token_id
    assert tiny_teacher("qwen2").tokenizer.pad_token == END_OF_TEXT


def test_the_models_own_padding_token_comes_before_the_end_token():
    model, tokenizer = build("qwen2")
    model.config.pad_token_id = tokenizer.convert_tokens_to_ids("<pad>")
    assert Teacher(model, tokenizer).tokenizer.pad_token == "<pad>"


@pytest.mark.parametrize("kind", BUILDERS)
def test_texts_are_cut_at_what_the_model_can_number(kind):
    teacher = tiny_teacher(kind)
    assert teacher.max_length == NUM_POSITIONS
    batch = teacher.encode(["up " * 200, "up"])
    assert batch.input_ids.shape == (2, NUM_POSITIONS)
    assert teacher.predict(["up " * 200]).isfinite().all()


def test_max_length_cuts_earlier(bert):
    teacher = Teacher(bert.model, bert.tokenizer, max_length=5)
    assert teacher.encode(TEXTS).input_ids.shape[1] == 5


def test_padding_is_marked_and_has_no_offsets(any_teacher):
    batch = any_teacher.encode(["up", TEXTS[2], ""])
    lengths = batch.attention_mask.sum(dim=1).tolist()
    assert lengths == any_teacher.num_tokens(["up", TEXTS[2], ""])
    assert [len(offsets) for offsets in batch.offsets] == lengths
    for row, length in enumerate(lengths):
        assert batch.attention_mask[row, :length].all()
        assert batch.special_mask[row, length:].all()
        assert (batch.input_ids[row, length:] == any_teacher.tokenizer.pad_token_id).all()
    assert not batch.special_mask[1].all()


def test_no_texts_have_no_tokens(bert):
    assert bert.num_tokens([]) == []


def test_batch_and_padding_do_not_change_the_logits(any_teacher):
    texts = ["", *TEXTS, "a \ud800 b"]
    one_by_one = torch.cat([any_teacher.predict([text]) for text in texts])
    told: list[int] = []
    together = any_teacher.predict(texts, batch_size=4, on_batch=told.append)
    torch.testing.assert_close(together, one_by_one)
    assert sum(told) == len(texts)
    assert max(told) == 4
    assert len(one_by_one.unique(dim=0)) == len(texts)


def test_a_lone_surrogate_is_read_as_the_replacement_character(any_teacher):
    mine, theirs = (any_teacher.encode([f"up {char}{char} now"]) for char in "\udc80\ufffd")
    assert torch.equal(mine.input_ids, theirs.input_ids)
    assert mine.offsets == theirs.offsets


def test_the_embedding_module_is_found(any_teacher):
    if "Qwen2" in type(any_teacher.model).__name__:
        assert any_teacher.embeddings is any_teacher.word_embeddings
    else:
        assert any_teacher.embeddings is any_teacher.model.base_model.embeddings
    assert isinstance(any_teacher.word_embeddings, torch.nn.Embedding)


def test_the_fingerprint_does_not_depend_on_what_was_read_before(bert_folder):
    fresh, used = Teacher.load(bert_folder), Teacher.load(bert_folder)
    used.predict(TEXTS)
    assert fresh.fingerprint == used.fingerprint


def test_the_fingerprint_tells_teachers_apart(bert_folder):
    def changed(change: str) -> str:
        model, tokenizer = build("bert")
        limit = 64
        if change == "weight":
            model.classifier.bias.data[0] += 1e-6
        elif change == "labels":
            model.config.id2label = {0: "a", 1: "b", 2: "c"}
        elif change == "tokenizer":
            tokenizer.backend_tokenizer.normalizer = None
        elif change == "limit":
            limit = 63
        elif change == "heads":
            model.config.num_attention_heads = 4
        elif change == "activation":
            model.config.hidden_act = "relu"
        return Teacher(model, tokenizer, limit).fingerprint

    changes = ["none", "weight", "labels", "tokenizer", "limit", "heads", "activation"]
    assert len({changed(change) for change in changes}) == len(changes)
    assert changed("none") == changed("none")


def test_the_fingerprint_is_that_of_the_answers_and_not_of_the_file(bert_folder, monkeypatch):
    """Saving, moving, loading and another version of transformers keep the fingerprint."""
    expected = Teacher(*build("bert")).fingerprint
    config = json.loads((bert_folder / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    (bert_folder / "config.json").write_text(json.dumps({**config, "transformers_version": "0.1"}))
    monkeypatch.chdir(bert_folder.parent)
    assert (
        Teacher.load(bert_folder.name).fingerprint
        == Teacher.load(bert_folder).fingerprint
        == expected
    )


def test_hooks_are_gone_after_an_error(bert):
    def fail(context) -> None:
        with context:
            raise RuntimeError

    before = bert.predict(TEXTS[:1])
    for context in (
        changed_output(bert.embeddings, torch.zeros_like),
        captured_output(bert.embeddings),
    ):
        with pytest.raises(RuntimeError):
            fail(context)
    assert not bert.embeddings._forward_hooks
    assert torch.equal(bert.predict(TEXTS[:1]), before)
