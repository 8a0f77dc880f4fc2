"""Signals that arrive between checked rows, inside a row, or twice, and who else hears them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from streaming import answered, started

import dixtill
from dixtill.streams import interruption
from dixtill.streams.stream import Stream

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def wait_until(is_true, seconds=60):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def num_unread(pipe):
    """Return how many bytes a pipe holds."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def has_row(path):
    """Whether a file of JSON lines or CSV has a row."""
    return path.exists() and path.read_bytes().count(b"\n") > (path.suffix == ".csv")


def set_signals(process, name):
    """Read a set of signals from /proc/PID/status; signal 1 is the lowest bit."""
    with open(f"/proc/{process.pid}/status") as file:
        (line,) = (line for line in file if line.startswith(f"{name}:"))
    return int(line.split()[1], 16)


def hears_signals(process):
    """Whether a run has begun: it handles SIGTERM, which Python alone does not."""
    if sys.platform != "linux":
        time.sleep(2)
        return True
    return set_signals(process, "SigCgt") >> (signal.SIGTERM - 1) & 1


@pytest.mark.slow
@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet"])
def test_checked_rows_are_interrupted_between_a_few(tmp_path, monkeypatch, output):
    if output.endswith("parquet"):
        pytest.importorskip("pyarrow")
    monkeypatch.setenv("DIXTILL_NUM_THREADS", "1")
    texts = [f"{n} " + "apple profit up down bank shares " * 40 for n in range(3000)]
    (tmp_path / "in.txt").write_text("\n".join(texts))
    arguments = ["--input", "in.txt", "--output", output, "--check"]
    process = started(*arguments, cwd=tmp_path, stderr=-1)
    # The first block has 180 of these texts, and each takes about 0.1 s.
    if output.endswith("parquet"):  # no row is visible before the file is closed
        wait_until(lambda: [path for path in tmp_path.iterdir() if path.name != "in.txt"])
        time.sleep(1)
    else:
        wait_until(lambda: has_row(tmp_path / output))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    rows = answered(tmp_path / output)
    assert process.returncode == 130
    assert 0 < len(rows) < 150
    assert [row["text"] for row in rows] == texts[: len(rows)]
    assert all(row["check"] for row in rows)
    assert errors.decode().splitlines()[-1].startswith(f"stopped by SIGINT: {len(rows):,} row")


def test_checked_rows_of_parquet_are_still_written_in_large_groups(student, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "in.txt").write_text("up\n" * 300)
    arguments = ["--model", student, "--input", "in.txt", "--output", "out.parquet", "--check"]
    assert started(*arguments, cwd=tmp_path).wait(timeout=120) == 0
    with pq.ParquetFile(tmp_path / "out.parquet") as file:
        assert (file.num_row_groups, file.metadata.num_rows) == (1, 300)


@pytest.mark.parametrize("begin", [b"", b'text,n\nup,1\n"do\nwn'])
def test_half_a_csv_row_is_skipped_silently(student, tmp_path, begin):
    output = tmp_path / "out.jsonl"
    arguments = ["--model", student, "--input", "-", "--input-format", "csv", "--output", output]
    process = started(*arguments, stdin=-1, stderr=-1)
    process.stdin.write(begin)
    process.stdin.flush()
    wait_until(lambda: hears_signals(process) and num_unread(process.stdin) == 0)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    (errors,) = process.stderr.read().decode().splitlines()
    number = "1 row" if begin else "0 rows"
    assert errors.startswith(f"stopped by SIGINT: {number}, 0 bad rows, ")
    assert [row["text"] for row in answered(output)] == (["up"] if begin else [])
    process.stdin.close()
    process.stderr.close()


def test_a_second_signal_ends_a_run_at_once_unless_it_is_a_duplicate(monkeypatch):
    now = 100.0
    monkeypatch.setattr(interruption, "monotonic", lambda: now)
    before = signal.getsignal(signal.SIGINT)  # SIG_IGN in a shell's background job
    with interruption.Interruption() as entered:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)  # as `timeout` may send
        assert entered.signal == signal.SIGINT
        now += 2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


# Stops the writing process, sends it a block, and prints its process ID.
SINK = """
import os, signal, sys, time
from dixtill.streams.interruption import Interruption
from dixtill.streams.sinks import open_sink
with open_sink(sys.argv[1], Interruption()) as write:
    write(b"first\\n")
    while not os.path.getsize(sys.argv[1]):
        time.sleep(0.01)
    writer = write.__self__._process.pid
    os.kill(writer, signal.SIGSTOP)
    write(b"second\\n")
    print(writer, flush=True)
    time.sleep(60)
"""


def test_killing_the_process_group_spares_the_writing_process(tmp_path):
    output = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", SINK, output],
        stdout=subprocess.PIPE, start_new_session=True,
        env={**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"},
    )  # fmt: skip
    writer = int(process.stdout.readline())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    process.stdout.close()
    os.kill(writer, signal.SIGCONT)
    end = time.monotonic() + 20
    while output.read_bytes() != b"first\nsecond\n" and time.monotonic() < end:
        time.sleep(0.01)
    assert output.read_bytes() == b"first\nsecond\n"


def shown_on_terminal(student, folder, **options):
    """Return what a run prints on a pseudo-terminal; streams given as "terminal" go there."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    (folder / "in.jsonl").write_text(json.dumps({"text": "up"}) + "\n")
    streams = {name: theirs if kind == "terminal" else kind for name, kind in options.items()}
    process = started("--model", student, "--input", folder / "in.jsonl", **streams)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # Linux reports a closed other end so
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown


def test_the_bar_stays_out_of_rows_on_the_same_terminal(student, tmp_path):
    both = shown_on_terminal(student, tmp_path, stdout="terminal", stderr="terminal")
    assert b'"predicted_label":' in both
    assert b"\033[K" not in both
    alone = shown_on_terminal(student, tmp_path, stdout=subprocess.DEVNULL, stderr="terminal")
    assert b"\033[K" in alone


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_ignored(student, number):
    def ignore():
        signal.signal(number, signal.SIG_IGN)

    process = started(
        "--model", student, "--input", "-", "--no-words", stdin=-1, stdout=-1, preexec_fn=ignore
    )
    process.stdin.write(b'{"text": "up"}\n')
    process.stdin.flush()
    assert process.stdout.readline().startswith(b'{"text": "up"')
    process.send_signal(number)
    # An ignored signal is dropped at once, so it is never pending.
    assert set_signals(process, "SigIgn") >> (number - 1) & 1
    assert not (set_signals(process, "SigPnd") | set_signals(process, "ShdPnd")) >> (number - 1) & 1
    rest, _ = process.communicate(b'{"text": "down"}\n', timeout=60)
    assert rest.startswith(b'{"text": "down"')
    assert process.returncode == 0


def test_handlers_of_another_program_are_left_alone(monkeypatch):
    monkeypatch.setattr(signal, "getsignal", lambda _: None)
    monkeypatch.setattr(signal, "signal", lambda *_: pytest.fail("a handler was replaced"))
    with interruption.Interruption():
        pass


def test_rows_are_answered_in_any_thread(student, tmp_path):
    (tmp_path / "in.txt").write_text("up\ndown\n")
    stream = Stream(str(tmp_path / "in.txt"), str(tmp_path / "out.jsonl"))
    stopped_by = []
    thread = threading.Thread(target=lambda: stopped_by.append(stream.run(dixtill.load(student))))
    thread.start()
    thread.join(timeout=60)
    assert stopped_by == [None]
    assert len(answered(tmp_path / "out.jsonl")) == 2
