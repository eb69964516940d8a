"""Both doors, every way to run: our command and nbgrader's, one worker and two, root and an ordinary user - the same grades."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.release import release_into, student_files, write_files
from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading.class_run import grade_class
from autograder.grading.gradebook import GradeWriter, Row
from autograder.grading.intake import take_in_all
from autograder.sandbox import bubblewrap, forks
from autograder.sandbox.runtime import interpreter
from autograder.table import csv_text
from tests.autograder.conftest import ROOT, GradedClass
from tests.autograder.sample_class import SAMPLES, write_class

pytestmark = pytest.mark.xdist_group("doors")
FEW = frozenset(
    {"full", "full-other-style", "blank", "mistake-bias", "exits", "not-json", "cheat-own-numpy", "cheat-patched-runner"}
)  # fmt: skip
ORDINARY_UID = 54321


def outcome(rows: list[Row]) -> dict[str, list[tuple[str, str, float]]]:
    return {row.student: [(o.verdict.check, o.verdict.status, o.points) for o in row.outcomes] for row in rows}


def stated(exercise: Exercise) -> dict[str, list[tuple[str, str, float]]]:
    """What the sample class says of itself."""
    found = {}
    for sample in SAMPLES:
        if sample.student in FEW:
            statuses = [(check, sample.status(check.function)) for check in exercise.checks]
            found[sample.student] = [(c.name, s, float(c.points) if s == "right" else 0.0) for c, s in statuses]
    return found


def nbgrader(course: Course, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "nbgrader"), *arguments],
        cwd=course.root, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def rows_of(course: Course, exercise: Exercise) -> list[Row]:
    with GradeWriter(course) as writer:
        return writer.rows(exercise)


def test_nbgrader_s_own_command_gives_the_same_grades(course: Course, exercise: Exercise) -> None:
    write_class(course, exercise, FEW)
    take_in_all(course, exercise)
    result = nbgrader(course, "autograde", exercise.slug)
    assert result.returncode == 0, result.stderr[-2000:]
    assert outcome(rows_of(course, exercise)) == stated(exercise)


def test_a_copied_answer_cell_is_named_and_costs_nobody_a_grade(course: Course, exercise: Exercise) -> None:
    """nbgrader alone ends the class's run at such a notebook, and advises to update its metadata."""
    solved = fill_in(exercise, nbformat.read(course.released(exercise.slug), as_version=4), reference_sources(exercise))
    copied = nbformat.from_dict(solved)
    place = next(place for place, cell in enumerate(copied.cells) if cell.id == "step")
    copied.cells.insert(place, nbformat.from_dict(copied.cells[place]))
    copied.cells[place].source = "def step(x, h, W_x, W_h, b):\n    return h\n"
    for student, notebook in {"ada": copied, "zoe": solved}.items():
        path = course.inbox / student / exercise.slug / f"{exercise.slug}.ipynb"
        write_files({path.name: json.dumps(notebook).encode()}, path.parent)
    take_in_all(course, exercise)
    for arguments in (["autograde", exercise.slug], ["generate_feedback", exercise.slug]):
        result = nbgrader(course, *arguments)
        assert result.returncode == 0, result.stderr[-2000:]
    assert [(row.student, row.points) for row in rows_of(course, exercise)] == [
        ("ada", exercise.most), ("zoe", exercise.most),
    ]  # fmt: skip
    ada, zoe = (
        (course.feedback / name / exercise.slug / f"{exercise.slug}.html").read_text() for name in ("ada", "zoe")
    )
    assert "The notebook has 2 cells with the name step" in ada
    assert "cells with the name" not in zoe


# nbgrader's own way of adding a submission draws this warning from SQLAlchemy.
@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")
def test_formgrader_s_button_gives_the_same_grades(course: Course, exercise: Exercise) -> None:
    """The button calls this very function of nbgrader's, for one student."""
    write_class(course, exercise, frozenset({"full", "mistake-bias"}))
    take_in_all(course, exercise)
    for student in ("full", "mistake-bias"):
        result = course.nbgrader().autograde(exercise.slug, student)
        assert result["success"], result
    expected = {student: rows for student, rows in stated(exercise).items() if student in ("full", "mistake-bias")}
    assert outcome(rows_of(course, exercise)) == expected


