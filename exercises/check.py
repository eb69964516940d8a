# Generated from autograder/check.py by "make exercises"; do not edit.
"""Check your functions against small worked cases.

    from check import check
    check("rnn.step", step)

The answer says what differs, where, and by how much; where the difference is that of a known mistake, it says which.
Needs NumPy alone.
"""

from __future__ import annotations

import html
import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Returned:
    """What a function returned: the name of its type, its dtype and shape where it has them, and its numbers."""

    type: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    array: np.ndarray[Any, Any] | None = None

    @classmethod
    def of(cls, result: Any) -> Returned:
        name = type(result).__name__
        if isinstance(result, np.ndarray | np.generic | float | int):
            array = np.asarray(result)
            return cls(name, str(array.dtype), array.shape, array if array.dtype.kind in "fiub" else None)
        return cls(name)


@dataclass(frozen=True)
class Case:
    """What came of one call: the result or the error, and the names of the arguments that the call wrote to."""

    returned: Returned | None = None
    error: str | None = None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The end of one check: its status, one sentence or more on why, and the known mistake where there is one."""

    check: str
    status: str
    message: str
    mistake: str | None = None
    read: str = ""

    @property
    def ok(self) -> bool:
        return self.status == "right"

    def __str__(self) -> str:
        lines = [f"{self.check}: {self.status}.", self.message, self.read]
        return "\n".join(line for line in lines if line)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = {"right": "#1a7f37", "not attempted": "#6e7781"}.get(self.status, "#b35900")
        mark = {"right": "✓", "not attempted": "○"}.get(self.status, "✗")
        lines = [*self.message.splitlines(), self.read]
        text = "<br>".join(html.escape(line) for line in lines if line)
        return (
            f'<div style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0">'
            f'<b style="color:{colour}">{mark} {html.escape(self.check)}: {self.status}</b><br>{text}</div>'
        )


@dataclass(frozen=True)
class Shown:
    """How numbers and places are written in a message: the names of the result's axes."""

    function: str
    axes: tuple[str, ...] = field(default=())

    def shape(self, shape: Sequence[int]) -> str:
        return str(tuple(int(length) for length in shape))

    def place(self, index: Sequence[int]) -> str:
        names = self.axes if len(self.axes) == len(index) else tuple(f"axis {i}" for i in range(len(index)))
        return ", ".join(f"{name.lower()} = {int(i)}" for name, i in zip(names, index, strict=True))


def type_difference(returned: Returned, expected: np.ndarray[Any, Any], shown: Shown) -> str | None:
    """The first check: is it an array of real numbers (or one number) at all?"""
    wanted = f"an array of shape {shown.shape(expected.shape)}" if expected.ndim else "a single number"
    if returned.type == "NoneType":
        return f"{shown.function} returned nothing. Does it end with return?"
    right_type = returned.type == "ndarray" or (expected.ndim == 0 and returned.dtype != "")
    if not right_type:
        article = "an" if returned.type[:1].lower() in "aeiou" else "a"
        return f"{shown.function} returned {article} {returned.type}; it should return {wanted}."
    kinds = ("float",) if expected.ndim else ("float", "int", "uint")  # a sum of nothing may well be the integer 0
    if np.dtype(expected.dtype).kind == "f" and not returned.dtype.startswith(kinds):
        return f"{shown.function} returned numbers of type {returned.dtype}; they should be floating-point numbers."
    return None


def shape_difference(returned: Returned, expected: np.ndarray[Any, Any], shown: Shown) -> str | None:
    if returned.shape == expected.shape:
        return None
    named = f", which is ({', '.join(shown.axes)})" if shown.axes else ""
    wanted = f"the shape {shown.shape(expected.shape)}{named}" if expected.ndim else "a single number"
    return f"{shown.function} returned the shape {shown.shape(returned.shape)}; it should be {wanted}."


def dtype_difference(returned: Returned, expected: np.ndarray[Any, Any], shown: Shown) -> str | None:
    if expected.ndim == 0 or returned.dtype == str(expected.dtype):
        return None
    return (
        f"{shown.function} returned {returned.dtype} where the inputs were {expected.dtype}; the dtype should stay what "
        "it was. Do you make an array without dtype=?"
    )


def value_difference(
    array: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], tolerance: float, shown: Shown
) -> str | None:
    """Compare values; an error counts relative to the largest expected value, whatever the dtype of the answer."""
    scale = float(np.abs(expected).max(initial=0.0)) or 1.0
    error = np.abs(array.astype(np.float64) - expected.astype(np.float64))
    wrong = ~(error <= tolerance * scale)
    if not wrong.any():
        return None
    if not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0]
        where = f" at {shown.place(index)}" if len(index) else ""
        return f"{shown.function} returned {array[tuple(index)]}{where}; every value should be a finite number."
    if not expected.ndim:
        return f"{shown.function} returned {float(array):.6g}; it should be {float(expected):.6g}."
    index = np.argwhere(wrong)[0]
    yours, theirs = float(array[tuple(index)]), float(expected[tuple(index)])
    return (
        f"The type and shape are right; {int(wrong.sum())} of {wrong.size} values differ. The first is at "
        f"{shown.place(index)}: {shown.function} returned {yours:.6g}, it should be {theirs:.6g}. "
        f"The largest difference is {float(np.nanmax(error)):.3g}."
    )


