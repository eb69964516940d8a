"""The worked cases that students get: inputs, right results, and what known mistakes come to on them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from autograder.check import Case, Returned
from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.repeats import followed
from autograder.grading.challenge import generator
from autograder.grading.judge import expected_values, outcomes, to_reread
from autograder.runner.calling import _

# Worked cases are public, so their seed is too. Thirteen digits are more than any check needs.
PUBLIC_SEED = b"worked cases"
DIGITS = 13
# What processors may differ by, as a share of an array's largest number, where single precision went in and where it did not.
ROUNDING = {True: 1e-5, False: 1e-10}


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def array_entry(array: np.ndarray[Any, Any], exact: bool = False) -> dict[str, Any]:
    flat = array.reshape(-1).tolist()
    values = [rounded(value) if isinstance(value, float) and not exact else value for value in flat]
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


def asked_for(check: Check) -> str:
    """What a trained model must reach, in words."""
    trained = check.trained
    assert trained is not None
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
        return head | {"variable": check.trained.variable, "asked": asked_for(check), "shapes": check.trained.shapes}
    cases = worked_cases(check)
    return head | {
        "axes": check.axes,
        "tolerance": check.tolerance,
        "tensors": check.tensors,
        "new_arrays": check.new_arrays,
        "packages": list(packages),
        "cases": [
            {
                "title": _(case.title),
                "inputs": {name: value_entry(value, exact=True) for name, value in case.inputs.items()},
                "expected": value_entry(expected),
            }
            for case, expected in zip(cases, expected_values(check, cases), strict=True)
        ],
        "mistakes": [
            {
                "name": mistake.name,
                "message": _(mistake.message),
                "cases": [outcome_entry(case) for case in outcomes(check, mistake.function, cases)],
            }
            for mistake in check.misconceptions
        ],
    }


def example_text(check: Check, packages: tuple[str, ...]) -> str:
    """The file's text: JSON with each list of numbers on one line."""
    text = json.dumps(example(check, packages), indent=1, ensure_ascii=False)
    return re.sub(r"\[\s+([^\[\]{}\"]*?)\s+\]", one_line, text) + "\n"


def one_line(numbers: re.Match[str]) -> str:
    return f"[{' '.join(numbers[1].split())}]"


def example_in_step(check: Check, packages: tuple[str, ...], path: Path) -> str:
    """The text of the file at ``path`` if it says the same as ``example_text`` but for rounding, and else the new text.

    So a processor that rounds the seventh digit otherwise does not change files that are under version control.
    """
    text = example_text(check, packages)
    try:
        kept = path.read_text(encoding="utf-8")
        return kept if agrees(json.loads(kept), json.loads(text)) else text
    except (OSError, ValueError):
        return text


def agrees(kept: dict[str, Any], made: dict[str, Any]) -> bool:
    """Whether two contents of a check's file differ by no more than the rounding of processors."""
    by_case = [ROUNDING['"float32"' in json.dumps(case["inputs"])] for case in made.get("cases", [])]
    return same(kept, made, by_case)


def same(one: Any, other: Any, by_case: list[float], share: float = 0.0) -> bool:
    """Whether two parts of a file are the same, but for a share of each array's largest number; each case has its own share."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        if "values" in one:
            alike = one["dtype"] == other["dtype"] and one["shape"] == other["shape"]
            return alike and numbers_close(one["values"], other["values"], share)
        return all(same_entry(name, one[name], other[name], by_case, share) for name in one)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(same(a, b, by_case, share) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return numbers_close([one], [other], share)
    return bool(one == other)


def same_entry(name: str, one: Any, other: Any, by_case: list[float], share: float) -> bool:
    if name != "cases":
        return same(one, other, by_case, share)
    if not isinstance(one, list) or not len(one) == len(other) == len(by_case):
        return False
    return all(same(a, b, by_case, of_case) for a, b, of_case in zip(one, other, by_case, strict=True))


def numbers_close(one: list[Any], other: list[Any], share: float) -> bool:
    a, b = np.array(one, np.float64), np.array(other, np.float64)
    if a.shape != b.shape:
        return False
    largest = np.abs(b[np.isfinite(b)]).max(initial=0)
    return bool(np.allclose(a, b, rtol=0, atol=share * largest, equal_nan=True))
