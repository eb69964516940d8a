"""From an exercise's text to nbgrader's source notebook, which holds the solutions between marks."""

import importlib
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.errors import UserError
from autograder.exercise.cells import check_id, question_id, solution_id, train_id
from autograder.exercise.declaration import Check, Exercise
from autograder.exercise.discovery import package_of
from autograder.exercise.first_cell import guarded
from autograder.exercise.stub import take_apart
from autograder.runner.calling import _

TABLE = "{{ points }}"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class AuthoringError(UserError):
    """An exercise's text does not fit its checks."""


def graded_metadata(grade_id: str, points: float | None) -> dict[str, Any]:
    """nbgrader's metadata: of a check with points, else of a cell to fill in."""
    metadata = {
        "grade": points is not None, "solution": points is None, "locked": points is not None,
        "task": False, "grade_id": grade_id, "schema_version": 3,
    }  # fmt: skip
    return metadata if points is None else metadata | {"points": float(points)}


def question_cell(cell: Any, exercise: Exercise) -> Any:
    """A cell to answer in words; in the source it holds the rubric, which nbgrader takes out for students."""
    name = cell.metadata["question"]
    question = next((one for one in exercise.questions if one.name == name), None)
    if question is None:
        raise AuthoringError(f"{exercise.slug}.md asks the question {name}, which {exercise.slug} does not declare.")
    metadata = graded_metadata(question_id(question), question.points) | {"solution": True, "locked": False}
    return new_markdown_cell(cell.source, id=question_id(question), metadata={"nbgrader": metadata})


def given_cell(name: str, number: int, exercise: Exercise) -> Any:
    """A function that students are given: ``package.module.name``, or ``.module.name`` of the exercise's own folder."""
    module, _dot, function = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module, package_of(exercise.folder)), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise AuthoringError(f"{exercise.slug}.md gives students {name}, but there is no such function.") from error
    return new_code_cell(take_apart(found).solved, id=f"given-{number:02d}")


def points_table(exercise: Exercise) -> str:
    """What is asked for and what it earns, as Markdown."""
    rows = [(_("what you write"), _("what it does"), _("points")), ("---", "---", "---")]
    rows += [(f"`{check.function}`", _(check.task), f"{check.points:g}") for check in exercise.checks]
    rows += [(_("a question"), _(one.title), f"{one.points:g}") for one in exercise.questions]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def function_cell(exercise: Exercise, check: Check, solve: bool, number: int) -> Any:
    """The cell to write a function in, or to check it; what a course does not ask for is given, and not checked."""
    function = take_apart(check.reference, check.rename)
    if check in exercise.left_out:
        comment = "# " + _("This function is given in this course: there is nothing to write here.")
        return new_code_cell(f"{comment}\n{function.solved}", id=f"given-{number:02d}") if solve else None
    if solve:
        about = graded_metadata(solution_id(check), None)
        return new_code_cell(function.marked, id=solution_id(check), metadata={"nbgrader": about})
    what = check.trained.variable if check.trained else check.function
    about = graded_metadata(check_id(check), check.points)
    return new_code_cell(f'check("{check.name}", {what})', id=check_id(check), metadata={"nbgrader": about})


def build_cell(cell: Any, number: int, exercise: Exercise) -> Any:
    """One cell of the text: a function to solve, a check, a question, code to run or to be given, or prose; perhaps none."""
    if cell.cell_type == "markdown":
        if "question" in cell.metadata:
            return question_cell(cell, exercise)
        return new_markdown_cell(cell.source.replace(TABLE, points_table(exercise)), id=f"text-{number:02d}")
    if "given" in cell.metadata:
        return given_cell(cell.metadata["given"], number, exercise)
    if "train" in cell.metadata:
        return new_code_cell(cell.source, id=train_id(cell.metadata["train"]))
    wanted = cell.metadata.get("solve") or cell.metadata.get("check")
    if wanted is None:
        return new_code_cell(guarded(cell.source, exercise.slug, exercise.packages), id=f"code-{number:02d}")
    check = next((one for one in (*exercise.checks, *exercise.left_out) if one.name == wanted), None)
    if check is None:
        raise AuthoringError(f"{exercise.slug}.md names the check {wanted}, which {exercise.slug} does not declare.")
    return function_cell(exercise, check, "solve" in cell.metadata, number)


def source_notebook(exercise: Exercise, text: Path) -> Any:
    """nbgrader's source notebook; raises AuthoringError if the text names an unknown check, or leaves one out."""
    read = jupytext.reads(text.read_text(encoding="utf-8"), fmt="md:myst")
    built = (build_cell(cell, number, exercise) for number, cell in enumerate(read.cells, start=1))
    cells = [cell for cell in built if cell is not None]
    found = {cell.id for cell in cells}
    needed_cells = [made(check) for check in exercise.checks for made in (solution_id, check_id)]
    needed_cells += [train_id(check.trained.variable) for check in exercise.checks if check.trained]
    needed_cells += [question_id(question) for question in exercise.questions]
    for needed in needed_cells:
        if needed not in found:
            raise AuthoringError(
                f"{text.name} has no cell {needed}; every check needs one to solve and one to check, every trained model "
                "one that trains it, and every question one for the answer."
            )
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return notebook
