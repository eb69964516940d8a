"""Where no sandbox can be made: grading alone fails, in one sentence, and nothing is changed."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.exercise import Exercise
from tests.autograder.conftest import ROOT, tree
from tests.autograder.sample_class import write_class

# What bwrap says where the system forbids it user namespaces.
FORBIDDEN = "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"


@pytest.fixture
def forbidden(tmp_path: Path) -> str:
    path = tmp_path / "bwrap"
    path.write_text(FORBIDDEN, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_grade_refuses_in_one_sentence_and_changes_nothing(
    course: Course, exercise: Exercise, forbidden: str, autograder
) -> None:
    write_class(course, exercise, frozenset({"full", "blank"}))
    before = tree(course.root)
    result = autograder("grade", "--course", str(course.root), AUTOGRADER_BWRAP=forbidden)
    assert result.returncode == 3
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert "No permissions to create new namespace" in line
    assert "allow unprivileged user namespaces" in line
    assert tree(course.root) == before


def test_a_missing_bwrap_is_said_with_what_to_install(course: Course, exercise: Exercise, autograder) -> None:
    result = autograder("grade", "--course", str(course.root), AUTOGRADER_BWRAP="/nonexistent/bwrap")
    assert result.returncode == 3
    assert "apt install bubblewrap" in result.stderr


def test_doctor_says_that_the_machine_is_not_fit(forbidden: str, autograder) -> None:
    result = autograder("doctor", AUTOGRADER_BWRAP=forbidden)
    assert result.returncode == 1
    assert "BAD  sandbox" in result.stdout
    assert "Not fit to grade." in result.stdout


def test_running_unprotected_takes_an_explicit_flag(
    course: Course, exercise: Exercise, forbidden: str, autograder
) -> None:
    write_class(course, exercise, frozenset({"full", "mistake-bias"}))
    result = autograder("grade", "--course", str(course.root), "--unprotected", AUTOGRADER_BWRAP=forbidden)
    assert result.returncode == 0, result.stderr
    assert "2 graded now" in result.stdout


def test_make_course_builds_all_else_and_fails_for_grading_alone(tmp_path: Path, forbidden: str) -> None:
    """The recipe itself, with the book's build (tested elsewhere) standing in as a command that succeeds."""
    course = tmp_path / "course"
    result = subprocess.run(
        ["make", "--no-print-directory", "course", f"COURSE={course}", "BOOK=echo the book is built"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "AUTOGRADER_BWRAP": forbidden},
    )  # fmt: skip
    assert result.returncode != 0
    assert "the book is built" in result.stdout
    assert "Notebooks:" in result.stdout
    assert "The class is not graded: the sentence above says what to do." in result.stdout
    assert "Not graded: The sandbox does not start here" in result.stderr
    assert "Traceback" not in result.stderr
    assert (course / "release" / "01_vanilla_rnn" / "01_vanilla_rnn.ipynb").is_file()
    assert (ROOT / "_build" / "student" / "01_vanilla_rnn.zip").is_file()
