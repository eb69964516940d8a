"""The class report: a page that runs nothing, asks no other host, and shows hostile text as text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.check import Verdict
from autograder.course import Course
from autograder.exercise import EXERCISES
from autograder.grading.gradebook import Outcome, Row
from autograder.grading.judge import STATUSES
from autograder.table import csv_text, render, summary, write_report

EXERCISE = EXERCISES["01_vanilla_rnn"]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{ 7 * 7 }}"


def row(student: str, status: str, mistake: str | None = None, message: str = "") -> Row:
    verdicts = [Verdict(check.name, status, message, mistake) for check in EXERCISE.checks]
    return Row(student, tuple(Outcome(verdict, 0.0) for verdict in verdicts), 0.0, EXERCISE.points, (message,))


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(html: str) -> Page:
    parser = Page()
    parser.feed(html)
    parser.close()
    return parser


def class_of(*rows: Row) -> str:
    return render([summary(EXERCISE, rows)])


EVERYONE = [row(f"student-{number}", status) for number, status in enumerate(STATUSES)]


@pytest.mark.parametrize(
    "rows", [[], EVERYONE, [row(HOSTILE, HOSTILE, HOSTILE, HOSTILE)]], ids=["nobody", "all", "hostile"]
)
def test_the_page_runs_nothing_and_asks_no_other_host(rows: list[Row]) -> None:
    html = class_of(*rows)
    found = page(html)
    assert not set(found.elements) & {"script", "img", "iframe", "object", "embed", "link", "form", "base", "svg", "a"}
    names = {name for name, _ in found.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not names & {"href", "src", "srcset", "action", "formaction", "background", "data"}
    styles = [value for name, value in found.attributes if name == "style"] + re.findall(
        r"<style>(.*?)</style>", html, re.S
    )
    assert not [style for style in styles if "url(" in style or "@import" in style]
    if rows != [] and rows[0].student != HOSTILE:
        assert "//" not in html, "an address stands in the page"


def test_the_page_forbids_scripts_and_other_hosts_by_itself() -> None:
    policies = [value for name, value in page(class_of()).attributes if name == "content" and "default-src" in value]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_hostile_text_is_shown_as_text() -> None:
    found = page(class_of(row(HOSTILE, HOSTILE, HOSTILE, HOSTILE)))
    assert HOSTILE in found.text
    assert "script" not in found.elements
    assert "img" not in found.elements
    assert {"onerror"}.isdisjoint(name for name, _ in found.attributes)


def test_everyone_and_every_status_is_on_the_page() -> None:
    found = page(class_of(*EVERYONE))
    for one, status in zip(EVERYONE, STATUSES, strict=True):
        assert one.student in found.text
        assert f"1 {status}" in found.text
    for check in EXERCISE.checks:
        assert check.name in found.text


def test_a_mistake_stands_with_its_count_message_and_section() -> None:
    mistake = EXERCISE.checks[0].misconceptions[0]
    found = page(class_of(row("a", "wrong", mistake.name), row("b", "wrong", mistake.name), row("c", "right")))
    section = EXERCISE.checks[0].section.partition(": ")[2]
    assert f"{mistake.name}, 2 students: {mistake.message} (book: {section})" in found.text


def test_bars_say_in_words_what_they_show() -> None:
    labels = [value for name, value in page(class_of(*EVERYONE)).attributes if name == "aria-label"]
    assert labels == [", ".join(f"1 {status}" for status in STATUSES)] * len(EXERCISE.checks)


def test_the_report_and_the_csv_are_written_into_the_course(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    tables = [(EXERCISE, EVERYONE)]
    path = write_report(course, tables)
    assert path == course.root / "report.html"
    assert path.read_text(encoding="utf-8") == class_of(*EVERYONE)
    assert (course.root / "grades.csv").read_text(encoding="utf-8") == csv_text(tables)
