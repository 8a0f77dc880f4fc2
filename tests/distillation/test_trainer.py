"""Training is reproducible by its seed, resumes with the same bits, and works by every method."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from watchers import EachEpoch

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.measures.scores import Scores
from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.student import losses, objective, run_folder
from dixtill.distillation.student import trainer as trainer_module
from dixtill.distillation.student.examples import NO_LABEL, Batch, Examples
from dixtill.distillation.student.objective import distillation_terms, total_loss
from dixtill.distillation.student.student import Student
from dixtill.distillation.student.trainer import StudentTrainer
from dixtill.errors import InputError
from dixtill.specification.words import TokenizedText

UNKNOWN_ID, NUM_PIECES = 0, 12
CONFIG = DistillConfig(
    epochs=4, batch_size=16, learning_rate=0.03, embedding_dim=6, hidden_dim=5, attention_dim=4
)
PAPER = DistillConfig.of(
    "dixtill-paper",
    **{name: getattr(CONFIG, name) for name in (
        "epochs", "batch_size", "learning_rate", "embedding_dim", "hidden_dim", "attention_dim"
    )},
)  # fmt: skip
METHODS = ("dixtill", "kl", "mse", "none")


def toy_examples(seed: int, count: int = 64, outputs: int = 3) -> Examples:
    """Piece 1 makes a text of class 1, piece 2 of class 2; a word is two pieces or one.

    With one output, the label's own is explained, else every class against their mean.
    """
    rng = np.random.default_rng(seed)
    texts, labels, explained = [], [], []
    for _ in range(count):
        length, label = int(rng.integers(4, 9)), int(rng.integers(3))
        ids = rng.integers(3, NUM_PIECES, length).tolist()
        if label:
            ids[int(rng.integers(length))] = label
        words = [piece // 2 for piece in range(length)]
        spans = [(2 * word, 2 * word + 1) for word in range(words[-1] + 1)]
        texts.append(TokenizedText(ids, words, spans, truncated=False))
        labels.append(label)
        key = words[ids.index(label)] if label else -1
        of_label = torch.tensor([1.0 if word == key else 0.1 for word in range(len(spans))])
        of_classes = torch.nn.functional.one_hot(torch.tensor(label), 3) - 1 / 3
        explained.append(of_label[:, None] * (of_classes if outputs == 3 else torch.ones(1)))
    logits = 4 * torch.nn.functional.one_hot(torch.tensor(labels), 3).float()
    return Examples(texts, torch.tensor(labels), logits, explained)


TRAIN, VALID = toy_examples(0), toy_examples(1, count=24)
OF_LABEL = toy_examples(0, outputs=1), toy_examples(1, count=24, outputs=1)


def new_student(config: DistillConfig = CONFIG, seed: int = 0) -> Student:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Student(
            NUM_PIECES, 3, config.embedding_dim, config.hidden_dim, config.attention_dim,
            config.dropout, config.null_score,
        )  # fmt: skip


def new_trainer(folder: Path, config: DistillConfig = CONFIG, **parts) -> StudentTrainer:
    defaults = {"student": new_student(config), "train": TRAIN, "valid": VALID}
    return StudentTrainer(
        **{**defaults, **parts}, config=config, unknown_id=UNKNOWN_ID, folder=folder
    )


def weights(trainer: StudentTrainer) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in trainer.student.state_dict().values())


def trained(folder: Path, config: DistillConfig = CONFIG, **parts) -> bytes:
    trainer = new_trainer(folder, config, **parts)
    trainer.run()
    return weights(trainer)


def test_the_same_seed_gives_the_same_weights_bit_for_bit(tmp_path):
    torch.manual_seed(1)
    first = trained(tmp_path / "first")
    torch.manual_seed(2)
    assert trained(tmp_path / "second") == first
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("first", "second")]
    assert logs[0] == logs[1]


@pytest.mark.parametrize(
    "without", [{}, {"dropout": 0.0}, {"unknown_rate": 0.0}], ids=["all", "order", "no unknowns"]
)
def test_another_seed_gives_other_weights(tmp_path, without):
    config = replace(CONFIG, epochs=1, **without)
    first = trained(tmp_path / "0", config)
    assert trained(tmp_path / "1", replace(config, seed=1)) != first


def test_the_share_of_unknown_pieces_is_drawn_anew_each_epoch(tmp_path):
    config = replace(CONFIG, epochs=2, batch_size=len(TRAIN), unknown_rate=0.3)
    trainer = new_trainer(tmp_path, config)
    with_unknowns, drawn = trainer._with_unknowns, []

    def recorded(piece_ids: Tensor) -> Tensor:
        # One padded batch an epoch, so the same random numbers would hit the same places.
        drawn.append(with_unknowns(torch.ones_like(piece_ids)) == UNKNOWN_ID)
        return piece_ids

    trainer._with_unknowns = recorded
    trainer.run()
    first, second = drawn
    assert float(first.float().mean()) == pytest.approx(0.3, abs=0.07)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("is_trained", [True, False])
def test_a_null_score_is_trained_or_stays_where_it_was(tmp_path, is_trained):
    config = replace(CONFIG, explanation="contributions", null_score=is_trained, weight_decay=0.5)
    trainer = new_trainer(tmp_path, config)
    before = trainer.student.null_score.item()
    trainer.run()
    assert (trainer.student.null_score.item() != before) == is_trained


def test_gradients_are_clipped(tmp_path):
    config = replace(CONFIG, epochs=1, weight_decay=0.0, max_grad_norm=1e-15)
    trainer = new_trainer(tmp_path, config)
    before = [parameter.detach().clone() for parameter in trainer.student.parameters()]
    trainer.run()
    # AdamW divides by the gradient's size, but for an epsilon of 1e-8.
    for mine, theirs in zip(trainer.student.parameters(), before, strict=True):
        torch.testing.assert_close(mine.detach(), theirs, atol=1e-7, rtol=0)


def test_training_leaves_the_callers_random_numbers_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    trained(tmp_path)
    assert torch.equal(torch.rand(2), expected)


class Stopped(Exception):
    """Raised to stop a run, as if the machine had lost power."""


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path, stop_after):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == stop_after:
            raise Stopped

    expected = trained(tmp_path / "whole")
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "stopped").run(EachEpoch(stop))
    resumed = new_trainer(tmp_path / "stopped", student=new_student(seed=9))
    torch.rand(7)  # other code draws in between
    watcher = EachEpoch()
    resumed.run(watcher)
    assert watcher.history + watcher.epochs == read_log(tmp_path / "whole")
    assert len(watcher.history) == stop_after
    steps = range(4 * stop_after + 1, 4 * CONFIG.epochs + 1)
    assert watcher.steps == [(step, 4, CONFIG.epochs) for step in steps]
    assert weights(resumed) == expected
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "stopped")]
    assert logs[0] == logs[1]


def test_a_finished_run_is_not_trained_again(tmp_path):
    expected = trained(tmp_path)
    again = new_trainer(tmp_path, student=new_student(seed=9))

    watcher = EachEpoch()
    best = again.run(watcher)
    assert (watcher.history, watcher.steps, watcher.epochs) == (read_log(tmp_path), [], [])
    assert weights(again) == expected
    assert not again.student.training
    assert best == max(read_log(tmp_path), key=lambda m: (m.accuracy + m.macro_f1, -m.epoch))


def read_log(folder: Path) -> list[EpochMetrics]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [EpochMetrics(**json.loads(line)) for line in lines]


def test_a_run_from_before_losses_were_kept_by_term_goes_on_to_the_same_bits(tmp_path):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == 2:
            raise Stopped

    expected = trained(tmp_path / "whole")
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "old").run(EachEpoch(stop))
    checkpoint = tmp_path / "old" / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True)
    names = ("epoch", "loss", "accuracy", "macro_f1")
    state["history"] = [{name: row[name] for name in names} for row in state["history"]]
    torch.save(state, checkpoint)
    resumed = new_trainer(tmp_path / "old")
    resumed.run()
    assert weights(resumed) == expected
    has_terms = [bool(metrics.terms) for metrics in read_log(tmp_path / "old")]
    assert has_terms == [False, False, True, True]


def test_the_folder_holds_config_and_metrics(tmp_path):
    trained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["method"] == "dixtill"
    assert [metrics.epoch for metrics in read_log(tmp_path)] == [1, 2, 3, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.previous.pt", "checkpoint.pt", "config.json", "metrics.jsonl"
    ]  # fmt: skip


def cuts(content: bytes) -> list[int]:
    """Lengths to truncate a file to: zero, all but its last byte, and some in between."""
    return sorted({0, 1, *range(7, len(content), len(content) // 12 + 1), len(content) - 1})


def test_a_checkpoint_cut_anywhere_is_replaced_by_the_one_before(tmp_path):
    expected = trained(tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    whole = files[tmp_path / "checkpoint.pt"]
    for length in cuts(whole):
        for path, content in files.items():
            path.write_bytes(content)
        (tmp_path / "checkpoint.pt").write_bytes(whole[:length])
        resumed = new_trainer(tmp_path, student=new_student(seed=9))
        assert len(resumed.history) == CONFIG.epochs - 1
        assert not (tmp_path / "checkpoint.pt").exists()
        if length == len(whole) - 1:
            resumed.run()
            assert weights(resumed) == expected
            assert len(read_log(tmp_path)) == CONFIG.epochs


def test_where_both_checkpoints_are_damaged_it_is_said_which_to_delete(tmp_path):
    expected = trained(tmp_path)
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:500])
    sentence = r"checkpoint.pt is damaged \(.+\); delete it and checkpoint.previous.pt to start"
    with pytest.raises(InputError, match=sentence):
        new_trainer(tmp_path)
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (tmp_path / name).unlink()
    assert trained(tmp_path) == expected


@pytest.mark.parametrize("change", ["a list", "no history", "foreign metrics", "other weights"])
def test_a_checkpoint_of_something_else_is_one_sentence(tmp_path, change):
    trained(tmp_path, replace(CONFIG, epochs=1))
    path = tmp_path / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    changed = {
        "a list": [1],
        "no history": {name: state[name] for name in state if name != "history"},
        "foreign metrics": {**state, "history": [{"loss": 1.0}]},
        "other weights": {**state, "student": {"head.bias": torch.zeros(9)}},
    }
    torch.save(changed[change], path)
    with pytest.raises(InputError, match=r"checkpoint.pt is damaged \(.+\); delete it to start"):
        new_trainer(tmp_path, replace(CONFIG, epochs=1))


def test_a_config_cut_anywhere_is_one_sentence(tmp_path):
    trained(tmp_path, replace(CONFIG, epochs=1))
    whole = (tmp_path / "config.json").read_bytes()
    for length in cuts(whole):
        (tmp_path / "config.json").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"config.json is damaged.*choose another run folder"):
            new_trainer(tmp_path, replace(CONFIG, epochs=1))


def test_a_checkpoint_without_its_config_is_of_nobody_knows_what(tmp_path):
    trained(tmp_path, replace(CONFIG, epochs=1))
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match=r"not a run: config.json is missing; choose another run"):
        new_trainer(tmp_path, replace(CONFIG, epochs=1))


@pytest.mark.parametrize("change", [{"alpha": 0.5}, {"seed": 1}, {"epochs": 5}], ids=str)
def test_another_config_in_the_same_folder_is_refused(tmp_path, change):
    short = replace(CONFIG, epochs=1)
    trained(tmp_path, short)
    (name,) = change
    with pytest.raises(InputError, match=f"holds a run with another {name}; choose another run"):
        new_trainer(tmp_path, replace(short, **change))


def test_a_mistake_before_the_first_epoch_ends_does_not_claim_the_folder(tmp_path):
    new_trainer(tmp_path)
    new_trainer(tmp_path, replace(CONFIG, alpha=0.5))
    assert json.loads((tmp_path / "config.json").read_text())["alpha"] == 0.5


@pytest.mark.parametrize("part", ["train", "valid"])
def test_other_data_in_the_same_folder_are_refused(tmp_path, part):
    trained(tmp_path, replace(CONFIG, epochs=1))
    with pytest.raises(InputError, match="holds a run on other data; choose another run folder"):
        new_trainer(tmp_path, replace(CONFIG, epochs=1), **{part: toy_examples(5)})


@pytest.mark.parametrize("what", ["loss", "weights"])
def test_a_training_that_diverges_stops_and_keeps_the_epochs_before(tmp_path, what):
    expected = trained(tmp_path / "whole")
    trainer = new_trainer(tmp_path / "run")
    step, steps = trainer._train_step, []

    def diverging(batch: Batch) -> dict[str, float]:
        steps.append(batch)
        if len(steps) == 8:  # the last of the second epoch
            if what == "loss":
                batch = batch._replace(teacher_logits=batch.teacher_logits / 0)
            losses = step(batch)
            trainer.student.head.bias.data[0] = float("inf")
            return losses
        return step(batch)

    trainer._train_step = diverging
    sentence = {
        "loss": r"a loss of epoch 2 \(loss nan, .*kl nan, .*\) is not finite; choose a lower learn",
        "weights": r"weights 'head.bias' of the student are not all finite; .* lower learning rate",
    }
    with pytest.raises(InputError, match=sentence[what]):
        trainer.run()
    assert len(read_log(tmp_path / "run")) == 1
    resumed = new_trainer(tmp_path / "run")
    resumed.run()
    assert weights(resumed) == expected


def test_a_full_disk_leaves_the_epoch_before(tmp_path, monkeypatch):
    expected = trained(tmp_path / "whole")
    write_whole, written = run_folder.write_whole, []

    def full(path: Path, content: bytes) -> None:
        written.append(path.name)
        if written.count("checkpoint.pt") == 3:
            raise OSError(ENOSPC, "No space left on device", str(path))
        write_whole(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "write_whole", full)
        with pytest.raises(OSError, match="No space left on device"):
            trained(tmp_path / "run")
    resumed = new_trainer(tmp_path / "run")
    assert len(resumed.history) == 2
    resumed.run()
    assert weights(resumed) == expected


@pytest.fixture
def scripted_scores(monkeypatch: pytest.MonkeyPatch):
    """Gives the validation scores that a test asks for, and keeps the weights of each epoch."""

    def script(*accuracies: float) -> list[bytes]:
        remaining, seen = list(accuracies), []

        def score(student: Student, _: Examples) -> Scores:
            tensors = student.state_dict().values()
            seen.append(b"".join(tensor.numpy().tobytes() for tensor in tensors))
            return Scores(remaining.pop(0), 0.5, 0.1)

        monkeypatch.setattr(trainer_module, "score", score)
        return seen

    return script


def test_the_best_epochs_weights_are_kept(tmp_path, scripted_scores):
    epochs = scripted_scores(0.3, 0.8, 0.8, 0.5)
    trainer = new_trainer(tmp_path)
    assert trainer.run().epoch == 2  # the first of equal scores
    assert weights(trainer) == epochs[1]
    assert len(set(epochs)) == 4


def test_the_best_weights_outlive_a_stop(tmp_path, scripted_scores):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == 3:
            raise Stopped

    epochs = scripted_scores(0.3, 0.8, 0.4, 0.5)
    with pytest.raises(Stopped):
        new_trainer(tmp_path).run(EachEpoch(stop))
    trainer = new_trainer(tmp_path)
    assert trainer.run().epoch == 2
    assert weights(trainer) == epochs[1]


@pytest.mark.parametrize(
    ("patience", "accuracies", "trained_epochs"),
    [
        (1, (0.5, 0.4), 2),
        (2, (0.5, 0.4, 0.6, 0.6, 0.6), 5),
        (2, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0), 6),
    ],
)
def test_training_stops_after_patience_epochs_without_a_better_one(
    tmp_path, scripted_scores, patience, accuracies, trained_epochs
):
    scripted_scores(*accuracies)
    new_trainer(tmp_path, replace(CONFIG, epochs=6, patience=patience)).run()
    assert len(read_log(tmp_path)) == trained_epochs


@pytest.mark.parametrize(
    "changes",
    [
        *({"method": method} for method in METHODS),
        {"method": "dixtill-paper"},
        {"method": "dixtill-paper", "explanation": "contributions"},
        # The bounded loss of answers is too weak for more.
        {"kl": "bounded", "explanation_weight": 1.0},
    ],
    ids=lambda changes: " ".join(map(str, changes.values())),
)
def test_every_method_learns_the_toy_problem(tmp_path, changes):
    is_published = changes.get("method") == "dixtill-paper"
    base = PAPER if is_published else CONFIG
    config = replace(base, epochs=15, dropout=0.0, unknown_rate=0.0, **changes)
    train, valid = OF_LABEL if is_published else (TRAIN, VALID)
    best = new_trainer(tmp_path, config, train=train, valid=valid).run()
    log = read_log(tmp_path)
    assert log[-1].loss < 0.7 * log[0].loss
    assert best.accuracy > 0.85


def test_the_explanation_loss_turns_attention_to_the_words_that_matter(tmp_path):
    def agreement(config: DistillConfig, train: Examples, valid: Examples) -> float:
        trainer = new_trainer(tmp_path / config.method, config, train=train, valid=valid)
        trainer.run()
        batch = valid.batch(np.arange(len(valid)))
        with torch.no_grad():
            output = trainer.student(batch.piece_ids, batch.mask)
        cosine = torch.nn.functional.cosine_similarity
        explained = objective._explanation(trainer.config, output, batch).flatten(1)
        return float(cosine(explained, batch.attributions.flatten(1)).mean())

    config = replace(PAPER, epochs=15)
    aligned = agreement(config, *OF_LABEL)
    assert aligned > agreement(replace(config, method="kl"), *OF_LABEL) + 0.1


def test_the_explanation_loss_turns_every_classs_contributions(tmp_path):
    def agreement(method: str) -> float:
        config = replace(CONFIG, method=method, epochs=15, additivity=0.0)
        trainer = new_trainer(tmp_path / method, config)
        trainer.run()
        batch = VALID.batch(np.arange(len(VALID)))
        with torch.no_grad():
            output = trainer.student(batch.piece_ids, batch.mask)
            explained = objective._explanation(trainer.config, output, batch)
            return 1 - 2 * float(losses.explanation_loss(explained, batch.attributions))

    assert agreement("dixtill") > agreement("kl") + 0.03


def without_labels(examples: Examples, logits: Tensor) -> Examples:
    return replace(
        examples,
        labels=torch.full((len(examples),), NO_LABEL),
        teacher_logits=logits,
        attributions=[torch.zeros_like(values) for values in examples.attributions],
    )


def test_texts_without_labels_teach_what_the_teacher_says_of_them(tmp_path):
    """The few labels are of one class; the teacher's answers teach the other one."""
    few = toy_examples(3, count=4)
    few = replace(
        few,
        labels=torch.zeros(4, dtype=torch.long),
        teacher_logits=torch.tensor([[4.0, 0.0, 0.0]] * 4),
    )
    others = without_labels(TRAIN, TRAIN.teacher_logits)
    config = replace(CONFIG, method="kl", epochs=15)
    alone = new_trainer(tmp_path / "alone", config, train=few).run()
    taught = new_trainer(tmp_path / "taught", config, train=few + others).run()
    assert alone.accuracy < 0.6
    assert taught.accuracy > 0.85


