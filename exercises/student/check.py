# Generated from autograder/check.py by "autograder release"; do not edit.
"""Check your functions against small worked cases.

    from check import check
    check("text.count", count)

The answer says what differs, where, and by how much; where the difference is that of a known mistake, it says which.
Needs NumPy, and PyTorch only where an exercise is about tensors.
"""

from __future__ import annotations

import html
import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from calling import (
    DEEPEST,
    Given,
    _,
    array_of,
    changed_inputs,
    import_torch,
    invoke,
    is_tensor,
    marked,
    parts_of,
    ready,
)

Expected = Any
"""An array; or a tuple, a list or a dict of such."""

# How a check can end here. In data these are codes; where people read them they are said in the course's language.
STATUSES = (marked("right"), marked("wrong"), marked("error"), marked("malformed"), marked("not attempted"))


@dataclass(frozen=True)
class Returned:
    """What a function returned: the name of its type, and its dtype, shape and numbers, or its parts, where it has them."""

    type: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    array: np.ndarray[Any, Any] | None = None
    parts: tuple[tuple[str, Returned], ...] | None = None

    @classmethod
    def of(cls, result: Any, depth: int = 0) -> Returned:
        name = type(result).__name__
        parts = parts_of(result) if depth < DEEPEST else None
        if parts is not None:
            return cls(name, parts=tuple((key, cls.of(part, depth + 1)) for key, part in parts))
        if isinstance(result, np.ndarray | np.generic | float | int) or is_tensor(result):
            array = np.asarray(array_of(result))
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
        lines = [f"{self.check}: {_(self.status)}.", self.message, self.read]
        return "\n".join(line for line in lines if line)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = {"right": "#1a7f37", "not attempted": "#6e7781"}.get(self.status, "#b35900")
        mark = {"right": "✓", "not attempted": "○"}.get(self.status, "✗")
        lines = [*self.message.splitlines(), self.read]
        text = "<br>".join(html.escape(line) for line in lines if line)
        return (
            f'<div style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0">'
            f'<b style="color:{colour}">{mark} {html.escape(self.check)}: {html.escape(_(self.status))}</b><br>{text}</div>'
        )


@dataclass(frozen=True)
class Shown:
    """How numbers and places are written in a message: the names of the result's axes, or of its parts and theirs."""

    function: str
    axes: tuple[str, ...] = field(default=())
    parts: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())
    tensors: bool = False

    @classmethod
    def of(cls, function: str, axes: str, tensors: bool = False) -> Shown:
        """From "T N H", or from "dx: T N D; db: H" where a function returns several arrays."""
        if ":" not in axes:
            return cls(function, tuple(axes.split()), tensors=tensors)
        named = [part.partition(":") for part in axes.split(";")]
        return cls(function, parts=tuple((n.strip(), tuple(a.split())) for n, _, a in named), tensors=tensors)

    def shape(self, shape: Sequence[int]) -> str:
        return str(tuple(int(length) for length in shape))

    def place(self, index: Sequence[int]) -> str:
        if len(self.axes) != len(index):
            return _("index {index}").format(index=self.shape(index) if len(index) > 1 else int(index[0]))
        return ", ".join(f"{name.lower()} = {int(i)}" for name, i in zip(self.axes, index, strict=True))

    def part(self, key: str, number: int) -> Shown:
        """How a part of the result is written about."""
        if key.isdigit() and number < len(self.parts):
            name, axes = self.parts[number]
        else:
            name, axes = next((one for one in self.parts if one[0] == key), (key, ()))
        told = _("part {number} of the result").format(number=number + 1) if name.isdigit() else name
        return Shown(told, axes, tensors=self.tensors)


def wanted_kind(wanted: Expected, shown: Shown) -> str:
    """What a function should return: the second half of a sentence."""
    if isinstance(wanted, tuple | list):
        told = _("it should return a list of {count}: {names}")
        if isinstance(wanted, tuple):
            told = _("it should return a tuple of {count}: {names}")
        names = ", ".join(shown.part(str(i), i).function for i in range(len(wanted)))
        return told.format(count=len(wanted), names=names)
    if isinstance(wanted, dict):
        return _("it should return a dict with the keys {keys}").format(keys=", ".join(wanted))
    if not wanted.ndim:
        return _("it should return a single number")
    told = _("it should return an array of shape {shape}")
    if shown.tensors:
        told = _("it should return a tensor of shape {shape}")
    return told.format(shape=shown.shape(wanted.shape))


