"""Rules that integrate over [0, 1]: of a fixed number of nodes, and nested ones.

A level of a nested rule keeps the nodes of the level before and adds others, so that to refine
costs the new nodes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from numpy.polynomial import legendre
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError

FixedRule = Literal["gausslegendre", "riemann_middle", "riemann_trapezoid"]

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """Nodes in the order in which the levels add them, and each level's weights.

    A level has the first nodes, as many as it has weights, which sum to 1. All float32.
    """

    nodes: Tensor  # [nodes]
    levels: tuple[Tensor, ...]  # of the weights [nodes of the level], coarse to fine


def fixed_rule(method: FixedRule, steps: int) -> Rule:
    """A rule of one level, as Captum names them.

    >>> rule = fixed_rule("gausslegendre", 3)
    >>> round(float((rule.levels[0] * rule.nodes**5).sum()), 6)  # exact up to degree 5: 1/6
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
    return Rule(_float32(nodes), (_float32(weights),))


@cache
def nested_rule(max_steps: int) -> Rule:
    """Gauss-Legendre of 3 nodes, extended for as long as `max_steps` nodes allow.

    An extension of n nodes has n + 1 more, each between two, and is exact up to degree 3n + 1:
    Kronrod, "Nodes and Weights of Quadrature Formulas" (1965); extended again, Patterson, "The
    Optimum Addition of Points to Quadrature Formulae", Mathematics of Computation 22 (1968).

    The 3 nodes are no level by themselves: they are too few for any text.

    >>> [len(weights) for weights in nested_rule(63).levels]
    [7, 15, 31, 63]
    """
    nodes = legendre.leggauss(3)[0]
    levels = []
    while 2 * len(nodes) + 1 <= max_steps:
        nodes = np.append(nodes, _extension(nodes))
        levels.append(_interpolatory_weights(nodes))
    return Rule(_float32((nodes + 1) / 2), tuple(_float32(weights / 2) for weights in levels))


def _extension(nodes: _Array) -> _Array:
    """The nodes to add to n in [-1, 1]: zeros of the polynomial of degree n + 1 whose product
    with theirs is orthogonal to all of degree n. In the Legendre basis, which keeps it well posed.
    """
    n = len(nodes)
    at, weights = legendre.leggauss(2 * n + 2)  # exact for what follows: degree 3n + 1
    basis = legendre.legvander(at, n + 1)
    nodal = np.prod(at[:, None] - nodes, axis=1)
    products = basis[:, : n + 1].T @ ((weights * nodal / np.abs(nodal).max())[:, None] * basis)
    coefficients = np.linalg.solve(products[:, :-1], -products[:, -1])
    added: _Array = legendre.legroots(np.append(coefficients, 1))
    return (added - added[::-1]) / 2  # as symmetric as they are


def _interpolatory_weights(nodes: _Array) -> _Array:
    """The weights over [-1, 1] that are exact for as high a degree as there are nodes."""
    integrals = np.zeros(len(nodes))
    integrals[0] = 2  # of the Legendre polynomials: of all but the first, 0
    weights: _Array = np.linalg.solve(legendre.legvander(nodes, len(nodes) - 1).T, integrals)
    return weights


def _float32(values: _Array) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)
