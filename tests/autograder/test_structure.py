"""What is said of wrong results by their structure: true of every call, or nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.check import Case, Returned, Shown, observation

Array = np.ndarray[Any, Any]
SHAPES = [(5, 4, 8), (3, 2, 4), (4, 4, 4)]
SHOWN = Shown.of("f", "T N H")
CHANGES: dict[str, Callable[[Array], Array]] = {
    "Every value has the wrong sign.": np.negative,
    "Every value is the right one divided by 2.": lambda one: one / 2,
    "Every value is 1.5 times the right one.": lambda one: one * 1.5,
    "Every value is off by the same amount, 1.": lambda one: one + 1,
    "The axes stand in the order n, t, h; they should stand in the order t, n, h.": lambda one: one.transpose(1, 0, 2),
    "The axes stand in the order h, t, n; they should stand in the order t, n, h.": lambda one: one.transpose(2, 0, 1),
    "Along t the values stand in reverse order.": lambda one: one[::-1],
    "Along h the values stand in reverse order.": lambda one: one[..., ::-1],
    "Along t every value stands one place too late.": lambda one: np.concatenate([np.zeros_like(one[:1]), one[:-1]]),
    "Along t every value stands one place too early.": lambda one: np.concatenate([one[1:], np.zeros_like(one[:1])]),
    "The first place along t is missing.": lambda one: one[1:],
    "The last place along t is missing.": lambda one: one[:-1],
    "There is one place too many at the beginning of t.": lambda one: np.concatenate([one[:1] * 0, one]),
    "There is one place too many at the end of t.": lambda one: np.concatenate([one, one[:1] * 0]),
    "The 4 blocks along h are the right ones in the order 1, 2, 4, 3.": lambda one: np.concatenate(
        [np.split(one, 4, -1)[place] for place in (0, 1, 3, 2)], -1
    ),
    "Every place along t holds the values of the last": lambda one: np.broadcast_to(one[-1:], one.shape).copy(),
    "In each call every value is wrong by one factor": lambda one: one / one.shape[0],
    "The first 6 digits are right": lambda one: one.round(6),
}


def results() -> list[Array]:
    rng = np.random.default_rng(3)
    return [rng.uniform(0.5, 1.0, size=shape) * rng.choice([-1, 1], size=shape) for shape in SHAPES]


def said(mine: list[Any], wanted: list[Any], shown: Shown = SHOWN) -> str | None:
    return observation([Case(Returned.of(one)) for one in mine], wanted, [1e-9] * len(wanted), shown)


@pytest.mark.parametrize("sentence", CHANGES)
def test_each_structure_is_said(sentence: str) -> None:
    told = said([CHANGES[sentence](one) for one in results()], results())
    assert told is not None
    assert told.startswith(sentence)


@pytest.mark.parametrize("sentence", CHANGES)
def test_nothing_is_said_where_one_call_is_wrong_in_another_way(sentence: str) -> None:
    mine = [CHANGES[sentence](one) for one in results()]
    mine[1] = np.sin(7 * results()[1])
    assert said(mine, results()) is None


def test_nothing_is_said_of_right_results_and_of_what_has_no_structure() -> None:
    assert said(results(), results()) is None
    assert said([np.sin(7 * one) for one in results()], results()) is None
    assert said(["no array"], results()[:1]) is None
    assert said([(1.0, 2.0)], results()[:1]) is None


def test_parts_in_another_order_are_said_with_their_names() -> None:
    wanted = [(one, one * 3 + 1) for one in results()]
    told = said([pair[::-1] for pair in wanted], wanted, Shown.of("f", "dx: T N H; dW: T N H"))
    assert told == "The parts stand in the order dW, dx; they should stand in the order dx, dW."


def test_of_several_parts_the_first_wrong_one_is_spoken_of() -> None:
    wanted = [(one, one * 3 + 1) for one in results()]
    told = said([(one, -two) for one, two in wanted], wanted, Shown.of("f", "dx: T N H; dW: T N H"))
    assert told == "In dW: Every value has the wrong sign."


def test_the_result_of_an_earlier_call_is_recognised() -> None:
    one, two = results()[0], results()[0] * 3 + 1
    told = said([one, one], [one, two])
    assert told is not None
    assert told.startswith("What came back is the result of an earlier call")


def test_numbers_are_compared_too() -> None:
    assert said([6.0, 8.0], [np.array(3.0), np.array(4.0)]) == "Every value is 2 times the right one."
    assert str(said([6.0, 12.0], [np.array(3.0), np.array(4.0)])).startswith("In each call every value is wrong by one")
