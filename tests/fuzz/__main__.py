"""The fuzzers in Python, one after the other: `python -m tests.fuzz --seconds 20 --seed 1`."""

import sys

from . import fuzz_model_files, fuzz_streams, fuzzing

sys.exit(
    fuzzing.main(fuzz_model_files.case, "tests.fuzz.fuzz_model_files")
    or fuzzing.main(fuzz_streams.case, "tests.fuzz.fuzz_streams")
)
