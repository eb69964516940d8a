"""What the drawn inputs of all exercises have in common: unequal sizes, another precision, two decimals, what fits."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograder.exercise.declaration import DrawnCase
from autograder.runner.calling import Given

Generator = np.random.Generator


def sizes(rng: Generator, count: int, of: Iterable[int] = range(2, 8)) -> list[int]:
    """Different lengths, so that no axis can stand in for another."""
    return [int(size) for size in rng.choice(list(of), size=count, replace=False)]


def each(change: Callable[[np.ndarray], np.ndarray], value: Any, kinds: str = "f") -> Any:
    """The same inputs with every array changed that is of these kinds, in containers and in programs that are given too."""
    if isinstance(value, dict):
        return {name: each(change, part, kinds) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(each(change, part, kinds) for part in value)
    if isinstance(value, Given):
        return Given(value.source, **each(change, value.arrays, kinds))
    return change(value) if isinstance(value, np.ndarray) and value.dtype.kind in kinds else value


def in_dtype(inputs: Any, dtype: type) -> Any:
    """The same inputs with their floating-point arrays in another precision."""
    return each(lambda array: array.astype(dtype), inputs)


def short(inputs: Any) -> Any:
    """The same inputs with two decimals: as exact on every machine as they are easy to read."""
    return each(lambda array: np.round(array, 2), inputs)


def zeroed(inputs: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same inputs with some of the arrays all zero, which a shortcut might take for nothing to do."""
    return inputs | {name: 0 * inputs[name] for name in names}


def until(make: Callable[[], dict[str, Any]], fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Inputs that fit, made again until they do: they show what most inputs do not, or are without what a few have."""
    for _ in range(5000):
        inputs = make()
        if fits(inputs):
            return inputs
    raise RuntimeError("no inputs were found that show what they should")


def alike(rng: Generator, cases: list[DrawnCase]) -> list[DrawnCase]:
    """Each case with other numbers: inputs for grading, as long as their author has drawn none."""
    return [DrawnCase(f"like case {number}", other(rng, case.inputs)) for number, case in enumerate(cases, start=1)]


def other(rng: Generator, value: Any) -> Any:
    """Numbers between the smallest and the largest of an array; for one integer, from 1 to it; for one float, near it."""
    if isinstance(value, dict):
        return {name: other(rng, part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(other(rng, part) for part in value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.size and np.isfinite(value).all():
        draw = rng.uniform if value.dtype.kind == "f" else functools.partial(rng.integers, endpoint=True)
        return draw(value.min(), value.max(), value.shape).astype(value.dtype)
    if isinstance(value, float):
        return value * float(rng.uniform(0.5, 1.5))
    return int(rng.integers(min(1, value), max(1, value), endpoint=True)) if type(value) is int else value
