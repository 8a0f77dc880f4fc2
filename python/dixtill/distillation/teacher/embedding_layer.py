"""Where a text's vectors enter a model: read there, and replaced by others.

Most models have one module for it, which gives [batch, time, width]. XLNet's gives the time first,
Longformer's more positions than the text has, I-BERT's a tuple, and an encoder-decoder looks the
text up twice, the second time one token later. All of it is found by running the model.
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
_REGISTERING = Lock()  # PyTorch numbers its hooks without one


def _renew_lock() -> None:
    """In a child of fork: another thread may have held the lock, which nobody there would free."""
    global _REGISTERING
    _REGISTERING = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@dataclass(frozen=True)
class Place:
    """A module of the model by name, and how its output holds the text's vectors.

    As rows [batch, time, width], where more positions may follow; as columns [time, batch, width];
    or as rows shifted by a token that stands before them.
    """

    module: str
    form: Form

    def vectors_of(self, output: Any, time: int) -> Tensor:
        """The text's vectors [batch, time, width] in a module's output."""
        found = tensor_of(output)
        return found.transpose(0, 1) if self.form == "columns" else found[:, :time]

    def with_vectors(self, output: Any, vectors: Tensor) -> Any:
        """The module's output with other vectors [batch, time, width] of the text in it."""
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
    """The places of a model that hold a text's vectors, the one to read them from first."""

    places: tuple[Place, ...]

    @contextmanager
    def replaced(self, model: nn.Module, vectors: Tensor) -> Iterator[None]:
        """Inside the context, this thread's passes of `model` have these vectors there."""
        with ExitStack() as stack:
            for place in self.places:
                change = _with(place, vectors)
                stack.enter_context(changed_output(model.get_submodule(place.module), change))
            yield

    @contextmanager
    def captured(self, model: nn.Module, time: int) -> Iterator[list[Tensor]]:
        """Collects the vectors [batch, time, width] of the passes inside the context."""
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
    """The layer that `modules` of `model` are, as a pass shows that reads `ids` [1, time].

    None where a module that takes part gives what is no vector for each token, or more than once.
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
    """How an output holds the vectors of `ids`; `given` is the module's input, if it has one."""
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
    """A module's output, or the first part of it."""
    tensor: Tensor = output[0] if isinstance(output, tuple) else output
    return tensor


@contextmanager
def _hooked(module: nn.Module, hook: Callable[..., Any]) -> Iterator[None]:
    """Inside the context, `hook` is called after `module`, in this thread alone."""
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
    """Inside the context, `module` returns to this thread what `change` makes of its output."""
    with _hooked(module, lambda _module, _inputs, output: change(output)):
        yield


@contextmanager
def captured_output(module: nn.Module) -> Iterator[list[Any]]:
    """Collects what `module` returns to this thread inside the context."""
    outputs: list[Any] = []
    with _hooked(module, lambda _module, _inputs, output: outputs.append(output)):
        yield outputs


@contextmanager
def _captured_call(module: nn.Module) -> Iterator[list[tuple[Any, Any]]]:
    """Collects the first input of `module` and its output, for each call inside the context."""
    calls: list[tuple[Any, Any]] = []
    with _hooked(
        module, lambda _, inputs, output: calls.append((next(iter(inputs), None), output))
    ):
        yield calls
