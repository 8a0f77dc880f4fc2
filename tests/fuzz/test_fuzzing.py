"""The fuzzers in Python, for a moment (tools/fuzz.sh: for longer), and what a finding says."""

from __future__ import annotations

import random

import pytest
from tests.fuzz import fuzz_model_files, fuzz_streams, fuzzing

pytestmark = pytest.mark.slow


def test_model_files_are_refused_or_answer():
    outcomes = fuzzing.run_cases(fuzz_model_files.case, seed=0, numbers=range(300))
    assert set(outcomes) == {"refused", "answers"}


def test_hostile_tables_end_in_rows_or_sentences():
    pytest.importorskip("pyarrow", reason="makes Parquet: pip install 'dixtill[score]'")
    outcomes = fuzzing.run_cases(fuzz_streams.case, seed=0, numbers=range(300))
    assert {name.split(":")[0] for name in outcomes} == set(fuzz_streams.SUFFIXES)


def test_a_finding_is_seen_again_by_its_seed_and_number():
    def case(rng: random.Random) -> str:
        number = rng.random()
        if number < 0.05:
            raise ValueError(f"a finding, {number}")
        return "nothing"

    with pytest.raises(fuzzing.Finding, match="a finding") as first:
        fuzzing.run_cases(case, seed=3, seconds=60)
    _, seed, _, number = first.value.arguments.split()
    assert seed == "3"
    with pytest.raises(fuzzing.Finding) as again:
        fuzzing.run_cases(case, seed=3, numbers=[int(number)])
    assert str(again.value) == str(first.value)
