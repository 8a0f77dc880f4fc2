"""What a command printed, as capsys caught it."""

from __future__ import annotations


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def complaint(capsys):
    """Return the only line on standard error; standard output must be empty."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert captured.err.count("\n") == 1
    return captured.err
