"""A gradebook in PostgreSQL: the same grades as in a file, several graders, a server that goes away, and moving."""

import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from traitlets.config.loader import PyFileConfigLoader
from typer.testing import CliRunner

from autograder.archive.making import make
from autograder.archive.opening import open_archive
from autograder.check import Verdict
from autograder.cli import app
from autograder.course import Course, CourseError
from autograder.doctor import database_finding
from autograder.exercise import Exercise
from autograder.grading import class_run, database, moving, pages
from autograder.grading.class_run import grade_class, only_one
from autograder.grading.core import version_of
from autograder.grading.database import DatabaseError
from autograder.grading.gradebook import GradedRow, GradeWriter, OutcomeRow, Run
from autograder.grading.intake import read_record
from autograder.grading.moving import move
from autograder.grading.pages import feedback_path
from autograder.grading.points import Graded
from autograder.report import write_report
from tests.autograder.conftest import tree
from tests.autograder.postgres import PASSWORD, Server
from tests.autograder.sample_class import write_class

pytestmark = pytest.mark.xdist_group("postgres")
STUDENTS = [f"s{number:02}" for number in range(8)]
STATUSES = ("right", "wrong", "error")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = Server()
    try:
        started.start()
        yield started
    finally:
        started.remove()


@pytest.fixture
def served(course: Course, server: Server) -> Course:
    """The course with its gradebook on the server."""
    move(course, server.new_database())
    return Course.open(course.root)


def graded(course: Course, exercise: Exercise, student: str, shift: int = 0) -> Graded:
    """What grading a student might come to."""
    begin = sum(student.encode()) + shift
    verdicts = tuple(
        Verdict(check.name, STATUSES[(begin + number) % 3], "Ångström ✓ 漢字", None, "")
        for number, check in enumerate(exercise.checks)
    )
    record = read_record(course, student, exercise.slug) or {"signature": "0" * 64}
    return Graded(student, "2026-01-01 00:00:00 UTC", record["signature"], ("a note",), verdicts, b'{"cells": []}')


def fill(course: Course, exercise: Exercise, students: list[str] = STUDENTS, shift: int = 0) -> None:
    with GradeWriter(course) as writer:
        run = writer.begin(exercise.slug, version_of(exercise), bytes(32), anew=False)
        for student in students:
            writer.write(exercise, run, graded(course, exercise, student, shift))
        writer.finish(run)


def grades(course: Course, exercise: Exercise) -> bytes:
    """The bytes of grades.csv, written anew."""
    with GradeWriter(course) as writer:
        write_report(course, [(exercise, writer.rows(exercise))])
    return (course.root / "grades.csv").read_bytes()


def enter_by_hand(course: Course, exercise: Exercise) -> None:
    """What people enter: scores, comments, dates, an extension, names."""
    from nbgrader.api import Gradebook

    with closing(Gradebook(course.db_url, course.course_id)) as book:
        due = datetime(2025, 12, 31, 12, 0, 0, 123456)
        book.update_or_create_assignment(exercise.slug, duedate=due)
        book.update_or_create_student("s01", first_name="Zoë", last_name="O'Hara", email="z@example.org")
        submission = book.find_submission(exercise.slug, "s01")
        submission.extension = timedelta(hours=5, microseconds=7)
        (notebook,) = submission.notebooks
        notebook.grades[0].manual_score, notebook.grades[1].extra_credit = 0.1, 1 / 3
        notebook.comments[0].manual_comment = "See me.\n\tÇa va: 100 % 'quoted' \"twice\" \\ ok"
        book.db.commit()