def wrong_type(returned: Returned, wanted: Expected, shown: Shown) -> str:
    """What is said of a result that is no array or no container; English has two articles, so two sentences."""
    told = _("{function} returned a {type}; {wanted}.")
    if begins_with_vowel(returned.type):
        told = _("{function} returned an {type}; {wanted}.")
    return told.format(function=shown.function, type=returned.type, wanted=wanted_kind(wanted, shown))


def begins_with_vowel(name: str) -> bool:
    return name[:1].lower() in "aeiou"


def listed(names: Sequence[str]) -> str:
    """Names as "x and y"."""
    return reduce(lambda one, other: _("{one} and {other}").format(one=one, other=other), names)


def nothing(shown: Shown) -> str:
    return _("{function} returned nothing. Does it end with return?").format(function=shown.function)


def type_difference(returned: Returned, expected: np.ndarray[Any, Any], shown: Shown) -> str | None:
    """The first check: is it an array of real numbers (or one number) at all?"""
    if returned.type == "NoneType":
        return nothing(shown)
    array_type = "Tensor" if shown.tensors else "ndarray"
    right_type = returned.type in (array_type, "Parameter" if shown.tensors else array_type)
    if not (right_type or (expected.ndim == 0 and returned.dtype != "")):
        return wrong_type(returned, expected, shown)
    told = wrong_numbers(returned, expected)
    return None if told is None else told.format(function=shown.function, dtype=returned.dtype)


def wrong_numbers(returned: Returned, expected: np.ndarray[Any, Any]) -> str | None:
    """What is said of numbers of another kind than those asked for."""
    wanted = np.dtype(expected.dtype).kind
    kinds = ("float",) if expected.ndim else ("float", "int", "uint")  # a sum of nothing may well be the integer 0
    if wanted == "f" and not returned.dtype.startswith(kinds):
        return _("{function} returned numbers of type {dtype}; they should be floating-point numbers.")
    if wanted in "iu" and not returned.dtype.startswith(("int", "uint")):
        return _("{function} returned numbers of type {dtype}; they should be integers.")
    if wanted == "b" and returned.dtype != "bool":
        return _("{function} returned numbers of type {dtype}; they should be True or False.")
    return None


def shape_difference(returned: Returned, expected: np.ndarray[Any, Any], shown: Shown) -> str | None:
    if returned.shape == expected.shape:
        return None
    told = _("{function} returned the shape {shape}; it should be the shape {wanted}.")
    if not expected.ndim:
        told = _("{function} returned the shape {shape}; it should be a single number.")
    elif shown.axes:
        told = _("{function} returned the shape {shape}; it should be the shape {wanted}, which is ({axes}).")
    shapes = {"shape": shown.shape(returned.shape), "wanted": shown.shape(expected.shape)}
    return told.format(function=shown.function, axes=", ".join(shown.axes), **shapes)


def dtype_difference(returned: Returned, expected: np.ndarray[Any, Any], shown: Shown) -> str | None:
    if expected.ndim == 0 or returned.dtype == str(expected.dtype) or expected.dtype.kind in "iu":
        return None
    told = _(
        "{function} returned {dtype} where the inputs were {wanted}; the dtype should stay what it was. "
        "Do you make an array without dtype=?"
    )
    return told.format(function=shown.function, dtype=returned.dtype, wanted=expected.dtype)


def value_difference(
    array: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], tolerance: float, shown: Shown
) -> str | None:
    """Compare values; an error counts relative to the largest expected value, whatever the dtype of the answer."""
    size = np.abs(expected.astype(np.float64))
    scale = float(size.max(initial=0.0)) or 1.0
    error = np.abs(array.astype(np.float64) - expected.astype(np.float64))
    wrong = ~(error <= (tolerance * scale if expected.dtype.kind == "f" else 0.0))
    if not wrong.any():
        return None
    if not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0]
        told = _("{function} returned {value}; every value should be a finite number.")
        if len(index):
            told = _("{function} returned {value} at {place}; every value should be a finite number.")
        place = shown.place(index) if len(index) else ""
        return told.format(function=shown.function, value=array[tuple(index)], place=place)
    if not expected.ndim:
        told = _("{function} returned {yours}; it should be {theirs}.")
        return told.format(function=shown.function, yours=f"{float(array):.6g}", theirs=f"{float(expected):.6g}")
    index = np.argwhere(wrong)[0]
    yours, theirs = float(array[tuple(index)]), float(expected[tuple(index)])
    told = _(
        "The type and shape are right; {wrong} of {size} values differ. The first is at {place}: {function} returned "
        "{yours}, it should be {theirs}. The largest difference is {largest}."
    ).format(
        wrong=int(wrong.sum()),
        size=wrong.size,
        place=shown.place(index),
        function=shown.function,
        yours=f"{yours:.6g}",
        theirs=f"{theirs:.6g}",
        largest=f"{float(np.nanmax(error)):.3g}",
    )
    return f"{told} {by_step(wrong, shown)}".rstrip()


