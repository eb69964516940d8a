"""No diagnosis without proof: who has a mistake of their own is never said to be right but for an earlier function."""

import inspect
from typing import Any

import numpy as np
import pytest

from autograder.check import difference
from autograder.exercise import EXERCISES, Check, DrawnCase, Exercise
from autograder.grading import challenge
from autograder.grading.border import arrays
from autograder.grading.judge import expected_values, outcomes, rests_on_wrong_part, shown_of, tolerances, with_names
from autograder.proof.mutants import SECONDS, at_most, is_rejected, mutants
from autograder.runner.answers import record_calls

RESTING = [
    (exercise, check)
    for exercise in EXERCISES.values()
    for check in exercise.without_training().checks
    if check.earlier and not check.tensors
]
SEED = bytes(range(32))
MOST_MISTAKES = 3


def recorded(check: Check, function: Any, drawn: list[DrawnCase]) -> dict[str, np.ndarray]:
    """What the sandbox would record of the calls of earlier functions."""
    tensors: dict[str, np.ndarray] = {}

    def entry(key: str, value: Any) -> dict[str, Any]:
        if isinstance(value, np.ndarray):
            tensors[key] = value
            return {"tensor": key}
        if isinstance(value, dict):
            return {"dict": {name: entry(f"{key}.{name}", part) for name, part in value.items()}}
        if isinstance(value, tuple | list):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {kind: [entry(f"{key}.{place}", part) for place, part in enumerate(value)]}
        return {"value": value}

    cases = [
        {name: entry(f"{number}/{name}", value) for name, value in case.inputs.items()}
        for number, case in enumerate(drawn)
    ]
    return arrays(record_calls(function, check.earlier, cases, tensors, function.__globals__))


def is_called_right(check: Check, function: Any, drawn: list[DrawnCase]) -> bool:
    """Whether a function, all of whose results are ours, is said to be right but for what it calls."""
    cases = outcomes(check, function, drawn)
    allowed, shown = tolerances(check, drawn), [shown_of(check)] * len(drawn)
    texts = list(map(difference, cases, expected_values(check, drawn), allowed, shown))
    return any(text is not None for text in texts) and rests_on_wrong_part(
        check, drawn, cases, recorded(check, function, drawn)
    )


def wrong_parts(exercise: Exercise, check: Check) -> list[tuple[str, str, Any]]:
    """Earlier functions of the check with a known mistake: the function's name, the mistake's, and the function."""
    own = {one.function: one for one in exercise.checks}
    return [
        (name, mistake.name, mistake.function)
        for name in check.earlier
        if name in own
        for mistake in own[name].misconceptions[:MOST_MISTAKES]
    ]


def test_it_is_said_of_the_reference_with_a_wrong_part() -> None:
    """Else what follows could not fail."""
    exercise = EXERCISES["01_vanilla_rnn"]
    check = exercise.check("rnn.forward")
    drawn = challenge.draw(check, SEED, exercise.slug, "student")
    said = [
        is_called_right(check, with_names(inspect.unwrap(check.reference), {name: wrong}), drawn)
        for name, _mistake, wrong in wrong_parts(exercise, check)
    ]
    assert any(said)


@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "check"), RESTING, ids=[check.name for _, check in RESTING])
def test_no_changed_version_is_called_right_for_an_earlier_function_that_is_wrong(
    exercise: Exercise, check: Check
) -> None:
    drawn = challenge.draw(check, SEED, exercise.slug, "student")
    parts, tried, untrue = wrong_parts(exercise, check), 0, []
    for what, function in mutants(check):
        if not hasattr(function, "__code__") or not is_rejected(check, exercise.slug, function):
            continue  # as good as the reference: then it is true
        for name, mistake, wrong in parts:
            try:
                with at_most(SECONDS), np.errstate(all="ignore"):
                    said = is_called_right(check, with_names(function, {name: wrong}), drawn)
            except Exception:
                continue
            tried += 1
            if said:
                untrue.append(f"{what}, with '{mistake}' in {name}")
    assert tried > 0
    assert untrue == []
