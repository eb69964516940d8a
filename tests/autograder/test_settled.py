"""A class in which nobody is to be graded is known without its exercise; whatever changes, it is graded as ever."""

import shutil

import pytest
from nbgrader.api import Gradebook

from autograder import settings
from autograder.authoring.release import release_into
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.cells import check_id
from autograder.grading.class_run import grade_class
from autograder.grading.pages import feedback_path
from autograder.grading.settled import remember, settled
from autograder.report import summary
from autograder.table import csv_text
from tests.autograder.sample_class import write_class


@pytest.fixture
def graded(course: Course, exercise: Exercise):
    write_class(course, exercise, ["blank"])
    result = grade_class(course, exercise)
    remember(course, exercise)
    return result


def test_the_table_is_the_same_and_whatever_changes_ends_it(course: Course, exercise: Exercise, graded) -> None:
    found = settled(course, exercise.slug)
    assert found is not None
    outline, result = found
    assert csv_text([(outline, result.rows)]) == csv_text([(exercise, graded.rows)])
    assert summary(outline, result.rows) == summary(exercise, graded.rows)

    page = feedback_path(course, exercise.slug, "blank")
    kept = page.read_bytes()
    page.unlink()
    assert settled(course, exercise.slug) is None, "a page is gone"
    page.write_bytes(kept)
    assert settled(course, exercise.slug) is not None

    for changed, back in ((0.5, 0.0), (None, None)):
        with Gradebook(course.db_url, course.course_id) as book:
            grade = book.find_grade(check_id(exercise.checks[0]), exercise.slug, exercise.slug, "blank")
            grade.manual_score = changed
            book.db.commit()
        assert (settled(course, exercise.slug) is None) == (changed != back), "a person changed points"

    notebook = course.inbox / "blank" / exercise.slug / f"{exercise.slug}.ipynb"
    kept = notebook.read_bytes()
    notebook.write_bytes(kept + b"\n")
    assert settled(course, exercise.slug) is None, "something else is handed in"
    notebook.write_bytes(kept)
    taken = course.submitted / "blank" / exercise.slug / f"{exercise.slug}.ipynb"
    whole = taken.read_bytes()
    taken.write_bytes(whole + b"\n")
    assert settled(course, exercise.slug) is None, "what was taken in is changed"
    taken.write_bytes(whole)
    shutil.copytree(course.inbox / "blank", course.inbox / "ada")
    assert settled(course, exercise.slug) is None, "somebody else hands in"
    shutil.rmtree(course.inbox / "ada")
    assert settled(course, exercise.slug) is not None

    said = course.root / settings.FILE
    said.write_text(f"{said.read_text(encoding='utf-8')}\n# changed\n", encoding="utf-8")
    assert settled(Course.open(course.root), exercise.slug) is None, "the settings are changed"


def test_naming_one_exercise_narrows_neither_marks_nor_report(course: Course, exercise: Exercise, autograder) -> None:
    other = EXERCISES["03_gradients"]
    release_into(course, other)
    write_class(course, exercise, frozenset({"full"}))
    path = course.inbox / "full" / other.slug / f"{other.slug}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(course.released(other.slug).read_bytes())
    at = ("--course", str(course.root))
    assert autograder("grade", *at).returncode == 0
    kept = [course.root / name for name in ("grades.csv", "report.html")]
    whole = [path.read_bytes() for path in kept]
    assert all(slug.encode() in page for slug in (exercise.slug, other.slug) for page in whole)
    for command in (("grade", exercise.slug), ("report", other.slug), ("grade", other.slug, "--anew"), ("report",)):
        assert autograder(*command, *at).returncode == 0
        assert [path.read_bytes() for path in kept] == whole, command
