"""The worked cases that students get: inputs, right results, and what known mistakes come to on them."""

import json
import re
from typing import Any

import numpy as np

from autograder.check import Case
from autograder.checks import Check, DrawnCase
from autograder.grading.challenge import generator
from autograder.grading.judge import expected_values, outcomes

# Worked cases are public, so their seed is too. Ten digits are the same on every machine, and more than any check needs.
PUBLIC_SEED = b"worked cases"
DIGITS = 10


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def array_entry(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    flat = array.reshape(-1).tolist()
    values = [rounded(value) if isinstance(value, float) else value for value in flat]
    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": values}


def value_entry(value: Any) -> dict[str, Any]:
    return array_entry(value) if isinstance(value, np.ndarray) else {"value": value}


def outcome_entry(case: Case) -> dict[str, Any]:
    if case.error is not None or case.returned is None or case.returned.array is None:
        return {"error": "an error"}
    entry: dict[str, Any] = {"returned": array_entry(case.returned.array)}
    return entry | ({"changed": list(case.changed)} if case.changed else {})


def worked_cases(check: Check) -> list[DrawnCase]:
    return check.worked(generator(PUBLIC_SEED, "", check.name, ""))


def example(check: Check) -> dict[str, Any]:
    """The content of a check's file."""
    cases = worked_cases(check)
    label, _, title = check.section.partition(": ")
    return {
        "generated": "from autograder/checks and solutions by 'make exercises'; do not edit",
        "function": check.function,
        "axes": check.axes.split(),
        "tolerance": check.tolerance,
        "read": f"To reread: the book, section '{title}' ({label}).",
        "cases": [
            {
                "title": case.title,
                "inputs": {name: value_entry(value) for name, value in case.inputs.items()},
                "expected": array_entry(expected),
            }
            for case, expected in zip(cases, expected_values(check, cases), strict=True)
        ],
        "mistakes": [
            {
                "name": mistake.name,
                "message": mistake.message,
                "cases": [outcome_entry(case) for case in outcomes(mistake.function, cases)],
            }
            for mistake in check.misconceptions
        ],
    }


def example_text(check: Check) -> str:
    """The file's text: JSON with each list of numbers on one line, the same on every machine."""
    text = json.dumps(example(check), indent=1, ensure_ascii=False)
    return re.sub(r"\[\s+([^\[\]{}\"]*?)\s+\]", one_line, text) + "\n"


def one_line(numbers: re.Match[str]) -> str:
    return f"[{' '.join(numbers[1].split())}]"
