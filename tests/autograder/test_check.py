"""The student's side of checking: each kind of verdict, each mistake by its name, and nothing but NumPy."""

import ast
import html.parser
import re
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import check as check_module
from autograder.authoring.examples import worked_cases
from autograder.authoring.release import GENERATED
from autograder.check import Case, Returned, Shown, Verdict, call, calls, check, difference, read_example, same_outcome
from autograder.exercise import EXERCISES, Check, Misconception
from autograder.grading.judge import expected_values
from autograder.runner.calling import changed_inputs, contents, is_tensor
from autograder.structure import near
from solutions.with_numpy.rnn import step

CHECKS = [one for exercise in EXERCISES.values() for one in exercise.without_training().checks]
EACH_CHECK = pytest.mark.parametrize("declared", CHECKS, ids=[one.name for one in CHECKS])
MISTAKES = [(one, mistake) for one in CHECKS for mistake in one.misconceptions]
EACH_MISTAKE = pytest.mark.parametrize(
    ("declared", "mistake"), MISTAKES, ids=[f"{one.name}: {mistake.name}" for one, mistake in MISTAKES]
)


STEPS = len(worked_cases(EXERCISES["01_vanilla_rnn"].check("rnn.step")))
ROOT = Path(__file__).parents[2]
STUDENT = ROOT / "exercises" / "student"


@pytest.fixture(scope="session")
def all_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the committed worked cases of all exercises, as one student would have them."""
    folder = tmp_path_factory.mktemp("all") / "examples"
    folder.mkdir()
    for exercise in EXERCISES.values():
        for path in (exercise.released / "examples").iterdir():
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(autouse=True)
def examples_of_the_exercises(monkeypatch: pytest.MonkeyPatch, all_examples: Path) -> None:
    """As in a student's folder, check.py looks for examples/ beside itself: let it find the committed ones."""
    monkeypatch.setattr(check_module, "__file__", str(all_examples.parent / "check.py"))


def changed(function: Callable[..., Any]) -> Callable[..., Any]:
    """step with its result put through a function."""
    return lambda *inputs: function(step(*inputs))


# ---- verdicts --------------------------------------------------------------------------------------------------------


@EACH_CHECK
def test_the_reference_is_right(declared: Check) -> None:
    verdict = check(declared.name, declared.reference)
    assert verdict.status == "right", str(verdict)
    assert verdict.ok
    assert verdict.mistake is None
    assert "worked cases agree" in verdict.message


def test_under_nbgraders_validation_alone_a_check_that_is_not_right_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not check("rnn.step", changed(lambda h: h + 1)).ok
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert check("rnn.step", step).ok
    with pytest.raises(check_module.NotRight, match="step"):
        check("rnn.step", changed(lambda h: h + 1))


@EACH_MISTAKE
def test_each_mistake_is_named_from_the_worked_cases(declared: Check, mistake: Misconception) -> None:
    verdict = check(declared.name, mistake.function)
    assert not verdict.ok
    assert verdict.mistake == mistake.name, f"named {verdict.mistake!r}: {verdict}"
    assert mistake.message in verdict.message
    assert declared.section.partition(": ")[2] in verdict.read


def test_wrong_values_are_said_with_their_number_place_and_size() -> None:
    def off(*inputs: Any) -> Any:
        h = step(*inputs)
        h[-1, 1] += 0.25
        return h

    verdict = check("rnn.step", off)
    assert verdict.status == "wrong"
    assert "1 of 8 values differ" in verdict.message
    assert "The first is at n = 1, h = 1" in verdict.message
    assert "The largest difference is 0.25" in verdict.message
    assert f"worked case 1 of {STEPS}: two sequences" in verdict.message
    assert verdict.mistake is None


