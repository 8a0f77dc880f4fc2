#!/usr/bin/env bash
# Run the fuzzers of tests/fuzz under AddressSanitizer and UBSan:
#
#   tools/fuzz.sh              # each for 20 seconds
#   tools/fuzz.sh 3600         # each for an hour
#   tools/fuzz.sh 20 7         # with the seed 7 instead of one from the clock
#
# A finding ends the run with a report that says how to reproduce it; libFuzzer's findings are in
# build/fuzz/findings. build/fuzz/corpus keeps inputs that reached new code, for the next run.
# Needs Clang with libFuzzer (Debian's clang and libclang-rt-14-dev), GCC and CMake.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-20}
seed=${2:-$(date +%s)}
python=${PYTHON:-.venv/bin/python}

build_answer_fuzzer() {
    cmake -S . -B build/fuzz/build -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++ \
        -DPython_EXECUTABLE="$(command -v "$python")" -DDIXTILL_BUILD_PYTHON=OFF \
        -DDIXTILL_BUILD_FUZZERS=ON -DDIXTILL_SANITIZE=fuzzer-no-link,address,undefined >/dev/null
    cmake --build build/fuzz/build --parallel 2 >/dev/null
}

# len_control is off, so that a short run tries long texts, too.
fuzz_answers() {
    mkdir -p build/fuzz/corpus build/fuzz/findings
    build/fuzz/build/fuzz_answers -max_total_time="$seconds" -seed="$seed" -len_control=0 \
        -max_len=300 -dict=tests/fuzz/answers.dict -artifact_prefix=build/fuzz/findings/ \
        -print_final_stats=1 -verbosity=0 build/fuzz/corpus
}

build_answer_fuzzer
fuzz_answers
tools/run_sanitized.sh address -m tests.fuzz --seconds "$seconds" --seed "$seed"