def difference(case: Case, expected: np.ndarray[Any, Any], tolerance: float, shown: Shown) -> str | None:
    """What is wrong with one call, in this order: error, type, shape, dtype, inputs changed, values; None if nothing."""
    if case.error is not None:
        return case.error
    returned = case.returned or Returned("NoneType")
    for find in (type_difference, shape_difference, dtype_difference):
        text = find(returned, expected, shown)
        if text is not None:
            return text
    if case.changed:
        names = " and ".join(case.changed)
        return (
            f"{shown.function} changed its input {names}; it should make a new array and leave its inputs as they were."
        )
    if returned.array is None:
        return f"{shown.function} returned an array that is too large or of an unknown dtype ({returned.dtype})."
    return value_difference(returned.array, expected, tolerance, shown)


def same_outcome(case: Case, other: Case, tolerance: float) -> bool:
    """Whether two calls came to the same: both failed, or the same numbers and the same inputs changed."""
    if case.error is not None or other.error is not None:
        return case.error is not None and other.error is not None
    one, two = case.returned, other.returned
    if one is None or two is None or one.array is None or two.array is None:
        return False
    if (one.shape, one.dtype, case.changed) != (two.shape, two.dtype, other.changed):
        return False
    size = np.abs(two.array[np.isfinite(two.array)].astype(np.float64))
    scale = float(size.max(initial=0.0)) or 1.0
    return bool(np.isclose(one.array, two.array, rtol=0.0, atol=tolerance * scale, equal_nan=True).all())


def call(function: Callable[..., Any], inputs: dict[str, Any]) -> Case:
    """Call a function on copies of the inputs, and look whether it wrote to them."""
    given = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in inputs.items()}
    try:
        with np.errstate(all="ignore"):
            returned = Returned.of(function(*given.values()))
    except NotImplementedError as error:
        inner = traceback.extract_tb(error.__traceback__)[-1].name
        if inner in (call.__name__, getattr(function, "__name__", "")):
            raise
        return Case(error=f"{function.__name__} calls {inner}, which is not written yet.")
    except Exception as error:
        name = getattr(function, "__name__", "your function")
        shapes = [f"{key} {value.shape}" for key, value in inputs.items() if isinstance(value, np.ndarray)]
        told = f". The inputs were {', '.join(shapes)}" if isinstance(error, ValueError) else ""
        return Case(error=f"{name} raised {type(error).__name__}: {str(error).strip()}{told}.")
    changed = tuple(
        name
        for name, value in inputs.items()
        if isinstance(value, np.ndarray) and not np.array_equal(given[name], value, equal_nan=value.dtype.kind == "f")
    )
    return Case(returned=returned, changed=changed)


def array_from(entry: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array(entry["values"], dtype=entry["dtype"]).reshape(entry["shape"])


def value_from(entry: dict[str, Any]) -> Any:
    return array_from(entry) if "dtype" in entry else entry["value"]


def case_from(entry: dict[str, Any]) -> Case:
    if "error" in entry:
        return Case(error=entry["error"])
    array = array_from(entry["returned"])
    return Case(Returned("ndarray", str(array.dtype), array.shape, array), changed=tuple(entry.get("changed", ())))


def worked_example(name: str) -> dict[str, Any]:
    """The worked cases of one check, from the folder examples/ beside this file.

    Raises
    ------
    FileNotFoundError
        If there is no check of that name, or the folder is missing.
    """
    folder = Path(__file__).parent / "examples"
    path = folder / f"{name}.json"
    if not path.is_file():
        known = (
            ", ".join(sorted(file.stem for file in folder.glob("*.json"))) or "none: is the folder examples/ missing?"
        )
        raise FileNotFoundError(f"There is no check named {name!r}. The checks are: {known}.")
    example: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return example


def find_mistake(cases: Sequence[Case], example: dict[str, Any]) -> dict[str, Any] | None:
    """The known mistake whose outcomes are those of ``cases``, all of them."""
    for mistake in example["mistakes"]:
        theirs = [case_from(entry) for entry in mistake["cases"]]
        if all(same_outcome(a, b, example["tolerance"]) for a, b in zip(cases, theirs, strict=True)):
            found: dict[str, Any] = mistake
            return found
    return None


def check(name: str, function: Callable[..., Any]) -> Verdict:
    """Compare ``function`` with the worked cases of the check ``name`` and say what was found."""
    try:
        example = worked_example(name)
    except FileNotFoundError as error:
        return Verdict(name, "malformed", str(error))
    if not callable(function):
        return Verdict(
            name,
            "error",
            f"check needs the function itself, not a {type(function).__name__}: write its name without brackets.",
        )
    shown = Shown(example["function"], tuple(example["axes"]))
    inputs = [{key: value_from(entry) for key, entry in case["inputs"].items()} for case in example["cases"]]
    try:
        cases = [call(function, one) for one in inputs]
    except NotImplementedError:
        return Verdict(
            name, "not attempted", f"{example['function']} still raises NotImplementedError: replace that line."
        )
    for number, (case, entry) in enumerate(zip(cases, example["cases"], strict=True), start=1):
        text = difference(case, array_from(entry["expected"]), example["tolerance"], shown)
        if text is not None:
            mistake = find_mistake(cases, example)
            status = "error" if case.error else "wrong"
            of = f" (worked case {number} of {len(cases)}: {entry['title']})"
            hint = f"\nLikely mistake: {mistake['message']}" if mistake else ""
            return Verdict(name, status, text + of + hint, mistake["name"] if mistake else None, example["read"])
    return Verdict(name, "right", f"All {len(cases)} worked cases agree.")