ODD: dict[str, tuple[Callable[..., Any], str]] = {
    "nothing": (lambda *inputs: None, "step returned nothing. Does it end with return?"),
    "a list": (changed(lambda h: h.tolist()), "step returned a list; it should return an array of shape (2, 4)."),
    "a tuple": (changed(lambda h: (h, h)), "step returned a tuple"),
    "a number": (changed(lambda h: 1.0), "step returned a float"),
    "a string": (changed(str), "step returned a str"),
    "integers": (changed(lambda h: h.astype(int)), "step returned numbers of type int64"),
    "booleans": (changed(lambda h: h > 0), "step returned numbers of type bool"),
    "complex": (changed(lambda h: h + 0j), "step returned numbers of type complex128"),
    "objects": (changed(lambda h: h.astype(object)), "step returned numbers of type object"),
    "a masked array": (changed(np.ma.masked_array), "step returned a MaskedArray"),
    "transposed": (
        changed(lambda h: h.T),
        "step returned the shape (4, 2); it should be the shape (2, 4), which is (N, H).",
    ),
    "one axis more": (changed(lambda h: h[None]), "step returned the shape (1, 2, 4)"),
    "float32": (changed(lambda h: h.astype(np.float32)), "step returned float32 where the inputs were float64"),
    "NaN": (changed(lambda h: h * np.nan), "step returned nan at n = 0, h = 0; every value should be a finite number."),
    "infinity": (changed(lambda h: h + np.inf), "step returned inf at n = 0, h = 0"),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_result_of_the_wrong_kind_is_said_to_be(kind: str) -> None:
    function, text = ODD[kind]
    verdict = check("rnn.step", function)
    assert verdict.status == "wrong"
    assert text in verdict.message, verdict.message


def test_a_dtype_that_is_lost_for_float32_alone_is_found() -> None:
    verdict = check("rnn.step", changed(lambda h: h.astype(np.float64)))
    assert verdict.status == "wrong"
    assert "step returned float64 where the inputs were float32" in verdict.message
    assert f"of {STEPS}: float32" in verdict.message


def test_the_kinds_are_looked_at_in_the_stated_order() -> None:
    """A result that is wrong in every way is told the first thing first."""
    expected, shown = np.ones((2, 3)), Shown("f", ("A", "B"))
    wrong_values = np.zeros((2, 3))
    steps = [
        (Case(error="f raised ValueError: no"), "f raised ValueError"),
        (Case(Returned("list"), changed=("x",)), "returned a list"),
        (Case(Returned.of(np.zeros((3, 2), np.float32)), changed=("x",)), "the shape (3, 2)"),
        (Case(Returned.of(wrong_values.astype(np.float32)), changed=("x",)), "returned float32"),
        (Case(Returned.of(wrong_values), changed=("x", "y")), "changed its input x and y"),
        (Case(Returned.of(wrong_values)), "6 of 6 values differ"),
    ]
    for case, text in steps:
        found = difference(case, expected, 1e-5, shown)
        assert found is not None
        assert text in found, found
    assert difference(Case(Returned.of(np.ones((2, 3)))), expected, 1e-5, shown) is None


def test_an_array_that_did_not_cross_the_border_is_wrong() -> None:
    case = Case(Returned("ndarray", "float64", (2, 3)))
    found = difference(case, np.ones((2, 3)), 1e-5, Shown("f"))
    assert found is not None
    assert "too large or of an unknown dtype" in found


def test_a_changed_input_is_said_by_its_name() -> None:
    def writes(x: Any, h_prev: Any, W_x: Any, W_h: Any, b: Any) -> Any:
        h = step(x, h_prev, W_x, W_h, b)
        b += 1
        return h

    verdict = check("rnn.step", writes)
    assert verdict.status == "wrong"
    assert "step changed its input b; it should make a new array" in verdict.message


def test_the_inputs_are_given_anew_for_each_call() -> None:
    def clears(*inputs: Any) -> Any:
        for array in inputs:
            array[...] = 0
        return inputs[1]

    check("rnn.step", clears)
    assert check("rnn.step", step).ok


def test_an_error_is_said_with_its_type_and_message() -> None:
    def fails(*inputs: Any) -> Any:
        raise KeyError("lost")

    verdict = check("rnn.step", fails)
    assert verdict.status == "error"
    assert "fails raised KeyError: 'lost'" in verdict.message


def test_a_function_that_takes_too_few_arguments_is_an_error() -> None:
    verdict = check("rnn.step", lambda x: x)
    assert verdict.status == "error"
    assert "TypeError" in verdict.message


def test_warnings_of_the_students_arithmetic_are_no_errors() -> None:
    assert check("rnn.step", changed(lambda h: h + 0 * np.exp(1e4 * abs(h)).clip(0, 1))).ok


def test_not_implemented_is_not_attempted() -> None:
    def step(*inputs: Any) -> Any:
        raise NotImplementedError

    verdict = check("rnn.step", step)
    assert verdict.status == "not attempted"
    assert not verdict.ok
    assert "step still raises NotImplementedError: replace that line." in verdict.message


@pytest.mark.parametrize("name", ["rnn.stpe", "", "../check", "step"])
def test_an_unknown_check_is_said_with_those_that_there_are(name: str) -> None:
    verdict = check(name, step)
    assert verdict.status == "malformed"
    assert f"There is no check named {name!r}" in verdict.message
    for one in CHECKS:
        assert one.name in verdict.message


def test_a_missing_folder_of_examples_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(check_module, "__file__", str(tmp_path / "check.py"))
    assert "is the folder examples/ missing?" in check("rnn.step", step).message


@pytest.mark.parametrize("thing", [np.ones(3), None, 1.0, "step"])
def test_what_is_no_function_is_an_error(thing: Any) -> None:
    verdict = check("rnn.step", thing)
    assert verdict.status == "error"
    assert f"check needs the function itself, not a {type(thing).__name__}" in verdict.message


@pytest.mark.parametrize("kind", [float, np.float64, np.longdouble, lambda value: np.array(value, dtype=np.float64)])
def test_one_number_may_be_of_any_floating_point_type_that_holds_it(kind: Callable[[Any], Any]) -> None:
    reference = EXERCISES["01_vanilla_rnn"].check("loss.cross_entropy").reference
    assert check("loss.cross_entropy", lambda *inputs: kind(reference(*inputs))).ok


def test_a_number_in_single_precision_is_told_apart_from_the_right_one() -> None:
    reference = EXERCISES["01_vanilla_rnn"].check("loss.cross_entropy").reference
    verdict = check("loss.cross_entropy", lambda *inputs: np.float32(reference(*inputs)))
    yours, theirs = re.findall(r"returned ([\d.]+); it should be ([\d.]+)\.", verdict.message)[0]
    assert yours != theirs
    assert "The first 7 digits are right" in verdict.message


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (1, "returned 1; it should be"),
        (True, "returned numbers of type bool"),
        (10**400, "returned numbers of type object"),
        ([1.0], "returned a list; it should return a single number"),
        (np.ones(1), "returned the shape (1,); it should be a single number"),
        (np.nan, "returned nan; every value should be a finite number"),
        (1.5, "returned 1.5; it should be"),
    ],
    ids=str,
)
def test_what_is_not_the_one_number_asked_for_is_said(result: Any, text: str) -> None:
    verdict = check("loss.cross_entropy", lambda *inputs: result)
    assert verdict.status == "wrong"
    assert text in verdict.message, verdict.message


