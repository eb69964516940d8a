"""The gradients of what stands around the cells, dropout, and the ways to begin."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from solutions.with_numpy import initialisation
from solutions.with_numpy.affine import affine_backward
from solutions.with_numpy.dropout import dropout, dropout_backward
from solutions.with_numpy.embedding import embed_backward
from solutions.with_numpy.loss import (
    cross_entropy,
    cross_entropy_backward,
    mean_cross_entropy,
    mean_cross_entropy_backward,
)
from solutions.with_torch.loss import mean_cross_entropy as torch_mean_cross_entropy
from tests.solutions.draws import Sizes, inputs, relative_error, tensors

TOLERANCE = {np.float64: 1e-9, np.float32: 1e-4}
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
SIZES = pytest.mark.parametrize(
    "sizes", [Sizes(), Sizes(T=1), Sizes(N=1), Sizes(H=1), Sizes(V=1), Sizes(1, 1, 1, 1, 1)], ids=str
)


def assert_gradient(name: str, mine: np.ndarray, theirs: torch.Tensor, dtype: type) -> None:
    assert mine.dtype == dtype, f"{name} is {mine.dtype}"
    error = relative_error(mine, theirs.numpy())
    assert error <= TOLERANCE[dtype], f"{name} is off by {error:.3g} of its largest value"


@DTYPES
@SIZES
def test_embed_backward_agrees_with_torch(dtype: type, sizes: Sizes) -> None:
    arrays = inputs("embed", sizes, dtype)
    ids = arrays["ids"] // 2  # so that words occur more than once, and some never
    dx = np.random.default_rng(1).normal(size=(*ids.shape, sizes.D)).astype(dtype)
    W_e = torch.tensor(arrays["W_e"], requires_grad=True)
    functional.embedding(torch.from_numpy(ids), W_e).backward(torch.from_numpy(dx))
    assert_gradient("dW_e", embed_backward(dx, ids, sizes.V), W_e.grad, dtype)


def test_a_word_beyond_the_vocabulary_has_no_row() -> None:
    with pytest.raises(IndexError):
        embed_backward(np.ones((1, 1, 2)), np.array([[3]]), 3)


@DTYPES
@SIZES
def test_affine_backward_agrees_with_torch(dtype: type, sizes: Sizes) -> None:
    arrays = inputs("affine", sizes, dtype)
    dy = np.random.default_rng(1).normal(size=(sizes.T, sizes.N, sizes.V)).astype(dtype)
    h, W_y, b_y = (torch.tensor(array, requires_grad=True) for array in arrays.values())
    functional.linear(h, W_y, b_y).backward(torch.from_numpy(dy))
    gradients = affine_backward(dy, arrays["h"], arrays["W_y"])
    for name, mine, theirs in zip(("dh", "dW_y", "db_y"), gradients, (h, W_y, b_y), strict=True):
        assert_gradient(name, mine, theirs.grad, dtype)


@DTYPES
@SIZES
@pytest.mark.parametrize("mean", [False, True], ids=["sum", "mean"])
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
def test_the_losses_gradients_agree_with_torch(dtype: type, sizes: Sizes, mean: bool, masked: bool) -> None:
    arrays = inputs("cross_entropy", sizes, dtype) | ({} if masked else {"mask": None})
    y = torch.tensor(arrays["y"], requires_grad=True)
    targets = torch.from_numpy(arrays["targets"]).clone()
    if masked:
        targets[~torch.from_numpy(arrays["mask"])] = -1
    reduction = "mean" if mean else "sum"
    loss = functional.cross_entropy(y.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction=reduction)
    loss.backward()
    forward, backward = (
        (mean_cross_entropy, mean_cross_entropy_backward) if mean else (cross_entropy, cross_entropy_backward)
    )
    assert_gradient("L", np.asarray(forward(**arrays)), loss.detach(), dtype)
    assert_gradient("dy", backward(**arrays), y.grad, dtype)
    if mean:
        assert_gradient("L", torch_mean_cross_entropy(**tensors(arrays)).numpy(), loss.detach(), dtype)


@pytest.mark.parametrize("filling", [1e300, np.inf, np.nan], ids=str)
def test_padding_gets_no_gradient_whatever_stands_there(filling: float) -> None:
    arrays = inputs("cross_entropy")
    arrays["y"][~arrays["mask"]] = filling
    with np.errstate(invalid="ignore"):
        dy = cross_entropy_backward(**arrays)
    assert not dy[~arrays["mask"]].any()
    assert np.isfinite(dy).all()


def test_the_mean_of_no_step_is_zero_and_so_is_its_gradient() -> None:
    arrays = inputs("cross_entropy") | {"mask": np.zeros((5, 4), dtype=bool)}
    assert mean_cross_entropy(**arrays) == 0
    assert not mean_cross_entropy_backward(**arrays).any()
    assert torch_mean_cross_entropy(**tensors(arrays)) == 0


@DTYPES
def test_dropout_leaves_out_a_share_p_and_keeps_the_mean(dtype: type) -> None:
    rng = np.random.default_rng(0)
    x, u = np.ones((50, 20, 30), dtype), rng.random((50, 20, 30)).astype(dtype)
    y = dropout(x, u, 0.3)
    assert y.dtype == dtype
    assert set(np.unique(y).round(5)) == {0, np.float64(1 / 0.7).astype(dtype).round(5)}
    assert abs((y == 0).mean() - 0.3) < 0.01, f"{(y == 0).mean():.3f} are left out"
    assert abs(y.mean() - 1) < 0.02, f"the mean is {y.mean():.3f}"
    assert np.array_equal(dropout(x, u, 0.0), x)


def test_dropouts_gradient_flows_where_the_units_were_kept() -> None:
    rng = np.random.default_rng(0)
    x, u, dy = rng.normal(size=(3, 4, 5)), rng.random((3, 4, 5)), rng.normal(size=(3, 4, 5))
    dx, step = dropout_backward(dy, u, 0.4), 1e-6
    numerical = (dropout(x + step, u, 0.4) - dropout(x - step, u, 0.4)) / (2 * step) * dy
    assert np.abs(dx - numerical).max() < 1e-8


@pytest.mark.parametrize("function", [dropout, dropout_backward])
@pytest.mark.parametrize("p", [-0.1, 1.0, 7])
def test_a_probability_beyond_its_range_is_refused(function: Callable[..., Any], p: float) -> None:
    x = np.ones((1, 1, 1))
    with pytest.raises(ValueError, match=f"{function.__name__}: the argument p must be from 0 to below 1, but is {p}"):
        function(x, x, p)


@DTYPES
@pytest.mark.parametrize("H", [1, 2, 17])
def test_an_orthogonal_matrix_keeps_lengths(dtype: type, H: int) -> None:
    W = initialisation.orthogonal(H, np.random.default_rng(0), dtype)
    assert W.dtype == dtype
    assert np.abs(W.T @ W - np.eye(H)).max() < (1e-12 if dtype is np.float64 else 1e-5)


def test_orthogonal_matrices_have_no_favourite_sign() -> None:
    first = [initialisation.orthogonal(3, np.random.default_rng(seed))[0, 0] for seed in range(200)]
    assert 70 < sum(number > 0 for number in first) < 130


def test_the_identity_has_its_scale_on_the_diagonal() -> None:
    W = initialisation.identity(3, 0.5, np.float32)
    assert W.dtype == np.float32
    assert np.array_equal(W, np.diag([0.5, 0.5, 0.5]).astype(np.float32))


@DTYPES
def test_the_forget_bias_is_the_second_block_and_nothing_else(dtype: type) -> None:
    b = np.arange(8).astype(dtype)
    changed = initialisation.forget_bias(b, 2.5)
    assert changed.dtype == dtype
    assert changed.tolist() == [0, 1, 2.5, 2.5, 4, 5, 6, 7]
    assert b.tolist() == list(range(8)), "the argument was written to"


@DTYPES
def test_lag_biases_spread_the_time_to_forget_evenly_up_to_the_longest_lag(dtype: type) -> None:
    H, longest = 1000, 300
    u = ((np.arange(H) + 0.5) / H).astype(dtype)
    b = initialisation.lag_bias(np.full(4 * H, 9, dtype), u, longest)
    i, f, o, g = b.reshape(4, H)
    assert b.dtype == dtype
    assert np.array_equal(i, -f)
    assert (o == 9).all()
    assert (g == 9).all()
    keep = 1 / (1 + np.exp(-f.astype(float)))
    tau = keep / (1 - keep)
    assert np.abs(tau - (1 + u * (longest - 2))).max() < 0.1, "the times to forget are not 1 to longest - 1 steps"
    z = initialisation.gru_lag_bias(np.full(3 * H, 9, dtype), u, longest).reshape(3, H)
    assert np.array_equal(z[1], f)
    assert (z[[0, 2]] == 9).all()


@pytest.mark.parametrize(("function", "blocks"), [(initialisation.lag_bias, 4), (initialisation.gru_lag_bias, 3)])
def test_a_lag_below_three_steps_is_refused(function: Callable[..., Any], blocks: int) -> None:
    with pytest.raises(
        ValueError, match=f"{function.__name__}: the argument longest must be at least 3 steps, but is 2"
    ):
        function(np.zeros(2 * blocks), np.zeros(2), 2)
    with pytest.raises(ValueError, match="the argument u must have the shape"):
        function(np.zeros(2 * blocks), np.zeros(3), 10)
