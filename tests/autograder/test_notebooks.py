"""Notebooks filled in by program: what is written into one comes to the same as what was declared."""

from typing import Any

import pytest

from autograder.check import call, same_outcome
from autograder.exercise import EXERCISES, Check, Exercise
from autograder.exercise.notebooks import mistaken_sources
from autograder.grading import challenge
from autograder.runner.calling import tolerance_for
from tests.autograder.given import imported

CHECKS = [
    pytest.param(exercise, check, id=check.name)
    for exercise in map(Exercise.without_training, EXERCISES.values())
    for check in exercise.checks
]


def as_in_a_notebook(exercise: Exercise, check: Check, function: Any) -> Any:
    """The mistaken function, made from the sources that a notebook would hold, up to the cell that defines it."""
    sources, helpers = mistaken_sources(exercise, check, function)
    namespace: dict[str, Any] = {"__name__": "__main__", **imported(exercise)}
    exec(helpers, namespace)
    for one in exercise.checks:
        exec(sources[one.function], namespace)
        if one is check:
            break
    return namespace[check.function]


@pytest.mark.parametrize(("exercise", "check"), CHECKS)
def test_a_mistake_in_a_notebook_comes_to_what_was_declared(exercise: Exercise, check: Check) -> None:
    drawn = challenge.draw(check, b"notebooks", "", "")
    for mistake in check.misconceptions:
        function = as_in_a_notebook(exercise, check, mistake.function)
        for case in drawn:
            there, here = (call(one, case.inputs, check.tensors) for one in (function, mistake.function))
            assert there.error == here.error or here.error is not None, f"{mistake.name}: {there.error}"
            allowed = tolerance_for(check.tolerance, case.inputs)
            assert same_outcome(there, here, allowed), f"{mistake.name}, {case.title}"
