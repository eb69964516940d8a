"""What people read afterwards: the graded notebook, and the student's feedback page.

Both are made of the notebook that intake built, our verdicts, and plain text and PNG from the sandbox. A feedback page holds
no script and asks no other host for anything.
"""

from __future__ import annotations

import base64
import ctypes
import html
import multiprocessing
import os
import re
import signal
import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import nbformat
from nbformat.v4 import new_markdown_cell, new_output

from autograder.check import Verdict
from autograder.course import Course, write_atomically
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, notebook_bytes
from autograder.grading.judge import how_it_ended
from autograder.grading.marks import Marks, how_long, number
from autograder.grading.transcript import CellOutput, Transcript
from autograder.runner.calling import SENTENCES, _

if TYPE_CHECKING:
    from autograder.grading.gradebook import GradeWriter
    from autograder.grading.quick_pages import QuickPages

Maker = Callable[[Course, str, str, bytes, "Marks"], bytes]
# Highlighting takes time that grows faster than the source; longer code is shown plain.
LONGEST_HIGHLIGHTED, MOST_HIGHLIGHTED = 4096, 32 * 1024
PAGE_SECONDS, LARGEST_PAGE = 60.0, 16 << 20
MOST_WAITING, MOST_UNMARKED, MOST_TRIES = 4, 32, 2
DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG
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


def hint_of(exercise: Exercise, verdict: Verdict) -> str:
    """What is said of the known mistake that was made; "" where none is known."""
    known = {one.name: _(one.message) for one in exercise.check(verdict.check).misconceptions}
    return known.get(verdict.mistake or "", "")


