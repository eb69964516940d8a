"""Grading one submission: the core behind both doors."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from autograder import __name__ as package
from autograder.course import Course
from autograder.errors import UserError
from autograder.exercise import DrawnCase, Exercise
from autograder.exercise.cells import check_id, solution_id, train_id
from autograder.grading import challenge, follow_on, intake
from autograder.grading.executor import RunCell, Task, execute
from autograder.grading.judge import Submission, judge
from autograder.grading.matching import is_check
from autograder.grading.pages import graded_notebook
from autograder.grading.points import Graded
from autograder.grading.transcript import Transcript
from autograder.runner.calling import _
from autograder.sandbox.limits import Limits

RunTask = Callable[[Task], Transcript]

MATPLOTLIB = re.compile(r"^( *)import matplotlib\.pyplot as plt$", re.MULTILINE)


class NotTakenIn(UserError):
    """A submission that intake did not write, or that was changed since."""


@dataclass(frozen=True)
class Settings:
    """How to run submissions; without ``training``, cells that train a model are left out with their checks.

    Without ``pictures``, so are the cells after the last check, where students look at what they made, and the import of
    Matplotlib, which takes longer than most notebooks: every check still finds what it asks for.
    """

    limits: Limits = field(default_factory=Limits)
    protected: bool = True
    training: bool = True
    pictures: bool = True


def version_of(exercise: Exercise) -> str:
    """A digest of all that decides a grade besides the submission: if it changes, everyone is graded anew."""
    asked = [(check.name, check.points) for check in exercise.checks], exercise.follow_on
    digest = hashlib.sha256(repr(asked).encode())
    sources = {Path(inspect.getfile(inspect.unwrap(check.reference))) for check in exercise.checks}
    sources |= {path for path in decisive(exercise.folder) if path.is_file()}
    folder = Path(inspect.getfile(intake)).parents[1]
    sources |= {folder / "check.py", *(folder / "grading").glob("*.py"), *(folder / "runner").glob("*.py")}
    # By what they hold, not by where they lie: a course that was moved to another place is graded by the same checks.
    for content in sorted(hashlib.sha256(path.read_bytes()).digest() for path in sources):
        digest.update(content)
    return f"{package}-{digest.hexdigest()[:32]}"


def decisive(folder: Path) -> set[Path]:
    """Of an exercise's folder what decides a grade: its checks, what they read, and a reference of its own."""
    return {*folder.glob("*.py"), *folder.glob("checks/**/*.py"), *folder.glob("data/*")}


def run_cells(exercise: Exercise, notebook: Any) -> tuple[RunCell, ...]:
    """The cells to run: the student's source, and a question in place of each check cell."""
    checks = {check_id(check): check for check in exercise.checks}
    trains = {train_id(check.trained.variable) for check in exercise.checks if check.trained}
    cells = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        check = checks.get(cell.id)
        if check is not None:
            variable = check.trained.variable if check.trained else None
            cells.append(RunCell(cell.id, "", check.name, check.function, variable, check.earlier, check.tensors))
        elif cell.id in trains or not is_check(cell):
            cells.append(RunCell(cell.id, cell.source))
    return tuple(cell for cell in cells if cell.id in trains or not cell.id.startswith(train_id("")))


def own_cells(cells: tuple[RunCell, ...]) -> dict[str, str]:
    """The cells that the student added, and where each stands, in words."""
    found, after = {}, _("A cell of your own at the beginning")
    for cell in cells:
        if cell.function:
            after = _("A cell of your own after the check of {function}").format(function=cell.function)
        elif cell.id.startswith("added-"):
            found[cell.id] = after
    return found


def without_pictures(cells: tuple[RunCell, ...]) -> tuple[RunCell, ...]:
    """The cells up to the last check, without Matplotlib."""
    last = max((place for place, cell in enumerate(cells) if cell.check), default=-1)
    return tuple(replace(cell, source=MATPLOTLIB.sub(r"\1pass", cell.source)) for cell in cells[: last + 1])


def asked(exercise: Exercise, cases: dict[str, list[DrawnCase]]) -> dict[str, list[DrawnCase]]:
    """What the sandbox gets to know of the challenges: all but the data on which trained models are judged."""
    hidden = {check.name for check in exercise.checks if check.trained}
    return {name: [DrawnCase("", {})] if name in hidden else drawn for name, drawn in cases.items()}


def grade_submission(
    course: Course, exercise: Exercise, student: str, seed: bytes, settings: Settings, run: RunTask | None = None
) -> Graded:
    """Run and judge what intake wrote for one student; ``run`` says where, by default here.

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
    exercise = exercise if settings.training else exercise.without_training()
    notebook = nbformat.reads(data, as_version=4)
    about = notebook.metadata[intake.NOTEBOOK_KEY]
    cases = challenge.draw_all(exercise, seed, student, record["signature"])
    folder = intake.folder_of(course, student, exercise.slug)
    files = tuple((folder / name, name) for name in exercise.files if (folder / name).is_file())  # else it is malformed
    files += tuple((exercise.folder / name, name) for name in exercise.data)
    limits = replace(settings.limits, **exercise.limits)
    cells = run_cells(exercise, notebook)
    cells = cells if settings.pictures else without_pictures(cells)
    task = Task(exercise.packages, cells, asked(exercise, cases), limits, files, settings.protected)
    submission = Submission(
        check_cells={check.name: check_id(check) for check in exercise.checks},
        solution_cells={check.function: solution_id(check) for check in exercise.checks},
        unchanged=frozenset(about["unchanged"]),
        malformed=dict(about["malformed"]),
        own_cells=own_cells(cells),
    )
    transcript = (run or execute)(task)
    verdicts = judge(exercise, cases, submission, transcript)
    resting = follow_on.proved(exercise, task, cases, verdicts, run or execute)
    told = {name: follow_on.said_of(exercise, name, earlier) for name, earlier in resting.items()}
    verdicts = [follow_on.with_share(one, told.get(one.check)) for one in verdicts]
    return Graded(
        student, record["arrived"], record["signature"], tuple(about["notes"]), tuple(verdicts),
        graded_notebook(exercise, notebook, transcript, verdicts, told), frozenset(resting),
    )  # fmt: skip