def by_step(wrong: Any, shown: Shown) -> str:
    """At which time steps values differ, where the first axis is time and some steps are right."""
    steps = wrong.reshape(wrong.shape[0], -1).any(axis=1) if wrong.ndim else np.zeros(0, dtype=bool)
    if shown.axes[:1] != ("T",) or len(steps) < 2 or steps.all():
        return ""
    told = _("Wrong at t = {wrong}, right at t = {right}.")
    return told.format(wrong=spans(np.flatnonzero(steps)), right=spans(np.flatnonzero(~steps)))


def spans(numbers: np.ndarray[Any, Any]) -> str:
    """0, 1, 2, 5 as "0 to 2, 5"."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    between = _("{first} to {last}")
    return ", ".join(str(run[0]) if len(run) == 1 else between.format(first=run[0], last=run[-1]) for run in runs)


Found = list[str]
"""What is wrong with a result: a sentence, after the names of the results inside each other in which the difference lies."""


def parts_difference(returned: Returned, expected: Expected, tolerance: float, shown: Shown, find: Any) -> Found | None:
    """What is wrong with a result of several parts: the first that differs, and which others do; parts may have parts."""
    wanted = dict(parts_of(expected) or [])
    if returned.type == "NoneType":
        return [nothing(shown)]
    sequence = isinstance(expected, tuple | list)
    if returned.parts is None or sequence != (returned.type in ("tuple", "list")):
        return [wrong_type(returned, expected, shown)]
    theirs = dict(returned.parts)
    if theirs.keys() != wanted.keys():
        told = _("{function} returned the keys {keys}; {wanted}.")
        if sequence:
            told = _("{function} returned {count} parts; {wanted}.")
        elif not theirs:
            told = _("{function} returned the keys none; {wanted}.")
        about = {"function": shown.function, "wanted": wanted_kind(expected, shown)}
        return [told.format(count=len(theirs), keys=", ".join(theirs), **about)]
    found: dict[str, Found | None] = {}
    for number, (key, part) in enumerate(wanted.items()):
        how = shown.part(key, number)
        found[how.function] = find(theirs[key], part, tolerance, how)
    wrong = {name: one for name, one in found.items() if one is not None}
    if not wrong:
        return None
    (_name, (*within, text)), *more = wrong.items()
    right = [name for name in found if name not in wrong]
    others = [_("Also wrong: {names}.").format(names=", ".join(name for name, _one in more))] if more else []
    others += [_("Right: {names}.").format(names=", ".join(right))] if right else []
    return [shown.function, *within, " ".join([text, *others])]


def sentence_on(found: Found) -> str:
    """A difference in words, with the part of the result in which it lies."""
    *within, text = found
    if not within:
        return text
    where = reduce(lambda whole, part: _("{whole}, in {part}").format(whole=whole, part=part), within)
    return _("In the result of {function}: {difference}").format(function=where, difference=text)


def form_difference(returned: Returned, expected: Expected, tolerance: float, shown: Shown) -> Found | None:
    """The type, then the shape, then the dtype."""
    if isinstance(expected, tuple | list | dict):
        return parts_difference(returned, expected, tolerance, shown, form_difference)
    for find in (type_difference, shape_difference, dtype_difference):
        text = find(returned, expected, shown)
        if text is not None:
            return [text]
    return None


def numbers_difference(returned: Returned, expected: Expected, tolerance: float, shown: Shown) -> Found | None:
    """The values of a result whose form is right."""
    if isinstance(expected, tuple | list | dict):
        return parts_difference(returned, expected, tolerance, shown, numbers_difference)
    if returned.array is None:
        told = _("{function} returned an array that is too large or of an unknown dtype ({dtype}).")
        return [told.format(function=shown.function, dtype=returned.dtype)]
    text = value_difference(returned.array, expected, tolerance, shown)
    return None if text is None else [text]


def difference(case: Case, expected: Expected, tolerance: float, shown: Shown) -> str | None:
    """What is wrong with one call, in this order: error, type, shape, dtype, inputs changed, values; None if nothing."""
    if case.error is not None:
        return case.error
    returned = case.returned or Returned("NoneType")
    found = form_difference(returned, expected, tolerance, shown)
    if found is None and case.changed:
        told = _("{function} changed its input {names}; it should make a new array and leave its inputs as they were.")
        return told.format(function=shown.function, names=listed(case.changed))
    found = found or numbers_difference(returned, expected, tolerance, shown)
    return None if found is None else sentence_on(found)


def same_outcome(case: Case, other: Case, tolerance: float) -> bool:
    """Whether two calls came to the same: both failed, or the same numbers and the same inputs changed."""
    if case.error is not None or other.error is not None:
        return case.error is not None and other.error is not None
    if case.returned is None or other.returned is None or case.changed != other.changed:
        return False
    return same_result(case.returned, other.returned, tolerance)


def same_result(one: Returned, two: Returned, tolerance: float) -> bool:
    """Whether two results have the same form and the same numbers."""
    if one.parts is not None and two.parts is not None:
        return [key for key, _ in one.parts] == [key for key, _ in two.parts] and all(
            same_result(a, b, tolerance) for (_, a), (_, b) in zip(one.parts, two.parts, strict=True)
        )
    if one.array is None or two.array is None or (one.shape, one.dtype) != (two.shape, two.dtype):
        return False
    size = np.abs(two.array[np.isfinite(two.array)].astype(np.float64))
    scale = float(size.max(initial=0.0)) or 1.0
    return bool(np.isclose(one.array, two.array, rtol=0.0, atol=tolerance * scale, equal_nan=True).all())


def call(function: Callable[..., Any], inputs: dict[str, Any], tensors: bool = False) -> Case:
    """Call a function on copies of the inputs, and look whether it wrote to them."""
    torch = import_torch() if tensors else None
    given, pristine = ({name: ready(value, torch) for name, value in inputs.items()} for _time in range(2))
    try:
        with np.errstate(all="ignore"):
            returned = Returned.of(invoke(function, given))
    except NotImplementedError as error:
        inner = traceback.extract_tb(error.__traceback__)[-1].name
        if isinstance(function, type) or inner in (invoke.__name__, getattr(function, "__name__", "")):
            raise
        told = _("{function} calls {inner}, which is not written yet.")
        return Case(error=told.format(function=function.__name__, inner=inner))
    except Exception as error:
        name = getattr(function, "__name__", _("your function"))
        shapes = [f"{key} {value.shape}" for key, value in inputs.items() if isinstance(value, np.ndarray)]
        told = _("{function} raised {error}: {message}.")
        told = told.format(function=name, error=type(error).__name__, message=str(error).strip())
        if shapes and isinstance(error, ValueError):
            told += " " + _("The inputs were {shapes}.").format(shapes=", ".join(shapes))
        return Case(error=told)
    return Case(returned=returned, changed=tuple(changed_inputs(given, pristine)))


def array_from(entry: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array(entry["values"], dtype=entry["dtype"]).reshape(entry["shape"])


def value_from(entry: dict[str, Any]) -> Any:
    """A value as the folder examples/ holds it: an array, a container of values, a text that makes one, or JSON's own."""
    if "dtype" in entry:
        return array_from(entry)
    if "dict" in entry:
        return {name: value_from(part) for name, part in entry["dict"].items()}
    for kind, container in (("tuple", tuple), ("list", list)):
        if kind in entry:
            return container(value_from(part) for part in entry[kind])
    if "given" in entry:
        return Given(entry["given"], **{name: value_from(part) for name, part in entry["arrays"].items()})
    return entry["value"]


