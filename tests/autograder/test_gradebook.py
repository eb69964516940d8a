"""A gradebook that begins without the program alembic: the same number of its migrations, and nothing else touched."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from autograder.course import Course, CourseError, put_environment_on_path
from autograder.grading.gradebook import GradeWriter, begin_gradebook


def number_in(course: Course) -> list[str]:
    engine = sa.create_engine(course.db_url)
    with engine.connect() as connection:
        found = list(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))
    engine.dispose()
    return found


def begun(course: Course) -> None:
    engine = sa.create_engine(course.db_url)
    begin_gradebook(engine)
    engine.dispose()


def test_it_begins_with_the_number_that_nbgrader_would_have_asked_for(tmp_path: Path) -> None:
    from nbgrader.api import get_alembic_version

    course = Course.create(tmp_path / "course")
    begun(course)
    put_environment_on_path()
    assert number_in(course) == [get_alembic_version()]


def test_no_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = Course.create(tmp_path / "course")
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with GradeWriter(course) as writer:
        assert writer.gradebook.assignments == []


def test_a_gradebook_that_is_there_keeps_its_number(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    begun(course)
    engine = sa.create_engine(course.db_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'older'"))
    engine.dispose()
    begun(course)
    assert number_in(course) == ["older"]


def test_a_gradebook_that_another_program_holds_is_one_clear_sentence(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    with GradeWriter(course) as writer, closing(sqlite3.connect(tmp_path / "course" / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match=r"cannot be used now \(.*locked\); if another program holds it"):
            writer.begin("01_vanilla_rnn", "1", bytes(32), anew=False)
        other.rollback()
        assert writer.begin("01_vanilla_rnn", "1", bytes(32), anew=False).version == "1"
