"""Calls that follow others, and what they find: results that are kept, shared or counted."""

from typing import Any

import numpy as np
import pytest

from autograder.check import calls
from autograder.exercise import EXERCISES, Check, DrawnCase
from autograder.grading.judge import expected_values
from autograder.grading.repeats import AGAIN, ALIKE, followed, in_drawn_order
from autograder.proof.structural import NAMES, applicable, prove, version

CHECKS = [
    pytest.param(exercise, check, id=check.name)
    for exercise in EXERCISES.values()
    for check in exercise.without_training().checks
]
# Functions to whose inputs nothing general can be done; their own challenges hold calls of the same shapes.
OF_WORDS = {"text.encode"}


def shapes(case: DrawnCase) -> list[tuple[int, ...]]:
    return [np.shape(value) for value in case.inputs.values() if isinstance(value, np.ndarray)]


@pytest.mark.parametrize(("exercise", "check"), CHECKS)
def test_every_check_asks_again_with_the_same_shapes_and_asks_one_call_twice(exercise: Any, check: Check) -> None:
    drawn = check.draw(np.random.default_rng(1))
    made = list(followed(check, drawn))
    assert [case.title for case in made[: len(drawn)]] == [case.title for case in drawn]
    added = {case.title: case for case in made[len(drawn) :]}
    assert set(added) == ({AGAIN} if check.name in OF_WORDS else {AGAIN, ALIKE})
    if ALIKE in added:
        assert shapes(added[ALIKE]) in [shapes(case) for case in drawn]
    assert any(added[AGAIN].inputs is case.inputs for case in drawn)
    assert ALIKE not in added or shapes(added[AGAIN]) == shapes(added[ALIKE])


def test_the_order_of_calls_is_drawn_and_each_keeps_its_rank() -> None:
    check = EXERCISES["01_vanilla_rnn"].check("rnn.step")
    cases = check.draw(np.random.default_rng(1))
    orders = [[case.rank for case in in_drawn_order(np.random.default_rng(n), check, cases)] for n in range(5)]
    assert len({tuple(order) for order in orders}) > 1
    assert all(sorted(order) == list(range(len(order))) and order[-2:] == sorted(order)[-2:] for order in orders)


def test_an_array_that_a_later_call_writes_to_is_said() -> None:
    buffer = np.zeros(2)

    def fill(x: Any) -> Any:
        buffer[...] = x
        return buffer

    one, two = calls(fill, [{"x": np.ones(2)}, {"x": np.full(2, 2.0)}])
    assert (one.overwritten, two.overwritten) == (True, False)
    assert one.returned is not None
    assert one.returned.array is not None
    assert one.returned.array.tolist() == [1.0, 1.0], "the result is that of its own call"


def test_memory_shared_with_inputs_counts_only_where_new_arrays_are_promised() -> None:
    case, asked = (calls(lambda x: x[1:], [{"x": np.ones(3)}], new_arrays=new)[0] for new in (False, True))
    assert (case.shared, asked.shared) == ((), ("x",))


@pytest.mark.parametrize(("exercise", "check"), CHECKS)
def test_every_wrong_version_by_structure_is_rejected(exercise: Any, check: Check) -> None:
    found = prove(exercise, check, seeds=3)
    assert found.versions >= 5
    assert found.passed == []


def test_a_wrong_version_is_wrong_for_the_reason_that_its_name_says() -> None:
    check = EXERCISES["02_bptt"].check("rnn.step_backward")
    cases = [DrawnCase("one", check.draw(np.random.default_rng(1))[0].inputs)] * 2
    results = {
        name: calls(version(check, name), [case.inputs for case in cases])
        for name in NAMES
        if applicable(check, name, cases, expected_values(check, cases))
    }
    assert [case.overwritten for case in results["one buffer"]] == [False, False], "the same numbers are no change"
    assert results["writes to its inputs"][0].changed
    assert {part.type for _name, part in results["masked array"][0].returned.parts} == {"MaskedArray"}
