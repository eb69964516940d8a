"""Check your functions against small worked cases.

    from check import check
    check("text.count", count)

The answer says what differs, where, and by how much; where the difference is that of a known mistake, it says which.
Needs NumPy, and PyTorch only where an exercise is about tensors.
"""

from __future__ import annotations

import html
import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np

from autograder.runner.calling import _, changed_inputs, invoke, marked, numbers_of, parts_of, ready, restored

Array = np.ndarray[Any, Any]
Expected = Any  # an array; or a tuple, a list or a dict of such

# How a check can end here. In data these are codes; where people read them they are said in the course's language.
STATUSES = (marked("right"), marked("wrong"), marked("error"), marked("malformed"), marked("not attempted"))


@dataclass(frozen=True)
class Returned:
    """What a function returned: the name of its type, and its dtype, shape and numbers, or its parts, where it has them."""

    type: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    array: Array | None = None
    parts: tuple[tuple[str, Returned], ...] | None = None

    @classmethod
    def of(cls, result: Any, depth: int = 0) -> Returned:
        name, parts = type(result).__name__, parts_of(result, depth)
        if parts is not None:
            return cls(name, parts=tuple((key, cls.of(part, depth + 1)) for key, part in parts))
        numbers = numbers_of(result)
        if numbers is None:
            return cls(name)
        return cls(name, str(numbers.dtype), numbers.shape, numbers if numbers.dtype.kind in "fiub" else None)


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
        return "\n".join(filter(None, [f"{self.check}: {_(self.status)}.", self.message, self.read]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        signs = {"right": ("#1a7f37", "✓"), "not attempted": ("#6e7781", "○")}
        colour, mark = signs.get(self.status, ("#b35900", "✗"))
        text = "<br>".join(html.escape(line) for line in [*self.message.splitlines(), self.read] if line)
        return (
            f'<div style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0">'
            f'<b style="color:{colour}">{mark} {html.escape(self.check)}: {html.escape(_(self.status))}</b><br>{text}</div>'
        )


@dataclass(frozen=True)
class Shown:
    """How numbers and places are written in a message: the names of the result's axes, or of its parts and theirs."""

    function: str
    axes: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tensors: bool = False

    @classmethod
    def of(cls, function: str, axes: str, tensors: bool = False) -> Shown:
        """From "T N H", or from "dx: T N D; db: H" where a function returns several arrays."""
        if ":" not in axes:
            return cls(function, tuple(axes.split()), tensors=tensors)
        named = (part.partition(":") for part in axes.split(";"))
        return cls(function, parts={name.strip(): tuple(own.split()) for name, _, own in named}, tensors=tensors)

    def say(self, told: str, **names: Any) -> str:
        return told.format(function=self.function, **names)

    def place(self, index: tuple[int, ...]) -> str:
        if len(self.axes) != len(index):
            return _("index {index}").format(index=index if len(index) > 1 else index[0])
        return ", ".join(f"{name.lower()} = {i}" for name, i in zip(self.axes, index, strict=True))

    def part(self, key: str, number: int) -> Shown:
        """How a part of the result is written about."""
        name = list(self.parts)[number] if key.isdigit() and number < len(self.parts) else key
        told = _("part {number} of the result").format(number=number + 1) if name.isdigit() else name
        return Shown(told, self.parts.get(name, ()), tensors=self.tensors)


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
    return told.format(shape=wanted.shape)


def wrong_type(returned: Returned, wanted: Expected, shown: Shown) -> str:
    """What is said of a result that is no array or no container; English has two articles, so two sentences."""
    if returned.type == "NoneType":
        return shown.say(_("{function} returned nothing. Does it end with return?"))
    told = _("{function} returned a {type}; {wanted}.")
    if begins_with_vowel(returned.type):
        told = _("{function} returned an {type}; {wanted}.")
    return shown.say(told, type=returned.type, wanted=wanted_kind(wanted, shown))


def begins_with_vowel(name: str) -> bool:
    return name[:1].lower() in "aeiou"


def listed(names: Sequence[str]) -> str:
    """Names as "x and y"."""
    return reduce(lambda one, other: _("{one} and {other}").format(one=one, other=other), names)


# How the dtypes begin that are right where floats, integers or truth values are asked for, and what is said of others.
KINDS = {
    "f": (("float",), marked("{function} returned numbers of type {dtype}; they should be floating-point numbers.")),
    "i": (("int", "uint"), marked("{function} returned numbers of type {dtype}; they should be integers.")),
    "b": (("bool",), marked("{function} returned numbers of type {dtype}; they should be True or False.")),
}


def form_difference(returned: Returned, expected: Array, shown: Shown) -> str | None:
    """What is wrong with the type, else with the shape, else with the dtype of an array, or of one number."""
    right_types = ("Tensor", "Parameter") if shown.tensors else ("ndarray",)
    if returned.type not in right_types and (expected.ndim or returned.dtype == ""):
        return wrong_type(returned, expected, shown)
    names, told = KINDS[expected.dtype.kind.replace("u", "i")]
    if not expected.ndim and names == ("float",):
        names = ("float", "int", "uint")  # a sum of nothing may well be the integer 0
    if not returned.dtype.startswith(names):
        return shown.say(_(told), dtype=returned.dtype)
    if returned.shape != expected.shape:
        told = _("{function} returned the shape {shape}; it should be the shape {wanted}.")
        if not expected.ndim:
            told = _("{function} returned the shape {shape}; it should be a single number.")
        elif shown.axes:
            told = _("{function} returned the shape {shape}; it should be the shape {wanted}, which is ({axes}).")
        return shown.say(told, shape=returned.shape, wanted=expected.shape, axes=", ".join(shown.axes))
    if expected.ndim and returned.dtype != str(expected.dtype) and expected.dtype.kind not in "iu":
        told = _(
            "{function} returned {dtype} where the inputs were {wanted}; the dtype should stay what it was. "
            "Do you make an array without dtype=?"
        )
        return shown.say(told, dtype=returned.dtype, wanted=expected.dtype)
    return None


def largest(array: Array) -> float:
    """What an error in an array is measured by: its largest finite number, or 1 where that is 0."""
    sizes = np.abs(np.asarray(array, np.float64))
    return float(sizes[np.isfinite(sizes)].max(initial=0.0)) or 1.0


def numbers_difference(returned: Returned, expected: Array, shown: Shown, tolerance: float) -> str | None:
    """Compare values; an error counts relative to the largest expected value, whatever the dtype of the answer."""
    array = returned.array
    if array is None:
        told = _("{function} returned an array that is too large or of an unknown dtype ({dtype}).")
        return shown.say(told, dtype=returned.dtype)
    error = np.abs(array.astype(np.float64) - expected.astype(np.float64))
    wrong = ~(error <= (tolerance * largest(expected) if expected.dtype.kind == "f" else 0.0))
    if not wrong.any():
        return None
    finite = np.isfinite(array)
    index = tuple(np.argwhere(wrong if finite.all() else ~finite)[0].tolist())
    place = shown.place(index) if index else ""
    if not finite.all():
        told = _("{function} returned {value}; every value should be a finite number.")
        if index:
            told = _("{function} returned {value} at {place}; every value should be a finite number.")
        return shown.say(told, value=array[index], place=place)
    values = {"yours": f"{float(array[index]):.6g}", "theirs": f"{float(expected[index]):.6g}"}
    if not index:
        return shown.say(_("{function} returned {yours}; it should be {theirs}."), **values)
    told = _(
        "The type and shape are right; {wrong} of {size} values differ. The first is at {place}: {function} returned "
        "{yours}, it should be {theirs}. The largest difference is {largest}."
    )
    counts = {"wrong": wrong.sum(), "size": wrong.size, "largest": f"{np.nanmax(error):.3g}"}
    return f"{shown.say(told, place=place, **counts, **values)} {by_step(wrong, shown)}".rstrip()


def by_step(wrong: Any, shown: Shown) -> str:
    """At which time steps values differ, where the first axis is time and some steps are right."""
    if shown.axes[:1] != ("T",):
        return ""
    steps = wrong.reshape(len(wrong), -1).any(axis=1)
    if len(steps) < 2 or steps.all():
        return ""
    told = _("Wrong at t = {wrong}, right at t = {right}.")
    return told.format(wrong=spans(np.flatnonzero(steps)), right=spans(np.flatnonzero(~steps)))


def spans(numbers: Array) -> str:
    """0, 1, 2, 5 as "0 to 2, 5"."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    between = _("{first} to {last}")
    return ", ".join(str(run[0]) if len(run) == 1 else between.format(first=run[0], last=run[-1]) for run in runs)


Find = Callable[[Returned, Array, Shown], str | None]
Found = list[str]
"""What is wrong with a result: a sentence, after the names of the results inside each other in which the difference lies."""


def found_by(find: Find, returned: Returned, expected: Expected, shown: Shown) -> Found | None:
    """What is wrong with an array; of several parts with the first that differs, and which others do; parts may have parts."""
    if not isinstance(expected, tuple | list | dict):
        text = find(returned, expected, shown)
        return None if text is None else [text]
    wanted = dict(parts_of(expected) or [])
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
        return [shown.say(told, count=len(theirs), keys=", ".join(theirs), wanted=wanted_kind(expected, shown))]
    found: dict[str, Found | None] = {}
    for number, (key, part) in enumerate(wanted.items()):
        how = shown.part(key, number)
        found[how.function] = found_by(find, theirs[key], part, how)
    wrong = {name: one for name, one in found.items() if one is not None}
    if not wrong:
        return None
    (_name, (*within, text)), *more = wrong.items()
    right = [name for name in found if name not in wrong]
    others = [_("Also wrong: {names}.").format(names=", ".join(name for name, _one in more))] if more else []
    others += [_("Right: {names}.").format(names=", ".join(right))] if right else []
    return [shown.function, *within, " ".join([text, *others])]


def difference(case: Case, expected: Expected, tolerance: float, shown: Shown) -> str | None:
    """What is wrong with one call, in this order: error, type, shape, dtype, inputs changed, values; None if nothing."""
    if case.error is not None:
        return case.error
    returned = case.returned or Returned("NoneType")
    found = found_by(form_difference, returned, expected, shown)
    if found is None and case.changed:
        told = _("{function} changed its input {names}; it should make a new array and leave its inputs as they were.")
        return shown.say(told, names=listed(case.changed))
    found = found or found_by(partial(numbers_difference, tolerance=tolerance), returned, expected, shown)
    if found is None:
        return None
    *within, text = found
    if not within:
        return text
    where = reduce(lambda whole, part: _("{whole}, in {part}").format(whole=whole, part=part), within)
    return _("In the result of {function}: {difference}").format(function=where, difference=text)


def same_outcome(case: Case, other: Case, tolerance: float) -> bool:
    """Whether two calls came to the same: both failed, or the same numbers and the same inputs changed."""
    if case.returned is None or other.returned is None:
        return case.error is not None and other.error is not None
    return case.changed == other.changed and same_result(case.returned, other.returned, tolerance)


def same_result(one: Returned, two: Returned, tolerance: float) -> bool:
    """Whether two results have the same form and the same numbers."""
    if one.parts is not None and two.parts is not None:
        same_names = [name for name, _one in one.parts] == [name for name, _two in two.parts]
        parts = zip(one.parts, two.parts, strict=False)
        return same_names and all(same_result(mine, theirs, tolerance) for (_, mine), (_, theirs) in parts)
    if one.array is None or two.array is None or (one.shape, one.dtype) != (two.shape, two.dtype):
        return False
    share = tolerance * largest(two.array)
    return bool(np.isclose(one.array, two.array, rtol=0.0, atol=share, equal_nan=True).all())


def call(function: Callable[..., Any], inputs: dict[str, Any], tensors: bool = False) -> Case:
    """Call a function on copies of the inputs, and look whether it wrote to them."""
    given, pristine = ready(inputs, tensors), ready(inputs, tensors)
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


def value_from(entry: dict[str, Any]) -> Any:
    """A value as the folder examples/ holds it: an array, a container of values, a text that makes one, or JSON's own."""
    return restored(entry, lambda one: np.array(one["values"], dtype=one["dtype"]).reshape(one["shape"]))


def case_from(entry: dict[str, Any], tensors: bool = False) -> Case:
    """What came of a call of a known mistake, as the folder examples/ holds it."""
    if "error" in entry:
        return Case(error=entry["error"])
    returned = Returned.of(ready(value_from(entry["returned"]), tensors))
    return Case(returned, changed=tuple(entry.get("changed", ())))


def find_mistake(cases: Sequence[Case], example: dict[str, Any]) -> Any:
    """The known mistake whose outcomes are those of ``cases``, all of them; None if there is none."""
    for mistake in example["mistakes"]:
        theirs = (case_from(entry, example["tensors"]) for entry in mistake["cases"])
        if all(same_outcome(one, other, example["tolerance"]) for one, other in zip(cases, theirs, strict=True)):
            return mistake
    return None


class NotRight(AssertionError):
    """Raised under `nbgrader validate`, for which a cell passes unless it ends in an error."""


def check(name: str, function: Callable[..., Any]) -> Verdict:
    """Compare ``function`` with the worked cases of the check ``name``, from the folder examples/ beside this file."""
    verdict = compared(name, function)
    if not verdict.ok and os.environ.get("NBGRADER_EXECUTION") == "validate":
        raise NotRight(str(verdict))
    return verdict


def compared(name: str, function: Callable[..., Any]) -> Verdict:
    folder = Path(__file__).parent / "examples"
    path = folder / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
        told = _("There is no check named {name}. The checks are: {known}.")
        if not known:
            told = _("There is no check named {name}. The checks are: none: is the folder examples/ missing?.")
        return Verdict(name, "malformed", told.format(name=repr(name), known=known))
    example = json.loads(path.read_text(encoding="utf-8"))
    return check_trained(name, function, example) if "shapes" in example else check_function(name, function, example)


def check_function(name: str, function: Callable[..., Any], example: dict[str, Any]) -> Verdict:
    """Call a function on the worked cases of a check and say what was found."""
    if not callable(function):
        told = _("check needs the function itself, not a {type}: write its name without brackets.")
        return Verdict(name, "error", told.format(type=type(function).__name__))
    shown = Shown.of(example["function"], example["axes"], example["tensors"])
    inputs = [value_from({"dict": case["inputs"]}) for case in example["cases"]]
    try:
        cases = [call(function, one, example["tensors"]) for one in inputs]
    except NotImplementedError:
        told = _("{function} still raises NotImplementedError: replace that line.")
        return Verdict(name, "not attempted", shown.say(told))
    for number, (case, entry) in enumerate(zip(cases, example["cases"], strict=True), start=1):
        text = difference(case, value_from(entry["expected"]), example["tolerance"], shown)
        if text is not None:
            mistake = find_mistake(cases, example)
            told = _("{difference} (worked case {number} of {count}: {title})")
            told = told.format(difference=text, number=number, count=len(cases), title=entry["title"])
            told += hint(mistake["message"]) if mistake else ""
            status = "error" if case.error else "wrong"
            return Verdict(name, status, told, mistake["name"] if mistake else None, example["read"])
    return Verdict(name, "right", _("All {count} worked cases agree.").format(count=len(cases)))


def hint(message: str) -> str:
    """The line on a known mistake, to be put after a difference."""
    return "\n" + _("Likely mistake: {message}").format(message=message)


def wrong_weights(returned: Returned, shapes: Mapping[str, Sequence[int]], variable: str) -> tuple[str, str] | None:
    """The status and the reason where trained weights cannot be run: empty, no dict, other names, other shapes, not finite."""
    if returned.type == "dict" and not returned.parts:  # so it begins, and stays if a function is not written yet
        told = _("{variable} is still empty: the cell that trains has not come to its end.")
        return "not attempted", told.format(variable=variable)
    keys = ", ".join(shapes)
    if returned.parts is None or returned.type in ("tuple", "list"):
        told = _("{variable} is a {type}; it should be a dict with the keys {keys}.")
        if begins_with_vowel(returned.type):
            told = _("{variable} is an {type}; it should be a dict with the keys {keys}.")
        return "wrong", told.format(variable=variable, type=returned.type, keys=keys)
    theirs = dict(returned.parts)
    missing = ", ".join(name for name in shapes if name not in theirs)
    if missing:
        told = _("{variable} has no {names}; it should be a dict with the keys {keys}.")
        return "wrong", told.format(variable=variable, names=missing, keys=keys)
    for name, shape in shapes.items():
        one, wanted = theirs[name], tuple(shape)
        text = weight_difference(one, wanted)
        if text is not None:
            about = {"variable": f"{variable}[{name!r}]", "type": one.type, "shape": one.shape, "wanted": wanted}
            return "wrong", text.format(**about)
    return None


def weight_difference(one: Returned, wanted: tuple[int, ...]) -> str | None:
    """What is said of one of the arrays of weights."""
    if one.array is None or one.array.dtype.kind != "f":
        if begins_with_vowel(one.type):
            return _("{variable} is an {type}; it should be an array of floating-point numbers.")
        return _("{variable} is a {type}; it should be an array of floating-point numbers.")
    if one.shape != wanted:
        return _("{variable} has the shape {shape}; it should be {wanted}.")
    if not np.isfinite(one.array).all():
        return _("{variable} holds numbers that are not finite: the training came apart.")
    return None


def check_trained(name: str, weights: Any, example: dict[str, Any]) -> Verdict:
    """Look at trained weights: names, shapes, finite numbers. What they are worth is measured in grading, on new data."""
    found = wrong_weights(Returned.of(weights), example["shapes"], example["variable"])
    if found is not None:
        status, text = found
        return Verdict(name, status, text, None, example["read"] if status == "wrong" else "")
    told = _("The names and shapes are right. In grading: {asked}.")
    return Verdict(name, "right", told.format(asked=example["asked"]))
