"""A date that takes every mark of a class away is pointed out before a mark is written."""

import re
from pathlib import Path

import nbformat
import pytest

from autograder.course import Course, CourseError
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading.class_run import grade_class
from autograder.grading.dates import takes_all
from autograder.grading.gradebook import GradeWriter
from autograder.grading.settled import remember, settled

SLUG = "01_vanilla_rnn"
LATE = "[late]\npercent_per_day = 50\n"
CAME = dict.fromkeys(("ada", "ben", "cleo"), "2026-10-12 12:00:00 UTC")


def course_with(course: Course, text: str) -> Course:
    (course.root / "course.toml").write_text(text, encoding="utf-8")
    return Course.open(course.root)


@pytest.mark.parametrize(("settings", "taken"), [
    (f"{LATE}[exercise.{SLUG}]\ndue = 2026-10-10\n", True),
    (f"{LATE}[exercise.{SLUG}]\ndue = 2026-10-11T23:00:00Z\n", False),
    (f"{LATE}[exercise.{SLUG}]\ndue = 2026-10-10\nextensions = {{ ben = 2026-10-13 }}\n", False),
    (f"{LATE}most_percent = 90\n[exercise.{SLUG}]\ndue = 2026-10-10\n", False),
    (f"[exercise.{SLUG}]\ndue = 2026-10-10\n", False),
    (LATE, False),
], ids=["all", "half", "one has longer", "at most 90 percent", "late costs nothing", "no date"])  # fmt: skip
def test_it_is_so_where_nobody_keeps_anything(tmp_path: Path, settings: str, taken: bool) -> None:
    came = CAME | {"dan": "2026-10-13 12:00:00 UTC"}
    assert takes_all(course_with(Course.create(tmp_path / "course"), settings), SLUG, came) is taken


def test_two_who_are_late_may_well_be_late(tmp_path: Path) -> None:
    course = course_with(Course.create(tmp_path / "course"), f"{LATE}[exercise.{SLUG}]\ndue = 2020-10-10\n")
    assert not takes_all(course, SLUG, dict(list(CAME.items())[:2]))
    assert takes_all(course, SLUG, CAME)


def test_no_mark_is_written_until_it_is_agreed_to(course: Course, exercise: Exercise) -> None:
    released = nbformat.read(course.released(exercise.slug), as_version=4)
    right = notebook_bytes(fill_in(exercise, released, reference_sources(exercise)))
    for name in CAME:
        path = course.inbox / name / exercise.slug / f"{exercise.slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(right if name == "ada" else notebook_bytes(released))
    kept = grade_class(course, exercise, write_pages=True)
    assert sum(row.points for row in kept.rows) == 12
    remember(course, exercise)

    course = course_with(course, f"{LATE}[exercise.{SLUG}]\ndue = 2020-10-10\n")
    said = (
        "course.toml, line 4: by this date, 2020-10-10 23:59 UTC, each of the 3 hand-ins of 01_vanilla_rnn is so late"
    )
    for _again in range(2):
        with pytest.raises(CourseError, match=re.escape(said)):
            grade_class(course, exercise)
    with GradeWriter(course) as writer:
        assert sum(row.points for row in writer.rows(exercise)) == 12

    agreed = grade_class(course, exercise, agreed=True)
    assert sum(row.points for row in agreed.rows) == 0
    remember(course, exercise)
    assert settled(course, exercise.slug) is not None, "what is so already is not asked for again"