def filled(result: Any, value: float) -> Any:
    """A result of the same form that holds one number everywhere."""
    if isinstance(result, dict):
        return {name: filled(part, value) for name, part in result.items()}
    if isinstance(result, tuple | list):
        return type(result)(filled(part, value) for part in result)
    if is_tensor(result):
        return result.detach() * 0 + value
    return np.asarray(result * 0 + value)[()]


@EACH_CHECK
@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_a_constant_is_never_right(declared: Check, value: float) -> None:
    def constant(*inputs: Any) -> Any:
        return filled(declared.reference(*inputs), value)

    def module(*sizes: Any) -> Any:
        made = declared.reference(*sizes)
        made.register_forward_hook(lambda module, inputs, result: filled(result, value))
        return made

    is_class = isinstance(declared.reference, type)
    handed_in: Any = type("Module", (), {"__new__": lambda cls, *sizes: module(*sizes)}) if is_class else constant
    assert check(declared.name, handed_in).status == "wrong"


def test_the_tolerance_is_relative_to_the_largest_value_and_no_looser_for_float32() -> None:
    shown = Shown("f")
    for dtype in (np.float64, np.float32):
        expected = np.array([1e6, 1.0], dtype=dtype)
        for off, right in ((0.5, True), (50.0, False)):
            case = Case(Returned.of(expected + np.array([0, off], dtype=dtype)))
            assert (difference(case, expected, 1e-6, shown) is None) == right, f"{np.dtype(dtype)}, off by {off}"
    tiny = np.full(3, 1e-30)
    assert difference(Case(Returned.of(np.zeros(3))), tiny, 1e-5, shown) is not None, "zeros pass for tiny numbers"


def test_where_parts_are_apart_each_ones_largest_value_counts() -> None:
    expected = np.array([[1e150, 1.0], [1e-200, 2e-200], [0.0, 0.0]])
    for off, apart, right in (
        ([[1e140, 1e140], [0.0, 0.0], [0.0, 0.0]], 1, True),
        ([[0.0, 0.0], [0.0, 1e-203], [0.0, 0.0]], 1, False),
        ([[0.0, 0.0], [0.0, 1e-203], [0.0, 0.0]], None, True),
        ([[0.0, 1e140], [0.0, 0.0], [0.0, 0.0]], 0, False),
    ):
        case = Case(Returned.of(expected + np.array(off)))
        assert (difference(case, expected, 1e-9, Shown("f", apart=apart)) is None) == right, (off, apart)
        assert same_outcome(case, Case(Returned.of(expected)), 1e-9, apart) == right


def test_call_hands_copies_over() -> None:
    inputs = {"x": np.ones(2), "mask": None}
    case = call(lambda x, mask: x.fill(5.0), inputs)
    assert case.changed == ("x",)
    assert inputs["x"].tolist() == [1.0, 1.0]


# ---- what is shown ---------------------------------------------------------------------------------------------------


