"""The loss: padding adds nothing, nothing overflows, and nothing to average over is an error."""

import numpy as np
import pytest
import torch

from solutions.with_numpy import loss
from solutions.with_torch import loss as torch_loss
from tests.solutions.draws import Sizes, inputs, relative_error, tensors

EACH = pytest.mark.parametrize("name", ["cross_entropy", "perplexity"])
SIZES = Sizes(T=5, N=3, V=4)


def padded() -> dict[str, np.ndarray]:
    """Sequences of 5, 3 and 1 steps."""
    arrays = inputs("cross_entropy", SIZES)
    return arrays | {"mask": np.arange(5)[:, None] < np.array([5, 3, 1])}


@EACH
@pytest.mark.parametrize("filling", [0.0, 7.0, 1e300, np.inf, np.nan], ids=str)
def test_scores_and_targets_of_padding_do_not_change_the_loss(name: str, filling: float) -> None:
    arrays = padded()
    outside = ~arrays["mask"]
    other = {"y": arrays["y"].copy(), "targets": arrays["targets"].copy(), "mask": arrays["mask"]}
    other["y"][outside] = filling
    other["targets"][outside] = (arrays["targets"][outside] + 1) % SIZES.V
    with np.errstate(invalid="ignore"):
        result = getattr(loss, name)(**other)
    expected = getattr(loss, name)(**arrays)
    assert result == expected, f"{name} is {result} with {filling} in the padding, {expected} without"
    in_torch = getattr(torch_loss, name)(**tensors(other))
    assert relative_error(in_torch, expected) <= 1e-9, f"{name} in torch is {in_torch}, not {expected}"


@EACH
def test_more_padding_does_not_change_the_loss(name: str) -> None:
    arrays = padded()
    longer = {
        "y": np.concatenate([arrays["y"], np.ones((4, 3, 4))]),
        "targets": np.concatenate([arrays["targets"], np.zeros((4, 3), dtype=int)]),
        "mask": np.concatenate([arrays["mask"], np.zeros((4, 3), dtype=bool)]),
    }
    assert relative_error(getattr(loss, name)(**longer), getattr(loss, name)(**arrays)) <= 1e-12


def test_the_loss_of_a_padded_batch_is_the_sum_over_its_sequences() -> None:
    arrays = padded()
    lengths = arrays["mask"].sum(axis=0)
    parts = [loss.cross_entropy(arrays["y"][:k, [n]], arrays["targets"][:k, [n]]) for n, k in enumerate(lengths)]
    assert relative_error(loss.cross_entropy(**arrays), sum(parts)) <= 1e-12


def test_the_perplexity_is_the_exponential_of_the_loss_over_the_steps_that_count() -> None:
    arrays = padded()
    expected = np.exp(loss.cross_entropy(**arrays) / 9)
    assert relative_error(loss.perplexity(**arrays), expected) <= 1e-12


@EACH
def test_a_mask_of_ones_is_no_mask(name: str) -> None:
    arrays = inputs(name, SIZES)
    whole = arrays | {"mask": np.ones((5, 3), dtype=bool)}
    without = {"y": arrays["y"], "targets": arrays["targets"]}
    assert getattr(loss, name)(**whole) == getattr(loss, name)(**without)
    assert getattr(torch_loss, name)(**tensors(whole)) == getattr(torch_loss, name)(**tensors(without))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_loss_is_zero_where_no_step_counts(dtype: type) -> None:
    arrays = inputs("cross_entropy", SIZES, dtype) | {"mask": np.zeros((5, 3), dtype=bool)}
    result, tensor = loss.cross_entropy(**arrays), torch_loss.cross_entropy(**tensors(arrays))
    assert (result, result.dtype) == (0, dtype)
    assert float(tensor) == 0


@pytest.mark.parametrize("module", [loss, torch_loss], ids=["NumPy", "torch"])
@pytest.mark.parametrize("how", ["empty mask", "no steps"])
def test_the_perplexity_of_nothing_is_an_error(module: object, how: str) -> None:
    arrays = inputs("perplexity", SIZES)
    arrays = arrays | {"mask": np.zeros((5, 3), dtype=bool)}
    if how == "no steps":
        arrays = {"y": arrays["y"][:0], "targets": arrays["targets"][:0]}
    given = arrays if module is loss else tensors(arrays)
    with pytest.raises(ValueError, match="perplexity: no step counts"):
        module.perplexity(**given)


@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1e3, 1e4, 1e30], ids="{:g}".format)
def test_large_scores_neither_overflow_nor_warn(name: str, dtype: type, size: float) -> None:
    """Warnings are errors in these tests; the right word has the largest score, so the loss is exactly known."""
    targets = np.array([[0, 1, 2, 3]])
    y = (size * np.eye(4)[targets]).astype(dtype)
    certain = 0.0 if name == "cross_entropy" else 1.0
    with np.errstate(all="raise", under="ignore"):
        result = getattr(loss, name)(y, targets)
        shifted = getattr(loss, name)(y - dtype(size), targets)
    assert result == shifted == certain, f"{name} is {result} and, shifted, {shifted}"
    assert float(getattr(torch_loss, name)(torch.tensor(y), torch.tensor(targets))) == certain


def test_a_certain_mistake_costs_the_difference_of_the_scores() -> None:
    y = np.array([[[1000.0, -500.0]]])
    wrong = np.array([[1]])
    assert loss.cross_entropy(y, wrong) == 1500.0
    assert float(torch_loss.cross_entropy(torch.tensor(y), torch.tensor(wrong))) == 1500.0


@pytest.mark.parametrize("V", [1, 2, 7])
def test_equal_scores_have_the_number_of_words_as_perplexity(V: int) -> None:
    y, targets = np.full((3, 2, V), 5.0), np.zeros((3, 2), dtype=int)
    assert relative_error(loss.perplexity(y, targets), V) <= 1e-12
    assert relative_error(loss.cross_entropy(y, targets), 6 * np.log(V)) <= 1e-12


@EACH
def test_adding_the_same_number_to_all_scores_of_a_step_changes_nothing(name: str) -> None:
    arrays = padded()
    moved = arrays | {"y": arrays["y"] + np.arange(15.0).reshape(5, 3, 1)}
    assert relative_error(getattr(loss, name)(**moved), getattr(loss, name)(**arrays)) <= 1e-12
