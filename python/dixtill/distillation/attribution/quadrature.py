"""Integrates expensive functions over [0, 1], at fixed nodes or adaptively.

A quadrature says at which nodes it wants values next, and is given those values. integration.py
computes them, for many quadratures at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.polynomial import legendre
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from ..config import FixedRule

FIRST_STEPS = 9  # nodes of the adaptive rule before any refinement

_NEW_NODES_PER_SPLIT = 4  # two halves have 9 distinct nodes, 5 of which the panel has already
_ERROR_PER_TOLERANCE = 4


class Quadrature(Protocol):
    """An integral that is being computed."""

    @property
    def wanted(self) -> list[float]:
        """The nodes at which values are needed next; empty when the integral is finished."""

    @property
    def value(self) -> Tensor:
        """The present estimate of the integral [outputs, words]."""

    @property
    def steps(self) -> int:
        """The number of nodes evaluated."""

    def add(self, values: Mapping[float, Tensor]) -> None:
        """Take the values [outputs, words] at the nodes that were wanted."""


class Rule(NamedTuple):
    """Nodes and weights [nodes] that sum to 1, in float32."""

    nodes: Tensor
    weights: Tensor


def fixed_rule(method: FixedRule, steps: int) -> Rule:
    """Return the rule `method`, by Captum's name for it, with `steps` nodes.

    >>> nodes, weights = fixed_rule("gausslegendre", 3)
    >>> round(float((weights * nodes**5).sum()), 6)  # exact up to degree 5: 1/6
    0.166667
    """
    if method == "gausslegendre":
        nodes, weights = legendre.leggauss(steps)
        nodes, weights = (nodes + 1) / 2, weights / 2
    elif method == "riemann_middle":
        nodes, weights = (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)
    elif method == "riemann_trapezoid":
        nodes, weights = np.linspace(0, 1, steps), np.full(steps, 1 / (steps - 1))
        weights[[0, -1]] /= 2
    else:
        raise InputError(f"unknown quadrature '{method}'")
    return Rule(_float32(nodes), _float32(weights))


class FixedQuadrature:
    """The weighted sum of the values at a rule's nodes."""

    def __init__(self, rule: Rule) -> None:
        self.wanted: list[float] = rule.nodes.tolist()
        self.value = torch.empty(0)
        self.steps = len(rule.nodes)
        self._weights = rule.weights

    def add(self, values: Mapping[float, Tensor]) -> None:
        in_order = torch.stack([values[node] for node in self.wanted])
        self.value = torch.einsum("n,now->ow", self._weights, in_order)
        self.wanted = []


class _Panel(NamedTuple):
    """A part of [0, 1] with five equidistant nodes."""

    start: float
    end: float

    @property
    def nodes(self) -> list[float]:
        return [self.start + (self.end - self.start) * quarter / 4 for quarter in range(5)]

    @property
    def halves(self) -> tuple[_Panel, _Panel]:
        middle = (self.start + self.end) / 2
        return _Panel(self.start, middle), _Panel(middle, self.end)


# Boole's rule: Simpson's rule on both halves of a panel, extrapolated with the one on the whole.
_BOOLE = torch.tensor([7, 32, 12, 32, 7]) / 90
_HALVES_MINUS_WHOLE = torch.tensor([-1, 4, -6, 4, -1]) / 12


class AdaptiveQuadrature:
    """Adaptive Simpson quadrature: panels are halved where the function is rough.

    Lyness, "Notes on the Adaptive Simpson Quadrature Routine", Journal of the ACM 16 (1969). A
    panel's error estimate is the change of Simpson's rule when the panel is halved. While an output
    fails `are_accurate`, the panels with at least half of its largest error are halved; each keeps
    its nodes and gets four more.
    """

    def __init__(self, sums: Tensor, tolerance: float, max_steps: int) -> None:
        """Take `sums` [outputs], what the exact integral sums up to over the words."""
        self._sums = sums
        self._tolerance = tolerance
        self._max_steps = max_steps
        self._values: dict[float, Tensor] = {}
        self._panels: list[_Panel] = []
        self._integrals = self._errors = torch.empty(0)  # [panels, outputs, words], [., outputs]
        self._new = [*_Panel(0, 1).halves]

    @property
    def wanted(self) -> list[float]:
        nodes = {node for panel in self._new for node in panel.nodes}
        return sorted(nodes - self._values.keys())

    @property
    def value(self) -> Tensor:
        return self._integrals.sum(dim=0)

    @property
    def steps(self) -> int:
        return len(self._values)

    def add(self, values: Mapping[float, Tensor]) -> None:
        self._values.update(values)
        widths = torch.tensor([panel.end - panel.start for panel in self._new])
        at = torch.stack([self._values[node] for panel in self._new for node in panel.nodes])
        at = at.view(len(self._new), 5, *at.shape[1:])
        integrals = torch.einsum("p,n,pnow->pow", widths, _BOOLE, at)
        changes = torch.einsum("p,n,pnow->pow", widths, _HALVES_MINUS_WHOLE, at)
        self._panels += self._new
        self._integrals = torch.cat([self._integrals, integrals])
        self._errors = torch.cat([self._errors, torch.linalg.vector_norm(changes, dim=2)])
        self._halve(self._rough_panels())

    def _rough_panels(self) -> list[int]:
        """Return the panels to halve, roughest first, as many as the remaining steps allow."""
        settled = are_accurate(self.value, self._errors.sum(dim=0), self._sums, self._tolerance)
        largest = self._errors.amax(dim=0).clamp(min=torch.finfo(torch.float32).tiny)
        sizes = torch.where(settled, 0, self._errors / largest).amax(dim=1)
        rough = [panel for panel in sizes.argsort(descending=True).tolist() if sizes[panel] >= 0.5]
        return rough[: (self._max_steps - self.steps) // _NEW_NODES_PER_SPLIT]

    def _halve(self, rough: list[int]) -> None:
        self._new = [half for panel in rough for half in self._panels[panel].halves]
        kept = sorted(set(range(len(self._panels))) - set(rough))
        self._panels = [self._panels[panel] for panel in kept]
        self._integrals, self._errors = self._integrals[kept], self._errors[kept]


def are_accurate(value: Tensor, errors: Tensor, sums: Tensor, tolerance: float) -> Tensor:
    """Return whether each row of `value` [outputs, words] is accurate, as bool [outputs].

    A row is accurate if its sum differs from `sums` by at most `tolerance` times the sum of its
    absolute values, and `errors` is at most 4 x `tolerance` times its norm. Neither test suffices
    alone: errors of words cancel in the sum, and the error estimate is that of a coarser rule than
    the one used. Nothing is divided by `sums`, which are near zero where words cancel each other.
    """
    complete = (value.sum(dim=1) - sums).abs() <= tolerance * value.abs().sum(dim=1)
    bound = _ERROR_PER_TOLERANCE * tolerance * torch.linalg.vector_norm(value, dim=1)
    return complete.logical_and(errors <= bound)


def _float32(values: NDArray[np.float64]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)
