"""The worked cases that students get: inputs, right results, and what known mistakes come to on them."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from autograder.check import Case, Returned
from autograder.exercise import Check, DrawnCase, Given, Trained
from autograder.grading.challenge import generator
from autograder.grading.judge import expected_values, outcomes, to_reread
from autograder.grading.repeats import followed
from autograder.runner.calling import _

# Worked cases are public, so their seed is too. Thirteen digits are more than any check needs.
PUBLIC_SEED = b"worked cases"
DIGITS = 13
# What processors may differ by, as a share of an array's largest number, where single precision went in and where it did not.
ROUNDING = {True: 1e-5, False: 1e-10}


def array_entry(array: np.ndarray[Any, Any], exact: bool = False) -> dict[str, Any]:
    flat = array.reshape(-1).tolist()
    values = [float(f"{value:.{DIGITS}g}") if isinstance(value, float) and not exact else value for value in flat]
    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": values}


def value_entry(value: Any, exact: bool = False) -> dict[str, Any]:
    """A value as check.py reads it again; inputs exactly, results with as many digits as are compared."""
    if isinstance(value, np.ndarray):
        return array_entry(value, exact)
    if isinstance(value, Given):
        return {
            "given": value.source,
            "arrays": {name: value_entry(part, exact) for name, part in value.arrays.items()},
        }
    if isinstance(value, dict):
        return {"dict": {name: value_entry(part, exact) for name, part in value.items()}}
    if isinstance(value, tuple | list):
        return {"tuple" if isinstance(value, tuple) else "list": [value_entry(part, exact) for part in value]}
    return {"value": value}


def returned_entry(returned: Returned) -> dict[str, Any] | None:
    """What a mistake returned, or None where that cannot be kept."""
    if returned.parts is None:
        return None if returned.array is None else array_entry(returned.array)
    parts = {name: returned_entry(part) for name, part in returned.parts}
    if any(part is None for part in parts.values()):
        return None
    return {returned.type: list(parts.values()) if returned.type in ("tuple", "list") else parts}


def outcome_entry(case: Case) -> dict[str, Any]:
    entry = None if case.error is not None or case.returned is None else returned_entry(case.returned)
    if entry is None:
        return {"error": "an error"}
    done = {"changed": case.changed, "shared": case.shared}
    return {"returned": entry} | {name: list(names) for name, names in done.items() if names}


def worked_cases(check: Check) -> list[DrawnCase]:
    return list(followed(check, check.worked(generator(PUBLIC_SEED, "", check.name, ""))))


def asked_for(trained: Trained) -> str:
    """What a trained model must reach, in words."""
    told = _("{measure}, at least {threshold}") if trained.higher else _("{measure}, at most {threshold}")
    return told.format(measure=_(trained.measure), threshold=f"{trained.threshold:g}")


def example(check: Check, packages: tuple[str, ...]) -> dict[str, Any]:
    """The content of a check's file; ``packages`` are those that grading has."""
    head = {
        "generated": "from the exercise's checks by 'autograder release'; do not edit",
        "function": check.function,
        "read": to_reread(check.section),
    }
    if check.trained is not None:
        return head | {
            "variable": check.trained.variable,
            "asked": asked_for(check.trained),
            "shapes": check.trained.shapes,
        }
    drawn = worked_cases(check)
    cases = []
    for case, expected in zip(drawn, expected_values(check, drawn), strict=True):
        inputs = {name: value_entry(value, exact=True) for name, value in case.inputs.items()}
        cases.append({"title": _(case.title), "inputs": inputs, "expected": value_entry(expected)})
    mistakes = []
    for mistake in check.misconceptions:
        ended = [outcome_entry(case) for case in outcomes(check, mistake.function, drawn)]
        mistakes.append({"name": mistake.name, "message": _(mistake.message), "cases": ended})
    about = {"axes": check.axes, "tolerance": check.tolerance, "tensors": check.tensors, "new_arrays": check.new_arrays}
    about |= {} if check.apart is None else {"apart": check.apart}
    return head | about | {"packages": list(packages), "cases": cases, "mistakes": mistakes}


def example_text(check: Check, packages: tuple[str, ...]) -> str:
    """The file's text: JSON with each list of numbers on one line."""
    text = json.dumps(example(check, packages), indent=1, ensure_ascii=False)
    return re.sub(r"\[\s+([^\[\]{}\"]*?)\s+\]", lambda numbers: f"[{' '.join(numbers[1].split())}]", text) + "\n"


def example_in_step(check: Check, packages: tuple[str, ...], path: Path) -> str:
    """The text of the file at ``path`` if it says the same as ``example_text`` but for rounding, and else the new text.

    So a processor that rounds the seventh digit otherwise does not change files that are under version control.
    """
    text = example_text(check, packages)
    try:
        kept = path.read_text(encoding="utf-8")
        return kept if kept == text or agrees(json.loads(kept), json.loads(text)) else text
    except (OSError, ValueError, TypeError, AttributeError):  # it is not there, or of another form
        return text


def agrees(kept: dict[str, Any], made: dict[str, Any]) -> bool:
    """Whether two contents of a check's file differ by no more than the rounding of processors."""
    shares = [0.0, *(ROUNDING['"float32"' in json.dumps(case["inputs"])] for case in made.get("cases", ()))]
    return all(same(*parts) for parts in zip(by_case(kept), by_case(made), shares, strict=True))


def by_case(content: dict[str, Any]) -> list[Any]:
    """What belongs to no case, and then for each case what belongs to it: itself, and what each mistake comes to."""
    holders = [content, *content.get("mistakes", ())]
    others = [{name: one[name] for name in one.keys() - {"cases", "mistakes"}} for one in holders]
    return [others, *map(list, zip(*(one.get("cases", ()) for one in holders), strict=True))]


def same(one: Any, other: Any, share: float) -> bool:
    """Whether two parts of a file are the same, but for a share of the largest number in each list of numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(part, other[name], share) for name, part in one.items())
    if isinstance(one, float) and isinstance(other, float):
        one, other = [one], [other]
    if not isinstance(one, list) or not isinstance(other, list) or len(one) != len(other):
        return bool(one == other)
    if not all(isinstance(part, float | int) for part in [*one, *other]):
        return all(same(a, b, share) for a, b in zip(one, other, strict=True))
    largest = max(filter(math.isfinite, map(abs, other)), default=0)
    return np.allclose(one, other, rtol=0, atol=share * largest, equal_nan=True)