def test_texts_without_labels_teach_nothing_where_the_teacher_has_no_weight(tmp_path):
    config = replace(CONFIG, method="kl", alpha=0.0, additivity=0.0, epochs=1, weight_decay=0.0)
    others = without_labels(TRAIN, TRAIN.teacher_logits)
    trainer = new_trainer(tmp_path, config, train=others)
    before = weights(trainer)
    trainer.run()
    assert weights(trainer) == before


def test_another_answer_to_a_text_without_label_makes_another_student(tmp_path):
    config = replace(CONFIG, epochs=1)

    def student(logits: Tensor) -> bytes:
        folder = tmp_path / str(float(logits[0, 0]))
        return trained(folder, config, train=TRAIN + without_labels(VALID, logits))

    assert student(VALID.teacher_logits) != student(1 - VALID.teacher_logits)


def softmax(values: list[float], temperature: float = 1.0) -> list[float]:
    powers = [math.exp(value / temperature) for value in values]
    return [power / sum(powers) for power in powers]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def cross_entropy_by_hand(logits: list[list[float]], batch: Batch) -> float:
    """A text without a label adds nothing to the sum, but counts in the mean."""
    rows = zip(logits, batch.labels.tolist(), strict=True)
    return mean([0.0 if y == NO_LABEL else -math.log(softmax(row)[y]) for row, y in rows])


