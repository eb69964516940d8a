"""How a check is declared: once, with everything that grading, the student's side and the proof of both need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Inputs = dict[str, Any]
Function = Callable[..., Any]


@dataclass(frozen=True)
class DrawnCase:
    """One call that a check asks for: a few words on what is special about it, and the inputs by name."""

    title: str
    inputs: Inputs


Draw = Callable[[np.random.Generator], list[DrawnCase]]


@dataclass(frozen=True)
class Misconception:
    """A wrong version that learners write. It is a mutant to reject, a message to show, and a record of the mistake."""

    name: str
    message: str
    function: Function


@dataclass
class Check:
    """One graded function.

    Attributes
    ----------
    name : str
        The reference's module and function, as in ``check("rnn.step", step)``.
    reference : callable
        The tested function from ``solutions``; its name is the name that students define.
    draw : callable
        Challenge cases from a random generator; never the same twice.
    worked : callable
        The small cases that students see, drawn once from a fixed seed.
    axes : str
        The names of the result's axes, "" for a single number.
    points : float
        What a right answer earns; anything else earns nothing.
    section : str
        The label and title of the book's section to reread.
    earlier : tuple of str
        The functions of the same notebook that the reference calls.
    tolerance : float
        The largest error allowed, relative to the largest expected value.
    """

    name: str
    reference: Function
    draw: Draw
    worked: Draw
    axes: str
    points: float
    section: str
    earlier: tuple[str, ...] = ()
    tolerance: float = 1e-5
    misconceptions: list[Misconception] = field(default_factory=list)

    @property
    def function(self) -> str:
        return self.reference.__name__

    def misconception(self, message: str) -> Callable[[Function], Function]:
        """Declare a wrong version of the reference, named after the decorated function."""

        def declare(function: Function) -> Function:
            self.misconceptions.append(Misconception(function.__name__.replace("_", " "), message, function))
            return function

        return declare


@dataclass(frozen=True)
class Exercise:
    """A notebook's worth of checks, what its code may import, and the other right ways to write it."""

    slug: str
    title: str
    checks: tuple[Check, ...]
    packages: tuple[str, ...]
    alternatives: tuple[Path, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        return sum(check.points for check in self.checks)

    def check(self, name: str) -> Check:
        return next(check for check in self.checks if check.name == name)

    def check_of(self, function: str) -> Check | None:
        return next((check for check in self.checks if check.function == function), None)
