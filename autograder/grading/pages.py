"""What people read afterwards: the graded notebook, and the student's feedback page.

Both are made of the notebook that intake built, our verdicts, and plain text and PNG from the sandbox. A feedback page holds
no script and asks no other host for anything.
"""

from __future__ import annotations

import base64
import html
import multiprocessing
import re
import signal
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.pool import Pool
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

Maker = Callable[[Course, str, str, bytes], bytes]
TEMPLATES = Path(__file__).parents[1] / "templates"
# Highlighting takes time that grows faster than the source; longer code is shown plain.
LONGEST_HIGHLIGHTED, MOST_HIGHLIGHTED = 4096, 32 * 1024
PAGE_SECONDS, LARGEST_PAGE = 60.0, 16 << 20
# A line that begins code in Markdown and says in which language: what highlights it would take that language's rules.
NAMED_CODE = re.compile(r"^([^`~\n]*(?:`{3,}+(?=[^`\n]+$)|~{3,}+)).+$", re.MULTILINE)


def cell_outputs(output: CellOutput) -> list[Any]:
    """A cell's text and pictures as notebook outputs."""
    outputs = [new_output("stream", name="stdout", text=output.text)] if output.text else []
    for picture in output.pictures:
        data = {"image/png": base64.b64encode(picture).decode(), "text/plain": _("a figure")}
        metadata = {"image/png": {"alt": _("A figure that this cell drew")}}
        outputs.append(new_output("display_data", data, metadata=metadata))
    return outputs


def is_students(cell: Any) -> bool:
    """Whether a student wrote what stands in a cell."""
    return cell.id.startswith("added-") or bool(cell.metadata.get("nbgrader", {}).get("solution"))


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
        if cell.cell_type == "markdown" and is_students(cell):
            cell.source = NAMED_CODE.sub(r"\1", cell.source)
        if cell.cell_type == "code":
            highlighted += len(cell.source)
            too_long = len(cell.source) > LONGEST_HIGHLIGHTED or highlighted > MOST_HIGHLIGHTED
            other_language = cell.source.lstrip().startswith("%%")  # %%perl, say, asks for the rules of Perl
            cell.metadata["autograder"]["plain"] = too_long or other_language
            cell.outputs = cell_outputs(transcript.outputs.get(cell.id, CellOutput()))
            if cell.id in transcript.ended:
                told = how_it_ended(_("This cell"), transcript.ended[cell.id], transcript.limits.get(cell.id))
                cell.outputs.append(new_output("stream", name="stderr", text=f"{told}\n"))
            elif cell.id in transcript.waited:
                told = _("This cell took {seconds} seconds by the clock; only its processor time counts.")
                seconds = f"{transcript.waited[cell.id]:.0f}"
                cell.outputs.append(new_output("stream", name="stderr", text=f"{told.format(seconds=seconds)}\n"))
    return notebook_bytes(notebook)


def autograded_path(course: Course, slug: str, student: str) -> Path:
    return course.autograded / student / slug / f"{slug}.ipynb"


def feedback_path(course: Course, slug: str, student: str) -> Path:
    return course.feedback / student / slug / f"{slug}.html"


def write_pages(course: Course, slug: str, student: str, notebook: bytes, make: Maker | None = None) -> None:
    """Write the graded notebook where nbgrader keeps it, and the feedback page made of it."""
    write_atomically(autograded_path(course, slug, student), notebook)
    write_atomically(feedback_path(course, slug, student), (make or feedback_page)(course, slug, student, notebook))


class PageMaker:
    """Makes feedback pages in a process of its own and under a clock; what takes too long, or is too large, is made plain."""

    def __init__(self, seconds: float = PAGE_SECONDS, make: Maker | None = None) -> None:
        self.seconds, self.make = seconds, make or feedback_page
        self.worker: Pool | None = None

    def __enter__(self) -> PageMaker:
        return self

    def __exit__(self, *_about: object) -> None:
        self.stop()

    def __call__(self, course: Course, slug: str, student: str, notebook: bytes) -> bytes:
        if self.worker is None:
            # No thread of ours runs any more, and the worker uses none of the libraries'.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self.worker = multiprocessing.get_context("fork").Pool(1, ignore_interrupt)
        try:
            page = self.worker.apply_async(made, (self.make, str(course.root), slug, student, notebook)).get(
                self.seconds
            )
        except multiprocessing.TimeoutError:
            self.stop()
            return plain_page(slug, student, notebook)
        return page if len(page) <= LARGEST_PAGE else plain_page(slug, student, notebook)

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.terminate()
            self.worker.join()
        self.worker = None


def ignore_interrupt() -> None:
    """Ctrl-C ends the grader, which ends its worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def made(make: Maker, root: str, slug: str, student: str, notebook: bytes) -> bytes:
    """A page, made in the worker."""
    return make(Course(Path(root)), slug, student, notebook)


def plain_page(slug: str, student: str, notebook: bytes) -> bytes:
    """A page with the verdicts alone."""
    cells = nbformat.reads(notebook, as_version=4).cells
    verdicts = [cell.metadata["autograder"] for cell in cells if cell.metadata.get("autograder", {}).get("check")]
    lines = [
        _("Feedback for {student}").format(student=student),
        _("The page that shows your notebook could not be made: it would be too large, or take too long."),
    ]
    lines += ["\n".join([f"{one['check']}: {_(one['status'])}", one["message"], one["read"]]) for one in verdicts]
    body = "\n".join(f"<pre>{html.escape(line.strip())}</pre>" for line in lines)
    head = f'<meta charset="utf-8"><title>{html.escape(slug)}</title><style>pre {{ white-space: pre-wrap }}</style>'
    return f'<!DOCTYPE html>\n<html lang="{_("en")}"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'.encode()


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
