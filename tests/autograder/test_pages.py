"""Feedback pages: made under a clock, in a process of their own, and of nothing whose language a student names."""

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Browser

from autograder import languages
from autograder.check import Verdict
from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id
from autograder.grading import pages
from autograder.grading.marks import Marks
from autograder.grading.pages import PageLost, PageMaker, first_sentence, graded_notebook, lighter, section_address
from autograder.grading.quick_pages import QuickPages
from autograder.grading.transcript import Transcript
from autograder.runner import calling
from tests.autograder.looking import wrong_for_axe

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


@pytest.mark.parametrize(("message", "first"), [
    ("Too large by 0.5. It looks like a sum.", "Too large by 0.5."),
    ("step raised E: x (challenge: several steps)\nMore.", "step raised E: x"),
    ("\n\nNo end", "No end"), ("", ""), ("a" * 500, "a" * 239 + "…")
])  # fmt: skip
def test_the_first_sentence_of_a_message(message: str, first: str) -> None:
    assert first_sentence(message) == first


@pytest.mark.parametrize(("book", "section", "address"), [
    ("", "rnn-step: One step", ""), ("https://b.org/x", "", ""), ("https://b.org/x", "no label", ""),
    ("https://b.org/x/", "rnn-step: One step", "https://b.org/x/section/rnn-step.html"),
    ("https://b.org", "ch/two.html#a b: A title", "https://b.org/ch/two.html#a%20b"),
    ("https://b.org", "javascript:alert(1)\"<: T", "https://b.org/section/javascript%3Aalert%281%29%22%3C.html"),
])  # fmt: skip
def test_where_the_published_book_has_a_section(book: str, section: str, address: str) -> None:
    assert section_address(book, section) == address


def test_code_is_marked_up_with_what_the_page_colours_alone() -> None:
    code = '<span class="k">def</span><span></span> <span class="nf">f</span><span class="p">(&lt;</span>'
    assert lighter(code) == '<span class="k">def</span> f(&lt;'


def graded(grade_id: str, points: float, **other: object) -> dict[str, object]:
    return {"nbgrader": {"grade": True, "grade_id": grade_id, "points": points, "schema_version": 3, **other}}


def full_page(course: Course, exercise: Exercise) -> str:
    """A page with all that there can be in its first lines: late, waiting, graded and changed by hand, right and wrong."""
    first, second = exercise.checks[:2]
    said = {"solution": True, "locked": False}
    cells = [
        new_markdown_cell("# A title\n\nWords, and $x$.", id="text-01"),
        new_code_cell("def step(x):\n    return x", id=first.function, metadata={"nbgrader": {
            "grade": False, "solution": True, "grade_id": first.function}}),
        new_code_cell("", id=check_id(first), metadata=graded(check_id(first), 3, solution=False)),
        new_code_cell("", id=check_id(second), metadata=graded(check_id(second), 3, solution=False)),
        new_markdown_cell("My <b>words</b>", id="answer-why", metadata=graded("answer-why", 3, **said)),
        new_markdown_cell("More", id="answer-how", metadata=graded("answer-how", 2, **said)),
    ]  # fmt: skip
    mistake = first.misconceptions[0].name
    verdicts = [
        Verdict(first.name, "wrong", "It differs. By much.", mistake),
        Verdict(second.name, "right", "All is right."),
    ]
    built = new_notebook(cells=cells)
    built.metadata["autograder"] = {"notes": ["A note."]}
    built.metadata["language_info"] = {"name": "python"}
    notebook = graded_notebook(exercise, built, Transcript(), verdicts)
    points = {
        check_id(first): (1.5, 3.0),
        check_id(second): (3.0, 3.0),
        "answer-why": (2.0, 3.0),
        "answer-how": (0.0, 2.0),
    }
    comments = {first.function: "Mind <i>this</i>.", "answer-why": "Name the bias. Then go on.", "answer-how": None}
    marks = Marks(5.5, 11.0, 1.0, points, comments, 183_600.0, ("answer-how",), {check_id(first): 0.0})
    return QuickPages(course).quick(exercise.slug, "ada", notebook, marks).decode()


def test_the_page_begins_with_what_counts(course: Course, exercise: Exercise, browser: Browser, tmp_path: Path) -> None:
    settings = course.root / "course.toml"
    settings.write_text(f'book = "https://b.org"\n{settings.read_text(encoding="utf-8")}', encoding="utf-8")
    path = tmp_path / "page.html"
    path.write_text(full_page(Course.open(course.root), exercise), encoding="utf-8")
    first, second = exercise.checks[:2]
    with browser.new_page() as page:
        page.goto(path.as_uri())
        beginning = page.locator("main").inner_text().partition("A title")[0]
        lines = [" ".join(item.inner_text().split()) for item in page.locator(".checks > li").all()]
        assert re.search(r"5\.5\s+of 11 points", beginning)
        assert "Handed in 2 d 3 h late. Points taken off for that: 1." in beginning
        assert "Points that are still waiting to be graded: 2." in beginning
        title = first.section.partition(": ")[2]
        assert lines == [
            f"✗ {first.name} wrong 1.5 of 3 {first.misconceptions[0].message} Changed by hand: the check itself gave 0. "
            f"In the book: {title}",
            f"✓ {second.name} right 3 of 3", "✎ why graded by hand 2 of 3 Name the bias.",
            "… how waiting to be graded up to 2",
        ]  # fmt: skip
        for link in page.locator(".checks a[href^='#']").all():
            assert page.locator(f"[id='{(link.get_attribute('href') or '')[1:]}']").count() == 1
        label = first.section.partition(": ")[0]
        assert (
            page.get_by_role("link", name=title, exact=True).get_attribute("href")
            == f"https://b.org/section/{label}.html"
        )
        assert "Mind <i>this</i>." in page.locator("main").inner_text()
    assert wrong_for_axe(browser, path) == []