def test_nbgrader_s_zip_collect_fills_the_inbox_and_not_submitted(course: Course, exercise: Exercise) -> None:
    """A folder as a learning platform exports it goes to inbox/; only intake takes it further, with our own time."""
    config = course.root / "nbgrader_config.py"
    pattern = r"^.+_(?P<student_id>[a-z]+)_attempt_(?P<timestamp>[0-9\-]+)_(?P<file_id>.+)$"
    line = f"c.FileNameCollectorPlugin.named_regexp = {pattern!r}\n"
    config.write_text(config.read_text(encoding="utf-8") + line, encoding="utf-8")
    archive = course.root / "downloaded" / exercise.slug / "archive"
    archive.mkdir(parents=True)
    shutil.copy(course.released(exercise.slug), archive / f"hw_ada_attempt_1999-01-01-10-00-00_{exercise.slug}.ipynb")
    result = nbgrader(course, "zip_collect", exercise.slug)
    assert result.returncode == 0, result.stderr[-2000:]
    assert (course.inbox / "ada" / exercise.slug / f"{exercise.slug}.ipynb").is_file()
    assert not course.submitted.exists()
    assert [row.student for row in grade_class(course, exercise).rows] == ["ada"]
    timestamp = (course.submitted / "ada" / exercise.slug / "timestamp.txt").read_text(encoding="utf-8")
    assert not timestamp.startswith("1999")


def test_nbgrader_s_feedback_is_the_same_page(course: Course, exercise: Exercise) -> None:
    write_class(course, exercise, frozenset({"mistake-bias"}))
    grade_class(course, exercise)
    page = course.feedback / "mistake-bias" / exercise.slug / f"{exercise.slug}.html"
    ours = page.read_text(encoding="utf-8")
    result = nbgrader(course, "generate_feedback", exercise.slug, "--force")
    assert result.returncode == 0, result.stderr[-2000:]
    assert page.read_text(encoding="utf-8") == ours


def test_nbgrader_s_door_is_shut_for_what_intake_did_not_write(course: Course, exercise: Exercise) -> None:
    folder = course.submitted / "mallory" / exercise.slug
    folder.mkdir(parents=True)
    shutil.copy(course.released(exercise.slug), folder)
    (folder / "intake.json").write_text(
        json.dumps({"signature": "0" * 64, "arrived": "2026-01-01 00:00:00 UTC", "notes": []})
    )
    result = nbgrader(course, "autograde", exercise.slug)
    assert result.returncode != 0
    assert "was not written by intake" in result.stderr
    assert not (course.autograded / "mallory" / exercise.slug).exists()


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")
def test_a_changed_submission_is_refused(course: Course, exercise: Exercise) -> None:
    write_class(course, exercise, frozenset({"blank", "full"}))
    take_in_all(course, exercise)
    full, blank = (course.submitted / name / exercise.slug / f"{exercise.slug}.ipynb" for name in ("full", "blank"))
    shutil.copy(full, blank)
    result = course.nbgrader().autograde(exercise.slug, "blank")
    assert not result["success"]


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")
def test_a_manual_score_is_kept_by_both_doors(course: Course, exercise: Exercise) -> None:
    from nbgrader.api import Gradebook

    write_class(course, exercise, frozenset({"blank"}))
    grade_class(course, exercise)
    cell = "check-rnn-step"
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.find_grade(cell, exercise.slug, exercise.slug, "blank").manual_score = 2.5
        gradebook.db.commit()
        gradebook.engine.dispose()
    grade_class(course, exercise, anew=True)
    assert course.nbgrader().autograde(exercise.slug, "blank")["success"]
    with Gradebook(course.db_url, course.course_id) as gradebook:
        grade = gradebook.find_grade(cell, exercise.slug, exercise.slug, "blank")
        assert (grade.manual_score, grade.auto_score, grade.score) == (2.5, 0.0, 2.5)
        gradebook.engine.dispose()
    (row,) = rows_of(course, exercise)
    assert row.points == 2.5


def test_a_late_hand_in_gets_the_course_s_penalty(course: Course, exercise: Exercise) -> None:
    from datetime import datetime

    from nbgrader.api import Gradebook

    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + 'c.LateSubmissionPlugin.penalty_method = "zero"\n', encoding="utf-8")
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.update_or_create_assignment(exercise.slug, duedate=datetime(2020, 1, 1))
        gradebook.engine.dispose()
    write_class(course, exercise, frozenset({"full"}))
    result = grade_class(Course.open(course.root), exercise)
    assert [row.points for row in result.rows] == [0.0]
    assert [o.points for o in result.rows[0].outcomes] == [float(check.points) for check in exercise.checks]


