"""Points over the life of a course: those of the release count until the next one; a score by hand shows where it stands."""

import csv
import io
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.exercise.cells import id_of_check
from tests.autograder.toy_course import CHECKS, PLAIN, SLUG, hand_in, points_of, run, write_toy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course in which ada is right and bob is not, graded."""
    write_toy(tmp_path / "course")
    assert run("release", SLUG, "--course", tmp_path / "course").exit_code == 0
    hand_in(tmp_path / "course", "ada")
    hand_in(tmp_path / "course", "bob", double=PLAIN)
    assert run("grade", SLUG, "--course", tmp_path / "course").exit_code == 0
    return tmp_path / "course"


def lines(root: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((root / "grades.csv").read_text(encoding="utf-8"))))


def test_points_changed_without_a_release_are_said_and_count_from_the_next_release_on(root: Path) -> None:
    write_toy(root, CHECKS.replace("points=4", "points=5"))
    for _again in range(2):
        told = run("grade", SLUG, "--course", root)
        assert told.stderr.count("with the points of the last release (double 4, not 5); run 'autograder release") == 1
        assert points_of(root, "toy.double") == {"ada": 4, "bob": 0}
    run("release", SLUG, "--course", root)
    assert "points of the last release" not in run("grade", SLUG, "--course", root).stderr
    assert points_of(root, "toy.double") == {"ada": 5, "bob": 0}


def test_a_score_by_hand_shows_at_its_check_and_lines_add_up_to_the_total(root: Path) -> None:
    with Gradebook(Course.open(root).db_url, "course") as gradebook:
        gradebook.find_grade(id_of_check("toy.double"), SLUG, SLUG, "bob").manual_score = 1.5
        gradebook.db.commit()
    run("report", "--course", root)
    assert points_of(root, "toy.double") == {"ada": 4, "bob": 1.5}
    assert {line["total"] for line in lines(root) if line["student"] == "bob"} == {"3.5"}
