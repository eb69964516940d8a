"""Check your functions against small worked cases.

    from check import check
    check("text.count", count)

The answer says what differs, where, and by how much; where the difference is that of a known mistake, it says which.
Needs NumPy, and PyTorch only where an exercise is about tensors.
"""

from __future__ import annotations

import html
import importlib.metadata
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, reduce
from itertools import groupby, tee
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from autograder.runner.calling import (
    Kept,
    _,
    changed_inputs,
    container_of,
    contents,
    invoke,
    marked,
    name_of_dtype,
    numbers_of,
    parts_of,
    ready,
    restored,
    shared_inputs,
    tolerance_for,
)
from autograder.structure import Pair, near, observed, swapped

Array = np.ndarray[Any, Any]
Expected = Any  # an array; or a tuple, a list or a dict of such
Mistake = TypeVar("Mistake")
ROUGHLY = 1e-4  # how near a result comes to that of a known mistake that was made in another precision

# How a check can end here. In data these are codes; where people read them they are said in the course's language.
STATUSES = (
    marked("right"), marked("wrong"), marked("error"), marked("malformed"), marked("not attempted"),
    marked("to be measured"),
)  # fmt: skip


AT_LEAST = re.compile(r"^(\w+)>=([\d.]+)$", re.MULTILINE)


class TooOld(Exception):
    """A package is older than the notebook needs; a notebook shows the message alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def refuse_old(requirements: Path) -> None:
    """Raise TooOld if a package is older than the requirements that lie beside the notebook say."""
    text = requirements.read_text(encoding="utf-8") if requirements.is_file() else ""
    for name, needed in AT_LEAST.findall(text):
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if [int(part) for part in re.findall(r"\d+", found)] < [int(part) for part in needed.split(".")]:
            told = _(
                "This notebook needs {name} {needed} or newer, and {found} is installed where it runs: run  "
                "%pip install -r requirements.txt  in a cell of its own, restart the kernel, and run this cell again."
            )
            raise TooOld(told.format(name=name, needed=needed, found=found))


refuse_old(Path(__file__).with_name("requirements.txt"))


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
        name, parts = container_of(result) or type(result).__name__, parts_of(result, depth)
        if parts is not None:
            return cls(name, parts=tuple((key, cls.of(part, depth + 1)) for key, part in parts))
        numbers = numbers_of(result)
        if numbers is None:
            return cls(name)
        return cls(
            name, name_of_dtype(numbers.dtype), numbers.shape, numbers.copy() if numbers.dtype.kind in "fiub" else None
        )


@dataclass(frozen=True)
class Case:
    """What came of one call: the result or the error, and what else could be seen of it.

    ``changed`` names the inputs that the call wrote to, ``shared`` those of which the result holds the memory. ``overwritten``
    is whether a later call wrote to the result.
    """

    returned: Returned | None = None
    error: str | None = None
    changed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    overwritten: bool = False


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
        signs = {"right": ("#1a7f37", "✓"), "not attempted": ("#6e7781", "○"), "to be measured": ("#6e7781", "○")}
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
    new_arrays: bool = False
    apart: int | None = None

    @classmethod
    def of(
        cls, function: str, axes: str, tensors: bool = False, new_arrays: bool = False, apart: int | None = None
    ) -> Shown:
        """From "T N H", or from "dx: T N D; db: H" where a function returns several arrays."""
        if ":" not in axes:
            return cls(function, tuple(axes.split()), {}, tensors, new_arrays, apart)
        named = (part.partition(":") for part in axes.split(";"))
        parts = {name.strip(): tuple(own.split()) for name, _, own in named}
        return cls(function, (), parts, tensors, new_arrays, apart)

    def say(self, told: str, **names: Any) -> str:
        return told.format(function=self.function, **names)

    def place(self, index: tuple[int, ...]) -> str:
        named = len(self.axes) == len(index) == len(set(self.axes)) and all(map(str.isidentifier, self.axes))
        if not named:  # "h = 0, h = 0" and "4h = 7" would say less
            return _("index {index}").format(index=index if len(index) > 1 else index[0])
        return ", ".join(f"{name.lower()} = {i}" for name, i in zip(self.axes, index, strict=True))

    def part(self, key: str, number: int) -> Shown:
        """How a part of the result is written about; beside ``result`` stands what else is compared."""
        if key == "result" and "result" not in self.parts:
            return self
        name = list(self.parts)[number] if key.isdigit() and number < len(self.parts) else key
        told = _("part {number} of the result").format(number=number + 1) if name.isdigit() else name
        return Shown(told, self.parts.get(name, ()), tensors=self.tensors, apart=self.apart)


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
    if expected.ndim and returned.dtype != name_of_dtype(expected.dtype) and expected.dtype.kind not in "iu":
        told = _(
            "{function} returned {dtype} where the inputs were {wanted}; the dtype should stay what it was. "
            "Do you make an array without dtype=?"
        )
        return shown.say(told, dtype=returned.dtype, wanted=expected.dtype)
    return None


def largest(array: Array, otherwise: float = 1.0) -> float:
    """What an error in an array is measured by: its largest finite number, or something else where that is 0."""
    sizes = np.abs(np.asarray(array, np.float64))
    return float(sizes[np.isfinite(sizes)].max(initial=0.0)) or otherwise


def measure(expected: Array, apart: int | None, otherwise: float = 1.0) -> Any:
    """What errors are measured by: the array's largest number, or that of each part, where so many last axes make one."""
    if apart is None:
        return largest(expected, otherwise)
    places = expected.shape[: expected.ndim - apart]
    of_parts = [largest(expected[place], otherwise) for place in np.ndindex(places)]
    return np.reshape(of_parts, (*places, *[1] * (expected.ndim - len(places))))


