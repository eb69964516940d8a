"""Results of several parts, modules, tensors and programs as inputs: from the call to what is said, and over the border."""

from typing import Any

import numpy as np
import pytest

from autograder.authoring.examples import outcome_entry, value_entry
from autograder.check import Case, Returned, Shown, call, case_from, difference, same_outcome, value_from
from autograder.exercise import Check, DrawnCase, Exercise
from autograder.grading.border import BorderError
from autograder.grading.executor import RunCell, Task, execute, read_result
from autograder.grading.judge import as_case, composed, expected_values, outcomes
from autograder.runner.calling import Given

AXES = "dx: T N; dW: H D; db: H"
SHOWN = Shown.of("backward", AXES)


def parts() -> tuple[np.ndarray, ...]:
    return np.arange(8.0).reshape(4, 2), np.ones((3, 2)), np.ones(3)


def said(result: Any, expected: Any = None, shown: Shown = SHOWN) -> str | None:
    return difference(Case(Returned.of(result)), parts() if expected is None else expected, 1e-6, shown)


# ---- what is said ----------------------------------------------------------------------------------------------------


def test_a_right_tuple_is_right_and_a_list_of_the_same_too() -> None:
    assert said(parts()) is None
    assert said(list(parts())) is None


def test_the_wrong_part_is_named_with_its_place_its_steps_and_the_others() -> None:
    dx, dW, db = parts()
    dx[:2] += 1
    text = said((dx, dW, db + 1))
    assert text is not None
    assert text.startswith("In the result of backward: ")
    assert "The first is at t = 0, n = 0: dx returned 1, it should be 0." in text
    assert "Wrong at t = 0 to 1, right at t = 2 to 3." in text
    assert "Also wrong: db. Right: dW." in text


