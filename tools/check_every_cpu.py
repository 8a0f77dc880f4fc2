"""Run check_golden on every kind of CPU that dixtill has a target for, natively or emulated.

    python tools/check_every_cpu.py               # fails and lists the missing tools, if any
    python tools/check_every_cpu.py --missing     # prints the Debian packages that are missing

Builds static programs in build/every_cpu for x86-64 and AArch64, each with GCC and Clang, warnings
being errors. QEMU has ARM's CPUs, and Intel's up to AVX2; Bochs (tests/bochs) has AVX-512 VNNI. A
run that cannot take place is a failure, not a skip, and so is a compiled target that ran nowhere.

A new target's name goes to the lines of MACHINES that must run it, and into NATIVE_TARGETS.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "every_cpu"
GOLDEN = ROOT / "tests" / "golden" / "golden.bin"
BOCHS = ROOT / "tests" / "bochs" / "run_in_bochs.py"


@dataclass(frozen=True)
class Machine:
    """A kind of CPU, how to run on it, and exactly the targets that must run there."""

    architecture: str  # x86_64, aarch64
    emulator: str  # native, qemu, bochs
    cpu: str  # the emulator's name for the CPU; any text for a native one
    targets: tuple[str, ...]


X86, ARM = "x86_64", "aarch64"
COMPILERS = ("gcc", "clang")
MACHINES = (
    Machine(X86, "qemu", "Nehalem", ("scalar",)),  # no AVX
    Machine(X86, "qemu", "Haswell", ("avx2", "scalar")),
    Machine(X86, "bochs", "corei7_haswell_4770", ("avx2", "scalar")),
    Machine(X86, "bochs", "corei7_icelake_u", ("avx512_vnni", "avx2", "scalar")),  # AVX-512 VNNI
    Machine(ARM, "qemu", "cortex-a53", ("neon", "scalar")),  # Raspberry Pi 3: no dot product
    Machine(ARM, "qemu", "cortex-a72", ("neon", "scalar")),  # Raspberry Pi 4: no dot product
    Machine(ARM, "qemu", "cortex-a76", ("neon_dotprod", "neon", "scalar")),  # Raspberry Pi 5
)
# Targets, apart from `scalar`, that must run natively if /proc/cpuinfo lists these features.
NATIVE_TARGETS: dict[str, dict[str, set[str]]] = {
    X86: {
        "avx2": {"avx2"},
        "avx512_vnni": {"avx512bw", "avx512vl", "avx512_vnni"},
        "avx_vnni": {"avx_vnni"},
    },
    ARM: {"neon": {"asimd"}, "neon_dotprod": {"asimddp"}},
}
# Targets that no emulator runs: they are skipped if the CPU lacks them.
NATIVE_ONLY = frozenset({"avx_vnni"})

# Each program and its Debian package.
PACKAGES = {
    "clang++": "clang",
    "x86_64-linux-gnu-g++": "g++-x86-64-linux-gnu",
    "aarch64-linux-gnu-g++": "g++-aarch64-linux-gnu",
    "qemu-x86_64-static": "qemu-user-static",
    "qemu-aarch64-static": "qemu-user-static",
    "bochs": "bochs",
    "cmake": "cmake",
}


@dataclass(frozen=True)
class Result:
    """The result of a run."""

    ran: frozenset[str]  # targets whose bits were compared
    idle: frozenset[str]  # targets that the CPU cannot run
    problems: tuple[str, ...]
    seconds: float


def missing_packages() -> list[str]:
    """Return the Debian packages of the tools that are missing."""
    missing = {package for tool, package in PACKAGES.items() if not shutil.which(tool)}
    if not list(Path("/usr/lib").glob("*/bochs/plugins/libbx_term_gui.so")):
        missing.add("bochs-term")  # a plugin, not a program
    return sorted(missing)


@functools.cache
def build(architecture: str, compiler: str) -> Path:
    """Build a static check_golden and return its path."""
    folder = BUILD / f"{architecture}-{compiler}"
    triple = f"{architecture}-linux-gnu"
    options = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_CXX_COMPILER": f"{triple}-g++" if compiler == "gcc" else "clang++",
        "CMAKE_CXX_COMPILER_TARGET": triple,  # only Clang reads this
        "CMAKE_CXX_FLAGS": "-Werror",
        "CMAKE_SYSTEM_NAME": "Linux",
        "CMAKE_SYSTEM_PROCESSOR": architecture,
        "CMAKE_EXE_LINKER_FLAGS": "-static",
        "DIXTILL_BUILD_PYTHON": "OFF",
        "DIXTILL_BUILD_CHECKS": "ON",
    }
    definitions = [f"-D{name}={value}" for name, value in options.items()]
    _quietly("cmake", "-S", str(ROOT), "-B", str(folder), *definitions)
    _quietly("cmake", "--build", str(folder), "--target", "check_golden")
    return folder / "check_golden"


def native_machine() -> Machine:
    """Return this CPU with the targets that its features should support."""
    features = set(Path("/proc/cpuinfo").read_text().split())
    architecture = os.uname().machine
    known = NATIVE_TARGETS[architecture]
    targets = {target for target, needed in known.items() if needed <= features}
    return Machine(architecture, "native", "this CPU", (*sorted(targets), "scalar"))


def command_of(machine: Machine, program: Path) -> list[str]:
    """Return the command that runs check_golden on the machine."""
    arguments = [str(GOLDEN), "--require", ",".join(machine.targets)]
    if machine.emulator == "qemu":
        emulator = [f"qemu-{machine.architecture}-static", "-cpu", machine.cpu]
        return [*emulator, str(program), *arguments]
    if machine.emulator == "bochs":
        emulator = [sys.executable, str(BOCHS), "--cpu", machine.cpu, "--file", str(GOLDEN)]
        return [*emulator, str(program), *arguments]
    return [str(program), *arguments]


def run(machine: Machine, program: Path) -> Result:
    """Run check_golden on the machine and judge its output."""
    start = time.monotonic()
    done = subprocess.run(command_of(machine, program), capture_output=True, text=True)
    seconds = time.monotonic() - start
    lines = re.findall(r"^(\w+): (.*)$", done.stdout, re.MULTILINE)
    ran = frozenset(name for name, text in lines if re.search(r" equal$|^DIFFERENT", text))
    idle = frozenset(name for name, text in lines if text.startswith("not run"))
    problems = []
    if done.returncode:
        said = [text for text in done.stderr.splitlines() if "TCG doesn't support" not in text]
        problems = [f"exit status {done.returncode}", *done.stdout.splitlines(), *said]
    elif machine.emulator != "native" and ran != set(machine.targets):
        # A native CPU may run more targets than its listed features suggest; an emulated one not.
        problems = [f"add to MACHINES: {', '.join(sorted(ran - set(machine.targets)))} ran, too"]
    return Result(ran, idle, tuple(problems), seconds)


def report(machine: Machine, compiler: str, result: Result) -> None:
    """Print a line of the table, and below it what went wrong."""
    verdict = "FAILED" if result.problems else "equal"
    print(
        f"{machine.architecture:8} {compiler:6} {machine.emulator:7} {machine.cpu:20} {verdict:7}"
        f"{result.seconds:5.1f} s  {', '.join(sorted(result.ran)) or '-'}",
        flush=True,
    )
    for problem in result.problems:
        print(f"    {problem}")


def never_run(results: Iterable[Result]) -> set[str]:
    """Return the compiled targets that ran on no machine."""
    idle, ran = set[str](), set[str]()
    for result in results:
        idle |= result.idle
        ran |= result.ran
    return idle - ran


def _quietly(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout}\nfailed: {' '.join(command)}")


def main() -> int:
    """Build, run everything and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--missing", action="store_true", help="print missing Debian packages")
    missing = missing_packages()
    if parser.parse_args().missing:
        print("".join(f"{package}\n" for package in missing), end="")
        return 0
    if missing:
        raise SystemExit(f"missing: apt-get install {' '.join(missing)}")
    results = []
    for machine, compiler in itertools.product((native_machine(), *MACHINES), COMPILERS):
        results.append(run(machine, build(machine.architecture, compiler)))
        report(machine, compiler, results[-1])
    left = never_run(results)
    for target in sorted(left):
        how = "no emulator has it" if target in NATIVE_ONLY else "FAILED, add a machine"
        print(f"{target} was compiled but ran nowhere: {how}")
    failed = left - NATIVE_ONLY or any(result.problems for result in results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
