"""The proof of follow-on points: what rests on a wrong function earns its share where it is right itself, and only there."""

from __future__ import annotations

from typing import Any

from autograder.exercise import Check, Exercise, Misconception, notebooks
from autograder.grading import challenge
from autograder.grading.gradebook import Outcome, Row
from autograder.grading.judge import composed
from autograder.proof.mutants import comes_out_wrong

SHARE = 0.5


def resting(exercise: Exercise) -> list[Check]:
    """The checks that can earn a share: they rest on functions that are asked for too."""
    asked = {check.function for check in exercise.checks}
    return [one for one in exercise.checks if asked & set(one.earlier) and not (one.tensors or one.trained)]


def in_its_parts(exercise: Exercise, check: Check, seed: bytes) -> dict[str, Misconception]:
    """For each function on which a check rests a mistake that makes it come out wrong; {} where there is none."""
    found, cases = {}, challenge.draw(check, seed, exercise.slug, "resting")
    for name in check.earlier:
        part = exercise.check_of(name)
        for mistake in part.misconceptions if part else ():
            if comes_out_wrong(check, composed(check, {name: mistake.function}), cases):
                found[name] = mistake
                break
    return found


def notebook_with(exercise: Exercise, released: Any, wrong: dict[str, Misconception]) -> Any:
    """A notebook with a mistake in each of these functions, and else right."""
    sources, helpers = notebooks.reference_sources(exercise), []
    for name, mistake in wrong.items():
        check = exercise.check_of(name)
        assert check is not None
        mistaken, needed = notebooks.mistaken_sources(exercise, check, mistake.function)
        sources[name] = mistaken[name]
        helpers.append(needed)
    return notebooks.with_helpers(exercise, released, sources, "\n\n\n".join(filter(None, helpers)))


def outcome_of(row: Row, check: Check) -> Outcome:
    return next(one for one in row.outcomes if one.verdict.check == check.name)


def problem_of(row: Row, check: Check, earns: float) -> str | None:
    """What does not hold of a row whose check rests on a wrong function and should earn so much; None if all does."""
    outcome = outcome_of(row, check)
    if outcome.verdict.ok:
        return f"{check.name} is right on top of a wrong function"
    if abs(outcome.points - earns) > 1e-9:
        return f"{check.name} earns {outcome.points:g} on top of a wrong function, not {earns:g}"
    return None