def test_one_worker_and_two_give_the_same_grades(tmp_path: Path, course: Course, exercise: Exercise) -> None:
    write_class(course, exercise, FEW)
    assert outcome(grade_class(course, exercise, workers=1).rows) == stated(exercise)
    assert outcome(grade_class(course, exercise, workers=2, anew=True).rows) == stated(exercise)


def test_forked_and_started_anew_the_same_grades(
    course: Course, exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class(course, exercise, FEW)
    written = []
    for switch in ("yes", "no"):
        monkeypatch.setenv(forks.SWITCH, switch)
        rows = grade_class(course, exercise, anew=switch == "no", seed=bytes(32)).rows
        assert outcome(rows) == stated(exercise)
        written.append(csv_text([(exercise, rows)]))
    assert written[0] == written[1]


@pytest.mark.slow
def test_the_whole_class_comes_to_the_same_where_each_runner_is_started_anew(
    tmp_path: Path, exercise: Exercise, monkeypatch: pytest.MonkeyPatch, graded_class: GradedClass
) -> None:
    monkeypatch.setenv(forks.SWITCH, "no")
    course = Course.create(tmp_path / "course")
    release_into(course, exercise)
    write_class(course, exercise)
    assert outcome(grade_class(course, exercise).rows) == outcome(graded_class.result.rows)


def as_ordinary_user(folder: Path) -> list[str]:
    """The words before a command that make it an ordinary user's who can read this project and write to ``folder``."""
    if os.geteuid() != 0:
        return []
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, ORDINARY_UID, ORDINARY_UID, follow_symlinks=False)
    # The folders above the interpreter, the project and the test's own may be closed to others: open them in a view of its own.
    arguments = [bubblewrap.bwrap(), "--dev-bind", "/", "/"]
    needed = [Path(sys.base_prefix).resolve(), interpreter().parents[1], ROOT, folder]
    tops = dict.fromkeys(Path("/") / path.parts[1] for path in needed)
    for top in tops:
        if not top.stat().st_mode & 0o001 or top == Path("/tmp"):
            arguments += ["--perms", "1777" if top == Path("/tmp") else "0755", "--tmpfs", str(top)]
            inside = list(dict.fromkeys(path for path in needed if top in path.parents))
            arguments += bubblewrap.enterable_parents([path for path in inside if path.parent != top])
            for path in inside:
                arguments += ["--bind", str(path), str(path)]
    drop = ["setpriv", "--reuid", str(ORDINARY_UID), "--regid", str(ORDINARY_UID), "--clear-groups", "--inh-caps=-all"]
    return [*arguments, "--", *drop, "--"]


@pytest.mark.parametrize("written", [False, True])
def test_nbgrader_s_validation_at_home_fails_unless_every_check_is_right(
    written: bool, course: Course, exercise: Exercise, tmp_path: Path
) -> None:
    released = nbformat.read(course.released(exercise.slug), as_version=4)
    sources = reference_sources(exercise) if written else {}
    files = student_files(exercise, course.released(exercise.slug))
    write_files(files | {"work.ipynb": notebook_bytes(fill_in(exercise, released, sources))}, tmp_path / "home")
    result = nbgrader(course, "validate", str(tmp_path / "home" / "work.ipynb"))
    assert ("Success!" in result.stdout) == written, result.stdout + result.stderr
    assert ("step still raises NotImplementedError" in result.stdout) != written


def test_an_ordinary_user_gets_the_same_grades(course: Course, exercise: Exercise) -> None:
    """Where the tests run as root, the command is given to another user; else it is ours already."""
    write_class(course, exercise, FEW)
    command = [sys.executable, "-m", "autograder", "grade", "--course", str(course.root), "--json"]
    environment = {**os.environ, "HOME": str(course.root)}
    result = subprocess.run(
        [*as_ordinary_user(course.root), *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    (found,) = json.loads(result.stdout)["exercises"]
    got = {row["student"]: [(c["check"], c["status"], c["points"]) for c in row["checks"]] for row in found["rows"]}
    assert got == stated(exercise)