def kl_by_hand(logits: list[list[float]], batch: Batch, tau: float) -> float:
    rows = zip(batch.teacher_logits.tolist(), logits, strict=True)
    return tau**2 * mean(
        [
            sum(
                p * math.log(p / q)
                for p, q in zip(softmax(wanted, tau), softmax(given, tau), strict=True)
            )
            for wanted, given in rows
        ]
    )


def by_gates(words: list[list[float]], attention: list[float]) -> list[list[float]]:
    """Gate weights of the contributions [words][outputs], as in docs/adr/0016."""
    attended = sum(attention)
    log = -math.log(1 - attended)
    totals = [sum(output) for output in zip(*words, strict=True)]
    common = (log - attended) / attended**2
    return [
        [log / attended * own - common * a * total for own, total in zip(word, totals, strict=True)]
        for word, a in zip(words, attention, strict=True)
    ]


def disagreement_by_hand(output, batch: Batch, explanation: str) -> float:
    """(1 - cos) / 2, averaged over explained texts, of the student's words and the teacher's."""
    rows = []
    num_words, outputs = batch.attributions.shape[1:]
    for b, target in enumerate(batch.teacher_logits.argmax(dim=1).tolist()):
        words = [[0.0] * outputs for _ in range(num_words)]
        counts, attention = [0] * num_words, [0.0] * num_words
        for t, word in enumerate(batch.word_of_piece[b].tolist()):
            if word >= 0:
                shares = output.contributions[b, t].tolist()
                shares = [share - mean(shares) for share in shares]
                shown = shares if outputs == 3 else [shares[target]]
                if explanation == "scores":
                    shown = [float(output.scores[b, t])]
                words[word] = [a + b for a, b in zip(words[word], shown, strict=True)]
                counts[word] += 1
                attention[word] += float(output.attention[b, t])
        if explanation == "gates":
            words = by_gates(words, attention)
        if explanation == "scores":
            words = [[v / max(1, n) for v in word] for word, n in zip(words, counts, strict=True)]
        theirs = batch.attributions[b].flatten().tolist()
        if any(theirs):
            mine = [value for word in words for value in word]
            dot = sum(own * their for own, their in zip(mine, theirs, strict=True))
            rows.append((1 - dot / (math.hypot(*mine) * math.hypot(*theirs))) / 2)
    return mean(rows)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "none"},
        {"method": "mse"},
        {"method": "kl"},
        {"method": "kl", "kl": "bounded"},
        {"method": "dixtill"},
        {"method": "dixtill", "explained_classes": "predicted"},
        {"method": "dixtill-paper"},
        {"method": "dixtill-paper", "kl": "plain", "temperature": 2.0},
        {"method": "dixtill", "alpha": 0.0},
        {"method": "dixtill", "alpha": 1.0},
        {"method": "dixtill", "explanation_weight": 0.5},
    ],
    ids=str,
)
def test_the_loss_is_the_one_worked_out_by_hand(changes):
    base = PAPER if changes["method"] == "dixtill-paper" else CONFIG
    config = replace(base, **changes)
    labeled, _ = (TRAIN, VALID) if config.explained_classes == "all" else OF_LABEL
    examples = labeled + without_labels(labeled, TRAIN.teacher_logits.flip(0))
    batch = examples.batch(np.arange(60, 69))  # four with a label, five without
    with torch.no_grad():
        output = new_student().eval()(batch.piece_ids, batch.mask)
        actual = float(total_loss(config, distillation_terms(config, output, batch)))
    logits = output.logits.tolist()
    task = cross_entropy_by_hand(logits, batch)
    if config.method == "mse":
        pairs = zip(logits, batch.teacher_logits.tolist(), strict=True)
        imitation = mean([(s - t) ** 2 for row in pairs for s, t in zip(*row, strict=True)])
    else:
        imitation = kl_by_hand(logits, batch, config.temperature)
        if config.kl == "bounded":
            imitation = 1 - math.exp(-imitation)
    if config.method.startswith("dixtill"):
        disagreement = disagreement_by_hand(output, batch, config.explanation)
        imitation += config.explanation_weight * disagreement
    alpha = 0.0 if config.method == "none" else config.alpha
    assert actual == pytest.approx((1 - alpha) * task + alpha * imitation, rel=1e-5)


def test_the_learning_rate_rises_for_an_epoch_and_then_falls_in_even_steps(tmp_path):
    trainer = new_trainer(tmp_path, replace(CONFIG, epochs=3))
    step, rates = trainer._train_step, []

    def recorded(batch: Batch) -> float:
        rates.append(trainer._optimizer.param_groups[0]["lr"] / CONFIG.learning_rate)
        return step(batch)

    trainer._train_step = recorded
    trainer.run()
    assert rates[:4] == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1])
    assert rates[4:] == pytest.approx([n / 9 for n in range(9, 1, -1)])
