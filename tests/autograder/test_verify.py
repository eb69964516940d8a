"""`verify` as a user types it: what it must find for exercise 1, and that it can find fault."""

import json

import numpy as np
import pytest

from autograder.check import Verdict
from autograder.exercise import EXERCISES, Check, DrawnCase, Exercise
from autograder.exercise.declaration import Misconception
from autograder.grading.gradebook import Outcome, Row
from autograder.grading.judge import RIGHT_BUT_FOR
from autograder.proof.verify import (
    ExerciseProof,
    blank,
    family,
    find_leaks,
    mistaken_claim,
    reference,
    should_fail,
    spread,
    untrue,
)


@pytest.mark.parametrize("slug", EXERCISES)
def test_verify_proves_every_exercise(slug: str, autograder) -> None:
    """Without the models that need training; those are proven by the test below."""
    result = autograder("verify", slug, "--no-training", "--workers", "1", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    (found,) = json.loads(result.stdout)["exercises"]
    assert found["slug"] == slug
    assert found["checks"] >= 5
    assert found["misconceptions"] >= 12
    assert found["rejected"] == found["diagnosed"] == found["misconceptions"]
    assert found["alternatives"] >= 4
    assert found["accepted"] == found["alternatives"]
    assert found["leaks"] == []
    assert (found["blank_score"], found["reference_score"]) == (0, found["points"])


TRAINED = [exercise.slug for exercise in EXERCISES.values() if exercise.without_training() != exercise]


@pytest.mark.slow
@pytest.mark.parametrize("slug", TRAINED)
def test_verify_proves_what_is_trained(slug: str, autograder) -> None:
    result = autograder("verify", slug, "--workers", "2", "--json", seconds=3600)
    assert result.returncode == 0, result.stdout + result.stderr


def proof(exercise: Exercise) -> ExerciseProof:
    return ExerciseProof(exercise.slug, len(exercise.checks), exercise.points)


def row(exercise: Exercise, status: str, mistake: str | None = None) -> Row:
    points = {check.name: float(check.points) if status == "right" else 0.0 for check in exercise.checks}
    outcomes = tuple(Outcome(Verdict(name, status, "", mistake), value) for name, value in points.items())
    return Row("student", outcomes, sum(points.values()), exercise.points, ())


def test_a_reference_that_does_not_get_full_marks_is_a_problem(exercise: Exercise) -> None:
    found = proof(exercise)
    reference(row(exercise, "wrong"), found)
    assert found.problems


def test_an_untouched_notebook_with_points_is_a_problem(exercise: Exercise) -> None:
    found = proof(exercise)
    blank(row(exercise, "right"), found)
    assert found.problems


def test_a_mistake_that_is_accepted_or_misnamed_is_a_problem(exercise: Exercise) -> None:
    check = exercise.check("embedding.embed")
    mistake = check.misconceptions[0]
    accepted, misnamed = proof(exercise), proof(exercise)
    mistaken_claim(exercise, check, mistake, accepted)(row(exercise, "right"))
    assert (accepted.rejected, len(accepted.problems)) == (0, 2)
    mistaken_claim(exercise, check, Misconception("other", "", mistake.function), misnamed)(
        row(exercise, "wrong", mistake.name)
    )
    assert misnamed.diagnosed == 0


@pytest.mark.parametrize(
    ("wrong", "true"),
    [("step", True), ("step other", True), ("forward step", False), ("other", False), ("", False)],
)
def test_a_sentence_on_a_function_that_is_right_but_for_another_is_held_against_the_truth(
    wrong: str, true: bool
) -> None:
    told = RIGHT_BUT_FOR.format(function="forward", names="step")
    verdict = Verdict("rnn.forward", "wrong", f"forward returned 1; it should be 2.\n{told}")
    assert (untrue(Row("student", (Outcome(verdict, 0.0),), 0.0, 3.0, ()), set(wrong.split())) == []) == true


def test_a_solution_in_a_released_file_is_a_leak(exercise: Exercise) -> None:
    from autograder.exercise.notebooks import solved

    source = solved(exercise.check("loss.cross_entropy")).replace("\n", "\\n").replace('"', '\\"')
    assert find_leaks(exercise, {"a.ipynb": f'{{"source": "{source}"}}'.encode(), "b.py": b"nothing"}) == ["a.ipynb"]


@pytest.mark.parametrize("slug", EXERCISES)
def test_mistakes_in_one_notebook_cannot_cost_the_same_check(slug: str) -> None:
    exercise = EXERCISES[slug].without_training()
    notebooks = spread(exercise)
    together = [mistake.name for one in notebooks for _, mistake in one]
    assert sorted(together) == sorted(mistake.name for check in exercise.checks for mistake in check.misconceptions)
    for one in notebooks:
        touched = [name for check, _ in one for name in family(exercise, check)]
        assert len(touched) == len(set(touched))


def test_a_family_is_a_check_with_all_that_rests_on_it(exercise: Exercise) -> None:
    assert family(exercise, exercise.check("rnn.step")) == {"rnn.step", "rnn.forward"}
    assert family(exercise, exercise.check("embedding.embed")) == {"embedding.embed"}


def inner(a):
    return a + 0.0


def outer(a):
    return inner(a) + 1.0


def one_number(rng):
    return [DrawnCase("one number", {"a": rng.normal(size=1)})]


def test_a_mistake_does_not_cost_what_comes_out_right_by_chance_on_its_own_challenges() -> None:
    """Who is asked for a positive number alone does not show that the sign is lost: of twelve, some are and some are not."""
    check = Check("toy.inner", inner, one_number, one_number, axes="N", points=1)
    mistake = Misconception("abs", "The sign is lost.", np.abs)
    rests = Check("toy.outer", outer, one_number, one_number, axes="N", points=1, earlier=("inner",))
    exercise = Exercise("A toy", (check, rests), ("numpy",), slug="toy")
    costs = [should_fail(exercise, check, mistake, f"student-{number}") for number in range(12)]
    assert {frozenset(cost) for cost in costs} == {frozenset({"toy.inner"}), frozenset({"toy.inner", "toy.outer"})}