class Elements(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes |= {name for name, _ in attrs}


def elements(page: str) -> Elements:
    parser = Elements()
    parser.feed(page)
    parser.close()
    return parser


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def raises_hostile(*inputs: Any) -> Any:
    raise ValueError(HOSTILE)


def hostile_name(*inputs: Any) -> Any:
    raise ValueError("no")


hostile_name.__name__ = HOSTILE
Hostile = type(HOSTILE, (), {})


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("rnn.step", raises_hostile),
        ("rnn.step", hostile_name),
        ("rnn.step", lambda *inputs: Hostile()),
        (HOSTILE, step),
        ("rnn.step", Hostile()),
    ],
    ids=["error message", "function name", "type returned", "check name", "no function"],
)
def test_hostile_text_is_escaped_in_the_html(name: str, function: Any) -> None:
    verdict = check(name, function)
    assert "<script>" in str(verdict)
    page = elements(verdict._repr_html_())
    assert set(page.found) == {"div", "b", "br"}, page.found
    assert page.attributes == {"style"}


def test_a_verdict_shows_all_it_says_as_text_and_as_html() -> None:
    verdict = Verdict("rnn.step", "wrong", "Off by one.", "off", "To reread: chapter 1.")
    assert str(verdict) == repr(verdict) == "rnn.step: wrong.\nOff by one.\nTo reread: chapter 1."
    shown = verdict._repr_html_()
    for part in ("✗ rnn.step: wrong", "Off by one.", "To reread: chapter 1."):
        assert part in shown
    assert "✓" in Verdict("a", "right", "")._repr_html_()
    assert "○" in Verdict("a", "not attempted", "")._repr_html_()


# ---- the students' copy ----------------------------------------------------------------------------------------------


def test_the_students_check_is_the_generated_copy_of_ours() -> None:
    for name in ("autograder/check.py", "autograder/structure.py", "autograder/runner/calling.py"):
        ours = (ROOT / name).read_text(encoding="utf-8")
        ours = ours.replace("from autograder.runner.calling import", "from calling import")
        ours = ours.replace("from autograder.structure import", "from structure import")
        theirs = (STUDENT / Path(name).name).read_text(encoding="utf-8")
        assert theirs == GENERATED.format(path=name.removesuffix(".py")) + ours


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("check.py", {"numpy", "calling", "structure"}),
        ("structure.py", {"numpy", "calling"}),
        ("calling.py", {"numpy", "torch"}),
    ],
)
def test_the_students_check_imports_numpy_alone_and_torch_where_it_is_asked_for(name: str, wanted: set[str]) -> None:
    tree = ast.parse((STUDENT / name).read_text(encoding="utf-8"))
    at_the_top = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert "torch" not in at_the_top
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import does not work in a student's folder"
            names.add(str(node.module).partition(".")[0])
    assert names - set(sys.stdlib_module_names) == wanted


def test_a_loss_summed_over_nothing_may_be_the_integer_zero() -> None:
    """`total = 0` and a loop that never adds is right; True is not a number."""
    shown = Shown("cross_entropy", ())
    assert difference(Case(Returned.of(0)), np.float64(0.0), 1e-5, shown) is None
    assert difference(Case(Returned.of(True)), np.float64(1.0), 1e-5, shown) is not None


def test_a_named_tuple_is_a_tuple() -> None:
    check = EXERCISES["04_lstm"].check("lstm.step")
    cases = worked_cases(check)[:1]
    (expected,) = expected_values(check, cases)
    Named = namedtuple("Named", [f"part_{place}" for place in range(len(expected))])
    (case,) = calls(lambda *inputs: Named(*check.reference(*inputs)), [cases[0].inputs])
    assert difference(case, expected, 1e-9, Shown.of("step", check.axes)) is None


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_near_is_what_numpy_calls_close(dtype: str) -> None:
    """Of every two numbers: infinite ones and what is no number are the same as themselves alone."""
    values = [0.0, 1.0, 1.0 + 1e-6, -1.0, *([np.inf, -np.inf, np.nan] if dtype.startswith("float") else [])]
    for one in (np.array(value, "float64") for value in [*values, np.inf, np.nan]):
        for other in (np.array([value]).astype(dtype) for value in values):
            for error in (0.0, 1e-3, 5.0):
                wanted = bool(np.isclose(one, other, 0.0, error, equal_nan=True).all())
                assert near(np.broadcast_to(one, other.shape), other, error) == wanted, (one, other, error)


def test_worked_cases_are_read_again_once_they_were_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}')
    assert read_example(path, 1) is read_example(path, 1)
    path.write_text('{"a": 2}')
    assert read_example(path, 2) == {"a": 2}


def test_an_input_that_leaves_its_container_is_changed() -> None:
    given = {"x": [np.zeros(2), np.ones(2)], "y": np.zeros(1)}
    before = contents(given)
    assert changed_inputs(given, before) == []
    given["x"].pop()
    given["y"][0] = -0.0
    assert changed_inputs(given, before) == ["x[1]", "y"]