def raw(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All of an SQLite file, as SQLite itself reads it."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


def test_grades_are_the_same_byte_for_byte(
    served: Course, exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One real grading, written to both; then students of every status. ``served`` is the same course after a move."""
    in_file = course_in_file(served, tmp_path / "file")
    found: dict[str, Graded] = {}
    really = class_run.grade_submission

    def grade(course: Course, exercise: Exercise, student: str, **about: Any) -> Graded:
        if student not in found:
            found[student] = really(course, exercise, student, **about)
        return found[student]

    monkeypatch.setattr(class_run, "grade_submission", grade)
    for one in (served, in_file):
        write_class(one, exercise, frozenset({"mistake-bias"}))
        result = grade_class(one, exercise, write_pages=one is served)
        assert (result.graded, result.failed) == (["mistake-bias"], {})
        fill(one, exercise)
    assert grades(in_file, exercise) == grades(served, exercise)
    assert feedback_path(served, exercise.slug, "mistake-bias").is_file()
    assert "mistake-bias" not in str(raw(served.root / "gradebook.db")), "nothing goes into the old file"


def course_in_file(course: Course, folder: Path) -> Course:
    """The same course with its gradebook in a file."""
    shutil.copytree(course.root, folder)
    (folder / "course.toml").write_text('name = "course"\n', encoding="utf-8")
    return Course.open(folder)


def test_sums_of_points_do_not_depend_on_the_database(
    course: Course, exercise: Exercise, served: Course, tmp_path: Path
) -> None:
    """0.1 + 0.2 + 0.3 has another last digit in SQLite than in PostgreSQL."""
    found = []
    for one in (course_in_file(served, tmp_path / "file"), served):
        fill(one, exercise, ["s01"])
        with GradeWriter(one) as writer:
            (row,) = writer.rows(exercise)
            assert row.points == sum(outcome.points for outcome in row.outcomes)

            def enter(session: Any) -> None:
                from nbgrader.api import Grade

                for number, grade in enumerate(session.scalars(sa.select(Grade).order_by(Grade.auto_score))):
                    grade.manual_score = 0.1 * (number + 1)

            writer.transaction(enter)
            (row,) = writer.rows(exercise)
        found.append(row.points)
    assert found[0] == found[1]


@pytest.mark.parametrize("where", ["file", "server"])
def test_two_graders_at_once_lose_and_double_nothing(
    where: str, course: Course, exercise: Exercise, server: Server
) -> None:
    """Both begin at the same time, with students whom only one of them has and students whom both have."""
    if where == "server":
        move(course, server.new_database())
        course = Course.open(course.root)
    failed: list[BaseException] = []
    together = threading.Barrier(2)

    def grader(students: list[str]) -> None:
        try:
            together.wait(30)
            fill(Course.open(course.root), exercise, students)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=grader, args=(part,)) for part in (STUDENTS[:6], STUDENTS[2:])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    with GradeWriter(course) as writer:
        rows = writer.rows(exercise)
        counts = writer.transaction(
            lambda session: (
                [session.query(kind).count() for kind in (GradedRow, OutcomeRow)]
                + [len({run.seed for run in session.scalars(sa.select(Run))})]
            )
        )
    assert [row.student for row in rows] == STUDENTS
    assert counts == [len(STUDENTS), len(STUDENTS) * len(exercise.checks), 1]
    for row in rows:
        expected = [verdict.status for verdict in graded(course, exercise, row.student).verdicts]
        assert [outcome.verdict.status for outcome in row.outcomes] == expected
        assert row.points == sum(outcome.points for outcome in row.outcomes)


def test_two_graders_may_begin_one_empty_database(course: Course, server: Server) -> None:
    course.db_url = server.new_database()
    failed: list[BaseException] = []
    together = threading.Barrier(2)

    def begin() -> None:
        try:
            one = Course(course.root)
            one.db_url = course.db_url
            together.wait(30)
            with GradeWriter(one):
                pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have submissions graded without a sandbox, and something happen at the student with a given number."""

    def pretend(events: dict[int, Callable[[], None]]) -> None:
        count = iter(range(1000))
        lock = threading.Lock()

        def grade(course: Course, exercise: Exercise, student: str, **_about: Any) -> Graded:
            with lock:
                events.get(next(count), lambda: None)()
            return graded(course, exercise, student)

        monkeypatch.setattr(class_run, "grade_submission", grade)

    return pretend


def hand_in(course: Course, exercise: Exercise) -> None:
    for student in STUDENTS:
        folder = course.inbox / student / exercise.slug
        folder.mkdir(parents=True)
        folder.joinpath(f"{exercise.slug}.ipynb").write_bytes(course.released(exercise.slug).read_bytes())


def test_a_server_that_restarts_or_is_killed_does_not_end_the_run(
    served: Course, exercise: Exercise, server: Server, pretended: Callable[..., None], tmp_path: Path
) -> None:
    hand_in(served, exercise)
    undisturbed = course_in_file(served, tmp_path / "file")
    fill(undisturbed, exercise)
    pretended({2: server.restart, 5: partial(server.restart, signal.SIGKILL)})
    result = grade_class(served, exercise, write_pages=False)
    assert (sorted(result.graded), result.failed) == (STUDENTS, {})
    assert grades(served, exercise) == grades(undisturbed, exercise)


def test_a_server_that_stays_away_ends_the_run_in_one_sentence_and_the_rerun_comes_to_the_same(
    served: Course,
    exercise: Exercise,
    server: Server,
    pretended: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hand_in(served, exercise)
    undisturbed = course_in_file(served, tmp_path / "file")
    fill(undisturbed, exercise)
    monkeypatch.setattr(database, "PAUSES", (0.01, 0.01))
    pretended({4: server.stop})
    try:
        with pytest.raises(DatabaseError) as told:
            grade_class(served, exercise, workers=1, write_pages=False)
    finally:
        server.start()
    assert "went away and did not come back" in str(told.value)
    assert str(told.value).endswith("start its server, and run the same command again: what is graded is kept.")
    assert PASSWORD not in str(told.value)
    assert "\n" not in str(told.value)
    with GradeWriter(served) as writer:
        before = {row.student for row in writer.rows(exercise)}
    pretended({})
    result = grade_class(served, exercise, write_pages=False)
    assert 0 < len(before) < len(STUDENTS)
    assert set(result.graded) == set(STUDENTS) - before
    assert grades(served, exercise) == grades(undisturbed, exercise)


def test_a_page_waits_for_the_server_too(
    served: Course, exercise: Exercise, server: Server, pretended: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores and comments on it come from the gradebook."""
    pretended({})
    hand_in(served, exercise)
    asked, written = [], []
    marks = GradeWriter.marks

    def marks_of(writer: GradeWriter, slug: str, student: str) -> Any:
        if not asked:
            server.restart()
        asked.append(student)
        return marks(writer, slug, student)

    monkeypatch.setattr(GradeWriter, "marks", marks_of)
    monkeypatch.setattr(pages.PageMaker, "start", lambda maker: None)
    monkeypatch.setattr(pages.PageMaker, "__call__", lambda maker, course, slug, student, notebook, marks: b"a page")
    monkeypatch.setattr(pages.PageWriter, "begin", lambda writer, student, notebook: writer.make(student))
    monkeypatch.setattr(pages, "write_pages", lambda course, slug, student, notebook, page: written.append(student))
    result = grade_class(served, exercise)
    assert (result.failed, asked[: len(STUDENTS)]) == ({}, written[: len(STUDENTS)])
    assert sorted(set(written)) == STUDENTS


WRONG = {
    "no server": ("postgresql://me:{secret}@127.0.0.1:1/rnn", "Connection refused; see that it is there"),
    "no socket": ("postgresql://me:{secret}@/rnn?host=/nowhere", "No such file or directory; see that it is there"),
    "password": ("{server:wrong}", "password authentication failed .*; put the right password into ~/.pgpass"),
    "no password": ("postgresql://grader@/postgres?host={folder}", "no password supplied; put the right password"),
    "database": ("{server:none}", 'database "none" does not exist; make it'),
    "query": ("postgresql://me@127.0.0.1:1/rnn?password={secret}", "Connection refused"),
    "at sign": ("postgresql://me:x@{secret}@host/rnn", "cannot be read; .*%40 stands for an @"),
    "port": ("postgresql://me:x@host:{secret}/rnn", "cannot be read"),
    "slash": ("postgresql://me:x@{secret}/y@host/rnn", "cannot be read"),
    "kind": ("postgres://me:{secret}@host/rnn", "of a kind that is not known here; .*postgresql://"),
    "driver": ("postgresql+psycopg2cffi://me:{secret}@host/rnn", "needs the package psycopg2cffi; install it"),
    "text": ("{secret}", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_gradebook_that_cannot_be_reached_is_one_sentence_without_the_password(
    what: str, course: Course, server: Server
) -> None:
    secret = "geheim"
    address, said = WRONG[what]
    address = address.replace("{server:wrong}", server.address("postgres", secret))
    address = address.replace("{server:none}", server.address("none"))
    course.db_url = address.format(secret=secret, folder=server.folder)
    with pytest.raises(DatabaseError, match=said) as told, GradeWriter(course):
        pass
    assert "\n" not in str(told.value)
    assert secret not in str(told.value)
    assert PASSWORD not in str(told.value)
    finding = database_finding(course)
    assert (finding.ok, finding.message) == (False, str(told.value))


def test_the_command_takes_another_database_for_once(course: Course, server: Server, autograder: Any) -> None:
    result = autograder("report", "--course", str(course.root), "--db", server.address("postgres", "geheim"))
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert "password authentication failed" in line
    assert "geheim" not in line


def test_a_variable_names_another_database_before_any_setting(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it does for what nbgrader starts by itself, and for every process of ours."""
    (course.root / "course.toml").write_text('database = "sqlite:////srv/one.db"\n', encoding="utf-8")
    assert Course.open(course.root).db_url == "sqlite:////srv/one.db"
    monkeypatch.setenv("AUTOGRADER_DATABASE", "postgresql://me@host/rnn")
    assert Course.open(course.root).db_url == "postgresql://me@host/rnn"
    read_by_nbgrader = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    assert read_by_nbgrader.CourseDirectory.db_url == "postgresql://me@host/rnn"


def test_the_doctor_tries_a_gradebook_on_a_server(served: Course) -> None:
    assert database_finding(served).ok


def test_nbgrader_reads_it_there(served: Course, exercise: Exercise) -> None:
    """What formgrader's pages ask for."""
    from nbgrader.api import Gradebook

    fill(served, exercise)
    with closing(Gradebook(served.db_url, served.course_id)) as book:
        assert [one["id"] for one in sorted(book.student_dicts(), key=lambda one: one["id"])] == STUDENTS
        assert len(book.submission_dicts(exercise.slug)) == len(STUDENTS)
        assert len(book.notebook_submission_dicts(exercise.slug, exercise.slug)) == len(STUDENTS)
        assert book.average_assignment_score(exercise.slug) > 0


def test_a_course_moves_there_and_back_with_everything(
    course: Course, exercise: Exercise, server: Server, tmp_path: Path
) -> None:
    text = '# Mine.\nname = "course"  # kept\nworkers = 3\n\n[late]\npercent_per_day = 10.0\n'
    (course.root / "course.toml").write_text(text, encoding="utf-8")
    course = Course.open(course.root)
    fill(course, exercise)
    enter_by_hand(course, exercise)
    fill(course, exercise, ["s01", "s02"], shift=1)
    csv, before = grades(course, exercise), raw(course.root / "gradebook.db")
    there = server.new_database()
    moved = move(course, there)
    assert (moved.left, moved.rows["autograder_graded"]) == ((), len(STUDENTS))
    on_server = Course.open(course.root)
    assert on_server.db_url == there
    assert (course.root / "course.toml").read_text(encoding="utf-8").endswith(text)
    assert (course.root / "course.toml").stat().st_mode & 0o007 == 0, "a password stands in it"
    assert grades(on_server, exercise) == csv
    back = tmp_path / "back.db"
    move(on_server, f"sqlite:///{back}")
    assert raw(back) == before == raw(course.root / "gradebook.db")
    assert grades(Course.open(course.root), exercise) == csv


def test_after_a_move_new_rows_are_numbered_on(served: Course, exercise: Exercise, server: Server) -> None:
    fill(served, exercise)
    move(served, server.new_database())
    again = Course.open(served.root)
    with GradeWriter(again) as writer:
        first = writer.begin(exercise.slug, "1", bytes(32), anew=True)
        assert first.id == 2
    fill(again, exercise, ["s01", "new"])
    with GradeWriter(again) as writer:
        assert len(writer.rows(exercise)) == len(STUDENTS) + 1


def tables_in(address: str) -> list[str]:
    engine = sa.create_engine(address)
    names = sa.inspect(engine).get_table_names()
    engine.dispose()
    return names


def test_a_move_that_is_broken_off_leaves_nothing_and_is_done_again(
    course: Course, exercise: Exercise, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(course, exercise, ["s01"])
    with only_one(course):
        before = tree(course.root)
    targets = [server.new_database(), f"sqlite:///{tmp_path / 'new.db'}"]

    def broken(*_about: Any) -> None:
        raise KeyboardInterrupt

    for target in targets:
        digests = iter((moving.digest, broken))  # the second is of the filled tables
        monkeypatch.setattr(moving, "digest", lambda *about, digests=digests: next(digests)(*about))
        with pytest.raises(KeyboardInterrupt):
            move(course, target)
        monkeypatch.undo()
        assert not (tmp_path / "new.db").exists()
        assert tree(course.root) == before
    assert tables_in(targets[0]) == []
    monkeypatch.setattr(moving, "name_in_settings", broken)
    with pytest.raises(KeyboardInterrupt):
        move(course, targets[0])
    monkeypatch.undo()
    assert Course.open(course.root).db_url != targets[0]
    move(course, targets[0])
    assert Course.open(course.root).db_url == targets[0], "what was copied already is taken"


def test_what_a_database_does_not_take_ends_the_move_whole(course: Course, exercise: Exercise, server: Server) -> None:
    fill(course, exercise, ["s01"])
    with closing(sqlite3.connect(course.root / "gradebook.db")) as connection, connection:
        connection.execute("UPDATE student SET first_name = ?", ("x" * 200,))  # SQLite does not count
    target = server.new_database()
    with pytest.raises(DatabaseError, match=r"does not take the grades over: .*too long.* Nothing was moved\.$"):
        move(course, target)
    assert tables_in(target) == []


def test_a_move_is_refused_where_it_would_mix_lose_or_not_hold(
    course: Course, exercise: Exercise, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(course, exercise, ["s01"])
    full = server.new_database()
    other = Course(course.root)
    other.db_url = full
    with GradeWriter(other):
        pass
    settings = (course.root / "course.toml").read_bytes()
    with pytest.raises(CourseError, match=r"is not empty; name one that is\. Nothing was moved\."):
        move(course, full)
    with pytest.raises(CourseError, match="A gradebook in memory would be lost"):
        move(course, "sqlite://")
    with pytest.raises(DatabaseError, match="Connection refused"):
        move(course, "postgresql://me@127.0.0.1:1/rnn")
    monkeypatch.setenv("AUTOGRADER_DATABASE", full)
    with pytest.raises(CourseError, match="The variable AUTOGRADER_DATABASE names the gradebook"):
        move(Course.open(course.root), server.new_database())
    monkeypatch.undo()
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write('\nc.CourseDirectory.db_url = "sqlite:////tmp/elsewhere.db"\n')
    with pytest.raises(CourseError, match=r"not course\.toml; take that line away first"):
        move(Course.open(course.root), server.new_database())
    assert (course.root / "course.toml").read_bytes() == settings


def test_the_move_as_a_command(course: Course, server: Server) -> None:
    result = CliRunner().invoke(app, ["move-gradebook", "--to", server.new_database(), "--course", str(course.root)])
    assert result.exit_code == 0
    assert result.stdout.startswith("Moved to postgresql://grader:…@/course")
    assert "is as it was; nothing reads it any more." in result.stdout
    assert PASSWORD not in result.stdout


def test_an_archive_holds_the_gradebook_of_the_server_as_a_file(
    served: Course, exercise: Exercise, tmp_path: Path
) -> None:
    write_class(served, exercise, ["blank"])
    grade_class(served, exercise, write_pages=False)
    make(served, tmp_path / "course.zip")
    open_archive(tmp_path / "course.zip", tmp_path / "opened")
    opened = Course.open(tmp_path / "opened")
    assert opened.db_url == f"sqlite:///{opened.root / 'gradebook.db'}"
    with GradeWriter(served) as theirs, GradeWriter(opened) as ours:
        assert theirs.rows(exercise) == ours.rows(exercise) != []
        with theirs.engine.connect() as before, ours.engine.connect() as after:
            assert moving.digest(before) == moving.digest(after)
