"""Runs commands in forks of one process that has already imported PyTorch and transformers.

Importing them takes four CPU seconds, which is longer than most commands of the tests work. A fork
runs the command as a new process would, with its arguments, folder, environment and streams. A
missing import shows only in a new process.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TextIO

IMPORTED = (
    "torch",
    "datasets",
    "dixtill.bulk.scores",
    "dixtill.commands.distill",
    "dixtill.commands.finetune",
    "dixtill.distillation.course",
    "dixtill.distillation.fine_tuning.finetune",
    "dixtill.hub.card",
    "dixtill.streams.parquet",
    "transformers.models.bert.modeling_bert",
)
# The commands that import PyTorch or scikit-learn; the others start in a tenth of a second.
HEAVY = {"finetune", "attribute", "distill", "search", "evaluate", "card"}
_PROGRAMS = "dixtill", "python"
_MAX_REQUEST = 1 << 20  # bytes of JSON


@contextmanager
def serving() -> Iterator[str]:
    """Start the process that forks, and give the path of its socket."""
    with tempfile.TemporaryDirectory() as folder:  # a path of at most 108 bytes
        path = str(Path(folder, "socket"))
        command = [sys.executable, __file__, path]
        # One thread, because a fork has only the thread that called it.
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        ) as server:  # its end closes the pipes, which ends the server
            assert server.stdout
            assert server.stdout.readline() == b"ready\n"
            yield path


class Command:
    """A command that runs in a fork, with the streams of this process or the given ones."""

    def __init__(
        self,
        path: str,
        program: str,
        arguments: Sequence[str],
        *,
        folder: str | None = None,
        streams: tuple[int, int, int] = (0, 1, 2),
    ) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(path)
        request = [program, *arguments], folder or os.getcwd(), dict(os.environ)
        socket.send_fds(self._connection, [json.dumps(request).encode()], list(streams))
        self._answers = self._connection.makefile()
        self.pid = int(self._answers.readline())

    def wait(self) -> int:
        """Return the exit status, negative for a signal."""
        with self._connection, self._answers:
            return int(self._answers.readline())


def write_programs(folder: Path, path: str) -> None:
    """Write `dixtill` and `python`, which ask the server with the socket `path`, into a folder."""
    for name in _PROGRAMS:
        program = folder / name
        program.write_text(
            f"#!{sys.executable} -S\n"
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            f"import forked_commands; forked_commands.run_program({path!r})\n"
        )
        program.chmod(0o755)


def run_program(path: str) -> None:
    """Be the program that this process was started as, in a fork where that saves an import.

    The commands of dixtill that DIXTILL_NEW_PROCESS names start a process of their own.
    """
    program, *arguments = Path(sys.argv[0]).name, *sys.argv[1:]
    first = arguments[0] if arguments else ""
    in_new_process = os.environ.get("DIXTILL_NEW_PROCESS", "").split()
    is_script = program == "python" and first.endswith(".py")
    if is_script or (program == "dixtill" and first in HEAVY.difference(in_new_process)):
        status = Command(path, program, arguments).wait()
        sys.exit(status if status >= 0 else 128 - status)  # as a shell reports a signal
    original = Path(sys.executable).with_name(program)
    os.execv(original, [str(original), *arguments])


def _serve(path: str) -> None:
    for name in IMPORTED:
        import_module(name)
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(connection)
                os._exit(0)
            connection.close()
            _wait_for_those_that_ended()
        _wait_for_those_that_ended()


def _wait_for_those_that_ended() -> None:
    """Leave no zombies, and count their time as this process's."""
    with suppress(ChildProcessError):  # there are none
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(connection: socket.socket) -> None:
    """Run what is asked for in a fork, which leaves this function by SystemExit."""
    request, streams, *_ = socket.recv_fds(connection, _MAX_REQUEST, 3)
    child = os.fork()
    if child == 0:
        connection.close()
        _run(*json.loads(request), streams)
    connection.sendall(f"{child}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.sendall(f"{status}\n".encode())


def _run(
    arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]
) -> None:
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = map(_opened, range(3))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    program, *sys.argv = arguments
    if program == "python":
        import runpy

        sys.path[0] = str(Path(sys.argv[0]).parent.absolute())
        runpy.run_path(sys.argv[0], run_name="__main__")
        sys.exit()
    from dixtill.cli import main

    sys.argv.insert(0, program)
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # its work is done: the end of the interpreter takes a while, and does nothing


def _opened(stream: int) -> TextIO:
    """Open one of the three standard streams as Python does when it starts."""
    mode, errors = "r" if stream == 0 else "w", "backslashreplace" if stream == 2 else "strict"
    return open(stream, mode, encoding="utf-8", errors=errors, closefd=False)


if __name__ == "__main__":
    _serve(sys.argv[1])
