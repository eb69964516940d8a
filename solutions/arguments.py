"""A decorator that checks the shapes of arguments, so that a function's body holds nothing but its equation.

A specification is a string of dimension names. ``x="N D"`` says that ``x`` has two dimensions; a name that stands in
several arguments must have the same length in each. ``int`` or ``bool`` in front asks for that kind of number,
``< V`` behind asks for values from 0 to V - 1, and ``optional`` in front allows ``None``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

KINDS = {"int": "integer", "bool": "boolean", "float": "floating-point"}


@dataclass(frozen=True)
class Spec:
    """What one argument must look like."""

    kind: str
    dimensions: tuple[str, ...]
    below: str | None
    optional: bool

    @classmethod
    def parse(cls, text: str) -> Spec:
        body, _, below = text.partition("<")
        words = body.split()
        optional = words[:1] == ["optional"]
        words = words[1:] if optional else words
        kind = words[0] if words and words[0] in KINDS else "float"
        dimensions = words[1:] if words and words[0] in KINDS else words
        return cls(kind, tuple(dimensions), below.strip() or None, optional)

    def shape(self, lengths: dict[str, int]) -> str:
        named = [f"{d}={lengths[d]}" if d in lengths else d for d in self.dimensions]
        return f"({', '.join(named)}{',' if len(named) == 1 else ''})"


def kind_of(array: Any) -> str:
    """The kind of number an array or tensor holds: float, int, bool or something else, by the name of its dtype."""
    name = str(array.dtype).removeprefix("torch.")
    return name if name == "bool" else name.rstrip("0123456789").removeprefix("u").removeprefix("b")


def check_argument(function: str, name: str, value: Any, spec: Spec, lengths: dict[str, int]) -> None:
    """Raise TypeError or ValueError if ``value`` does not fit ``spec``; record the lengths it fixes."""
    where = f"{function}: the argument {name}"
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise TypeError(f"{where} must be an array of shape {spec.shape(lengths)}, but is a {type(value).__name__}.")
    if kind_of(value) != spec.kind:
        raise TypeError(f"{where} must hold {KINDS[spec.kind]} numbers, but its dtype is {value.dtype}.")
    given = tuple(value.shape)
    fits = len(given) == len(spec.dimensions) and all(
        lengths.get(dimension, length) == length for dimension, length in zip(spec.dimensions, given, strict=True)
    )
    if not fits:
        raise ValueError(f"{where} must have the shape {spec.shape(lengths)}, but has {given}.")
    lengths.update(zip(spec.dimensions, given, strict=True))


def takes(**specifications: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check the named arguments of a function before each call.

    Raises
    ------
    TypeError
        If an argument is not an array, or holds another kind of number.
    ValueError
        If a shape does not fit; the message names the argument, the expected and the given shape.
    """
    specs = {name: Spec.parse(text) for name, text in specifications.items()}

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            values = signature.bind(*args, **kwargs).arguments
            lengths: dict[str, int] = {}
            for name, spec in specs.items():
                value = values.get(name)
                if value is None and spec.optional:
                    continue
                check_argument(function.__name__, name, value, spec, lengths)
            for name, spec in specs.items():
                value = values.get(name)
                if spec.below is None or value is None or 0 in tuple(value.shape):
                    continue
                low, high, bound = int(value.min()), int(value.max()), lengths[spec.below]
                if low < 0 or high >= bound:
                    raise ValueError(
                        f"{function.__name__}: the argument {name} must hold numbers from 0 to {bound - 1} "
                        f"({spec.below}={bound}), but holds numbers from {low} to {high}."
                    )
            return function(*args, **kwargs)

        return checked

    return decorate
