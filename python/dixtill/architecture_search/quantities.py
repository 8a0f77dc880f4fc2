"""Reads sizes, times and durations with their units, and writes them for people."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ..errors import InputError, shortened

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([a-zA-Zµμ]*)", re.ASCII)
SIZES: Mapping[str, float] = {"B": 1, "kB": 1e3, "MB": 1e6, "KiB": 2**10, "MiB": 2**20}
TIMES: Mapping[str, float] = {"us": 1, "µs": 1, "μs": 1, "ms": 1e3}  # in microseconds
DURATIONS: Mapping[str, float] = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}


def quantity(name: str, value: object, units: Mapping[str, float]) -> float:
    """Return `value` in the first of the `units`; a number without a unit has that one.

    >>> quantity("max_size", "200kB", SIZES), quantity("budget", "1.5 h", DURATIONS)
    (200000.0, 5400.0)

    Raises:
        InputError: it is not a positive number with a known unit.
    """
    number = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, str) and (found := _NUMBER.fullmatch(value.strip())):
        known = {unit.lower(): factor for unit, factor in units.items()}
        unit = found[2] or next(iter(units))
        number = float(found[1]) * known.get(unit.lower(), math.nan)
    if not 0 < number < math.inf:
        listed = ", ".join(dict.fromkeys(unit.replace("μ", "µ") for unit in units))
        raise InputError(
            f"{name} is {shortened(repr(value), 40)}, expected a number above 0 with one of the "
            f"units {listed}"
        )
    return number


def shown_bytes(count: float) -> str:
    """Return a number of bytes for people.

    >>> shown_bytes(199_950), shown_bytes(820)
    ('200 kB', '820 B')
    """
    if count < 1000:
        return f"{count:.0f} B"
    value, unit = (count / 1e6, "MB") if count >= 999_500 else (count / 1e3, "kB")
    return f"{value:.{0 if value >= 99.95 else 1}f} {unit}"


def shown_seconds(seconds: float) -> str:
    """Return a duration for people.

    >>> shown_seconds(7.25), shown_seconds(452), shown_seconds(7260)
    ('7 s', '7 min 32 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def rounded(value: float, digits: int = 2) -> float:
    """Round to so many significant digits.

    >>> rounded(5.1449), rounded(1234.0)
    (5.1, 1200.0)
    """
    return float(f"{value:.{digits}g}")
