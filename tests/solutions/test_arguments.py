"""Wrong arguments are refused with a message that names the function, the argument, what is expected and what was given."""

from typing import Any

import numpy as np
import pytest
import torch

from solutions.arguments import MOST_LOOKS, Spec, takes
from tests.solutions.draws import BOTH, NAMES, inputs, tensors

EACH = pytest.mark.parametrize("name", NAMES)
WHICH = pytest.mark.parametrize("which", ["numpy", "torch"])
ARGUMENTS = [(name, argument) for name, pair in BOTH.items() for argument in pair.takes]
EACH_ARGUMENT = pytest.mark.parametrize(("name", "argument"), ARGUMENTS)


def refusal(which: str, name: str, kind: type[Exception], **changed: Any) -> str:
    """The message with which a function refuses its inputs after these are changed."""
    arrays = inputs(name) | changed
    given = arrays if which == "numpy" else tensors(arrays)
    with pytest.raises(kind) as caught:
        getattr(BOTH[name], which)(**given)
    return str(caught.value)


def assert_says(message: str, *parts: object) -> None:
    for part in parts:
        assert str(part) in message, f"{part!r} is not in {message!r}"


@WHICH
@EACH_ARGUMENT
def test_a_wrong_rank_is_refused(which: str, name: str, argument: str) -> None:
    array = inputs(name)[argument]
    message = refusal(which, name, ValueError, **{argument: array[None]})
    assert_says(message, f"{name}: the argument {argument} must have the shape (", f"but has {(1, *array.shape)}")
    for dimension in BOTH[name].takes[argument].split():
        assert_says(message, dimension)


# The first argument with an axis fixes its length, so the lengths of these fit by themselves.
FIRST = ("x", "ids", "h", "y", "W_e")
SECOND = [(name, argument) for name, argument in ARGUMENTS if argument not in FIRST]


@WHICH
@pytest.mark.parametrize(("name", "argument"), SECOND)
def test_a_wrong_length_is_refused_with_the_length_that_others_fix(which: str, name: str, argument: str) -> None:
    array = inputs(name)[argument]
    axis = 1 if argument == "W_y" else 0  # W_y is the first with V words, and second in its hidden units
    longer = np.concatenate([array, array.take([0], axis)], axis)
    message = refusal(which, name, ValueError, **{argument: longer})
    assert_says(message, f"{name}: the argument {argument} must have the shape (", "=", f"but has {longer.shape}")


@WHICH
def test_a_square_matrix_must_be_square(which: str) -> None:
    message = refusal(which, "step", ValueError, W_h=np.ones((6, 5)))
    assert_says(message, "step: the argument W_h must have the shape (H=6, H=6), but has (6, 5).")


@WHICH
@EACH_ARGUMENT
def test_a_list_is_refused(which: str, name: str, argument: str) -> None:
    message = refusal(which, name, TypeError, **{argument: [[1.0]]})
    assert_says(message, f"{name}: the argument {argument} must be an array of shape (", "but is a list.")


@WHICH
@EACH_ARGUMENT
def test_another_kind_of_number_is_refused(which: str, name: str, argument: str) -> None:
    array = inputs(name)[argument]
    kinds = {"f": ("floating-point", np.int64), "i": ("integer", np.float64), "b": ("boolean", np.float64)}
    wanted, other = kinds[array.dtype.kind]
    message = refusal(which, name, TypeError, **{argument: np.ones(array.shape, dtype=other)})
    assert_says(message, f"{name}: the argument {argument} must hold {wanted} numbers", "dtype is", np.dtype(other))


@WHICH
@pytest.mark.parametrize(
    ("name", "argument"), [("embed", "ids"), ("cross_entropy", "targets"), ("perplexity", "targets")]
)
@pytest.mark.parametrize("bad", [-1, 7, 1000])
def test_numbers_of_words_out_of_range_are_refused(which: str, name: str, argument: str, bad: int) -> None:
    ids = inputs(name)[argument]
    ids[2, 1] = bad
    message = refusal(which, name, ValueError, **{argument: ids})
    low, high = int(ids.min()), int(ids.max())
    assert_says(message, f"{name}: the argument {argument} must hold numbers from 0 to 6 (V=7)")
    assert_says(message, f"but holds numbers from {low} to {high}.")


@pytest.mark.parametrize("mask", [np.ones((5, 4)), np.ones((5, 4), dtype=int)], ids=["floats", "integers"])
def test_a_mask_of_numbers_is_refused(mask: np.ndarray) -> None:
    message = refusal("numpy", "cross_entropy", TypeError, mask=mask)
    assert_says(message, "cross_entropy: the argument mask must hold boolean numbers", mask.dtype)


