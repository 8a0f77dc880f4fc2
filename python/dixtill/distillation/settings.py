"""Checks settings: the base class of all of them, for numbers, choices, switches and rules."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, ClassVar, get_args, get_type_hints

from ..errors import InputError
from ..limits import Limits
from ..runtime.model_file.settings import check_rules

# What a value of these types is, for isinstance and in words.
_KINDS: Mapping[Any, tuple[type, str]] = {
    str: (str, "a str"),
    os.PathLike[str]: (os.PathLike, "a path"),
    Sequence[str]: (Iterable, "a list of str"),
    type(None): (type(None), "None"),
}
_HINTS: dict[type, Mapping[str, Any]] = {}  # of each class that was asked for


@dataclass(frozen=True)
class Settings:
    """A dataclass of settings that checks them when it is created."""

    LIMITS: ClassVar[Mapping[str, Limits]] = {}

    def __post_init__(self) -> None:
        """Raise InputError if a setting is of a wrong type, out of its limits or unknown."""
        hints = _hints_of(type(self))
        for name, limit in self.LIMITS.items():
            value = getattr(self, name)
            if value is not None or type(None) not in get_args(hints[name]):
                object.__setattr__(self, name, limit.checked(name, value))
        for name, known in self.choices().items():
            if getattr(self, name) not in known:
                raise InputError(
                    f"unknown {name} '{getattr(self, name)}', expected one of {', '.join(known)}"
                )
        for name, hint in hints.items():
            if hint is bool and not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is {getattr(self, name)!r:.40}, expected True or False")
            _check_kind(name, getattr(self, name), get_args(hint) or (hint,))
        if "cleaning" in self.names():
            rules = getattr(self, "cleaning", None)
            object.__setattr__(self, "cleaning", _checked_rules(rules))

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all settings."""
        return [field.name for field in fields(cls)]

    @classmethod
    def default(cls, name: str) -> Any:
        """Return the default of a setting."""
        return getattr(cls, name)

    @classmethod
    def choices(cls) -> dict[str, tuple[str, ...]]:
        """Return the choices of each setting that is one of several strings."""
        hints = _hints_of(cls)
        known = {name: get_args(hints[name]) for name in cls.names()}
        return {
            name: values
            for name, values in known.items()
            if values and all(isinstance(value, str) for value in values)
        }


def unknown_setting(name: str, known: Collection[str]) -> InputError:
    """Return the error for a setting that does not exist."""
    close = get_close_matches(name, known, n=1)
    meant = f"did you mean '{close[0]}'?" if close else f"expected {', '.join(known)}"
    return InputError(f"unknown setting '{name}'; {meant}")


def _hints_of(settings: type[Settings]) -> Mapping[str, Any]:
    """Return the types of a class's settings; evaluating them takes a millisecond."""
    if settings not in _HINTS:
        _HINTS[settings] = get_type_hints(settings)
    return _HINTS[settings]


def _check_kind(name: str, value: object, types: Sequence[Any]) -> None:
    """Raise InputError if all `types` are in _KINDS, and the value is of none of them."""
    known = [_KINDS[kind] for kind in types if kind in _KINDS]
    if len(known) < len(types) or isinstance(value, tuple(kind for kind, _ in known)):
        return
    *some, last = (words for _, words in known)
    expected = f"{', '.join(some)} or {last}" if some else last
    raise InputError(f"{name} is {value!r:.40}, expected {expected}")


def _checked_rules(rules: object) -> tuple[str, ...]:
    if not isinstance(rules, (list, tuple)):
        raise InputError(f"cleaning is {rules!r:.40}, expected a list of rules")
    check_rules(rules)
    if len(set(rules)) < len(rules):
        raise InputError(f"a cleaning rule occurs twice in {', '.join(rules)}")
    return tuple(rules)
