"""Regrading: what corrected checks change is shown before it is written, and what people gave by hand stays."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.exercise.cells import id_of_check
from autograder.grading import regrading
from autograder.grading.gradebook import GradeWriter
from tests.autograder.conftest import ROOT, tree
from tests.autograder.toy_course import CHECKS, PLAIN, SLUG, hand_in, points_of, run, write_toy

# A correction after which who squared is right, and another message is said to who returned the input.
CORRECTED = CHECKS.replace("2.0 * a", "…").replace("a * a", "2.0 * a").replace("…", "a * a")
BOOKKEEPING = (".autograder-lock", "gradebook.db")


@pytest.fixture
def root(toy: Path) -> Path:
    """The toy course, in which cid was given a point by hand and a comment, and whose checks were corrected since."""
    with Gradebook(Course.open(toy).db_url, "course") as gradebook:
        gradebook.find_grade(id_of_check("toy.double"), SLUG, SLUG, "cid").manual_score = 1.0
        gradebook.find_comment("answer-why", SLUG, SLUG, "cid").manual_comment = "Half of it."
        gradebook.db.commit()
    run("report", "--course", toy)
    write_toy(toy, CORRECTED)
    return toy


def given(root: Path) -> tuple[list, dict[str, bytes]]:
    """What the gradebook says, and every file of the course but its bookkeeping."""
    course = Course.open(root)
    with GradeWriter(course) as writer:
        rows = writer.rows(course.exercise(SLUG))
    return rows, {
        name: digest for name, digest in tree(root).items() if name not in BOOKKEEPING and "__pycache__" not in name
    }


def test_it_is_shown_and_written_only_after_a_yes(root: Path) -> None:
    before = given(root)
    told = run("regrade", SLUG, "--course", root, typed="y\n")
    assert (told.exit_code, given(root)) == (1, before), "a pipe is nobody who agrees"
    assert "add --yes" in told.stderr
    assert told.stdout.splitlines()[-1] == "Nothing is written."
    shown = " ".join(told.stdout.replace("│", " ").split())
    assert "ada toy.double 4 → 0 6 → 2 right → wrong: squared" in shown
    assert "bob toy.double 0 → 4 2 → 6 wrong: squared → right" in shown
    assert "Totals: 1 rise, 1 fall, 1 stay" in shown

    told = run("regrade", SLUG, "--course", root, "--yes", "--json")
    (about,) = json.loads(told.stdout)["exercises"]
    assert about["written"]
    assert {(one["student"], one["total_after"]) for one in about["changes"] if one["total_after"] != one["total_before"]} == {
        ("ada", 2), ("bob", 6),
    }  # fmt: skip
    assert points_of(root, "toy.double") == {"ada": 0, "bob": 4, "cid": 1}
    page = (root / "feedback" / "cid" / SLUG / f"{SLUG}.html").read_text(encoding="utf-8")
    assert "Half of it." in page

    after = given(root)
    assert "0 graded now, 3 unchanged" in run("grade", SLUG, "--course", root).stdout
    assert "There is nothing to write." in run("regrade", SLUG, "--course", root).stdout
    assert given(root) == after


def test_at_a_terminal_it_asks(root: Path) -> None:
    for answer, points in (("n", {"ada": 4, "bob": 0, "cid": 1}), ("y", {"ada": 0, "bob": 4, "cid": 1})):
        ours, theirs = pty.openpty()
        os.write(ours, f"{answer}\n".encode())
        command = [sys.executable, "-m", "autograder", "regrade", SLUG, "--course", str(root), "--quiet"]
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, cwd=ROOT, check=False, timeout=300)
        os.close(ours)
        os.close(theirs)
        assert "Write this?" in done.stdout
        assert done.returncode == (answer == "n"), done.stderr
        assert points_of(root, "toy.double") == points


def test_a_gradebook_that_changed_meanwhile_is_not_written_over(root: Path) -> None:
    course = Course.open(root)
    prepared = regrading.prepare(course, course.exercise(SLUG))
    with Gradebook(course.db_url, "course") as gradebook:
        gradebook.find_grade(id_of_check("toy.double"), SLUG, SLUG, "ada").manual_score = 3.0
        gradebook.db.commit()
    before = given(root)
    with pytest.raises(regrading.CourseError, match="changed while you looked"):
        regrading.write(course, prepared)
    assert given(root) == before


def test_another_hand_in_is_said_and_asked_on_the_same_challenges(root: Path) -> None:
    hand_in(root, "bob", double=PLAIN)
    course = Course.open(root)
    with GradeWriter(course) as writer:
        seeds = {student: seed for student, (_version, seed, _signature) in writer.graded_by(SLUG).items()}
    prepared = regrading.prepare(course, course.exercise(SLUG))
    assert {graded.student: seed for graded, seed in prepared.anew} == seeds
    assert {one.why.startswith("another hand-in") for one in prepared.changes if one.student == "bob"} == {True}
    assert {one.why.startswith("another hand-in") for one in prepared.changes if one.student != "bob"} == {False}


def test_nobody_graded_is_said_in_a_sentence(tmp_path: Path) -> None:
    write_toy(tmp_path / "course")
    run("release", SLUG, "--course", tmp_path / "course")
    told = run("regrade", SLUG, "--course", tmp_path / "course")
    assert str(told.exception).startswith("Nobody is graded in")


def test_a_grading_by_other_checks_says_so(root: Path) -> None:
    told = run("grade", SLUG, "--course", root).stdout
    assert "3 of these had been graded by another version of the checks; 'autograder regrade'" in told
    assert "another version" not in run("grade", SLUG, "--course", root, "--anew").stdout
