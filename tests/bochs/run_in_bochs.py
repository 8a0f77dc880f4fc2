"""Runs a static x86-64 Linux program on an emulated CPU, without an operating system.

README.md beside this says how. The program may print, and read one file.

    python tests/bochs/run_in_bochs.py --cpu corei7_icelake_u --file golden.bin PROGRAM ARGUMENT...
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).parent
COMPILER = "x86_64-linux-gnu-g++"
FLAGS = [
    "-std=c++17", "-O2", "-Wall", "-Wextra",
    # No C library, no operating system.
    "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fno-stack-protector",
    "-fcf-protection=none", "-fno-tree-loop-distribute-patterns",  # makes calls of memset
    # At a fixed address, and without the registers that belong to the program.
    "-fno-pic", "-fno-pie", "-mno-red-zone", "-mgeneral-regs-only",
    "-nostdlib", "-static", "-no-pie",
    "-Wl,-z,noexecstack,-z,norelro,--no-warn-rwx-segments,--build-id=none",
]  # fmt: skip
SECTOR = 512
SUPERVISOR_SECTORS = 64  # with the boot sector
CYLINDER_SECTORS = 16 * 63
SETTINGS = """
display_library: term
plugin_ctrl: unmapped=1, serial=1, speaker=0, sb16=0, es1370=0, ne2k=0, e1000=0, usb_uhci=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={cpu}, count=1, ips=100000000, reset_on_triple_fault=0
megs: 128
clock: sync=none, time0=local
log: log.txt
panic: action=fatal
ata0-master: type=disk, path=disk.img, mode=flat, cylinders={cylinders}, heads=16, spt=63
boot: disk
com1: enabled=1, mode=file, dev=output.txt
"""


def build_supervisor(folder: Path) -> bytes:
    """Compile what the disk begins with: the boot sector and the supervisor."""
    elf, image = folder / "supervisor.elf", folder / "supervisor.img"
    sources = [str(HERE / "boot.S"), str(HERE / "supervisor.cpp")]
    command = [COMPILER, *FLAGS, "-T", str(HERE / "link.ld"), *sources, "-o", str(elf)]
    subprocess.run(command, check=True)
    extract = ["x86_64-linux-gnu-objcopy", "-O", "binary", str(elf), str(image)]
    subprocess.run(extract, check=True)
    return image.read_bytes().ljust(SUPERVISOR_SECTORS * SECTOR, b"\0")


def image(data: bytes) -> bytes:
    """An image as the supervisor reads it: size, bytes, and zeros up to a whole sector."""
    return struct.pack("<Q", len(data)) + data + b"\0" * (-(8 + len(data)) % SECTOR)


def prepare(folder: Path, cpu: str, program: list[str], file: Path) -> None:
    """Write everything that Bochs reads."""
    arguments = "".join(f"{text}\0" for text in program).encode()
    images = [image(Path(program[0]).read_bytes()), image(arguments), image(file.read_bytes())]
    disk = build_supervisor(folder) + b"".join(images)
    cylinders = -(-len(disk) // (CYLINDER_SECTORS * SECTOR))
    (folder / "disk.img").write_bytes(disk.ljust(cylinders * CYLINDER_SECTORS * SECTOR, b"\0"))
    (folder / "bochsrc.txt").write_text(SETTINGS.format(cpu=cpu, cylinders=cylinders))
    (folder / "debugger.txt").write_text("c\n")  # Debian's Bochs starts in its debugger


def emulate(folder: Path, timeout: float) -> str:
    """Run Bochs, whose screen needs a terminal, and return what the program printed."""
    master, terminal = pty.openpty()
    bochs = subprocess.Popen(
        ["bochs", "-q", "-f", "bochsrc.txt", "-rc", "debugger.txt"],
        cwd=folder, stdin=terminal, stdout=terminal, stderr=terminal,
        env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(terminal)
    threading.Thread(target=_drain, args=(master,), daemon=True).start()
    try:
        bochs.wait(timeout)
    except subprocess.TimeoutExpired:
        print(f"Bochs has been stopped after {timeout:g} s", file=sys.stderr)
    finally:
        bochs.kill()
        bochs.wait()
    output = folder / "output.txt"
    return output.read_text(errors="replace") if output.exists() else ""


def _drain(master: int) -> None:
    try:
        while os.read(master, 65536):
            pass
    except OSError:  # the other end is closed
        pass


def run(cpu: str, program: list[str], file: Path, timeout: float = 120.0) -> tuple[int, str]:
    """Return the program's exit status and output; the status is 125 if it did not finish."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, cpu, program, file)
        output = emulate(folder, timeout)
        found = re.search(r"^exit status (-?\d+)\n\Z", output, re.MULTILINE)
        if found:
            return int(found[1]), output[: found.start()]
        log = folder / "log.txt"
        tail = log.read_text(errors="replace").splitlines()[-40:] if log.exists() else []
        return 125, "\n".join([output, "the program did not come to its end; Bochs says:", *tail])


def main() -> int:
    """Run the program of the command line, and return its exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(125))  # so that Bochs is stopped, too
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cpu", required=True, help="a model of 'bochs -help cpu'")
    parser.add_argument("--file", required=True, type=Path, help="the file that it may read")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    status, output = run(arguments.cpu, arguments.program, arguments.file)
    print(output, end="")
    return status


if __name__ == "__main__":
    sys.exit(main())