@EACH
def test_none_is_refused_where_it_is_not_optional(name: str) -> None:
    for argument in BOTH[name].takes:
        if argument != "mask":
            message = refusal("numpy", name, TypeError, **{argument: None})
            assert_says(message, f"{name}: the argument {argument}", "NoneType")


def test_complex_numbers_are_refused() -> None:
    message = refusal("numpy", "step", TypeError, x=np.ones((4, 3), dtype=complex))
    assert_says(message, "step: the argument x must hold floating-point numbers, but its dtype is complex128")


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint8, np.uint64])
def test_integers_of_every_width_are_word_numbers(dtype: type) -> None:
    arrays = inputs("embed")
    narrow = arrays | {"ids": arrays["ids"].astype(dtype)}
    assert np.array_equal(BOTH["embed"].numpy(**narrow), BOTH["embed"].numpy(**arrays))


def test_half_precision_is_floating_point() -> None:
    arrays = {name: array.astype(np.float16) for name, array in inputs("step").items()}
    assert BOTH["step"].numpy(**arrays).dtype == np.float16
    assert BOTH["step"].torch(**tensors(arrays)).dtype == torch.float16


def test_an_empty_array_of_word_numbers_has_none_out_of_range() -> None:
    assert BOTH["embed"].numpy(np.zeros((0, 2), dtype=int), np.ones((3, 4))).shape == (0, 2, 4)


def test_arguments_are_checked_by_position_as_by_name() -> None:
    arrays = inputs("affine")
    by_place = BOTH["affine"].numpy(*arrays.values())
    assert np.array_equal(by_place, BOTH["affine"].numpy(**arrays))
    with pytest.raises(ValueError, match="the argument b_y"):
        BOTH["affine"].numpy(arrays["h"], arrays["W_y"], arrays["b_y"][:-1])


def test_too_few_arguments_are_the_functions_own_error() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'W_e'"):
        BOTH["embed"].numpy(np.zeros((1, 1), dtype=int))


@EACH
def test_the_decorated_function_keeps_its_name_and_its_text(name: str) -> None:
    for function in (BOTH[name].numpy, BOTH[name].torch):
        assert function.__name__ == name
        assert function.__doc__


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("N D", Spec("float", ("N", "D"), None, False)),
        ("int T N < V", Spec("int", ("T", "N"), "V", False)),
        ("optional bool T N", Spec("bool", ("T", "N"), None, True)),
        ("H", Spec("float", ("H",), None, False)),
    ],
)
def test_a_specification_is_read_as_its_docstring_says(text: str, spec: Spec) -> None:
    assert Spec.parse(text) == spec


def test_an_optional_argument_may_be_left_out_and_is_checked_where_it_is_given() -> None:
    @takes(a="N", b="optional N")
    def add(a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
        return a if b is None else a + b

    assert add(np.ones(2)).tolist() == [1.0, 1.0]
    assert add(np.ones(2), None).tolist() == [1.0, 1.0]
    assert add(np.ones(2), np.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match=r"add: the argument b must have the shape \(N=2,\), but has \(3,\)"):
        add(np.ones(2), np.ones(3))


def test_what_fitted_once_does_not_excuse_what_comes_after() -> None:
    @takes(ids="int N < V", W_e="V D", mask="optional bool N")
    def lookup(ids: Any, W_e: Any, mask: Any = None) -> Any:
        return W_e[ids]

    ids, W_e = np.array([0, 1]), np.eye(2)
    for _ in range(2):
        lookup(ids, W_e)
        with pytest.raises(ValueError, match="numbers from 0 to 1"):
            lookup(ids + 1, W_e)
        with pytest.raises(TypeError, match="but is a list"):
            lookup(ids, W_e, [True, False])
        with pytest.raises(TypeError, match="its dtype is float64"):
            lookup(ids.astype(float), W_e)
        with pytest.raises(ValueError, match="must have the shape"):
            lookup(ids[None], W_e)


def test_calls_of_more_shapes_than_are_remembered_are_checked_too() -> None:
    @takes(x="N D")
    def sum_of(x: Any) -> Any:
        return x.sum()

    for n in range(2 * MOST_LOOKS + 2):
        assert sum_of(np.ones((n, 1))) == n
    with pytest.raises(ValueError, match="must have the shape"):
        sum_of(np.ones(3))