def numbers_difference(returned: Returned, expected: Array, shown: Shown, tolerance: float) -> str | None:
    """Compare values; an error counts relative to the largest expected value, whatever the dtype of the answer."""
    array = returned.array
    if array is None:
        told = _("{function} returned an array that is too large or of an unknown dtype ({dtype}).")
        return shown.say(told, dtype=returned.dtype)
    error = np.abs(array.astype(np.float64) - expected.astype(np.float64))
    wrong = ~(error <= (tolerance * measure(expected, shown.apart) if expected.dtype.kind == "f" else 0.0))
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
    values = dict(zip(("yours", "theirs"), told_apart(float(array[index]), float(expected[index])), strict=True))
    if not index:
        return shown.say(_("{function} returned {yours}; it should be {theirs}."), **values)
    told = _(
        "The type and shape are right; {wrong} of {size} values differ. The first is at {place}: {function} returned "
        "{yours}, it should be {theirs}. The largest difference is {largest}."
    )
    counts = {"wrong": wrong.sum(), "size": wrong.size, "largest": f"{np.nanmax(error):.3g}"}
    return f"{shown.say(told, place=place, **counts, **values)} {by_step(wrong, shown)}".rstrip()


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with six digits, or with as many as it takes to see that they are not the same."""
    pairs = ((f"{one:.{digits}g}", f"{other:.{digits}g}") for digits in range(6, 18))
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(one), repr(other)))


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
        found[_("the result") if how is shown else how.function] = found_by(find, theirs[key], part, how)
    wrong = {name: one for name, one in found.items() if one is not None}
    if not wrong:
        return None
    (_name, (*within, text)), *more = wrong.items()
    right = [name for name in found if name not in wrong]
    others = [_("Also wrong: {names}.").format(names=", ".join(name for name, _one in more))] if more else []
    if right and find is not form_difference:  # of these the values were compared, not the form alone
        others.append(_("Right: {names}.").format(names=", ".join(right)))
    return [shown.function, *within, " ".join([text, *others])]


def difference(case: Case, expected: Expected, tolerance: float, shown: Shown) -> str | None:
    """What is wrong with one call, in this order: error, type, shape, dtype, inputs changed, values, memory; None if nothing."""
    if case.error is not None:
        return case.error
    returned = case.returned or Returned("NoneType")
    found = found_by(form_difference, returned, expected, shown)
    if found is None and case.changed:
        told = _("{function} changed its input {names}; it should make a new array and leave its inputs as they were.")
        return shown.say(told, names=listed(case.changed))
    found = found or found_by(partial(numbers_difference, tolerance=tolerance), returned, expected, shown)
    if found is None:
        return not_its_own(case, shown)
    *within, text = (name for name, _same in groupby(found))
    if not within:
        return text
    where = reduce(lambda whole, part: _("{whole}, in {part}").format(whole=whole, part=part), within)
    return _("In the result of {function}: {difference}").format(function=where, difference=text)


def not_its_own(case: Case, shown: Shown) -> str | None:
    """What is said where the values are right, but their memory is an input's, where that is asked, or a later call's."""
    if case.overwritten:
        told = _(
            "A later call of {function} wrote to the array that an earlier call had returned; "
            "it should make a new array in each call."
        )
        return shown.say(told)
    if case.shared and shown.new_arrays:
        told = _("{function} returned its input {names}, or a view of it; it should return a new array.")
        return shown.say(told, names=listed(case.shared))
    return None


def same_outcome(case: Case, other: Case, tolerance: float, apart: int | None = None) -> bool:
    """Whether two calls came to the same: both failed, or the same numbers and the same done to inputs and results."""
    if case.returned is None or other.returned is None:
        return case.error is not None and other.error is not None
    done, done_too = ((one.changed, one.shared, one.overwritten) for one in (case, other))
    return done == done_too and same_result(case.returned, other.returned, tolerance, apart)


def same_result(one: Returned, two: Returned, tolerance: float, apart: int | None = None, dtype: bool = True) -> bool:
    """Whether two results have the same form and the same numbers, and the same dtype if that counts."""
    if one.parts is not None and two.parts is not None:
        same_names = [name for name, _one in one.parts] == [name for name, _two in two.parts]
        parts = zip(one.parts, two.parts, strict=False)
        return same_names and all(
            same_result(mine, theirs, tolerance, apart, dtype) for (_, mine), (_, theirs) in parts
        )
    if one.array is None or two.array is None or one.shape != two.shape or (dtype and one.dtype != two.dtype):
        return False
    share = tolerance * np.minimum(measure(one.array, apart, 0.0), measure(two.array, apart, 0.0))
    return near(one.array, two.array, share)


def same_numbers(case: Case, other: Case, tolerance: float, apart: int | None = None) -> bool:
    """Whether two calls came to the same numbers, roughly: in another dtype, say, or with an input changed on top of it."""
    if case.returned is None or other.returned is None:
        return case.error is not None and other.error is not None
    return same_result(case.returned, other.returned, max(tolerance, ROUGHLY), apart, dtype=False)


def named(
    cases: Sequence[Case], expected: Sequence[Expected], tolerances: Sequence[float],
    mistakes: Sequence[Mistake], of: Callable[[Mistake], Iterator[Case]], apart: int | None = None,
) -> Mistake | None:  # fmt: skip
    """The known mistake that came to the same as ``cases`` in all of them; None if there is none.

    Where none did, one that came to the same numbers, if these are no right ones. What ``of`` gives is asked for once.
    """
    right = [Case(Returned.of(one)) for one in expected]
    numbers, outcome = partial(same_numbers, apart=apart), partial(same_outcome, apart=apart)
    wrong_numbers = not all(map(numbers, cases, right, tolerances))
    theirs = [tee(of(mistake)) for mistake in mistakes]
    for turn, same in enumerate((outcome, numbers) if wrong_numbers else (outcome,)):
        for mistake, found in zip(mistakes, theirs, strict=True):
            if all(map(same, cases, found[turn], tolerances)):
                return mistake
    return None


def pairs_in(returned: Returned, expected: Expected, tolerance: float, shown: Shown) -> Iterator[tuple[str, Pair]]:
    """Each array that came back beside the one that should have, by its name.

    Raises ValueError if the results have not the same parts, or what came back is no array.
    """
    if isinstance(expected, tuple | list | dict):
        wanted, theirs = dict(parts_of(expected) or []), dict(returned.parts or ())
        if theirs.keys() != wanted.keys():
            raise ValueError
        for number, (key, part) in enumerate(wanted.items()):
            yield from pairs_in(theirs[key], part, tolerance, shown.part(key, number))
        return
    if returned.array is None:
        raise ValueError
    error = tolerance * largest(expected) if expected.dtype.kind == "f" else 0.0
    yield (
        shown.function,
        Pair(as_numbers(returned.array), as_numbers(expected), error, tuple(map(str.lower, shown.axes))),
    )


def as_numbers(array: Array) -> Array:
    return array.astype(np.float64)


def observation(
    cases: Sequence[Case], expected: Sequence[Expected], tolerances: Sequence[float], shown: Shown
) -> str | None:
    """What the structure of results shows where they are no known mistake's: a line to be put after a difference."""
    try:
        returned = [case.returned or Returned("NoneType") for case in cases]
        found = [list(pairs_in(*one, shown)) for one in zip(returned, expected, tolerances, strict=True)]
    except ValueError:
        return None
    first = next((of_call for of_call in found if not all(pair.right for _name, pair in of_call)), [])
    names = [name for name, _pair in first]
    alike = [[pair for _name, pair in of_call] for of_call in found if [name for name, _pair in of_call] == names]
    wrong = [place for place in range(len(names)) if not all(pairs[place].right for pairs in alike)]
    if not wrong:
        return None
    told = swapped(alike, names)
    if told:
        return told
    told = observed([pairs[wrong[0]] for pairs in alike])
    if told and len(names) > 1:
        return _("In {part}: {told}").format(part=names[wrong[0]], told=told)
    return told


