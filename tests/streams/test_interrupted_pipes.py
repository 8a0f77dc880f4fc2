"""Signals that arrive while a pipe is opened, waited for or read."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import threading
import time
from contextlib import closing

import pytest
from streaming import started

from dixtill.streams import interruption
from dixtill.tables.source import Source, Stopped

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


class SignaledPipe:
    """A pipe with data; a signal arrives just after they are read."""

    def __init__(self, content):
        reading, writing = os.pipe()
        self._file = os.fdopen(reading, "rb")
        os.write(writing, content)
        os.close(writing)
        self.fileno, self.close = self._file.fileno, self._file.close

    def read1(self, size):
        content = self._file.read1(size)
        signal.raise_signal(signal.SIGINT)
        return content


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_data_that_were_read_before_a_signal_are_answered(compress):
    with closing(SignaledPipe(compress(b"up\ndown\n"))) as pipe:
        with interruption.Interruption() as entered:
            assert list(Source(pipe, "pipe", entered).line_blocks()) == [[b"up\n", b"down\n"]]
        assert entered.signal == signal.SIGINT


def test_a_signal_before_the_first_read_leaves_the_pipe_untouched():
    reading, writing = os.pipe()
    os.write(writing, b"up\n")
    os.close(writing)
    with open(reading, "rb") as pipe:
        with interruption.Interruption() as entered:
            signal.raise_signal(signal.SIGTERM)
            assert list(Source(pipe, "pipe", entered).line_blocks()) == []
        assert pipe.read() == b"up\n"


def test_a_signal_ends_the_wait_for_data():
    """Repeated 300 times, because the signal may arrive between the check and the wait."""
    reading, writing = os.pipe()
    main = threading.main_thread().ident
    with open(reading, "rb") as pipe, closing(os.fdopen(writing, "wb")):
        for number in range(300):
            delay = number % 50 * 1e-5
            thread = threading.Timer(delay, signal.pthread_kill, (main, signal.SIGINT))
            with interruption.Interruption() as entered:
                thread.start()
                with pytest.raises(Stopped):
                    entered.read(pipe, 100)
                thread.join()
            assert entered.signal == signal.SIGINT


@pytest.mark.parametrize("end", ["--input", "--output"])
def test_a_signal_ends_the_wait_for_the_other_end_of_a_pipe(student, tmp_path, end):
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "in.txt").write_text("up\n")
    files = {"--input": tmp_path / "in.txt", "--output": tmp_path / "out.jsonl"}
    files[end] = tmp_path / "pipe.jsonl"
    arguments = [part for option in files.items() for part in option]
    process = started("--model", student, *arguments, stderr=subprocess.DEVNULL)
    end_of_start = time.monotonic() + 10  # for kernels without /proc/PID/wchan
    while b"partner" not in waiting_for(process) and time.monotonic() < end_of_start:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 128 + signal.SIGTERM


def waiting_for(process):
    """Return the kernel function that a process sleeps in: `wait_for_partner` for a pipe."""
    try:
        with open(f"/proc/{process.pid}/wchan", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_a_named_pipe_is_written_to_and_not_replaced(student, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "in.txt").write_text("up\ndown\n")
    output = tmp_path / "pipe.csv"
    process = started("--model", student, "--input", tmp_path / "in.txt", "--output", output)
    with output.open("rb") as pipe:  # blocks until the other end is opened
        lines = pipe.read().splitlines()
    assert process.wait(timeout=60) == 0
    assert [line.split(b",")[0] for line in lines] == [b"text", b"up", b"down"]
    assert output.is_fifo()
