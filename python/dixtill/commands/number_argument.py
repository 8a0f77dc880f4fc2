"""Options whose value is a number within limits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..limits import Limits


class Number(argparse.Action):
    """Reads a number; one out of its limits is an InputError that names the option.

    Not argparse's `type`, whose complaint comes below a usage of thirty lines.
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
        """Keep the number.

        Raises:
            InputError: the value is not a number, or out of its limits.
        """
        setattr(namespace, self.dest, self.limits.read(self.option_strings[0], str(values)))


def add_number(
    parser: argparse._ActionsContainer, name: str, limits: Limits, **options: Any
) -> None:
    """An option for a number; `options` are those of `add_argument`."""
    parser.add_argument(name, action=Number, limits=limits, **options)
