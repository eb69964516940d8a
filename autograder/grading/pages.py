"""What people read afterwards: the graded notebook, and the student's feedback page.

Both are made of the notebook that intake built, our verdicts, and plain text and PNG from the sandbox. A feedback page holds
no script and asks no other host for anything.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output

from autograder.check import Verdict
from autograder.course import Course, write_atomically
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, notebook_bytes
from autograder.grading.judge import how_it_ended
from autograder.grading.transcript import CellOutput, Transcript
from autograder.runner.calling import _

TEMPLATES = Path(__file__).parents[1] / "templates"
# Highlighting takes time that grows faster than the source; longer code is shown plain.
LONGEST_HIGHLIGHTED, MOST_HIGHLIGHTED = 4096, 32 * 1024


def cell_outputs(output: CellOutput) -> list[Any]:
    """A cell's text and pictures as notebook outputs."""
    outputs = [new_output("stream", name="stdout", text=output.text)] if output.text else []
    for picture in output.pictures:
        data = {"image/png": base64.b64encode(picture).decode(), "text/plain": _("a figure")}
        metadata = {"image/png": {"alt": _("A figure that this cell drew")}}
        outputs.append(new_output("display_data", data, metadata=metadata))
    return outputs


def graded_notebook(exercise: Exercise, built: Any, transcript: Transcript, verdicts: Sequence[Verdict]) -> bytes:
    """Intake's notebook with outputs and verdicts in it."""
    notebook = nbformat.from_dict(built)
    by_cell = {check_id(exercise.check(verdict.check)): verdict for verdict in verdicts}
    highlighted = 0
    for cell in notebook.cells:
        verdict = by_cell.get(cell.id)
        if verdict is not None:  # what the sandbox printed here could pass for a verdict
            cell.metadata["autograder"] = {
                "check": verdict.check, "status": verdict.status, "message": verdict.message, "read": verdict.read,
            }  # fmt: skip
            data = {"text/plain": str(verdict), "text/html": verdict._repr_html_()}
            cell.outputs = [new_output("display_data", data)]
            continue
        cell.metadata["autograder"] = {"student": cell.id.startswith("added-")}
        if cell.cell_type == "code":
            highlighted += len(cell.source)
            plain = len(cell.source) > LONGEST_HIGHLIGHTED or highlighted > MOST_HIGHLIGHTED
            cell.metadata["autograder"]["plain"] = plain
            cell.outputs = cell_outputs(transcript.outputs.get(cell.id, CellOutput()))
            if cell.id in transcript.ended:
                told = how_it_ended(_("This cell"), transcript.ended[cell.id], transcript.limits.get(cell.id))
                cell.outputs.append(new_output("stream", name="stderr", text=f"{told}\n"))
    return notebook_bytes(notebook)


def autograded_path(course: Course, slug: str, student: str) -> Path:
    return course.autograded / student / slug / f"{slug}.ipynb"


def feedback_path(course: Course, slug: str, student: str) -> Path:
    return course.feedback / student / slug / f"{slug}.html"


def write_pages(course: Course, slug: str, student: str, notebook: bytes) -> None:
    """Write the graded notebook where nbgrader keeps it, and the feedback page made of it."""
    write_atomically(autograded_path(course, slug, student), notebook)
    write_atomically(feedback_path(course, slug, student), feedback_page(course, slug, student, notebook))


def feedback_page(course: Course, slug: str, student: str, notebook: bytes) -> bytes:
    """nbgrader's feedback page in the course's template, with scores and comments from the gradebook."""
    from nbconvert.exporters import HTMLExporter
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    config = course.config.copy()
    converter = GenerateFeedback(coursedir=CourseDirectory(config=config, root=str(course.root)), config=config)
    exporter = HTMLExporter(parent=converter, config=converter.config)
    for preprocessor in converter.preprocessors:
        exporter.register_preprocessor(preprocessor, enabled=True)
    resources = {
        "unique_key": slug,
        "nbgrader": {"student": student, "assignment": slug, "notebook": slug, "db_url": course.db_url},
    }
    page, _resources = exporter.from_notebook_node(nbformat.reads(notebook, as_version=4), resources=resources)
    return str(page).encode()
