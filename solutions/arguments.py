"""A decorator that checks the shapes of arguments, so that a function's body holds nothing but its equation.

A specification is a string of dimension names. ``x="N D"`` says that ``x`` has two dimensions; a name that stands in
several arguments must have the same length in each. ``4H`` is four times the length of ``H``, and ``4`` is just that.
``int`` or ``bool`` in front asks for that kind of number, ``< V`` behind asks for values from 0 to V - 1, and
``optional`` in front allows ``None``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MOST_LOOKS = 256  # of so many calls that look different it is remembered that they fit
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
        named = []
        for dimension in self.dimensions:
            factor, name = split(dimension)
            known = name in lengths
            named.append(f"{dimension}={factor * lengths[name]}" if known else dimension)
        return f"({', '.join(named)}{',' if len(named) == 1 else ''})"

    @functools.cached_property
    def factors(self) -> tuple[tuple[int, str], ...]:
        return tuple(split(dimension) for dimension in self.dimensions)

    def fits(self, shape: tuple[int, ...], lengths: dict[str, int]) -> bool:
        """Whether the shape fits the lengths known so far; records those that it fixes."""
        if len(shape) != len(self.dimensions):
            return False
        for (factor, name), length in zip(self.factors, shape, strict=True):
            if name and length % factor == 0:
                if lengths.setdefault(name, length // factor) != length // factor:
                    return False
            elif length != factor:
                return False
        return True


@functools.cache
def split(dimension: str) -> tuple[int, str]:
    """A dimension as a factor and a name: 4H is (4, "H"), H is (1, "H"), and 4 is (4, "")."""
    name = dimension.lstrip("0123456789")
    return int(dimension.removesuffix(name) or 1), name


@functools.cache
def kind_of(dtype: Any) -> str:
    """The kind of number that a dtype of NumPy or torch stands for: float, int, bool or something else, by its name."""
    name = str(dtype).removeprefix("torch.")
    return name if name == "bool" else name.rstrip("0123456789").removeprefix("u").removeprefix("b")


def check_argument(function: str, name: str, value: Any, spec: Spec, lengths: dict[str, int]) -> None:
    """Raise TypeError or ValueError if ``value`` does not fit ``spec``; record the lengths it fixes."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        raise TypeError(
            f"{function}: the argument {name} must be an array of shape {spec.shape(lengths)}, "
            f"but is a {type(value).__name__}."
        )
    if kind_of(dtype) != spec.kind:
        raise TypeError(
            f"{function}: the argument {name} must hold {KINDS[spec.kind]} numbers, but its dtype is {dtype}."
        )
    known = dict(lengths)
    if not spec.fits(shape, lengths):
        raise ValueError(
            f"{function}: the argument {name} must have the shape {spec.shape(known)}, but has {tuple(shape)}."
        )


def check_range(function: str, name: str, value: Any, spec: Spec, lengths: dict[str, int]) -> None:
    """Raise ValueError if ``value`` holds numbers beyond those that ``spec`` allows."""
    if spec.below is None or 0 in tuple(value.shape):
        return
    low, high, bound = int(value.min()), int(value.max()), lengths[spec.below]
    if low < 0 or high >= bound:
        raise ValueError(
            f"{function}: the argument {name} must hold numbers from 0 to {bound - 1} "
            f"({spec.below}={bound}), but holds numbers from {low} to {high}."
        )


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
        names, name_of_function = tuple(signature.parameters), function.__name__
        ranges = [(name, spec) for name, spec in specs.items() if spec.below is not None]
        required = {name for name, spec in specs.items() if not spec.optional}
        fitted: dict[
            tuple[Any, ...], dict[str, int]
        ] = {}  # lengths by shapes and dtypes: a loop asks the same at each step

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            values = dict(zip(names, args, strict=False)) | kwargs
            if len(values) != len(args) + len(kwargs) or not required <= values.keys():
                values = signature.bind(*args, **kwargs).arguments  # raises where the call itself is wrong
            given = [values.get(name) for name in specs]
            look = tuple([None if v is None else (getattr(v, "shape", None), getattr(v, "dtype", None)) for v in given])
            lengths = fitted.get(look)
            if lengths is None:
                lengths = {}
                for (name, spec), value in zip(specs.items(), given, strict=True):
                    if value is not None or not spec.optional:
                        check_argument(name_of_function, name, value, spec, lengths)
                if len(fitted) == MOST_LOOKS:
                    fitted.clear()
                fitted[look] = lengths
            for name, spec in ranges:
                if values.get(name) is not None:
                    check_range(name_of_function, name, values[name], spec, lengths)
            return function(*args, **kwargs)

        return checked

    return decorate