def calls(
    function: Callable[..., Any], inputs: Sequence[dict[str, Any]], tensors: bool = False, new_arrays: bool = False
) -> list[Case]:
    """What came of calls, one after the other; memory that results share with inputs counts where new arrays are asked for."""
    kept = Kept()
    cases = [call(function, one, tensors, kept) for one in inputs]
    shared = [case.shared if new_arrays else () for case in cases]
    later = kept.overwritten()
    return [replace(case, shared=one, overwritten=over) for case, one, over in zip(cases, shared, later, strict=True)]


def call(function: Callable[..., Any], inputs: dict[str, Any], tensors: bool = False, kept: Kept | None = None) -> Case:
    """Call a function on copies of the inputs, and look whether it wrote to them or returns their memory."""
    given = ready(inputs, tensors) if kept is None else kept.ready(inputs, tensors)
    result, before = None, contents(given)
    try:
        with np.errstate(all="ignore"):
            result = invoke(function, given) if kept is None else kept.invoke(function, given)
        returned = Returned.of(result)
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
    finally:
        if kept is not None:
            kept.add(result, given)
    return Case(returned, None, tuple(changed_inputs(given, before)), tuple(shared_inputs(result, given)))


def value_from(entry: dict[str, Any]) -> Any:
    """A value as the folder examples/ holds it: an array, a container of values, a text that makes one, or JSON's own."""
    return restored(entry, lambda one: np.array(one["values"], dtype=one["dtype"]).reshape(one["shape"]))


