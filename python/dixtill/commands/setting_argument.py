"""Add options for settings, with the limits, choices and defaults of distillation/config.py."""

from __future__ import annotations

import argparse
from typing import Any

from ..distillation.settings import Settings
from .number_argument import add_number


def add_setting(
    parser: argparse._ActionsContainer,
    kind: type[Settings],
    name: str,
    *,
    is_method_dependent: bool = False,
    **options: Any,
) -> None:
    """Add an option for the setting `name` of a kind of settings.

    `{default}` in `help` is replaced by the default. If the default depends on the method, an
    option that is not given is None.
    """
    default = kind.default(name)
    options["default"] = None if is_method_dependent else default
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    options["help"] = options["help"].replace("{default}", shown)
    option = f"--{name.replace('_', '-')}"
    if name in kind.LIMITS:
        add_number(parser, option, kind.LIMITS[name], **options)
    else:
        parser.add_argument(option, choices=kind.choices().get(name), **options)
