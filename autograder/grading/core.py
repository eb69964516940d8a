"""Grading one submission: the core behind both doors."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder import __name__ as package
from autograder.cells import check_id, solution_id
from autograder.checks import Exercise
from autograder.course import Course
from autograder.errors import UserError
from autograder.grading import challenge, intake
from autograder.grading.executor import RunCell, Task, execute
from autograder.grading.gradebook import Graded
from autograder.grading.judge import Submission, judge
from autograder.grading.pages import graded_notebook
from autograder.sandbox.limits import Limits


class NotTakenIn(UserError):
    """A submission that intake did not write, or that was changed since."""


@dataclass(frozen=True)
class Settings:
    """How to run submissions."""

    limits: Limits = field(default_factory=Limits)
    protected: bool = True


def version_of(exercise: Exercise) -> str:
    """A digest of all that decides a grade besides the submission: if it changes, everyone is graded anew."""
    digest = hashlib.sha256()
    sources = {Path(inspect.getfile(inspect.unwrap(check.reference))) for check in exercise.checks}
    sources |= {Path(inspect.getfile(check.draw)) for check in exercise.checks}
    folder = Path(inspect.getfile(intake)).parents[1]
    sources |= {folder / "check.py", *(folder / "grading").glob("*.py"), *(folder / "runner").glob("*.py")}
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return f"{package}-{digest.hexdigest()[:32]}"


def run_cells(exercise: Exercise, notebook: Any) -> tuple[RunCell, ...]:
    """The cells to run: the student's source, and a question in place of each check cell."""
    checks = {check_id(check): check for check in exercise.checks}
    cells = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        check = checks.get(cell.id)
        if check is None:
            cells.append(RunCell(cell.id, cell.source))
        else:
            cells.append(RunCell(cell.id, check=check.name, function=check.function, earlier=check.earlier))
    return tuple(cells)


def grade_submission(course: Course, exercise: Exercise, student: str, seed: bytes, settings: Settings) -> Graded:
    """Run and judge what intake wrote for one student.

    Raises
    ------
    NotTakenIn
        If intake did not write it, or it was changed since.
    SandboxUnavailable
        If no sandbox starts here.
    """
    data = intake.confirmed(course, student, exercise.slug)
    record = intake.read_record(course, student, exercise.slug)
    if data is None or record is None:
        raise NotTakenIn(
            f"submitted/{student}/{exercise.slug} was not written by intake, or was changed since; put hand-ins into "
            "inbox/ and run 'autograder intake'."
        )
    notebook = nbformat.reads(data, as_version=4)
    about = notebook.metadata[intake.NOTEBOOK_KEY]
    cases = challenge.draw_all(exercise, seed, student)
    folder = intake.folder_of(course, student, exercise.slug)
    files = tuple((folder / name, name) for name in exercise.files)
    task = Task(exercise, run_cells(exercise, notebook), cases, settings.limits, files, settings.protected)
    submission = Submission(
        check_cells={check.name: check_id(check) for check in exercise.checks},
        solution_cells={check.function: solution_id(check) for check in exercise.checks},
        unchanged=frozenset(about["unchanged"]),
        malformed=dict(about["malformed"]),
    )
    transcript = execute(task)
    verdicts = judge(exercise, cases, submission, transcript)
    return Graded(
        student, record["arrived"], record["signature"], tuple(about["notes"]), tuple(verdicts),
        graded_notebook(exercise, notebook, transcript, verdicts),
    )  # fmt: skip