ODD = {
    "nothing": (None, "backward returned nothing. Does it end with return?"),
    "one array": (parts()[0], "backward returned a ndarray; it should return a tuple of 3: dx, dW, db."),
    "too few": (parts()[:2], "backward returned 2 parts; it should return a tuple of 3: dx, dW, db."),
    "a dict": (dict(enumerate(parts())), "backward returned a dict; it should return a tuple of 3"),
    "a part of another shape": (
        (parts()[0].T, *parts()[1:]),
        "dx returned the shape (2, 4); it should be the shape (4, 2)",
    ),
    "a part that is a list": ((parts()[0].tolist(), *parts()[1:]), "dx returned a list"),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_result_of_another_form_is_said_to_be(kind: str) -> None:
    result, text = ODD[kind]
    found = said(result)
    assert found is not None
    assert text in found, found


def test_a_dict_is_compared_by_its_names() -> None:
    shown = Shown.of("clip", "W_x: H D; b: H")
    expected = {"W_x": np.ones((3, 2)), "b": np.ones(3)}
    assert said(dict(reversed(expected.items())), expected, shown) is None
    text = said({"W_x": np.ones((3, 2))}, expected, shown)
    assert text == "clip returned the keys W_x; it should return a dict with the keys W_x, b."
    text = said(expected | {"b": np.zeros(3)}, expected, shown)
    assert text is not None
    assert "b = 0" not in text
    assert "h = 0: b returned 0, it should be 1" in text


def test_integers_are_compared_exactly_and_must_be_integers() -> None:
    shown, expected = Shown.of("greedy", "N T"), np.array([[1, 2], [3, 1000000]])
    assert said(expected.astype(np.int32), expected, shown) is None
    assert "should be integers" in str(said(expected.astype(float), expected, shown))
    assert "1 of 4 values differ" in str(said(expected + np.array([[0, 0], [0, 1]]), expected, shown))


# ---- inputs ----------------------------------------------------------------------------------------------------------


def test_a_program_as_an_input_is_made_anew_for_each_call() -> None:
    given = Given("value = lambda a: float(np.sum(W @ a))", W=np.eye(2))
    case = call(lambda function, array: function(array), {"function": given, "array": np.array([1.0, 2.0])})
    assert case.returned is not None
    assert case.returned.array == 3.0
    assert case.changed == ()


def test_a_change_inside_a_dict_of_inputs_is_seen_and_named() -> None:
    def clip(gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        gradients["b"] *= 0
        return gradients

    case = call(clip, {"gradients": {"W": np.ones(2), "b": np.ones(3)}})
    assert case.changed == ("gradients['b']",)


def test_values_come_back_from_the_examples_as_they_were() -> None:
    inputs = {"a": np.eye(2), "k": 3, "names": ["x", "y"], "more": ({"b": np.ones(2, np.float32)}, None)}
    again = value_from(value_entry(inputs))
    assert again["k"] == 3
    assert again["names"] == ["x", "y"]
    assert again["more"][1] is None
    assert again["more"][0]["b"].dtype == np.float32
    given = value_from(value_entry(Given("value = a + 1", a=np.ones(2))))
    assert given.made(None).tolist() == [2, 2]


@pytest.mark.parametrize("tensors", [False, True])
def test_an_outcome_kept_in_the_examples_is_recognised_again(tensors: bool) -> None:
    case = call(lambda x: (x, {"y": 2 * x}, [x + 1]), {"x": np.ones((2, 3))}, tensors)
    kept = case_from(outcome_entry(case), tensors)
    assert same_outcome(case, kept, 1e-9)
    other = call(lambda x: (x, {"y": 2 * x}, [x + 2]), {"x": np.ones((2, 3))}, tensors)
    assert not same_outcome(other, kept, 1e-9)


# ---- over the border -------------------------------------------------------------------------------------------------


def backward(x: np.ndarray, weights: dict[str, np.ndarray], function: Any) -> tuple[Any, ...]:
    return x * function(x), {name: 2 * array for name, array in weights.items()}, float(x.sum())


STRUCTURED = Check("toy.backward", backward, lambda rng: [], lambda rng: [], "y: N; doubled: ; total:", 1, "toy: Toy")
INPUTS = {
    "x": np.arange(3.0),
    "weights": {"W": np.ones((2, 2)), "b": np.ones(2, np.float32)},
    "function": Given("value = lambda a: float(np.sum(a * s))", s=np.ones(3)),
}
SOURCE = """
def backward(x, weights, function):
    return x * function(x), {name: 2 * array for name, array in weights.items()}, float(x.sum())
"""


def run(
    check: Check, source: str, case: DrawnCase, packages: tuple[str, ...] = ("numpy", "matplotlib"), **cell: Any
) -> Any:
    exercise = Exercise("Toy", (check,), packages, slug="toy")
    cells = (RunCell("a", source), RunCell("b", check=check.name, function=check.function, **cell))
    return execute(Task(exercise.packages, cells, {check.name: [case]}))


def test_structured_inputs_and_results_cross_the_border() -> None:
    case = DrawnCase("toy", INPUTS)
    answer = run(STRUCTURED, SOURCE, case).answers["toy.backward"].cases[0]
    assert answer.error is None
    (expected,) = expected_values(STRUCTURED, [case])
    shown = Shown.of("backward", STRUCTURED.axes)
    assert difference(as_case(answer, "backward"), expected, 1e-9, shown) is None


def test_a_module_of_the_students_own_is_made_given_parameters_and_called() -> None:
    import torch

    source = """
import torch
class Linear(torch.nn.Module):
    def __init__(self, D, H):
        super().__init__()
        self.W = torch.nn.Parameter(torch.zeros(H, D))
    def forward(self, x):
        return x @ self.W.T
"""
    names: dict[str, Any] = {}
    exec(source, names)
    check = Check("toy.Linear", names["Linear"], lambda rng: [], lambda rng: [], "N H", 1, "toy: Toy", tensors=True)
    inputs = {"sizes": (2, 3), "parameters": {"W": np.arange(6.0).reshape(3, 2)}, "inputs": (np.ones((4, 2)),)}
    case = DrawnCase("toy", inputs)
    answer = run(check, source, case, ("numpy", "torch"), tensors=True).answers["toy.Linear"].cases[0]
    assert answer.error is None, answer.error
    assert answer.returned.type == "Tensor"
    (expected,) = expected_values(check, [case])
    assert difference(as_case(answer, "Linear"), expected, 1e-9, Shown.of("Linear", "N H", True)) is None
    array = Case(Returned("ndarray", "float64", (4, 3), expected))
    assert "a tensor of shape (4, 3)" in str(difference(array, expected, 1e-9, Shown.of("Linear", "N H", True)))
    (without,) = outcomes(check, names["Linear"], [DrawnCase("", inputs | {"parameters": {"V": np.ones(2)}})])
    assert "the module has no parameter V; it has W" in str(without.error)
    assert isinstance(torch.zeros(1), torch.Tensor)


def test_a_module_that_keeps_what_it_made_of_its_weights_is_found_where_no_gradients_are_recorded() -> None:
    import torch

    class Linear(torch.nn.Module):
        def __init__(self, D: int, H: int) -> None:
            super().__init__()
            self.W = torch.nn.Parameter(torch.zeros(H, D))

        def forward(self, x: Any) -> Any:
            return x @ self.W.T

    class Keeping(Linear):
        def forward(self, x: Any) -> Any:
            if torch.is_grad_enabled() or not hasattr(self, "kept"):
                self.kept = 1 * self.W.T
            return x @ self.kept

    class InPlace(Linear):
        def forward(self, x: Any) -> Any:
            return super().forward(x if torch.is_grad_enabled() else x.mul_(2))

    inputs = {"sizes": (2, 1), "parameters": {"W": np.array([[1.0, 2.0]])}, "inputs": (np.ones((1, 2)),)}
    for version, found in ((Linear, 3.0), (Keeping, 1.5)):
        case = call(version, inputs | {"gradients": False}, tensors=True)
        assert case.returned is not None
        assert case.returned.array == found, case.error
    assert call(InPlace, inputs | {"gradients": False}, tensors=True).changed == ("inputs[0]",)
    assert call(InPlace, inputs, tensors=True).changed == ()


def test_a_module_that_is_left_in_another_mode_counts_as_changed() -> None:
    given = Given("value = torch.nn.Linear(2, 1, dtype=torch.float64)")
    case = call(lambda layer, x: layer.eval()(x), {"layer": given, "x": np.ones((3, 2))}, tensors=True)
    assert case.changed == ("layer.training",)


HOSTILE: dict[str, Any] = {
    "no object": [1],
    "parts that are no list": {"type": "tuple", "parts": {"0": 1}},
    "a part without a name": {"type": "tuple", "parts": [[0, {"type": "int"}]]},
    "too many parts": {"type": "tuple", "parts": [["0", {"type": "int"}]] * 65},
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_forged_result_is_refused(kind: str) -> None:
    with pytest.raises(BorderError):
        read_result(HOSTILE[kind], {})


def test_a_forged_result_may_not_be_nested_without_end() -> None:
    result: dict[str, Any] = {"type": "int"}
    for _ in range(10):
        result = {"type": "tuple", "parts": [["0", result]]}
    with pytest.raises(BorderError, match="nested"):
        read_result(result, {})


def test_a_class_with_another_function_beneath_it_is_composed() -> None:
    source = (
        "def helper(x): return x\nclass M:\n    def __init__(self): pass\n    def forward(self, x): return helper(x)\n"
    )
    names: dict[str, Any] = {}
    exec(source, names)
    check = Check("toy.M", names["M"], lambda rng: [], lambda rng: [], "N", 1, "toy: Toy")
    again = composed(check, {"helper": lambda x: x + 1})
    assert again().forward(1) == 2


# ---- odd results and errors, in the sandbox and at home --------------------------------------------------------------

ODDLY = {
    "a long double": ("import numpy as np\ndef total(x):\n    return np.longdouble(x.sum())", None),
    "a number in the other order of bytes": ("def total(x):\n    return x.sum().astype('>f8')", None),
    "an array of long doubles": (
        "import numpy as np\ndef total(x):\n    return x.astype(np.longdouble)",
        "total returned the shape (600,); it should be a single number.",
    ),
    "a list of many lists": (
        "def total(x):\n    return [[[one] for one in x] for _ in range(3)]",
        "total returned a list; it should return a single number.",
    ),
    "a class": (
        "class total:\n    def __init__(self, x):\n        pass",
        "total returned a total; it should return a single number.",
    ),
    "an error without a text": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\n\ndef total(x):\n    raise Odd",
        "total raised Odd",
    ),
    "an error without a name": (
        "class Meta(type):\n    __name__ = property(lambda cls: 1 / 0)\n\nclass Odd(BaseException, metaclass=Meta):\n    pass\n\n"
        "def total(x):\n    raise Odd",
        "total raised Odd",
    ),
    "names of the runner that are not there": (
        "import sys\nsys.modules['answers'].changed_inputs = lambda *inputs: []\n\ndef total(x):\n    x[0] = 7.0\n    return 1.0",
        "No function named total is defined",
    ),
    "numpy's comparison replaced": (
        "import numpy as np\nnp.array_equal = lambda *inputs, **named: True\n\ndef total(x):\n    whole = x.sum()\n"
        "    x[0] = 7.0\n    return whole",
        "total changed its input x",
    ),
}


@pytest.mark.parametrize("what", ODDLY)
def test_odd_results_and_errors_are_said_for_what_they_are(what: str) -> None:
    source, told = ODDLY[what]
    check = Check("toy.total", lambda x: x.sum(), lambda rng: [], lambda rng: [], "", 1, "toy: Toy", rename="total")
    case = DrawnCase("toy", {"x": np.arange(600.0)})
    transcript = run(check, source, case, ("numpy",))
    assert transcript.ended == {}
    answer = transcript.answers["toy.total"]
    if answer.missing:
        assert told is not None
        assert "KeyError" in transcript.outputs["a"].error
        return
    (expected,) = expected_values(check, [case])
    text = difference(as_case(answer.cases[0], "total"), expected, 1e-9, Shown.of("total", ""))
    assert text == told if told is None else str(text).startswith(told)
