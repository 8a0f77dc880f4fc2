"""Finds where a text's vectors enter a model, reads them there, and replaces them.

In most models one module returns them as [batch, time, width]. XLNet's returns time first,
Longformer's returns more positions than the text has, I-BERT's returns a tuple, and an
encoder-decoder looks the text up twice, the second time shifted by one token. Running the model
shows which case it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock, get_ident
from typing import Any, Literal

import torch
from torch import Tensor, nn

Form = Literal["rows", "columns", "shifted"]
_REGISTERING = Lock()  # PyTorch numbers its hooks without a lock


def _renew_lock() -> None:
    """Replace the lock in a forked child, where the thread that held it does not exist."""
    global _REGISTERING
    _REGISTERING = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@dataclass(frozen=True)
class Place:
    """The name of a module, and how its output holds the text's vectors.

    The forms are rows [batch, time, width], which more positions may follow; columns [time, batch,
    width]; and rows shifted by one token that stands before them.
    """

    module: str
    form: Form

    def vectors_of(self, output: Any, time: int) -> Tensor:
        """Return the text's vectors [batch, time, width] in a module's output."""
        found = tensor_of(output)
        return found.transpose(0, 1) if self.form == "columns" else found[:, :time]

    def with_vectors(self, output: Any, vectors: Tensor) -> Any:
        """Return the module's output with `vectors` [batch, time, width] in place of its own."""
        if self.form == "columns":
            found = vectors.transpose(0, 1)
        elif self.form == "shifted":
            found = torch.cat([tensor_of(output)[:, :1].to(vectors), vectors[:, :-1]], dim=1)
        else:
            rest = tensor_of(output)[:, vectors.shape[1] :]
            found = torch.cat([vectors, rest.to(vectors)], dim=1) if rest.shape[1] else vectors
        return (found, *output[1:]) if isinstance(output, tuple) else found


@dataclass(frozen=True)
class EmbeddingLayer:
    """The places in a model that hold a text's vectors; they are read from the first place."""

    places: tuple[Place, ...]

    @contextmanager
    def replaced(self, model: nn.Module, vectors: Tensor) -> Iterator[None]:
        """Put `vectors` there in this thread's passes of `model` inside the context."""
        with ExitStack() as stack:
            for place in self.places:
                change = _with(place, vectors)
                stack.enter_context(changed_output(model.get_submodule(place.module), change))
            yield

    @contextmanager
    def captured(self, model: nn.Module, time: int) -> Iterator[list[Tensor]]:
        """Collect the vectors [batch, time, width] of the passes inside the context."""
        found: list[Tensor] = []
        first = self.places[0]
        with captured_output(model.get_submodule(first.module)) as outputs:
            yield found
        found += [first.vectors_of(output, time) for output in outputs]


def _with(place: Place, vectors: Tensor) -> Callable[[Any], Any]:
    return lambda output: place.with_vectors(output, vectors)


def find_layer(
    model: nn.Module, modules: Sequence[nn.Module], run: Callable[[], object], ids: Tensor
) -> EmbeddingLayer | None:
    """Find the layer that `modules` form, from a pass `run` that reads `ids` [1, time].

    Returns None if one of them ran more than once, or did not return one vector per token.
    """
    names = {id(module): name for name, module in model.named_modules()}
    with ExitStack() as stack:
        calls = [(m, stack.enter_context(_captured_call(m))) for m in modules]
        run()
    places = []
    for module, called in calls:
        if called:
            form = _form(*called[0], ids) if len(called) == 1 else None
            if form is None:
                return None
            places.append(Place(names[id(module)], form))
    places.sort(key=lambda place: place.form == "shifted")
    if not places or places[0].form == "shifted":
        return None
    return EmbeddingLayer(tuple(places))


def _form(given: Any, output: Any, ids: Tensor) -> Form | None:
    """Return how `output` holds the vectors of `ids`, or None; `given` is the module's input."""
    try:
        batch, length, _ = tensor_of(output).shape
    except (AttributeError, ValueError):
        return None
    time = ids.shape[1]
    if (batch, length) == (time, 1) and time > 1:
        return "columns"
    if batch != 1 or length < time:
        return None
    if not isinstance(given, Tensor) or given.is_floating_point():
        return "rows"
    if torch.equal(given[:, :time].cpu(), ids):
        return "rows"
    return "shifted" if torch.equal(given[:, 1:].cpu(), ids[:, :-1]) else None


def tensor_of(output: Any) -> Tensor:
    """Return a module's output, or its first element if it is a tuple."""
    tensor: Tensor = output[0] if isinstance(output, tuple) else output
    return tensor


@contextmanager
def _hooked(module: nn.Module, hook: Callable[..., Any]) -> Iterator[None]:
    """Call `hook` after each call of `module` in this thread, inside the context."""
    thread = get_ident()
    with _REGISTERING:
        handle = module.register_forward_hook(
            lambda *call: hook(*call) if get_ident() == thread else None
        )
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def changed_output(module: nn.Module, change: Callable[[Any], Any]) -> Iterator[None]:
    """Apply `change` to what `module` returns in this thread, inside the context."""
    with _hooked(module, lambda _module, _inputs, output: change(output)):
        yield


@contextmanager
def captured_output(module: nn.Module) -> Iterator[list[Any]]:
    """Collect what `module` returns in this thread inside the context."""
    outputs: list[Any] = []
    with _hooked(module, lambda _module, _inputs, output: outputs.append(output)):
        yield outputs


@contextmanager
def _captured_call(module: nn.Module) -> Iterator[list[tuple[Any, Any]]]:
    """Collect the first input and the output of each call of `module` inside the context."""
    calls: list[tuple[Any, Any]] = []
    with _hooked(
        module, lambda _, inputs, output: calls.append((next(iter(inputs), None), output))
    ):
        yield calls