def returned_from(entry: dict[str, Any], tensors: bool) -> Returned:
    """What a known mistake returned."""
    for kind in ("tuple", "list"):
        if kind in entry:
            parts = tuple((str(i), returned_from(part, tensors)) for i, part in enumerate(entry[kind]))
            return Returned(kind, parts=parts)
    if "dict" in entry:
        named = tuple((name, returned_from(part, tensors)) for name, part in entry["dict"].items())
        return Returned("dict", parts=named)
    array = array_from(entry)
    return Returned("Tensor" if tensors else "ndarray", str(array.dtype), array.shape, array)


def case_from(entry: dict[str, Any], tensors: bool = False) -> Case:
    if "error" in entry:
        return Case(error=entry["error"])
    return Case(returned_from(entry["returned"], tensors), changed=tuple(entry.get("changed", ())))


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
        known = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
        told = _("There is no check named {name}. The checks are: {known}.")
        if not known:
            told = _("There is no check named {name}. The checks are: none: is the folder examples/ missing?.")
        raise FileNotFoundError(told.format(name=repr(name), known=known))
    example: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return example


def find_mistake(cases: Sequence[Case], example: dict[str, Any]) -> dict[str, Any] | None:
    """The known mistake whose outcomes are those of ``cases``, all of them."""
    for mistake in example["mistakes"]:
        theirs = [case_from(entry, example["tensors"]) for entry in mistake["cases"]]
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
    if "shapes" in example:
        return check_trained(name, function, example)
    if not callable(function):
        told = _("check needs the function itself, not a {type}: write its name without brackets.")
        return Verdict(name, "error", told.format(type=type(function).__name__))
    shown = Shown.of(example["function"], example["axes"], example["tensors"])
    inputs = [{key: value_from(entry) for key, entry in case["inputs"].items()} for case in example["cases"]]
    try:
        cases = [call(function, one, example["tensors"]) for one in inputs]
    except NotImplementedError:
        told = _("{function} still raises NotImplementedError: replace that line.")
        return Verdict(name, "not attempted", told.format(function=example["function"]))
    for number, (case, entry) in enumerate(zip(cases, example["cases"], strict=True), start=1):
        text = difference(case, value_from(entry["expected"]), example["tolerance"], shown)
        if text is not None:
            mistake = find_mistake(cases, example)
            status = "error" if case.error else "wrong"
            of = {"number": number, "count": len(cases), "title": entry["title"]}
            text = _("{difference} (worked case {number} of {count}: {title})").format(difference=text, **of)
            text += hint(mistake["message"]) if mistake else ""
            return Verdict(name, status, text, mistake["name"] if mistake else None, example["read"])
    return Verdict(name, "right", _("All {count} worked cases agree.").format(count=len(cases)))