def case_from(entry: dict[str, Any], tensors: bool = False) -> Case:
    """What came of a call of a known mistake, as the folder examples/ holds it."""
    if "error" in entry:
        return Case(error=entry["error"])
    returned = Returned.of(ready(value_from(entry["returned"]), tensors))
    return Case(returned, None, tuple(entry.get("changed", ())), tuple(entry.get("shared", ())))


class NotRight(AssertionError):
    """Raised under `nbgrader validate`, for which a cell passes unless it ends in an error."""


def check(name: str, function: Callable[..., Any]) -> Verdict:
    """Compare ``function`` with the worked cases of the check ``name``, from the folder examples/ beside this file."""
    verdict = compared(name, function)
    if verdict.status not in ("right", "to be measured") and os.environ.get("NBGRADER_EXECUTION") == "validate":
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
    example = read_example(path, path.stat().st_mtime_ns)
    return check_trained(name, function, example) if "shapes" in example else check_function(name, function, example)


@lru_cache(maxsize=64)
def read_example(path: Path, written: int) -> dict[str, Any]:
    """The content of a check's file as it was written then: read again only if it was written again."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def check_function(name: str, function: Callable[..., Any], example: dict[str, Any]) -> Verdict:
    """Call a function on the worked cases of a check and say what was found."""
    if not callable(function):
        told = _("check needs the function itself, not a {type}: write its name without brackets.")
        return Verdict(name, "error", told.format(type=type(function).__name__))
    tensors, new_arrays = example["tensors"], example["new_arrays"]
    shown = Shown.of(example["function"], example["axes"], tensors, new_arrays, example.get("apart"))
    inputs = [value_from({"dict": case["inputs"]}) for case in example["cases"]]
    try:
        cases = calls(function, inputs, tensors, new_arrays)
    except NotImplementedError:
        told = _("{function} still raises NotImplementedError: replace that line.")
        return Verdict(name, "not attempted", shown.say(told))
    missing = not_in_grading(function, example["packages"])
    if missing:
        told = _("{function} uses {missing}, which grading does not have; it has {packages}.")
        return Verdict(name, "error", shown.say(told, missing=listed(missing), packages=listed(example["packages"])))
    expected = [value_from(entry["expected"]) for entry in example["cases"]]
    tolerances = [tolerance_for(example["tolerance"], one) for one in inputs]
    for number, (case, entry) in enumerate(zip(cases, example["cases"], strict=True), start=1):
        text = difference(case, expected[number - 1], tolerances[number - 1], shown)
        if text is None:
            continue
        told = _("{difference} (worked case {number} of {count}: {title})")
        told = told.format(difference=text, number=number, count=len(cases), title=entry["title"])
        mistake = named(
            cases, expected, tolerances, example["mistakes"],
            lambda one: (case_from(kept, tensors) for kept in one["cases"]), shown.apart,
        )  # fmt: skip
        told += after(mistake and mistake["message"], observation(cases, expected, tolerances, shown))
        status = "error" if case.error else "wrong"
        return Verdict(name, status, told, mistake and mistake["name"], example["read"])
    return Verdict(name, "right", _("All {count} worked cases agree.").format(count=len(cases)))


def not_in_grading(function: Any, packages: Sequence[str]) -> list[str]:
    """The installed packages that a function names, and that are neither Python's own nor in the list."""
    known = getattr(function, "__globals__", {})
    names = function.__code__.co_names if known.get("__name__") == "__main__" else ()  # as in a notebook
    used = [known[name] for name in names if name in known]
    found = {str(getattr(one, "__module__", None) or getattr(one, "__name__", "")).partition(".")[0] for one in used}
    there = {*sys.stdlib_module_names, *packages, "", "__main__", __name__.partition(".")[0]}
    installed = importlib.metadata.packages_distributions() if found - there else {}
    return sorted(name for name in found - there if name in installed and not set(installed[name]) & set(packages))


def after(message: str | None, seen: str | None) -> str:
    """The line after a difference: on a known mistake, else on what the structure of the results shows."""
    return "\n" + _("Likely mistake: {message}").format(message=message) if message else f"\n{seen}" if seen else ""


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
    told = _("The names and shapes are right. What the weights are worth is measured in grading; asked for: {asked}.")
    return Verdict(name, "to be measured", told.format(asked=example["asked"]))
