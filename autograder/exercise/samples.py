"""A sample class: submissions to try the grader on, each with how it is made and the grade that it must get.

An exercise that has one names its module in ``samples``; the module holds SAMPLES.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.exercise.cells import notebook_bytes, solution_id
from autograder.exercise.declaration import Exercise
from autograder.exercise.discovery import part_of
from autograder.exercise.notebooks import fill_in, reference_sources, set_source


@dataclass
class Desk:
    """What a sample is made with: the exercise, its released notebook, and the folder to hand in."""

    exercise: Exercise
    released: Any
    folder: Path

    def solved(self, **changed: str) -> Any:
        """The answer key, with some functions replaced."""
        return fill_in(self.exercise, self.released, reference_sources(self.exercise) | changed)

    def blank(self) -> Any:
        return fill_in(self.exercise, self.released, {})

    def with_first_cell(self, notebook: Any, source: str) -> Any:
        """The notebook with the first cell to fill in begun by other source."""
        cell_id = solution_id(self.exercise.checks[0])
        original = next(cell.source for cell in notebook.cells if cell.id == cell_id)
        set_source(notebook, cell_id, f"{source}\n\n\n{original}")
        return notebook

    def hand_in(self, notebook: Any) -> None:
        (self.folder / f"{self.exercise.slug}.ipynb").write_bytes(notebook_bytes(notebook))


@dataclass(frozen=True)
class Sample:
    """A submission with its stated outcome: the status of each function's check, ``default`` where none is named."""

    student: str
    what: str
    make: Callable[[Desk], None]
    default: str
    statuses: dict[str, str] = field(default_factory=dict)
    cheat: bool = False

    def status(self, function: str) -> str:
        return self.statuses.get(function, self.default)

    def points(self, exercise: Exercise) -> float:
        """What it must earn: the points of the checks that are right."""
        return sum(check.points for check in exercise.checks if self.status(check.function) == "right")


def samples_of(exercise: Exercise) -> tuple[Sample, ...]:
    """The sample class of an exercise; empty where it has none."""
    return tuple(part_of(exercise, exercise.samples).SAMPLES) if exercise.samples else ()


def write_samples(samples: Iterable[Sample], exercise: Exercise, released: Path, inbox: Path) -> None:
    """Hand in samples, made from the released notebook; what lay in their folders before goes."""
    for sample in samples:
        folder = inbox / sample.student / exercise.slug
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        sample.make(Desk(exercise, nbformat.read(released, as_version=4), folder))
