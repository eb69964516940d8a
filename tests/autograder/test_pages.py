"""Feedback pages: made under a clock, in a process of their own, and of nothing whose language a student names."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder import languages
from autograder.check import Verdict
from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id
from autograder.grading import pages
from autograder.grading.marks import Marks
from autograder.grading.pages import PageLost, PageMaker, graded_notebook
from autograder.grading.transcript import Transcript
from autograder.runner import calling

COURSE = Course(Path("/nonexistent"))
MARKS = Marks(0.0, 1.0, 0.0, {}, {})


def notebook(exercise: Exercise, *cells) -> bytes:
    """A graded notebook with one verdict, and with other cells."""
    check = exercise.checks[0]
    built = new_notebook(cells=[*cells, new_code_cell("", id=check_id(check))])
    return graded_notebook(exercise, built, Transcript(), [Verdict(check.name, "wrong", "Too <small>.")])


def never(course, slug, student, notebook, marks) -> bytes:
    time.sleep(10**6)
    return b""


def process(course, slug, student, notebook, marks) -> bytes:
    return str(os.getpid()).encode()


def large(course, slug, student, notebook, marks) -> bytes:
    return bytes(pages.LARGEST_PAGE + 1)


def says_late(course, slug, student, notebook, marks) -> bytes:
    return calling._("late").encode()


def ends(course, slug, student, notebook, marks) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def fails(course, slug, student, notebook, marks) -> bytes:
    raise ZeroDivisionError("not foreseen")


def test_pages_are_made_in_one_process_that_is_not_the_graders(exercise: Exercise) -> None:
    with PageMaker(make=process) as make:
        made = {make(COURSE, exercise.slug, student, b"", MARKS) for student in ("ada", "ben")}
    assert len(made) == 1
    assert made != {str(os.getpid()).encode()}


def test_a_process_that_was_killed_is_replaced_and_its_page_made(exercise: Exercise) -> None:
    with PageMaker(make=process) as make:
        first = make(COURSE, exercise.slug, "ada", b"", MARKS)
        make.begin(COURSE, exercise.slug, "ben", b"", MARKS)
        os.kill(int(first), signal.SIGKILL)
        assert make.ready(60.0)
        with suppress(PageLost):  # unless the page came before the end
            make.end(exercise.slug, "ben", b"")
        assert make(COURSE, exercise.slug, "ben", b"", MARKS) not in (first, str(os.getpid()).encode())


def test_the_process_that_takes_its_place_is_no_fork_and_speaks_the_same_language(exercise: Exercise) -> None:
    """Beside the threads of the sandboxes, a fork would have their locks without them."""
    languages.use("de")
    try:
        with PageMaker(make=says_late) as make:
            kinds = []
            for _time in range(2):
                assert make(COURSE, exercise.slug, "ada", b"", MARKS).decode() == "zu spät"
                kinds.append(type(make.worker).__name__)
                make.stop()
    finally:
        languages.use("en")
    assert kinds == ["ForkProcess", "SpawnProcess"]


@pytest.mark.parametrize(("make", "seconds"), [(never, 0.5), (large, 60.0), (ends, 60.0)])
def test_a_page_that_takes_too_long_or_is_too_large_shows_the_verdicts_alone(exercise: Exercise, make, seconds) -> None:
    with PageMaker(seconds, make) as maker:
        for student in ("ada", "ben"):  # the second finds a new worker
            page = maker(COURSE, exercise.slug, student, notebook(exercise), MARKS).decode()
            assert f"Feedback for {student}" in page
            assert f"{exercise.checks[0].name}: wrong" in page
            assert "Too &lt;small&gt;." in page


def test_a_failure_in_the_worker_is_the_graders_to_tell(exercise: Exercise) -> None:
    with PageMaker(make=fails) as make, pytest.raises(ZeroDivisionError, match="not foreseen"):
        make(COURSE, exercise.slug, "ada", b"", MARKS)


@pytest.mark.parametrize("fence", ["```", "~~~~", "> ```", "1. ```"])
def test_no_text_of_a_students_names_a_language(exercise: Exercise, fence: str) -> None:
    text = f"Before\n{fence}perl title=x\n$a =~ s/b/c/\n{fence}\nand `perl` after"
    made = nbformat.reads(notebook(exercise, new_markdown_cell(text, id="added-1")), as_version=4)
    assert made.cells[0].source == text.replace("perl title=x", "")


def test_a_cell_in_another_language_is_shown_plain(exercise: Exercise) -> None:
    cells = [new_code_cell("%%perl\n1", id="added-1"), new_code_cell("x = 1", id="added-2")]
    made = nbformat.reads(notebook(exercise, *cells), as_version=4)
    assert [cell.metadata["autograder"]["plain"] for cell in made.cells[:2]] == [True, False]
