"""What an exercise's text promises, beside the challenges that ask for it.

A check lists the words of each promise with the wrong version that breaks it and nothing else. So a promise is asked for where
some challenge rejects that version, and that is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograder.check import Expected, difference
from autograder.exercise import Check, DrawnCase, Exercise
from autograder.exercise.stub import take_apart
from autograder.grading import challenge
from autograder.grading.judge import expected_values, outcomes, shown_of, tolerances
from autograder.proof import structural

SEED = b"promises"


@dataclass(frozen=True)
class Promise:
    """Words of the text, the wrong version that breaks them, and the titles of the challenges that reject it."""

    check: str
    words: str
    version: str
    challenges: tuple[str, ...]


def plain(text: str) -> str:
    return " ".join(text.split())


def words_for(exercise: Exercise, check: Check) -> str:
    """All that students read about a function: the exercise's text and the docstring."""
    return plain(exercise.text().read_text(encoding="utf-8") + take_apart(check.reference, check.rename).docstring)


def wrong_version(check: Check, name: str) -> object:
    """The misconception of that name, or the version that structure gives; None if there is neither."""
    mistake = next((one.function for one in check.misconceptions if one.name == name), None)
    return mistake or (structural.version(check, name) if name in structural.NAMES else None)


def challenges(exercise: Exercise, check: Check) -> list[DrawnCase]:
    """Those of one run."""
    if check.trained is not None:
        return []
    return sorted(challenge.draw(check, SEED.ljust(32), exercise.slug, "student"), key=lambda case: case.rank)


def rejected_by(check: Check, version: object, cases: list[DrawnCase], expected: list[Expected]) -> tuple[str, ...]:
    """The titles of the challenges that show a version to be wrong."""
    with np.errstate(all="ignore"):
        results = outcomes(check, version, cases)  # type: ignore[arg-type]
    rows = zip(cases, results, expected, tolerances(check, cases), strict=True)
    shown = shown_of(check)
    return tuple(case.title for case, *one in rows if difference(one[0], one[1], one[2], shown) is not None)


def promises(exercise: Exercise) -> list[Promise]:
    """The table of an exercise, check by check."""
    found = []
    for check in exercise.checks:
        cases = challenges(exercise, check)
        expected = expected_values(check, cases)
        versions = {name: wrong_version(check, name) for name in check.promises.values()}  # one may break several
        asked = {name: rejected_by(check, one, cases, expected) if one else () for name, one in versions.items()}
        found += [Promise(check.name, words, name, asked[name]) for words, name in check.promises.items()]
    return found


def broken(exercise: Exercise, table: list[Promise]) -> list[str]:
    """What does not hold of the table: words that stand nowhere, versions that there are not, promises not asked for."""
    problems = []
    for one in table:
        check = exercise.check(one.check)
        if plain(one.words) not in words_for(exercise, check):
            problems.append(f"{one.check} promises '{one.words}', but no text says so")
        elif wrong_version(check, one.version) is None:
            problems.append(f"{one.check} promises '{one.words}', but there is no wrong version '{one.version}'")
        elif check.trained is None and not one.challenges:
            problems.append(f"{one.check} promises '{one.words}', and no challenge rejects '{one.version}'")
    return problems
