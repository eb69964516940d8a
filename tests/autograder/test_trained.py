"""Models that students train: handed over as weights, run outside on data that never went into the sandbox."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from autograder.check import Returned
from autograder.exercise import Check, DrawnCase, Exercise, Trained
from autograder.grading.core import asked
from autograder.grading.executor import RunCell, Task, execute
from autograder.grading.judge import Submission, judge
from autograder.grading.transcript import Answer, CaseAnswer, CellOutput, Transcript

SHAPES = {"W": (1, 2), "b": (1,)}


def score(weights: dict[str, np.ndarray], data: dict[str, Any]) -> float:
    """The mean squared error."""
    return float(((data["x"] @ weights["W"].T + weights["b"] - data["y"]) ** 2).mean())


def train(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    ones = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    W = np.linalg.lstsq(ones, y, rcond=None)[0].T
    return {"W": W[:, :2], "b": W[:, 2]}


TRAINED = Trained("weights", SHAPES, score, 0.01, higher=False, measure="squared error on new data")
CHECK = Check("toy.train", train, lambda rng: [], lambda rng: [], "", 2, "toy: Toy", trained=TRAINED)
EXERCISE = Exercise("Toy", (CHECK,), ("numpy",), slug="toy")


@CHECK.misconception("The bias was never learned.", symptom=lambda weights, score: not weights["b"].any())
def bias_forgotten(x, y):
    return {"W": train(x, y)["W"], "b": np.zeros(1)}


RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 2))
DRAWN = {CHECK.name: [DrawnCase("new data", {"x": X, "y": X @ [[1.0], [2.0]] + 3.0})]}
RIGHT = {"W": np.array([[1.0, 2.0]]), "b": np.array([3.0])}


def verdict(value: Any, **more: Any) -> Any:
    transcript = Transcript(answers={CHECK.name: Answer(False, (CaseAnswer(Returned.of(value)),))})
    return judge(EXERCISE, DRAWN, Submission({CHECK.name: "check"}, {"train": "train"}, **more), transcript)[0]


def test_good_weights_earn_the_points_and_the_score_is_said() -> None:
    found = verdict(RIGHT)
    assert found.status == "right"
    assert "squared error on new data: " in found.message
    assert "at most 0.01" in found.message


def test_weights_that_are_still_empty_are_not_attempted() -> None:
    found = verdict({})
    assert found.status == "not attempted"
    assert "weights is still empty" in found.message


def test_weights_that_do_not_reach_the_threshold_are_wrong_and_a_symptom_names_the_mistake() -> None:
    found = verdict(RIGHT | {"b": np.array([2.0])})
    assert (found.status, found.mistake) == ("wrong", None)
    assert "squared error on new data: 1; asked for: at most 0.01" in found.message
    found = verdict(RIGHT | {"b": np.zeros(1)})
    assert (found.status, found.mistake) == ("wrong", "bias forgotten")
    assert "Likely mistake: The bias was never learned." in found.message


ODD: dict[str, tuple[Any, str]] = {
    "nothing": (None, "weights is a NoneType; it should be a dict with the keys W, b"),
    "a list": ([1.0], "weights is a list"),
    "a name missing": ({"W": RIGHT["W"]}, "weights has no b"),
    "another shape": (RIGHT | {"W": np.ones((2, 1))}, "weights['W'] has the shape (2, 1); it should be (1, 2)"),
    "integers": (RIGHT | {"b": np.ones(1, int)}, "weights['b'] is a ndarray; it should be an array of floating-point"),
    "NaN": (RIGHT | {"b": np.array([np.nan])}, "weights['b'] holds numbers that are not finite"),
    "an object": (RIGHT | {"b": object()}, "weights['b'] is an object"),
}


@pytest.mark.parametrize("kind", ODD)
def test_weights_that_cannot_be_run_are_said_to_be(kind: str) -> None:
    value, text = ODD[kind]
    found = verdict(value)
    assert found.status == "wrong"
    assert text in found.message, found.message


def test_more_than_the_weights_does_no_harm() -> None:
    assert verdict(RIGHT | {"history": [1.0, 2.0]}).status == "right"


def without(output: CellOutput, ended: dict[str, str] | None = None) -> Any:
    transcript = Transcript(outputs={"train-weights": output}, ended=ended or {})
    transcript.answers[CHECK.name] = Answer(True, ())
    return judge(EXERCISE, DRAWN, Submission({CHECK.name: "check"}, {"train": "train"}), transcript)[0]


def test_without_weights_the_cell_that_trains_says_why() -> None:
    assert without(CellOutput(error=("NotImplementedError", ""))).status == "not attempted"
    found = without(CellOutput(error=("ValueError", "no")))
    assert (found.status, found.message) == ("error", "The cell that makes weights ended with ValueError: no")
    assert without(CellOutput(), {"train-weights": "timeout"}).status == "timeout"


def test_the_data_of_the_score_never_goes_into_the_sandbox_and_the_weights_come_out() -> None:
    source = "import numpy as np\nweights = {'W': np.array([[1.0, 2.0]]), 'b': np.array([3.0])}"
    cells = (RunCell("train-weights", source), RunCell("check", check=CHECK.name, function="train", variable="weights"))
    cases = asked(EXERCISE, DRAWN)
    assert [case.inputs for case in cases[CHECK.name]] == [{}]
    transcript = execute(Task(EXERCISE.packages, cells, cases))
    found = judge(EXERCISE, DRAWN, Submission({CHECK.name: "check"}, {"train": "train"}), transcript)[0]
    assert found.status == "right", found


def test_without_training_the_check_is_left_out() -> None:
    assert EXERCISE.without_training().checks == ()
    assert dataclasses.replace(EXERCISE, slug="x").points == 2
