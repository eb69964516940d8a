"""An exercise as a course gives it: some of its functions, other points, dates and penalties, by course.toml alone."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.release import release_into, student_files
from autograder.course import Course
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading.class_run import grade_class
from autograder.settings import SettingsError
from autograder.table import csv_text
from tests.autograder.given import speaking

SHORTENED = """
[exercise.01_vanilla_rnn]
functions = ["forward", "perplexity"]
points = { forward = 5 }
"""


def course_with(tmp_path: Path, settings: str) -> Course:
    course = Course.create(tmp_path / "course")
    (course.root / "course.toml").write_text(settings, encoding="utf-8")
    return Course.open(course.root)


def test_a_shortened_exercise_gives_the_other_functions_and_grades_its_own(tmp_path: Path) -> None:
    course = course_with(tmp_path, SHORTENED)
    exercise = course.exercise("01_vanilla_rnn")
    assert [(check.function, check.points) for check in exercise.checks] == [("forward", 5.0), ("perplexity", 1.0)]
    released = nbformat.read(release_into(course, exercise), as_version=4)
    cells = {cell.id: cell.source for cell in released.cells}
    given = [source for name, source in cells.items() if name.startswith("given-")]
    assert [source.partition("def ")[2].partition("(")[0] for source in given] == [
        "step",
        "embed",
        "affine",
        "cross_entropy",
    ]
    assert all("NotImplementedError" not in source and "given in this course" in source for source in given)
    assert "NotImplementedError" in cells["forward"]
    assert [name for name in cells if name.startswith("check-")] == ["check-rnn-forward", "check-loss-perplexity"]
    assert "| `forward` | the same step along a whole sequence | 5 |" in cells["text-01"]
    assert "`embed` | a word" not in cells["text-01"]
    assert [name for name in student_files(exercise, course.released(exercise.slug)) if "examples" in name] == [
        "examples/rnn.forward.json", "examples/loss.perplexity.json",
    ]  # fmt: skip
    for student, sources in (("ada", reference_sources(exercise)), ("grace", {})):
        path = course.inbox / student / exercise.slug / f"{exercise.slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook_bytes(fill_in(exercise, released, sources)))
    rows = {row.student: row for row in grade_class(course, exercise).rows}
    assert (rows["ada"].points, rows["ada"].most) == (6, 6)
    assert rows["grace"].points == 0
    assert {outcome.verdict.status for outcome in rows["grace"].outcomes} == {"not attempted"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[exercise.01_vanilla_rnn]\nfunctions = ["stpe"]', r"line 2: .*names \"stpe\".*nearest is step"),
        ("[exercise.01_vanilla_rnn]\n\npoints = { forwrad = 5 }", r"line 3: .*names \"forwrad\".*nearest is forward"),
    ],
)
def test_a_function_that_an_exercise_does_not_have_is_said_with_its_line(
    settings: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=said):
        course_with(tmp_path, settings).exercise("01_vanilla_rnn")


@pytest.mark.parametrize("settings", ['exercises = ["01_vanila_rnn"]', "[exercise.01_vanila_rnn]\ndue = 2026-12-01"])
def test_an_exercise_that_is_not_there_is_said_with_its_line(settings: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"course\.toml, line 1: .*01_vanila_rnn.*nearest is 01_vanilla_rnn"):
        _ = course_with(tmp_path, settings).chosen


def test_a_course_gives_the_exercises_that_it_names_and_no_others(tmp_path: Path) -> None:
    assert course_with(tmp_path, 'exercises = ["03_gradients", "01_vanilla_rnn"]').chosen == [
        "03_gradients",
        "01_vanilla_rnn",
    ]
    assert course_with(tmp_path, "exercises = []").chosen == []
    assert len(course_with(tmp_path, "").chosen) == 8


LATE = """
timezone = "Europe/Berlin"
[late]
percent_per_day = 25
[exercise.01_vanilla_rnn]
due = 2020-01-01T12:00:00
extensions = { grace = 2999-01-01 }
"""


def test_dates_extensions_and_penalties_follow_from_the_settings(tmp_path: Path) -> None:
    course = course_with(tmp_path, LATE)
    exercise = course.exercise("01_vanilla_rnn")
    released = nbformat.read(release_into(course, exercise), as_version=4)
    for student in ("ada", "grace"):
        path = course.inbox / student / exercise.slug / f"{exercise.slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook_bytes(fill_in(exercise, released, reference_sources(exercise))))
    points = {row.student: row.points for row in grade_class(course, exercise).rows}
    assert points == {"ada": 0, "grace": 12}, "years late costs all, an extension nothing"
    assert course.settings.of(exercise.slug).due == datetime(2020, 1, 1, 11, tzinfo=UTC)
    (course.root / "course.toml").write_text(LATE.replace("2020", "2998"), encoding="utf-8")
    again = Course.open(course.root)
    rows = grade_class(again, again.exercise(exercise.slug))
    assert rows.graded == [], "a changed date draws nothing anew"
    assert {row.student: row.points for row in rows.rows} == {"ada": 12, "grace": 12}


def test_the_address_of_the_book_stands_on_the_feedback_page(tmp_path: Path) -> None:
    course = course_with(tmp_path, 'book = "https://example.org/course/"\nlanguage = "de"\n')
    exercise = course.exercise("01_vanilla_rnn")
    path = course.inbox / "ada" / exercise.slug / f"{exercise.slug}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(release_into(course, exercise).read_bytes())
    with speaking("de"):
        grade_class(course, exercise)
    page = (course.feedback / "ada" / exercise.slug / f"{exercise.slug}.html").read_text(encoding="utf-8")
    assert 'Das Buch: <a href="https://example.org/course/">https://example.org/course/</a>' in page
    assert "://" not in page.replace("https://example.org/course/", "").replace("http://www.w3.org", "")


def test_a_course_that_leaves_functions_out_later_keeps_its_table(tmp_path: Path) -> None:
    course = course_with(tmp_path, "")
    exercise = course.exercise("01_vanilla_rnn")
    path = course.inbox / "ada" / exercise.slug / f"{exercise.slug}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(release_into(course, exercise).read_bytes())
    rows = grade_class(course, exercise, write_pages=False).rows
    (course.root / "course.toml").write_text(SHORTENED, encoding="utf-8")
    shortened = Course.open(course.root).exercise("01_vanilla_rnn")
    assert "ada,01_vanilla_rnn,rnn.step,not attempted,0,3," in csv_text([(shortened, rows)])
