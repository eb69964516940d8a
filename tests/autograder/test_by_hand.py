"""Answers in words: released without their rubric, taken in without markup, graded by hand in formgrader, kept in a regrade."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Locator, Page

from autograder.authoring.release import release_into
from autograder.course import Course
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources, set_source
from autograder.exercise.source import AuthoringError, source_notebook
from autograder.grading.class_run import grade_class
from autograder.grading.pages import feedback_page
from autograder.table import csv_text, row_json, screen_table
from tests.autograder.toy import TEXT, TOY

ANSWER = "Each score is a **sum of products**. <script>document.title = 'owned'</script> [x](javascript:alert(1))"


@pytest.fixture
def graded(tmp_path: Path) -> Course:
    """A course in which one student handed in the right function and an answer in words, with a script in it."""
    (tmp_path / "toy.md").write_text(TEXT, encoding="utf-8")
    course = Course.create(tmp_path / "course")
    released = nbformat.read(release_into(course, replace(TOY, folder=tmp_path)), as_version=4)
    notebook = fill_in(TOY, released, reference_sources(TOY))
    set_source(notebook, "answer-why", ANSWER)
    path = course.inbox / "ada" / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(notebook_bytes(notebook))
    grade_class(course, TOY)
    return course


def test_the_rubric_is_in_the_source_and_not_in_the_release(tmp_path: Path) -> None:
    (tmp_path / "toy.md").write_text(TEXT, encoding="utf-8")
    course = Course.create(tmp_path / "course")
    released = release_into(course, replace(TOY, folder=tmp_path)).read_text(encoding="utf-8")
    source = (course.root / "source" / "toy" / "toy.ipynb").read_text(encoding="utf-8")
    assert "Rubric: three points" in source
    assert "Rubric" not in released
    assert "YOUR ANSWER HERE" in released
    cell = next(cell for cell in json.loads(released)["cells"] if cell["id"] == "answer-why")
    wanted = {"grade": True, "solution": True, "points": 3.0}
    assert {name: cell["metadata"]["nbgrader"][name] for name in wanted} == wanted


@pytest.mark.parametrize(("change", "said"), [('"why"', "declare"), ('+++ {"question": "why"}', "answer-why")])
def test_a_text_that_does_not_fit_its_questions_is_refused(change: str, said: str, tmp_path: Path) -> None:
    text = tmp_path / "toy.md"
    text.write_text(TEXT.replace(change, '"what"' if change == '"why"' else "+++"), encoding="utf-8")
    with pytest.raises(AuthoringError, match=said):
        source_notebook(TOY, text)


def test_until_somebody_grades_it_the_question_is_said_to_wait(graded: Course) -> None:
    row = grade_class(graded, TOY).rows[0]
    assert (row.points, row.most, row.by_hand) == (1, 4, {"why": None})
    assert "ada,toy,why,to grade by hand,,3,1" in csv_text([(TOY, [row])])
    assert row_json(row)["by_hand"] == {"why": None}
    assert screen_table(TOY, [row]).columns[2].header == "why\n/3"


def hand_in_again(course: Course, answer: str) -> None:
    path = course.inbox / "ada" / "toy" / "toy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    set_source(notebook, "answer-why", answer)
    path.write_bytes(notebook_bytes(notebook))


def test_a_score_by_hand_is_asked_for_again_for_another_answer_alone(graded: Course) -> None:
    with Gradebook(graded.db_url, graded.course_id) as book:
        grade = book.find_grade("answer-why", "toy", "toy", "ada")
        comment = book.find_comment("answer-why", "toy", "toy", "ada")
        grade.manual_score, grade.needs_manual_grade, comment.manual_comment = 2, False, "Name the bias."
        book.db.commit()
    assert total(graded, anew=True) == (3, 2.0)
    hand_in_again(graded, "Sums of products are linear.")
    for options in ({}, {"anew": True}):  # what was given before stays in sight
        assert total(graded, **options) == (1, None)
        with Gradebook(graded.db_url, graded.course_id) as book:
            assert book.find_grade("answer-why", "toy", "toy", "ada").needs_manual_grade
            said = book.find_comment("answer-why", "toy", "toy", "ada").comment
            assert said == "The earlier answer was given 2; this one is another.\nName the bias."
        page = (graded.feedback / "ada" / "toy" / "toy.html").read_text(encoding="utf-8")
        assert "The earlier answer was given 2" in page


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def formgrader(graded: Course, tmp_path: Path) -> Iterator[str]:
    """formgrader itself, served for the graded course."""
    port = free_port()
    settings = {"ServerApp": {"jpserver_extensions": {"nbgrader.server_extensions.formgrader": True}}}
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "jupyter_server_config.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [
        sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password=",
        "--ServerApp.disable_check_xsrf=True",
    ]  # fmt: skip
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "HOME")
    environment = {**os.environ, **dict.fromkeys(names, str(folder))}
    log = open(tmp_path / "server.log", "wb")  # noqa: SIM115 - the server writes to it
    server = subprocess.Popen(command, cwd=graded.root, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert server.poll() is None, (tmp_path / "server.log").read_text(errors="replace")[-2000:]
            try:
                urllib.request.urlopen(f"{address}/formgrader", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(20)
        log.close()


MATHJAX = "window.MathJax = {Hub: {Config() {}, Queue() {}, Startup: {signal: {Interest: tell => tell('End')}}}}"


def open_formgrader(page: Page, formgrader: str) -> None:
    """Go to the first submission as a grader does; formgrader's MathJax is another host's, so that here none is drawn."""
    page.set_default_timeout(180_000)  # a busy machine may take its time
    page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
    page.route(re.compile("mathjax", re.I), lambda route: route.fulfill(body=MATHJAX, content_type="text/javascript"))
    page.goto(f"{formgrader}/formgrader/gradebook/toy/toy", wait_until="domcontentloaded")
    page.get_by_role("link", name=re.compile("Submission #1|ada")).first.click()
    page.get_by_text("sum of products").wait_for()
    page.wait_for_load_state("networkidle")  # then the scores are there, and what listens to their fields


def enter(page: Page, field: Locator, text: str) -> None:
    with page.expect_response(lambda one: "/api/" in one.url and one.request.method == "PUT"):
        field.fill(text)
        field.press("Tab")


def test_what_a_person_enters_in_formgrader_stands_on_the_feedback_page_and_in_the_table(
    formgrader: str, graded: Course, browser: Browser
) -> None:
    feedback = graded.feedback / "ada" / "toy" / "toy.html"
    assert "waiting to be graded" in feedback.read_text(encoding="utf-8")
    with browser.new_page() as page:
        open_formgrader(page, formgrader)
        assert page.title() != "owned", "a script in the answer ran"
        assert page.locator("a[href^='javascript']", has_text="x").count() == 0
        assert page.get_by_text("Rubric: three points").is_visible()
        enter(page, page.locator("#answer-why"), "2")
        enter(page, page.locator("#answer-why-comment"), "Name the <b>bias</b>.")
        enter(page, page.locator("#check-affine-affine"), "0.5")
    assert total(graded) == (2.5, 2.0)
    with browser.new_page() as page:
        page.goto(feedback.as_uri())
        said = page.locator("main").inner_text()
        assert "waiting to be graded" not in said
        assert "Name the <b>bias</b>." in said
        assert "Changed by hand: the check itself gave 1." in said
        assert re.search(r"2\.5\s+of 4 points", said)
        assert "Rubric" not in said
        page.get_by_role("link", name="why", exact=True).click()
        assert page.locator(":target").inner_text().startswith("Your own text: 2 of 3 points")
    row = grade_class(graded, TOY).rows[0]
    assert [(one.points, one.judged) for one in row.outcomes] == [(0.5, 1.0)]
    assert total(graded, anew=True) == (2.5, 2.0)


def test_formgrader_goes_from_answer_to_answer(formgrader: str, graded: Course, browser: Browser) -> None:
    """The grader's place, the field of one answer, stays the same from one submission to the next."""
    copied = graded.inbox / "ben" / "toy" / "toy.ipynb"
    copied.parent.mkdir(parents=True)
    copied.write_bytes((graded.inbox / "ada" / "toy" / "toy.ipynb").read_bytes())
    grade_class(graded, TOY)
    with browser.new_page() as page:
        open_formgrader(page, formgrader)
        before = page.url
        page.locator("#answer-why").focus()
        page.wait_for_url(re.compile(r"index=[1-9]"))
        page.keyboard.press("Control+Period")
        page.wait_for_url(lambda url: url.partition("?")[0] != before.partition("?")[0])
        page.wait_for_function("document.activeElement.id === 'answer-why'")


def test_nbgraders_own_command_shows_no_rubric_either(graded: Course) -> None:
    kept = (graded.autograded / "ada" / "toy" / "toy.ipynb").read_bytes()
    assert b"Rubric: three points" in kept
    assert "Rubric" not in feedback_page(graded, "toy", "ada", kept).decode()


def total(course: Course, **options: Any) -> tuple[float, float | None]:
    row = grade_class(course, TOY, **options).rows[0]
    return row.points, row.by_hand["why"]
