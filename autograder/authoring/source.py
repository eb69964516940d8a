"""From an exercise's text to nbgrader's source notebook, which holds the solutions between marks."""

from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.authoring.stub import take_apart
from autograder.cells import check_id, solution_id
from autograder.checks import Check, Exercise
from autograder.errors import UserError

SCHEMA = 3
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class AuthoringError(UserError):
    """An exercise's text does not fit its checks."""


def graded_metadata(grade_id: str, points: float | None) -> dict[str, Any]:
    """nbgrader's metadata: of a check with points, else of a cell to fill in."""
    metadata = {
        "grade": points is not None, "solution": points is None, "locked": points is not None,
        "task": False, "grade_id": grade_id, "schema_version": SCHEMA,
    }  # fmt: skip
    return metadata if points is None else metadata | {"points": float(points)}


def solution_cell(check: Check) -> Any:
    cell = new_code_cell(take_apart(check.reference).marked, id=solution_id(check))
    cell.metadata["nbgrader"] = graded_metadata(solution_id(check), None)
    return cell


def check_cell(check: Check) -> Any:
    cell = new_code_cell(f'check("{check.name}", {check.function})', id=check_id(check))
    cell.metadata["nbgrader"] = graded_metadata(check_id(check), check.points)
    return cell


def build_cell(cell: Any, number: int, exercise: Exercise) -> Any:
    """One cell of the text: a function to solve, a check, code to run, or prose."""
    if cell.cell_type == "markdown":
        return new_markdown_cell(cell.source, id=f"text-{number:02d}")
    wanted = cell.metadata.get("solve") or cell.metadata.get("check")
    if wanted is None:
        return new_code_cell(cell.source, id=f"code-{number:02d}")
    if wanted not in {check.name for check in exercise.checks}:
        raise AuthoringError(f"{exercise.slug}.md names the check {wanted}, which {exercise.slug} does not declare.")
    check = exercise.check(wanted)
    return solution_cell(check) if "solve" in cell.metadata else check_cell(check)


def source_notebook(exercise: Exercise, text: Path) -> Any:
    """nbgrader's source notebook.

    Raises
    ------
    AuthoringError
        If the text names an unknown check, or leaves one out.
    """
    read = jupytext.reads(text.read_text(encoding="utf-8"), fmt="md:myst")
    cells = [build_cell(cell, number, exercise) for number, cell in enumerate(read.cells, start=1)]
    found = {cell.id for cell in cells}
    for check in exercise.checks:
        for needed in (solution_id(check), check_id(check)):
            if needed not in found:
                raise AuthoringError(
                    f"{text.name} has no cell {needed}; every check needs one to solve and one to check."
                )
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return notebook
