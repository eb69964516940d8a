"""Attacks that aim at the grader rather than at points: each costs at most its own student, within its bounds."""

import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading import class_run
from autograder.grading.class_run import grade_class
from autograder.grading.gradebook import GradeWriter
from autograder.grading.pages import autograded_path, feedback_path
from autograder.grading.picture import is_small_png
from autograder.grading.transcript import MOST_PICTURE_BYTES

pytestmark = [pytest.mark.xdist_group("hostile"), pytest.mark.usefixtures("each_way")]
MEGABYTE = 1 << 20

SEND = """
import json, os, struct

def send(header, block=b""):
    text = json.dumps(header).encode()
    data = struct.pack("<II", len(text), len(block)) + text + block
    for descriptor in range(3, 16):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        while data:
            data = data[os.write(descriptor, data):]
        return
"""
FORGED_SHAPE = (
    SEND
    + """
header = json.dumps({"a": {"dtype": "F64", "shape": SHAPE, "data_offsets": [0, 0]}}).encode()
block = struct.pack("<Q", len(header)) + header
send({"kind": "answer", "check": "rnn.step", "missing": False, "cases": [{}, {}, {}, {}]}, block)
send({"kind": "calls", "check": "rnn.forward"}, block)
"""
)
# Each such cell sends pictures and ends the process, so that the notebook is run again without it.
FALSE_PICTURES = (
    SEND
    + """
png = b"\\x89PNG\\r\\n\\x1a\\n" + struct.pack(">I4sII", 13, b"IHDR", 8, 8) + bytes(1900000) + b"IEND\\xaeB`\\x82"
for _ in range(8):
    send({"kind": "png", "cell": "CELL"}, png)
os._exit(0)
"""
)


def hand_in(course: Course, exercise: Exercise, student: str, *added, sources: dict[str, str] | None = None) -> None:
    """The answer key, but for these ``sources``, with cells of the student's own before the first function."""
    released = nbformat.read(course.released(exercise.slug), as_version=4)
    notebook = fill_in(exercise, released, reference_sources(exercise) | (sources or {}))
    notebook.cells[3:3] = added
    path = course.inbox / student / exercise.slug / f"{exercise.slug}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(notebook_bytes(notebook))


def points(result: class_run.ClassResult) -> dict[str, float]:
    return {row.student: row.points for row in result.rows}


@pytest.mark.parametrize("shape", ["[0, 1 << 63]", "[1 << 62, 0]", "[0, 1 << 62, 1 << 62]"])
def test_a_forged_shape_costs_its_own_check_and_holds_up_nobody(course: Course, exercise: Exercise, shape: str) -> None:
    hand_in(course, exercise, "forger", new_code_cell(FORGED_SHAPE.replace("SHAPE", shape), id="forged"))
    hand_in(course, exercise, "honest")
    result = grade_class(course, exercise)
    assert result.failed == {}
    assert points(result) == {"forger": 9.0, "honest": 12.0}


def test_pictures_are_bounded_over_all_reruns(course: Course, exercise: Exercise) -> None:
    cells = [
        new_code_cell(FALSE_PICTURES.replace("CELL", f"added-{3 + number}"), id=f"pictures-{number}")
        for number in range(4)
    ]
    hand_in(course, exercise, "painter", *cells)
    result = grade_class(course, exercise)
    assert points(result) == {"painter": 12.0}
    size = autograded_path(course, exercise.slug, "painter").stat().st_size
    assert size < 1.5 * MOST_PICTURE_BYTES + MEGABYTE, f"{size} bytes"


def test_many_cells_that_end_the_process_leave_a_graded_notebook(course: Course, exercise: Exercise) -> None:
    cells = [new_code_cell("import os\nos._exit(0)", id=f"end-{number}") for number in range(40)]
    hand_in(course, exercise, "ender", *cells)
    result = grade_class(course, exercise)
    assert result.failed == {}
    (row,) = result.rows
    assert {outcome.verdict.status for outcome in row.outcomes} <= {"right", "not reached", "crashed"}


@pytest.mark.parametrize("text", ["\\begin{a}", "\\\\(", "a."], ids=repr)
def test_text_that_is_slow_to_render_is_shown_as_it_is(course: Course, exercise: Exercise, text: str) -> None:
    """What is timed elsewhere in minutes ends here within the test's own time-out: nothing renders it."""
    long = "x" + text * (60_000 // len(text))
    hand_in(course, exercise, "writer", new_markdown_cell(long, id="long"), new_code_cell(f"'''{long}'''", id="code"))
    begun = time.process_time()
    result = grade_class(course, exercise)
    assert points(result) == {"writer": 12.0}
    page = feedback_path(course, exercise.slug, "writer").read_text(encoding="utf-8")
    assert '<pre class="note">' in page
    spent = time.process_time() - begun
    assert spent < 60, f"{spent:.0f} s of processor time for one page: something renders the student's text"


def test_an_unforeseen_failure_of_one_student_is_logged_and_holds_up_nobody(
    course: Course, exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = class_run.grade_submission

    def fail(course, exercise, student, **rest):
        if student == "unlucky":
            raise ZeroDivisionError("not foreseen")
        return original(course, exercise, student, **rest)

    hand_in(course, exercise, "unlucky")
    hand_in(course, exercise, "lucky")
    monkeypatch.setattr(class_run, "grade_submission", fail)
    result = grade_class(course, exercise)
    assert points(result) == {"lucky": 12.0}
    assert "not foreseen (ZeroDivisionError)" in result.failed["unlucky"]
    assert "not foreseen" in (course.root / class_run.LOG).read_text(encoding="utf-8")
    monkeypatch.undo()
    again = grade_class(course, exercise)
    assert points(again) == {"lucky": 12.0, "unlucky": 12.0}
    assert again.graded == ["unlucky"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(100), b"\x89PNG\r\n\x1a\n" + bytes(40)],
    ids=["empty", "signature alone", "another kind", "no header"],
)
def test_what_is_no_small_png_is_no_picture(data: bytes) -> None:
    assert not is_small_png(data)


def test_a_picture_that_announces_too_many_pixels_is_refused() -> None:
    import struct

    def png(width: int, height: int, size: int = 10) -> bytes:
        head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
        return head + bytes(size) + b"IEND\xaeB`\x82"

    assert is_small_png(png(640, 480))
    assert not is_small_png(png(65_535, 65_535))
    assert not is_small_png(png(0, 10))
    assert not is_small_png(png(10, 10, 3 * MEGABYTE))


def test_an_interruption_ends_the_runs_that_are_under_way(course: Course, exercise: Exercise) -> None:
    """What is graded by then is kept; the notebook that still ran is graded by the next command."""
    hand_in(course, exercise, "quick")
    hand_in(course, exercise, "waits", new_code_cell("import time\ntime.sleep(20)", id="waits"))

    def interrupt(what: str, done: int, of: int) -> None:
        if what == "grading" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(course, exercise, progress=interrupt)
    with GradeWriter(course) as writer:
        assert [row.student for row in writer.rows(exercise)] == ["quick"]
    again = grade_class(course, exercise)
    assert again.graded == ["waits"]
    assert points(again) == {"quick": 12.0, "waits": 12.0}
