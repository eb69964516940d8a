"""A student's rows in nbgrader's tables: those that nbgrader itself would make, in a few statements, and late marks."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from autograder.authoring.release import release_into
from autograder.check import Verdict
from autograder.course import Course, CourseError
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, question_id
from autograder.grading.gradebook import GradeWriter
from autograder.grading.points import Graded
from tests.autograder.toy import TEXT, TOY

MOST_STATEMENTS = 25

# nbgrader's own API adds a submission so.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted")


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    (tmp_path / "toy.md").write_text(TEXT, encoding="utf-8")
    return replace(TOY, folder=tmp_path)


@pytest.fixture
def course(tmp_path: Path, exercise: Exercise) -> Course:
    course = Course.create(tmp_path / "course")
    release_into(course, exercise)
    return course


def graded_by(exercise: Exercise, student: str = "ada", wrong: str = "") -> Graded:
    verdicts = tuple(
        Verdict(check.name, "wrong" if check.name == wrong else "right", "said") for check in exercise.checks
    )
    return Graded(student, "2026-03-01 10:00:00 UTC", "0" * 64, (), verdicts, b'{"cells": []}')


def write(course: Course, exercise: Exercise, *all_graded: Graded) -> None:
    with GradeWriter(course) as writer:
        run = writer.begin(exercise.slug, "1", bytes(32), anew=False)
        for graded in all_graded:
            writer.write(exercise, run, graded)


def test_a_new_student_has_the_rows_that_nbgrader_makes(course: Course, exercise: Exercise) -> None:
    write(course, exercise, graded_by(exercise))
    with GradeWriter(course) as writer:
        ours = writer.gradebook.find_submission_notebook(exercise.slug, exercise.slug, "ada")
        writer.gradebook.add_student("bob")
        its = writer.gradebook.add_submission(exercise.slug, "bob").notebooks[0]
        rows = [{(type(row).__name__, row.name) for row in (*one.grades, *one.comments)} for one in (ours, its)]
        assert rows[0] == rows[1]
        assert len(rows[0]) == len(ours.grades) + len(ours.comments)
        assert ours.assignment.timestamp == datetime(2026, 3, 1, 10)


def test_points_go_to_the_checks_and_questions_wait_for_a_person(course: Course, exercise: Exercise) -> None:
    wrong = exercise.checks[0]
    write(course, exercise, graded_by(exercise, wrong=wrong.name))
    questions = {question_id(question) for question in exercise.questions}
    with GradeWriter(course) as writer:
        grades = writer.gradebook.find_submission_notebook(exercise.slug, exercise.slug, "ada").grades
        assert questions
        assert {grade.name for grade in grades if grade.needs_manual_grade} == questions
        assert {grade.name for grade in grades if grade.auto_score is None} == questions
        lost = {grade.name for grade in grades if grade.auto_score is not None and grade.auto_score < grade.max_score}
        assert lost == {check_id(wrong)}


def test_a_student_costs_a_few_statements_whatever_the_number_of_checks(course: Course, exercise: Exercise) -> None:
    statements: list[str] = []
    with GradeWriter(course) as writer:
        run = writer.begin(exercise.slug, "1", bytes(32), anew=False)
        sa.event.listen(writer.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
        for _again in range(2):
            statements.clear()
            writer.write(exercise, run, graded_by(exercise))
            assert 0 < len(statements) <= MOST_STATEMENTS


def test_what_did_not_change_is_not_written_again(course: Course, exercise: Exercise) -> None:
    written: list[str] = []
    with GradeWriter(course) as writer:
        run = writer.begin(exercise.slug, "1", bytes(32), anew=False)
        writer.write(exercise, run, graded_by(exercise))
        sa.event.listen(writer.engine, "before_cursor_execute", lambda *said: written.append(said[2].split()[1]))
        writer.write(exercise, run, graded_by(exercise))
    assert not {"grade", "comment", "submitted_notebook"} & set(written)


def test_a_change_under_a_mark_by_hand_asks_for_a_second_look(course: Course, exercise: Exercise) -> None:
    check = exercise.checks[0]
    write(course, exercise, graded_by(exercise))
    with GradeWriter(course) as writer:
        notebook = writer.gradebook.find_submission_notebook(exercise.slug, exercise.slug, "ada")
        grade = next(grade for grade in notebook.grades if grade.name == check_id(check))
        grade.manual_score, grade.needs_manual_grade = 0.5, False
        writer.gradebook.db.commit()
    write(course, exercise, graded_by(exercise, wrong=check.name))
    with GradeWriter(course) as writer:
        grade = writer.gradebook.find_grade(check_id(check), exercise.slug, exercise.slug, "ada")
        assert (grade.manual_score, grade.auto_score, grade.needs_manual_grade) == (0.5, 0.0, True)


def test_dates_that_nbgrader_alone_knows_count_too(course: Course, exercise: Exercise) -> None:
    """A due date that stands in the gradebook, and an extension that formgrader's user entered there."""
    settings = course.root / "nbgrader_config.py"
    settings.write_text(settings.read_text() + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    course = Course.open(course.root)
    with GradeWriter(course) as writer:
        assignment = writer.gradebook.find_assignment(exercise.slug)
        assignment.duedate = datetime(2026, 3, 1, 9)
        writer.gradebook.add_student("bob")
        writer.gradebook.add_submission(exercise.slug, "bob").extension = timedelta(hours=2)
        writer.gradebook.db.commit()
    write(course, exercise, graded_by(exercise), graded_by(exercise, "bob"))
    with GradeWriter(course) as writer:
        late = {row.student: (row.points, row.most) for row in writer.rows(exercise)}
        assert late["ada"][0] == 0
        assert late["bob"][0] == sum(check.points for check in exercise.checks)
        assert writer.gradebook.find_submission(exercise.slug, "bob").extension == timedelta(hours=2)


def test_an_exercise_that_is_not_released_is_one_sentence(tmp_path: Path, exercise: Exercise) -> None:
    course = Course.create(tmp_path / "empty")
    with pytest.raises(CourseError, match=f"{exercise.slug} is not released into this course"):
        write(course, exercise, graded_by(exercise))


def test_a_check_that_the_release_lacks_is_one_sentence(course: Course, exercise: Exercise) -> None:
    check = exercise.checks[-1]
    with GradeWriter(course) as writer, writer.engine.begin() as connection:
        connection.execute(sa.text("UPDATE base_cell SET name = 'other' WHERE name = :name"), {"name": check_id(check)})
    with pytest.raises(CourseError, match=rf"The gradebook lacks the checks {check.name}; release"):
        write(course, exercise, graded_by(exercise))
