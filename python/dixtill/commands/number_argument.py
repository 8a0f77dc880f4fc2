"""Add options whose value is a number within limits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..limits import Limits


class Number(argparse.Action):
    """Parses a number; an invalid one raises an InputError that names the option.

    argparse's own `type` would print its message below a usage of thirty lines.
    """

    def __init__(self, *arguments: Any, limits: Limits, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.limits = limits

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Store the number.

        Raises:
            InputError: the value is not a number, or it is out of range.
        """
        setattr(namespace, self.dest, self.limits.read(self.option_strings[0], str(values)))


def add_number(
    parser: argparse._ActionsContainer, name: str, limits: Limits, **options: Any
) -> None:
    """Add an option for a number; `options` go to `add_argument`."""
    parser.add_argument(name, action=Number, limits=limits, **options)
