"""A run ended in the middle leaves whole lines, equal to the first rows of a complete run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from streaming import started

import dixtill
from dixtill.streams import block_writer

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs signals")]

NUM_ROWS = 200_000  # more than a run answers before it is ended
TEXTS = [
    f"Apple shares {'jump' if n % 3 else 'fall'} {n}% after record earnings" for n in range(99)
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "in.jsonl"
    with path.open("w") as file:
        for n in range(NUM_ROWS):
            file.write(json.dumps({"n": n, "text": TEXTS[n % len(TEXTS)]}) + "\n")
    return path


@pytest.fixture(scope="module")
def labels(student):
    return [prediction.label for prediction in dixtill.load(student)(TEXTS)]


def ended(number, output, process, after):
    """Send a signal once the output has begun, and a moment later."""
    while not (output.exists() and output.stat().st_size) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(after)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors.decode()


def settled(path):
    """Return a file's content once it has stopped growing."""
    before, content = None, path.read_bytes()
    while content != before:
        time.sleep(0.3)
        before, content = content, path.read_bytes()
    return content


def check_rows(lines, labels):
    assert 0 < len(lines) < NUM_ROWS
    for n, line in enumerate(lines):
        row = json.loads(line)
        assert (row["n"], row["predicted_label"]) == (n, labels[n % len(labels)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_after_whole_lines(student, tmp_path, rows, labels, number):
    output = tmp_path / "out.jsonl"
    arguments = ["--model", student, "--input", rows, "--output", output]
    process = started(*arguments, stderr=-1)
    code, errors = ended(number, output, process, 0.1)
    assert code == 128 + number
    lines = output.read_bytes().split(b"\n")
    assert lines.pop() == b""
    check_rows(lines, labels)
    assert errors.splitlines()[-1].startswith(
        f"stopped by {number.name}: {len(lines):,} rows, 0 bad rows, "
    )
    assert "Traceback" not in errors


@pytest.mark.parametrize("after", [0.0, 0.05, 0.1, 0.15, 0.2])
@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_a_kill_leaves_whole_lines(student, tmp_path, rows, labels, name, after):
    output = tmp_path / name
    process = started("--model", student, "--input", rows, "--output", output, stderr=-1)
    # CSV made from JSON lines starts late, once its columns are known.
    code, _ = ended(signal.SIGKILL, output, process, after)
    assert code == -signal.SIGKILL
    content = settled(output)
    if name == "out.jsonl":
        lines = content.split(b"\n")
        assert lines.pop() == b""
        check_rows(lines, labels)
    else:
        assert content.endswith(b"\r\n")
        header, *found = _csv_rows(content)
        assert len(found) < NUM_ROWS
        assert {len(row) for row in found} <= {len(header)}


def _csv_rows(content):
    import csv
    import io

    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_parquet_file_with_its_footer(student, tmp_path, rows, labels, number):
    pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    output = tmp_path / "out.parquet"
    process = started("--model", student, "--input", rows, "--output", output, stderr=-1)
    time.sleep(0.2)
    while not any(path.stat().st_size > 10_000 for path in tmp_path.iterdir()):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=120)
    assert process.returncode == 128 + number
    table = pq.read_table(output)
    assert 0 < len(table) < NUM_ROWS
    assert table["n"].to_pylist() == list(range(len(table)))
    assert table["predicted_label"][:99].to_pylist() == labels
    assert list(tmp_path.iterdir()) == [output]


def test_a_kill_leaves_no_half_parquet_file(student, tmp_path, rows):
    pytest.importorskip("pyarrow", reason="needs pyarrow")
    output = tmp_path / "out.parquet"
    output.write_text("what was there")
    process = started("--model", student, "--input", rows, "--output", output, stderr=-1)
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=120)
    assert output.read_text() == "what was there"


def test_a_signal_during_a_wait_keeps_the_answers_so_far(student, tmp_path):
    output = tmp_path / "out.csv"
    arguments = ["--model", student, "--input", "-", "--output", output]
    process = started(*arguments, stdin=-1, stderr=-1)
    process.stdin.write(b'{"text": "up"}\n{"text": "down"}\n{"te')
    process.stdin.flush()
    time.sleep(3)  # rows are held back until enough have come to decide the columns
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    rows = [row[:2] for row in _csv_rows(output.read_bytes())]
    assert rows[0] == ["text", "predicted_label"]
    assert [row[0] for row in rows[1:]] == ["up", "down"]
    assert (
        process.stderr.read().decode().splitlines()[-1].startswith("stopped by SIGINT: 2 rows, 0 ")
    )
    process.stdin.close()
    process.stderr.close()