def graded_notebook(
    exercise: Exercise,
    built: Any,
    transcript: Transcript,
    verdicts: Sequence[Verdict],
    hints: Mapping[str, str] | None = None,
) -> bytes:
    """Intake's notebook with outputs and verdicts in it; ``hints`` are what to say first of some checks."""
    notebook = nbformat.from_dict(built)
    by_cell = {check_id(exercise.check(verdict.check)): verdict for verdict in verdicts}
    highlighted = 0
    for cell in notebook.cells:
        verdict = by_cell.get(cell.id)
        if verdict is not None:  # what the sandbox printed here could pass for a verdict
            cell.metadata["autograder"] = {
                "check": verdict.check, "status": verdict.status, "message": verdict.message, "read": verdict.read,
                "section": exercise.check(verdict.check).section,
                "hint": (hints or {}).get(verdict.check) or hint_of(exercise, verdict),
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


def are_there(course: Course, slug: str, student: str) -> bool:
    """Whether a student's graded notebook and feedback page lie where they belong."""
    return all(find(course, slug, student).is_file() for find in (autograded_path, feedback_path))


def with_rubrics(course: Course, slug: str, notebook: bytes) -> bytes:
    """A graded notebook as formgrader shows it: above each answer in words the rubric, which stands in the source notebook.

    The cell is marked, so that no feedback page shows it.
    """
    source = course.root / "source" / slug / f"{slug}.ipynb"
    rubrics = rubrics_of(source, source.stat().st_mtime_ns) if source.is_file() else {}
    content = nbformat.reads(notebook, as_version=4) if rubrics else None
    if content is None:
        return notebook
    title = _("Rubric, which students do not see")
    cells: list[Any] = []
    for cell in content.cells:
        if cell.id in rubrics:
            text = f"**{title}**\n\n{rubrics[cell.id]}"
            cells.append(new_markdown_cell(text, id=f"rubric-{len(cells)}", metadata={"autograder": {"rubric": True}}))
        cells.append(cell)
    content.cells = cells
    return notebook_bytes(content)


@lru_cache(8)
def rubrics_of(source: Path, written: int) -> dict[str, str]:
    """What the source notebook, as it was written then, holds in the cells that are answered in words, by their names."""
    cells = nbformat.read(source, as_version=4).cells
    about = ((cell, cell.metadata.get("nbgrader", {})) for cell in cells if cell.cell_type == "markdown")
    return {cell.id: cell.source for cell, its in about if its.get("grade") and its.get("solution")}


def is_rubric(cell: Any) -> bool:
    """Whether a cell is for graders alone."""
    return bool(cell.metadata.get("autograder", {}).get("rubric"))


def write_pages(course: Course, slug: str, student: str, notebook: bytes, page: bytes) -> None:
    """Write the graded notebook where nbgrader keeps it, and the feedback page made of it."""
    write_atomically(autograded_path(course, slug, student), with_rubrics(course, slug, notebook))
    write_atomically(feedback_path(course, slug, student), page)


class PageLost(Exception):
    """The process that made a page has ended."""


class PageMaker:
    """Makes feedback pages, one at a time, in a process of its own and under a clock.

    What takes too long, is too large, or ends the process each time is made plain.
    """

    def __init__(self, seconds: float = PAGE_SECONDS, make: Maker | None = None) -> None:
        self.seconds, self.make = seconds, make or quick_page
        self.worker: BaseProcess | None = None
        self.pipe: Connection | None = None
        self.begun_before = False

    def __enter__(self) -> PageMaker:
        return self

    def __exit__(self, *_about: object) -> None:
        self.stop()

    def start(self) -> Connection:
        """The pipe to the process, which is started where it does not run yet.

        The first one is a fork, which has what is loaded already, made before a sandbox runs. A later one would have the
        locks of their threads without the threads: it is begun anew, and told in which language to speak.
        """
        if self.pipe is None:
            context: Any = multiprocessing.get_context("spawn" if self.begun_before else "fork")
            self.pipe, theirs = context.Pipe()
            graders_end = None if self.begun_before else self.pipe
            about, self.begun_before = (theirs, graders_end, os.getpid(), self.make, dict(SENTENCES)), True
            self.worker = context.Process(target=make_pages, args=about, daemon=True)
            with theirs, warnings.catch_warnings():
                # Some libraries keep threads that Python does not know of; the process uses none of them.
                warnings.simplefilter("ignore", DeprecationWarning)
                self.worker.start()
        return self.pipe

    def begin(self, course: Course, slug: str, student: str, notebook: bytes, marks: Marks) -> None:
        """Have a page made. Raises PageLost if the process has ended."""
        try:
            self.start().send((str(course.root), slug, student, notebook, marks))
        except OSError as error:
            raise self.lost() from error

    def ready(self, seconds: float = 0.0) -> bool:
        """Whether the page is there to be taken, or something to be said of it, within so many seconds."""
        return self.start().poll(seconds)

    def end(self, slug: str, student: str, notebook: bytes) -> bytes:
        """The page that was begun. Raises PageLost if the process has ended, and what making it raised."""
        if not self.ready(self.seconds):
            self.stop()
            return plain_page(slug, student, notebook)
        try:
            page = self.start().recv()
        except (EOFError, OSError) as error:
            raise self.lost() from error
        if isinstance(page, Exception):
            raise page
        return page if len(page) <= LARGEST_PAGE else plain_page(slug, student, notebook)

    def __call__(self, course: Course, slug: str, student: str, notebook: bytes, marks: Marks) -> bytes:
        for _try in range(MOST_TRIES):
            with suppress(PageLost):
                self.begin(course, slug, student, notebook, marks)
                return self.end(slug, student, notebook)
        return plain_page(slug, student, notebook)

    def lost(self) -> PageLost:
        self.stop()
        return PageLost()

    def stop(self) -> None:
        if self.worker is not None and self.pipe is not None:
            self.worker.kill()
            self.worker.join()
            self.pipe.close()
        self.worker = self.pipe = None


class PageWriter:
    """Writes pages, those of some students while others are graded; nobody waits for them, and what is left comes last."""

    def __init__(self, course: Course, slug: str, writer: GradeWriter, maker: PageMaker) -> None:
        self.course, self.slug, self.writer, self.maker = course, slug, writer, maker
        self.waiting: deque[tuple[str, bytes]] = deque()
        self.begun: tuple[str, bytes, Marks] | None = None
        self.written: dict[str, Marks] = {}

    def begin(self, student: str, notebook: bytes) -> None:
        """Have a page made beside, unless enough wait already. What fails here is tried again at the end, and told there."""
        if len(self.waiting) < MOST_WAITING:
            self.waiting.append((student, notebook))
        self.go_on()

    def go_on(self) -> None:
        """Write the page that is made, and have the next one made."""
        with suppress(Exception):
            if self.begun is not None and self.maker.ready():
                (student, notebook, marks), self.begun = self.begun, None
                self.write(student, notebook, marks, self.maker.end(self.slug, student, notebook))
        with suppress(Exception):
            if self.begun is None and self.waiting:
                student, notebook = self.waiting.popleft()
                marks = self.writer.marks(self.slug, student)
                self.maker.begin(self.course, self.slug, student, notebook, marks)
                self.begun = student, notebook, marks

    def wait(self) -> None:
        """Write what is being made, as far as it comes in time."""
        while self.begun is not None or self.waiting:
            if self.begun is not None and not self.maker.ready(self.maker.seconds):
                self.maker.stop()
                self.begun = None
            self.go_on()
        self.mark()

    def make(self, student: str) -> None:
        """Make and write a page now."""
        notebook = self.writer.notebook(self.slug, student)
        marks = self.writer.marks(self.slug, student)
        self.write(student, notebook, marks, self.maker(self.course, self.slug, student, notebook, marks))

    def write(self, student: str, notebook: bytes, marks: Marks, page: bytes) -> None:
        write_pages(self.course, self.slug, student, notebook, page)
        self.written[student] = marks
        if len(self.written) == MOST_UNMARKED:
            self.mark()

    def mark(self) -> None:
        """Enter whose pages are written, and what they show; those of whom it is not said are written again."""
        if self.written:
            self.writer.pages_are_written(self.slug, self.written)
        self.written = {}


def settle_in(grader: int) -> None:
    """Ctrl-C ends the grader, which ends its worker; so does whatever else ends the grader."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != grader:
        os._exit(1)


def make_pages(
    pipe: Connection, graders_end: Connection | None, grader: int, make: Maker, sentences: dict[str, str]
) -> None:
    """In the worker: make the pages that are asked for; what making one raises is the grader's to tell."""
    settle_in(grader)
    SENTENCES.update(sentences)
    if graders_end is not None:
        graders_end.close()
    while True:
        try:
            root, *about = pipe.recv()
        except EOFError:
            return
        try:
            page: bytes | Exception = make(Course(Path(root)), *about)
        except Exception as error:
            page = error
        pipe.send(page)


def quick_page(course: Course, slug: str, student: str, notebook: bytes, marks: Marks) -> bytes:
    """A page, made with what is left of the pages that this process made before."""
    return pages_of(course.root).page(slug, student, notebook, marks)


@lru_cache(1)
def pages_of(root: Path) -> QuickPages:
    from autograder.grading.quick_pages import QuickPages

    return QuickPages(Course(root))


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


FIRST = re.compile(r".+?[.!?](?=\s+[^\W\d_a-z]|\s*$)|.+")
LONGEST_FIRST = 240  # letters


def first_sentence(message: str) -> str:
    """The first sentence of a message, without the name of the challenge; what is too long is cut."""
    line = next((line.strip() for line in message.splitlines() if line.strip()), "")
    found = FIRST.match(re.sub(r"\s*\([^()]*: [^()]*\)$", "", line))
    sentence = found[0] if found else ""
    return sentence if len(sentence) <= LONGEST_FIRST else f"{sentence[: LONGEST_FIRST - 1]}…"


# The classes that the page's style sheet colours; all others only make it longer.
UNSTYLED = re.compile(r'<span class="(?!(?:k|kn|kc|ow|s1|s2|sd|sa|c1)")\w*">([^<]*)</span>|<span></span>')


def lighter(code: str) -> str:
    """Marked-up code without the marks that show nothing, which are a third of a page."""
    return UNSTYLED.sub(lambda found: found[1] or "", code)


def section_title(section: str) -> str:
    """What the book calls the section that a check is about, which it gives as "label: title"."""
    return section.partition(": ")[2]


def section_address(book: str, section: str) -> str:
    """Where a published book has a section; "" where the course names no book, or the check no section.

    A label leads to the page that the book keeps for it (``section/label.html``), a label with a page's name in it, such as
    ``chapter.html#label``, to that page.
    """
    label = section.partition(": ")[0] if section_title(section) else ""
    if not (book and label):
        return ""
    place = label if ".html" in label else f"section/{label}.html"
    return f"{book.rstrip('/')}/{quote(place, safe='/#')}"


def shown_besides(course: Course, marks: Marks) -> dict[str, Any]:
    """What the template of the feedback page knows besides the notebook: the marks, and how things are said."""
    return {
        "_": _, "marks": marks, "number": number, "how_long": how_long, "first_sentence": first_sentence,
        "lighter": lighter, "section_title": section_title, "book": course.settings.book,
        "section_address": partial(section_address, course.settings.book),
    }  # fmt: skip


def enter_beside(cell: Any, marks: Marks) -> None:
    """Write into a graded cell whether it waits for somebody, and what the judge gave where a person changed it."""
    about = cell.metadata.get("nbgrader") or {}
    if about.get("grade") and about["grade_id"] in marks.waiting:
        about["waiting"] = True
    if about.get("grade") and about["grade_id"] in marks.judged:
        about["judged"] = marks.judged[about["grade_id"]]


def feedback_exporter(course: Course, kind: Any) -> Any:
    """nbgrader's exporter of feedback pages, as the course's settings have it."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    config = course.config.copy()
    converter = GenerateFeedback(coursedir=CourseDirectory(config=config, root=str(course.root)), config=config)
    exporter = kind(parent=converter, config=converter.config)
    for preprocessor in converter.preprocessors:
        exporter.register_preprocessor(preprocessor, enabled=True)
    return exporter


def feedback_page(course: Course, slug: str, student: str, notebook: bytes) -> bytes:
    """nbgrader's feedback page in the course's template, with scores and comments from the gradebook."""
    from nbconvert.exporters import HTMLExporter

    resources = {
        "unique_key": slug,
        "nbgrader": {"student": student, "assignment": slug, "notebook": slug, "db_url": course.db_url},
    }
    content = nbformat.reads(notebook, as_version=4)
    page, _resources = feedback_exporter(course, HTMLExporter).from_notebook_node(content, resources=resources)
    return str(page).encode()
