"""Points over the life of a course: those of the release count until the next one; a score by hand shows where it stands."""

import csv
import io
from pathlib import Path
from unittest.mock import patch

from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.exercise.cells import id_of_check
from tests.autograder.conftest import tree
from tests.autograder.toy_course import CHECKS, SHORTER, SLUG, hand_in, points_of, run, write_toy


def lines(root: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((root / "grades.csv").read_text(encoding="utf-8"))))


def test_points_changed_without_a_release_are_said_and_count_from_the_next_release_on(toy: Path) -> None:
    write_toy(toy, CHECKS.replace("points=4", "points=5"))
    for _again in range(2):
        told = run("grade", SLUG, "--course", toy)
        assert told.stderr.count("with the points of the last release (double 4, not 5); run 'autograder release") == 1
        assert points_of(toy, "toy.double") == {"ada": 4, "bob": 0, "cid": 0}
    run("release", SLUG, "--course", toy)
    assert "points of the last release" not in run("grade", SLUG, "--course", toy).stderr
    assert points_of(toy, "toy.double") == {"ada": 5, "bob": 0, "cid": 0}


def test_a_score_by_hand_shows_at_its_check_and_lines_add_up_to_the_total(toy: Path) -> None:
    with Gradebook(Course.open(toy).db_url, "course") as gradebook:
        gradebook.find_grade(id_of_check("toy.double"), SLUG, SLUG, "bob").manual_score = 1.5
        gradebook.db.commit()
    run("report", "--course", toy)
    assert points_of(toy, "toy.double") == {"ada": 4, "bob": 1.5, "cid": 0}
    assert {line["total"] for line in lines(toy) if line["student"] == "bob"} == {"3.5"}


def test_a_release_that_the_gradebook_does_not_take_leaves_the_one_before(toy: Path) -> None:
    before = tree(toy / "release"), tree(toy / "source")
    write_toy(toy, *SHORTER)
    said = str(run("release", SLUG, "--course", toy).exception)
    assert "Students are graded on 01_toy already" in said
    assert "check-toy-shift" in said
    write_toy(toy, CHECKS.replace("points=4", "points=-1"))
    with patch("nbgrader.preprocessors.SaveCells.preprocess", side_effect=ValueError):
        assert "could not release" in str(run("release", SLUG, "--course", toy).exception)
    assert (tree(toy / "release"), tree(toy / "source")) == before


def test_scores_and_comments_of_every_earlier_answer_are_kept(toy: Path) -> None:
    for score, answer in ((1.0, "Second."), (2.0, "Third.")):
        with Gradebook(Course.open(toy).db_url, "course") as gradebook:
            gradebook.find_grade("answer-why", SLUG, SLUG, "ada").manual_score = score
            gradebook.find_comment("answer-why", SLUG, SLUG, "ada").manual_comment = f"Before {answer}"
            gradebook.db.commit()
        hand_in(toy, "ada", answer=answer)
        run("grade", SLUG, "--course", toy)
    with Gradebook(Course.open(toy).db_url, "course") as gradebook:
        kept = gradebook.find_comment("answer-why", SLUG, SLUG, "ada").auto_comment
    assert [words in kept for words in ("given 1", "Before Second.", "given 2", "Before Third.")] == [True] * 4