def hint(message: str) -> str:
    """The line on a known mistake, to be put after a difference."""
    return "\n" + _("Likely mistake: {message}").format(message=message)


UNTRAINED = marked("{variable} is still empty: the cell that trains has not come to its end.")


def untrained(returned: Returned) -> bool:
    """Whether the weights are as the cell that trains leaves them if a function of it is not written yet."""
    return returned.type == "dict" and not returned.parts


def weights_difference(returned: Returned, shapes: Mapping[str, Sequence[int]], variable: str) -> str | None:
    """What keeps trained weights from being run: no dict, other names, other shapes, or numbers that are not finite."""
    wanted = {name: np.zeros(shape) for name, shape in shapes.items()}
    if returned.parts is None or returned.type in ("tuple", "list"):
        told = _("{variable} is a {type}; it should be a dict with the keys {keys}.")
        if begins_with_vowel(returned.type):
            told = _("{variable} is an {type}; it should be a dict with the keys {keys}.")
        return told.format(variable=variable, type=returned.type, keys=", ".join(wanted))
    theirs = dict(returned.parts)
    missing = [name for name in wanted if name not in theirs]
    if missing:
        told = _("{variable} has no {names}; it should be a dict with the keys {keys}.")
        return told.format(variable=variable, names=", ".join(missing), keys=", ".join(wanted))
    for name, zeros in wanted.items():
        text = weight_difference(theirs[name], zeros)
        if text is not None:
            shapes = {"shape": theirs[name].shape, "wanted": zeros.shape}
            return text.format(variable=f"{variable}[{name!r}]", type=theirs[name].type, **shapes)
    return None


def weight_difference(one: Returned, wanted: np.ndarray[Any, Any]) -> str | None:
    """What is said of one of the arrays of weights."""
    if one.array is None or one.array.dtype.kind != "f":
        if begins_with_vowel(one.type):
            return _("{variable} is an {type}; it should be an array of floating-point numbers.")
        return _("{variable} is a {type}; it should be an array of floating-point numbers.")
    if one.shape != wanted.shape:
        return _("{variable} has the shape {shape}; it should be {wanted}.")
    if not np.isfinite(one.array).all():
        return _("{variable} holds numbers that are not finite: the training came apart.")
    return None


def check_trained(name: str, weights: Any, example: dict[str, Any]) -> Verdict:
    """Look at trained weights: names, shapes, finite numbers. What they are worth is measured in grading, on new data."""
    returned = Returned.of(weights)
    if untrained(returned):
        return Verdict(name, "not attempted", _(UNTRAINED).format(variable=example["variable"]))
    text = weights_difference(returned, example["shapes"], example["variable"])
    if text is not None:
        return Verdict(name, "wrong", text, None, example["read"])
    told = _("The names and shapes are right. In grading: {asked}.")
    return Verdict(name, "right", told.format(asked=example["asked"]))
