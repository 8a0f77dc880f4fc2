"""Lists the measurements of a study, for the run that makes them and for the report."""

from __future__ import annotations

from benchmarks.reproduce.methods import KEPT_HEADS, NUM_RANKING_TEXTS, WITH_REAL_TEXTS
from benchmarks.reproduce.results import Key, StudyRecord

TEACHER = Key("teacher")
PTQ = Key("ptq")
_RANKING = (str(NUM_RANKING_TEXTS),)
IMPORTANCE = Key("importance", depends_on=_RANKING)
SVM = Key("svm")


def important_heads(keep: int) -> Key:
    return Key("important-heads", str(keep), depends_on=_RANKING)


def random_heads(keep: int, seed: int) -> Key:
    return Key("random-heads", str(keep), seed)


def fasttext(seed: int, quantized: bool) -> Key:
    return Key("fasttext-quantized" if quantized else "fasttext", seed=seed)


def student(record: StudyRecord, method: str, seed: int) -> Key:
    return Key("student", method, seed, _depends_on(record, method))


def _depends_on(record: StudyRecord, method: str) -> tuple[str, ...]:
    """Return the method's arguments, and the hash of the texts without labels if it reads them."""
    texts = (record.unlabeled_sha256,) if method in WITH_REAL_TEXTS else ()
    return (*record.methods[method], *texts)


def explanations(record: StudyRecord, method: str, seed: int) -> Key:
    sizes = (*_depends_on(record, method), str(len(record.explained)), record.precision)
    return Key("explanations", method, seed, sizes)


def timing(record: StudyRecord) -> Key:
    return Key("timing", depends_on=record.methods[record.ours])


def kept_heads(record: StudyRecord) -> list[int]:
    return [keep for keep in KEPT_HEADS if keep < record.num_heads]


def title_of_heads(record: StudyRecord, keep: int, how: str) -> str:
    return f"AHP, {keep} of {record.num_heads} heads, {how}"


def compressed_rows(record: StudyRecord) -> dict[str, list[Key]]:
    """Return the titles of the teacher and its compressed forms, each with one key per seed."""
    rows = {"teacher": [TEACHER], "PTQ (int8)": [PTQ]}
    for keep in kept_heads(record):
        rows[title_of_heads(record, keep, "by importance")] = [important_heads(keep)]
        rows[title_of_heads(record, keep, "at random")] = [
            random_heads(keep, seed) for seed in range(record.seeds)
        ]
    return rows


def alternative_rows(record: StudyRecord) -> dict[str, list[Key]]:
    """Return the titles of the alternatives to a student, each with one key per seed."""
    seeds = range(record.seeds)
    return {
        "TF-IDF + linear SVM": [SVM],
        "fastText": [fasttext(seed, quantized=False) for seed in seeds],
        "fastText, quantized": [fasttext(seed, quantized=True) for seed in seeds],
    }


def student_rows(record: StudyRecord) -> dict[str, list[Key]]:
    """Return the titles of the students, each with one key per seed."""
    return {
        method: [student(record, method, seed) for seed in range(record.seeds)]
        for method in record.methods
    }
