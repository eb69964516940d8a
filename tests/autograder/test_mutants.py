"""Every asked-for function, changed in one place at a time: the checks reject what comes of it."""

import ast

import numpy as np
import pytest

from autograder.exercise import EXERCISES, Check, DrawnCase, Exercise
from autograder.proof.mutants import is_rejected, mutants, mutated_trees, score
from solutions.with_numpy.affine import affine

CHECKS = [(exercise, check) for exercise in EXERCISES.values() for check in exercise.without_training().checks]


@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "check"), CHECKS, ids=[check.name for _, check in CHECKS])
def test_no_changed_version_earns_the_points(exercise: Exercise, check: Check) -> None:
    found = score(exercise, check)
    assert found.mutants > 0
    assert found.survivors == []
    assert set(found.equivalent) == set(check.equivalent), "a listed mutant does not survive any more"


def test_every_listed_mutant_has_a_reason() -> None:
    assert sum(len(check.equivalent) for _, check in CHECKS) > 90
    assert all(len(reason) > 20 for _, check in CHECKS for reason in check.equivalent.values())


def test_a_hole_in_a_check_is_found() -> None:
    """A check whose bias is always zero accepts what forgets the bias."""

    def draw(rng: np.random.Generator) -> list[DrawnCase]:
        h, W = rng.normal(size=(2, 3, 4)), rng.normal(size=(5, 4))
        return [DrawnCase("no bias", {"h": h, "W_y": W, "b_y": np.zeros(5)})]

    check = Check("affine.affine", affine, draw, draw, "T N V", 1, "rnn-output: The output")
    found = score(Exercise("Toy", (check,), ("numpy",), slug="toy"), check)
    assert any("b_y" in survivor for survivor in found.survivors)
    assert found.share < 1


def test_a_function_that_never_comes_to_an_end_is_interrupted_and_not_called_again(monkeypatch) -> None:
    monkeypatch.setattr("autograder.proof.mutants.SECONDS", 0.2)
    begun, ended = [], []

    def endless(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
        begun.append(None)
        for _ in range(10**9):  # a minute, if nobody interrupts
            pass
        ended.append(None)
        return affine(x, W, b)

    assert is_rejected(EXERCISES["01_vanilla_rnn"].check("affine.affine"), "01_vanilla_rnn", endless)
    assert len(begun) == 1
    assert ended == []


def test_mutants_differ_from_the_function_and_from_each_other() -> None:
    check = EXERCISES["01_vanilla_rnn"].check("rnn.step")
    made = list(mutants(check))
    assert len(made) == len({what for what, _ in made}) >= 15


def test_each_kind_of_change_is_made() -> None:
    tree = ast.parse(
        "def f(a, b):\n    c = a + 1\n    if a < b:\n        c = -g(a, b, axis=0).T\n    return c if a else b"
    )
    said = " / ".join(what for what, _ in mutated_trees(tree))
    for words in ("Add to Sub", "Lt to LtE", "1 to 2", "T left out", "swapped", "axis left out", "statement left out",
                  "left side only", "if never", "sign or not left out", "call left out", "a to b"):  # fmt: skip
        assert words in said, words
