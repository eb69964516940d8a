"""The class report: a page that runs its own script alone, asks no host, and shows hostile text as text."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from autograder.check import Verdict
from autograder.course import Course
from autograder.exercise import EXERCISES, Question
from autograder.grading.gradebook import Outcome, Row
from autograder.grading.judge import STATUSES
from autograder.report import MOST_BARS, distribution, render, summary, write_report
from autograder.table import csv_text
from tests.autograder.looking import wrong_for_axe

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
def test_the_page_runs_its_own_script_alone_and_asks_no_other_host(rows: list[Row]) -> None:
    html = class_of(*rows)
    found = page(html)
    assert not set(found.elements) & {"img", "iframe", "object", "embed", "link", "base"}
    assert found.elements.count("script") == 1
    names = {name for name, _ in found.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not names & {"src", "srcset", "action", "formaction", "background", "data"}
    assert all(value.startswith("#e1") for name, value in found.attributes if name == "href")
    styles = [value for name, value in found.attributes if name == "style"] + re.findall(
        r"<style>(.*?)</style>", html, re.S
    )
    assert not [style for style in styles if "url(" in style or "@import" in style]
    if rows != [] and rows[0].student != HOSTILE:
        assert "://" not in html, "an address stands in the page"


def test_the_page_allows_its_own_script_by_its_digest_and_no_other_host() -> None:
    html = class_of()
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policies = [value for name, value in page(html).attributes if name == "content" and "default-src" in value]
    assert policies == [f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"]


def test_hostile_text_is_shown_as_text() -> None:
    found = page(class_of(row(HOSTILE, HOSTILE, HOSTILE, HOSTILE)))
    assert HOSTILE in found.text
    assert found.elements.count("script") == 1
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
    assert found.attributes.count(("href", "#e1-1")) == found.attributes.count(("href", "#e1-2")) > 0
    assert ("id", "e1-1") in found.attributes


def test_bars_say_in_words_what_they_show() -> None:
    labels = [value for name, value in page(class_of(*EVERYONE)).attributes if name == "aria-label"]
    assert labels[0].startswith("0: 9 students")
    assert labels[1:] == [", ".join(f"1 {status}" for status in STATUSES)] * len(EXERCISE.checks)


def test_totals_leave_out_what_is_not_graded_for_everyone_and_it_is_said() -> None:
    exercise = replace(EXERCISE, questions=(Question("why", "Why?", 3), Question("how", "How?", 2)))
    rows = [
        replace(row(name, "right"), points=points, by_hand={"why": why, "how": 2.0})
        for name, points, why in (("a", 7.0, None), ("b", 9.0, 3.0), ("c", 4.0, 1.0))
    ]
    found = summary(exercise, rows)
    assert (found["median"], found["compared"], found["waiting"]) == (6.0, EXERCISE.points + 2, ["why"])
    assert sum(found["distribution"]["students"]) == 3
    assert [(one["why"], [who["student"] for who in one["who"]]) for one in found["look_first"]][:1] == [
        ("Answers that are waiting to be graded", ["a"])
    ]
    assert "Answers that are not all graded yet are left out: why." in page(render([found])).text


@pytest.mark.parametrize("most", [1, 12, 13, 17, 100.5])
def test_every_total_is_in_one_bar(most: float) -> None:
    totals = [0.0, -0.5, most, most / 3, most + 2, 0.1 + 0.2]
    found = distribution(totals, most)
    assert sum(found["students"]) == len(totals)
    assert len(found["students"]) <= MOST_BARS


def test_who_is_to_be_looked_at_first_stands_there_with_the_reason() -> None:
    changed = row("eve", "wrong")
    first = replace(changed.outcomes[0], points=1.5, judged=0.0)
    changed = replace(changed, outcomes=(first, *changed.outcomes[1:]))
    names = ("untouched", "crash", "note")
    rows = [row(name, status, message=said) for name, status, said in zip(
        names, ("not attempted", "crashed", "right"), ("", "", "A note."), strict=True)]  # fmt: skip
    found = {one["why"]: one["who"] for one in summary(EXERCISE, [*rows, changed])["look_first"]}
    assert [who["student"] for who in found["Crashed, stopped at a limit, or not readable"]] == ["crash"]
    assert [who["student"] for who in found["Nothing was attempted"]] == ["untouched"]
    assert found["Points changed by hand"] == [{"student": "eve", "about": f"{EXERCISE.checks[0].name} 0 → 1.5"}]
    assert found["Notes on what was handed in"] == [{"student": "note", "about": "A note."}]


def class_of_300() -> str:
    """A class with every status, mistakes, late hand-ins, answers that wait, and one name that is no name."""
    exercise = replace(EXERCISE, questions=(Question("why", "Why?", 3),))
    mistake = EXERCISE.checks[0].misconceptions[0].name
    rows = [
        replace(
            row(f"student-{number:03d}" if number else HOSTILE, STATUSES[number % 9], mistake, "A note."),
            points=float(number % 13), by_hand={"why": number % 4 or None}, late=3600.0 * (number % 7), taken_off=0.5,
        )
        for number in range(300)
    ]  # fmt: skip
    return render([summary(exercise, rows)] * 10, lambda slug, student: f"feedback/{quote(student)}/{slug}/{slug}.html")


def test_a_report_on_300_is_searched_and_sorted_from_the_disk(browser: Browser, tmp_path: Path) -> None:
    """As a browser shows it: nothing wrong for axe-core in light, dark, wide and narrow, and no foreign script ran."""
    path = tmp_path / "report.html"
    path.write_text(class_of_300(), encoding="utf-8")
    assert path.stat().st_size < 3_000_000
    with browser.new_context() as reader, reader.new_page() as shown:
        problems: list[str] = []
        shown.on("pageerror", lambda error: problems.append(str(error)))
        shown.on("request", lambda request: problems.append(request.url) if request.url != path.as_uri() else None)
        shown.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        shown.goto(path.as_uri(), wait_until="load")
        table = shown.locator("table.everyone").first
        shown.get_by_label("Find a student").fill("ENT-29")
        assert shown.locator("#found").inner_text() == "100 of 3000 lines"
        assert table.locator("tbody tr:visible").count() == 10
        for turn, first in (("ascending", "0"), ("descending", "12")):
            table.get_by_role("button", name="total").click()
            assert table.locator("th[aria-sort]").get_attribute("aria-sort") == turn
            assert table.locator("tbody tr").first.locator("td").nth(len(EXERCISE.checks) + 1).inner_text() == first
        assert problems == []
        assert "owned" not in shown.title()


def test_axe_finds_nothing_in_the_report(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(class_of(*EVERYONE), encoding="utf-8")
    assert wrong_for_axe(browser, path) == []


def test_the_report_and_the_csv_are_written_into_the_course(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    tables = [(EXERCISE, EVERYONE)]
    path = write_report(course, tables)
    assert path == course.root / "report.html"
    assert path.read_text(encoding="utf-8") == class_of(*EVERYONE)
    assert (course.root / "grades.csv").read_text(encoding="utf-8") == csv_text(tables)