def test_a_full_disk_leaves_whole_lines_and_prints_one_sentence(student, tmp_path, rows, labels):
    import resource

    output = tmp_path / "out.jsonl"
    limit = 3_000_001
    # The input is a pipe, which hands over 64 KiB at a time. A block of answers is written whole
    # or not at all, and the answers to one read of a file would be larger than this limit.
    with subprocess.Popen(["cat", rows], stdout=subprocess.PIPE) as piped:
        process = started(
            "--model", student, "--input", "-", "--output", output,
            stdin=piped.stdout, stderr=-1,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )  # fmt: skip
        piped.stdout.close()  # so that cat ends when its reader does
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert errors.decode() == f"dixtill: {output}: File too large\n"
    lines = output.read_bytes().split(b"\n")
    assert lines.pop() == b""
    check_rows(lines, labels)


def test_an_error_about_a_full_disk_names_the_parquet_file(student, tmp_path, rows):
    import resource

    pytest.importorskip("pyarrow", reason="needs pyarrow")
    output = tmp_path / "out.parquet"
    process = started(
        "--model", student, "--input", rows, "--output", output, stderr=-1,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )  # fmt: skip
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors.decode()) == (2, f"dixtill: {output}: File too large\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_an_error_about_a_full_standard_output_names_it(student, rows):
    with open("/dev/full", "wb") as full:
        process = started("--model", student, "--input", rows, stdout=full, stderr=-1)
        _, errors = process.communicate(timeout=120)
    sentence = b"dixtill: standard output: No space left on device\n"
    assert (process.returncode, errors) == (2, sentence)


def test_an_interactive_pipe_is_answered_at_once(student):
    process = started("--model", student, "--input", "-", stdin=-1, stdout=-1, stderr=-1)
    for text in ("up", "down"):
        process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"] == text
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0
    assert errors.startswith(b"2 rows, 0 bad rows, ")


def test_a_closed_reader_ends_the_run_quietly(student, rows):
    process = started("--model", student, "--input", rows, stdout=-1, stderr=-1)
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert (process.wait(timeout=120), errors) == (141, b"")
    process.stderr.close()


def test_redirected_output_has_whole_lines_too(student, tmp_path, rows):
    output = tmp_path / "redirected"
    with output.open("wb") as file:
        process = started("--model", student, "--input", rows, stdout=file, stderr=-1)
        ended(signal.SIGKILL, output, process, 0.05)
    assert settled(output).endswith(b"}\n")


# Prints its own peak memory: the figure that its parent gets would include the parent's own.
PEAK = """
import sys
from dixtill.cli import main
assert main(sys.argv[1:]) == 0
lines = open("/proc/self/status").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_memory_does_not_grow_with_the_rows(student, tmp_path, rows, name):
    peaks = []
    for num_rows in (20_000, 80_000):
        lines = rows.read_bytes().split(b"\n")[:num_rows]
        (tmp_path / "some.jsonl").write_bytes(b"\n".join(lines))
        arguments = ["--model", student, "--input", "some.jsonl", "--output", name]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, "infer", *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] < peaks[0] + 15_000  # kilobytes; the output is over 40,000 larger


def sent(*parts, path):
    """Return what the writing process writes of the parts that it is sent."""
    with path.open("wb") as file:
        process = subprocess.Popen([sys.executable, block_writer.__file__], stdin=-1, stdout=file)
    for part in parts:
        process.stdin.write(part)
        process.stdin.flush()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if path.stat().st_size:  # it runs and already ignores the signals
                process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode, path.read_bytes()


def head(size):
    return size.to_bytes(block_writer.SIZE_BYTES, "little")


@pytest.mark.parametrize("cut_off", [b"", head(9)[:3], head(9), head(9) + b"a lin"])
def test_an_incomplete_block_is_not_written(tmp_path, cut_off):
    blocks = [head(5) + b"line\n", head(0), head(300_000) + b"x" * 299_999 + b"\n"]
    code, content = sent(*blocks, cut_off, path=tmp_path / "out")
    assert (code, content) == (0, b"line\n" + b"x" * 299_999 + b"\n")
