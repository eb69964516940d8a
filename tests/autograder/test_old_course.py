"""A course folder made before course.toml opens, keeps every grade and score by hand, and says what was moved."""

import sqlite3
import tarfile
from pathlib import Path

import pytest

from autograder.course import CONFIG_BEFORE, Course
from autograder.grading.class_run import grade_class
from autograder.grading.gradebook import GradeWriter

KEPT = Path(__file__).parent / "kept" / "course_of_2026_11.tar.xz"
SLUGS = ("01_vanilla_rnn", "03_gradients")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A course of November 2026: two students, two exercises, a score and a comment by hand, a changed mark."""
    with tarfile.open(KEPT) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "course"


def grades(root: Path) -> list[tuple]:
    with sqlite3.connect(root / "gradebook.db") as database:
        scores = "SELECT id, auto_score, manual_score, extra_credit, needs_manual_grade FROM grade ORDER BY id"
        comments = "SELECT id, auto_comment, manual_comment FROM comment ORDER BY id"
        outcomes = "SELECT assignment, student, check_name, status, points, message FROM autograder_outcome ORDER BY id"
        return [row for query in (scores, comments, outcomes) for row in database.execute(query)]


def totals(course: Course) -> dict[tuple[str, str], float]:
    with GradeWriter(course) as writer:
        return {(slug, row.student): row.points for slug in SLUGS for row in writer.rows(course.exercise(slug))}


def test_it_opens_keeps_every_grade_and_says_in_one_sentence_what_was_moved(old: Path, capsys) -> None:
    before = grades(old)
    assert any(row[2] for row in before[:20])
    course = Course.open(old)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "was made by an earlier version" in said
    assert "course.toml" in said
    assert course.course_id == course.settings.name == "rnn"
    assert totals(course) == {
        ("01_vanilla_rnn", "ada"): 12, ("01_vanilla_rnn", "grace"): 5.5,
        ("03_gradients", "ada"): 15, ("03_gradients", "grace"): 5,
    }  # fmt: skip
    assert grades(old) == before
    Course.open(old)
    assert capsys.readouterr().err == "", "it is said once"


def test_grading_it_anew_by_todays_checks_keeps_scores_and_comments_by_hand(old: Path) -> None:
    course = Course.open(old)
    before = totals(course)
    for slug in SLUGS:
        grade_class(course, course.exercise(slug))
    assert totals(course) == before
    by_hand = [row[2] for row in grades(old) if len(row) == 5 and row[2] is not None]
    assert sorted(by_hand) == [1.5, 2.0]
    assert "A clear answer." in str(grades(old))


def test_what_an_instructor_had_set_there_still_holds(old: Path) -> None:
    config = old / "nbgrader_config.py"
    written = config.read_text(encoding="utf-8")
    own = 'c.CourseDirectory.notebook_id = "*"\nc.Exchange.root = "/srv/exchange"\n'
    config.write_text(written + 'c.CourseDirectory.db_url = "sqlite:///elsewhere.db"\n' + own, encoding="utf-8")
    course = Course.open(old)
    assert course.settings.database == course.db_url == "sqlite:///elsewhere.db"
    assert course.config.Exchange.root == "/srv/exchange"
    assert (old / CONFIG_BEFORE).read_text(encoding="utf-8").endswith(own)


def test_a_configuration_that_cannot_be_read_changes_nothing(old: Path) -> None:
    from autograder.course import CourseError

    (old / "nbgrader_config.py").write_text("this is not Python", encoding="utf-8")
    with pytest.raises(CourseError, match="cannot be read"):
        Course.open(old)
    assert not (old / "course.toml").exists()
    assert not (old / CONFIG_BEFORE).exists()
