#!/usr/bin/env bash
# Build the native module with a sanitizer, in a separate folder, and run Python with it:
#
#   tools/run_sanitized.sh address       # tests/native and tests/runtime: AddressSanitizer, UBSan
#   tools/run_sanitized.sh thread        # their tests of threads, and check_threads without Python
#   tools/run_sanitized.sh address -m pytest -x tests/runtime/test_words.py   # any other arguments
#
# A finding ends its process, so the test fails.
#
# Python runs with the packages of .venv, or of the Python that PYTHON names. The sanitized dixtill is
# in an environment of its own: an editable install would win over PYTHONPATH. Needs GCC on Linux.
set -euo pipefail
cd "$(dirname "$0")/.."

# Some tests run only without AddressSanitizer. It ends a process that runs out of memory, where a
# test expects a MemoryError. Three tests want little time: a signal handled within 0.2 s, a refused
# file in little memory, which is a promise only about the code that users run. A fork beside threads
# may wait forever for a lock of the sanitizer's own allocator (seen with GCC 12). Others spend minutes
# in the slow specification, on texts, students and sets of words that other tests give to the native
# code, too. tools/fuzz.sh covers more of those in less time.
PYTEST=(-m pytest -q -p no:cacheprovider)
NOT_PROMISED="ctrl_c_interrupts or ctrl_c_ends_a_command or long_call or little_memory or out_of_memory or children_of_a_process_whose_threads_answer"
SPECIFIED="every_code_point or real_tweets or file_is_what or smallest_set or sets_of_one_size"
ADDRESS_TESTS=("${PYTEST[@]}" tests/native tests/runtime -m "not python_only"
    -k "not ($NOT_PROMISED or $SPECIFIED)")
# Only files with such tests are read: pytest reads slowly with ThreadSanitizer.
mapfile -t THREAD_FILES < <(grep -lE "thread|fork|multiprocessing" tests/{native,runtime}/test_*.py)
THREAD_TESTS=("${PYTEST[@]}" -k "thread or fork" "${THREAD_FILES[@]}")

fail() {
    printf 'failed: %s\n' "$*" >&2
    exit 1
}

kind=${1:-}
shift || :
case $kind in
address)
    sanitizers=address,undefined runtimes=(libasan.so libubsan.so) checks=OFF
    (($#)) || set -- "${ADDRESS_TESTS[@]}"
    ;;
thread)
    sanitizers=thread runtimes=(libtsan.so) checks=ON
    (($#)) || set -- "${THREAD_TESTS[@]}"
    ;;
*) fail "expected 'address' or 'thread', got '$kind'" ;;
esac
python=${PYTHON:-.venv/bin/python}
work=$PWD/build/sanitized/$kind
environment=$work/venv
stamp=$work/python

# Use the packages of $python, but not its .pth files, which may lead to another dixtill.
make_environment() {
    "$python" -m venv --clear --without-pip "$environment"
    "$python" -c 'import sys; print(*(p for p in sys.path if "site-packages" in p), sep="\n")' \
        >"$("$environment/bin/python" -c 'import site; print(site.getsitepackages()[0])')/packages.pth"
}

install_sanitized() {
    CXX=g++ "$python" -m pip --python "$environment/bin/python" install -q --no-deps \
        --force-reinstall -c constraints.txt --config-settings=build-dir="$work/build" \
        --config-settings=cmake.define.DIXTILL_SANITIZE="$sanitizers" \
        --config-settings=cmake.define.DIXTILL_BUILD_CHECKS="$checks" .
}

# Check whether the installed module was built from these sources, for this Python.
is_current() {
    [[ -e $stamp && $(<"$stamp") == "$(command -v "$python")" ]] &&
        [[ -z $(find csrc python/dixtill CMakeLists.txt pyproject.toml -type f -newer "$stamp" \
            -not -name '*.pyc' -print -quit) ]]
}

# Preload the runtimes, because Python itself is not built with them. Without libstdc++, their
# __cxa_throw would find no original to call.
preload() {
    local library
    for library in "${runtimes[@]}" libstdc++.so; do g++ -print-file-name="$library"; done |
        paste -s -d ' '
}

# Leak detection is off: Python leaves objects and daemon threads behind when it exits. Reports show
# eight calls above an allocation, not thirty: each object of Python is an allocation here.
run_sanitized() {
    local symbolizer
    symbolizer=$(command -v llvm-symbolizer || :)  # shows line numbers, if installed
    LD_PRELOAD=$(preload) PYTHONMALLOC=malloc OPENBLAS_NUM_THREADS=1 DIXTILL_FEW_EXAMPLES=1 \
        ASAN_OPTIONS=detect_leaks=0:malloc_context_size=8:external_symbolizer_path="$symbolizer" \
        UBSAN_OPTIONS=print_stacktrace=1 \
        TSAN_OPTIONS=halt_on_error=1:report_thread_leaks=0:external_symbolizer_path="$symbolizer" \
        "$environment/bin/python" "$@"
}

# A module built without its sanitizer would pass every test.
check_module() {
    local module
    module=$(run_sanitized -c 'from dixtill import _native; print(_native.__file__)')
    [[ $module == "$environment"/* ]] || fail "the tests would import $module"
    [[ $(nm -D "$module") == *__${kind:0:1}san_init* ]] || fail "$module has no sanitizer"
}

if ! is_current; then
    rm -f "$stamp"
    make_environment
    install_sanitized
    check_module
    command -v "$python" >"$stamp"
fi
# Python's lock hides from ThreadSanitizer what it keeps apart: check_threads has none.
[[ $kind != thread ]] || TSAN_OPTIONS=halt_on_error=1 "$work/build/check_threads" 5
run_sanitized "$@"
