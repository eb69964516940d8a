"""An exercise as a course gives it: which of its functions are asked for, and for how many points."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from autograder.exercise.declaration import Check, Exercise, Question
from autograder.settings import CourseSettings, unknown

Part = TypeVar("Part", Check, Question)


def chosen(exercise: Exercise, settings: CourseSettings) -> Exercise:
    """The exercise with the settings that concern it. Functions that are not asked for are given to students.

    Raises
    ------
    SettingsError
        If the settings name a function or question that it does not have.
    """
    said, key = settings.of(exercise.slug), f"exercise.{exercise.slug}"
    functions = {check.function for check in exercise.checks}
    for name in said.functions or ():
        if name not in functions:
            raise unknown(settings, f"{key}.functions", name, functions)
    for name in said.points:
        if name not in functions | {question.name for question in exercise.questions}:
            raise unknown(settings, f"{key}.points.{name}", name, functions)

    def worth(part: Part, name: str) -> Part:
        return replace(part, points=float(said.points[name])) if name in said.points else part

    asked = functions if said.functions is None else set(said.functions)
    return replace(
        exercise,
        checks=tuple(worth(check, check.function) for check in exercise.checks if check.function in asked),
        left_out=tuple(check for check in exercise.checks if check.function not in asked),
        questions=tuple(worth(question, question.name) for question in exercise.questions),
        follow_on=settings.follow_on_percent / 100,
    )
