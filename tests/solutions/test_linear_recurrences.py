"""Linear recurrences and attention: a scan is its loop, NumPy's numbers are torch's, and gradients are those of the loop."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.with_numpy import attention, diagonal, min_gru, min_lstm, scan
from solutions.with_numpy.positive import log_positive, log_sigmoid, positive
from solutions.with_torch import attention as torch_attention
from solutions.with_torch import diagonal as torch_diagonal
from solutions.with_torch import min_gru as torch_min_gru
from solutions.with_torch import min_lstm as torch_min_lstm
from solutions.with_torch import scan as torch_scan
from tests.solutions.draws import relative_error

EXACT = 1e-12
STEADY = settings(deadline=None, derandomize=True, max_examples=25, database=None)
LENGTH = st.integers(1, 19)
CELLS: dict[str, tuple[Any, Any, int, dict[str, bool]]] = {
    "min_gru": (min_gru, torch_min_gru.MinGRU, 2, {}),
    "min_lstm": (min_lstm, torch_min_lstm.MinLSTM, 3, {}),
    "diagonal": (diagonal, torch_diagonal.Diagonal, 3, {"negative": True}),
    "diagonal_positive": (diagonal, torch_diagonal.Diagonal, 3, {"negative": False}),
}
EACH = pytest.mark.parametrize("name", CELLS)


def drawn(blocks: int, T: int, seed: int, size: float = 1.0, dtype: type = np.float64) -> tuple[np.ndarray, ...]:
    """x (T, 3, 4), h_0 (3, 5), which is positive, W_x and b of so many blocks."""
    rng = np.random.default_rng([seed, T, blocks])
    x, h_0 = rng.normal(size=(T, 3, 4)), np.abs(rng.normal(size=(3, 5)))
    W_x, b = size * rng.normal(size=(5 * blocks, 4)), size * rng.normal(size=5 * blocks)
    return tuple(array.astype(dtype) for array in (x, h_0, W_x, b))


@STEADY
@given(T=LENGTH, seed=st.integers(0, 1000))
def test_a_scan_is_the_loop(T: int, seed: int) -> None:
    rng = np.random.default_rng([seed, T])
    a, b, h_0 = rng.uniform(-1, 1, (T, 2, 3)), rng.normal(size=(T, 2, 3)), rng.normal(size=(2, 3))
    expected = scan.loop(a, b, h_0)
    assert relative_error(scan.scan(a, b, h_0), expected) <= EXACT
    assert relative_error(torch_scan.scan(*map(torch.tensor, (a, b, h_0))), expected) <= EXACT
    a, b, h_0 = np.abs(a), np.abs(b), np.abs(h_0)
    logarithms = [np.log(array) for array in (a, b, h_0)]
    expected = scan.loop(a, b, h_0)
    assert relative_error(scan.scan_log(*logarithms), expected) <= EXACT
    assert relative_error(torch_scan.scan_log(*map(torch.tensor, logarithms)), expected) <= EXACT


def test_two_steps_with_a_pencil_come_to_nine_quarters() -> None:
    a, b = (np.array(numbers).reshape(2, 1, 1) for numbers in ([1 / 2, 1 / 4], [4.0, 1.0]))
    assert scan.scan(a, b, np.array([[2.0]])).ravel().tolist() == [5, 9 / 4]
    assert (a[1] * a[0]).item() * 2 + (a[1] * b[0] + b[1]).item() == 9 / 4


def test_the_scan_over_logarithms_has_states_where_products_of_factors_underflow() -> None:
    T = 2000
    a, b, h_0 = np.full((T, 1, 1), 0.5), np.ones((T, 1, 1)), np.zeros((1, 1))
    assert np.prod(a) == 0
    with np.errstate(divide="ignore"):
        h = scan.scan_log(np.log(a), np.log(b), np.log(h_0))
    assert relative_error(h, scan.loop(a, b, h_0)) <= 1e-11


@EACH
@STEADY
@given(T=LENGTH, seed=st.integers(0, 1000))
def test_a_cell_comes_to_the_same_by_scan_by_loop_and_in_torch(name: str, T: int, seed: int) -> None:
    cell, module, blocks, options = CELLS[name]
    x, h_0, W_x, b = drawn(blocks, T, seed)
    expected = cell.forward(x, h_0, W_x, b, **options)
    assert relative_error(cell.forward_scan(x, h_0, W_x, b, **options), expected) <= EXACT
    in_torch = module(4, 5, torch.float64, **options)
    in_torch.load_state_dict({"W_x": torch.tensor(W_x), "b": torch.tensor(b)})
    h, (h_T,) = in_torch(torch.tensor(x), (torch.tensor(h_0),))
    assert relative_error(h.detach(), expected) <= EXACT
    assert relative_error(h_T.detach(), expected[-1]) <= EXACT


@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_cell_keeps_the_number_type_and_its_arguments(name: str, dtype: type) -> None:
    cell, _, blocks, options = CELLS[name]
    given_arrays = drawn(blocks, 6, 0, dtype=dtype)
    kept = [array.copy() for array in given_arrays]
    for function in (cell.forward, cell.forward_scan):
        assert function(*given_arrays, **options).dtype == dtype
    assert all(np.array_equal(a, b) for a, b in zip(given_arrays, kept, strict=True))


def torch_loop(name: str, x: torch.Tensor, h: torch.Tensor, W_x: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The cells as their papers write them, step by step: an oracle for the gradients of the scans."""
    made = []
    for x_t in x:
        s = (x_t @ W_x.T + b).split(5, dim=1)
        if name.startswith("diagonal"):
            a = 2 * torch.sigmoid(s[1]) - 1 if name == "diagonal" else torch.sigmoid(s[1])
            h = a * h + torch.sigmoid(s[0]) * s[2]
        else:
            candidate = torch.where(s[-1] >= 0, s[-1] + 0.5, torch.sigmoid(s[-1]))
            write, keep = torch.sigmoid(s[0]), 1 - torch.sigmoid(s[0])
            if name == "min_lstm":
                write, keep = write / (write + torch.sigmoid(s[1])), torch.sigmoid(s[1]) / (write + torch.sigmoid(s[1]))
            h = keep * h + write * candidate
        made.append(h)
    return torch.stack(made)


@EACH
def test_gradients_through_a_scan_are_those_of_the_loop(name: str) -> None:
    _, module, blocks, options = CELLS[name]
    x, h_0, W_x, b = (torch.tensor(array, requires_grad=True) for array in drawn(blocks, 9, 3))
    in_torch = module(4, 5, torch.float64, **options)
    in_torch.load_state_dict({"W_x": W_x, "b": b})
    weights = torch.tensor(np.random.default_rng(1).normal(size=(9, 3, 5)))
    scanned, looped = in_torch(x, (h_0,))[0], torch_loop(name, x, h_0, W_x, b)
    mine = torch.autograd.grad((scanned * weights).sum(), [x, h_0, in_torch.W_x, in_torch.b])
    expected = torch.autograd.grad((looped * weights).sum(), [x, h_0, W_x, b])
    assert max(map(relative_error, mine, expected)) <= 1e-10


@pytest.mark.parametrize("name", ["min_gru", "min_lstm"])
def test_a_state_of_zero_at_the_start_has_gradients_in_torch(name: str) -> None:
    _, module, blocks, _ = CELLS[name]
    x, _, W_x, b = drawn(blocks, 7, 2)
    in_torch = module(4, 5, torch.float64)
    in_torch.load_state_dict({"W_x": torch.tensor(W_x), "b": torch.tensor(b)})
    in_torch(torch.tensor(x))[0].sum().backward()
    assert all(bool(weight.grad.isfinite().all()) and bool(weight.grad.any()) for weight in in_torch.parameters())


@pytest.mark.parametrize("name", ["min_gru", "min_lstm"])
def test_large_weights_neither_overflow_nor_warn(name: str) -> None:
    cell, _, blocks, _ = CELLS[name]
    x, h_0, W_x, b = drawn(blocks, 12, 4, size=30.0)
    with np.errstate(over="raise", invalid="raise"):
        error = relative_error(cell.forward_scan(x, h_0, W_x, b), cell.forward(x, h_0, W_x, b))
    assert error <= 1e-9


def test_a_positive_factor_keeps_the_sign_of_a_state_and_a_negative_one_may_turn_it() -> None:
    x, h_0, b = np.ones((1, 1)), np.ones((1, 1)), np.zeros(3)
    W_x = np.array([[0.0], [-3.0], [0.0]])
    assert 0 < diagonal.step(x, h_0, W_x, b, negative=False)[0, 0] < 1
    assert -1 < diagonal.step(x, h_0, W_x, b)[0, 0] < 0


def test_what_squashes_a_candidate_is_positive_continuous_and_has_its_logarithm() -> None:
    a = np.array([-800.0, -3.0, -1e-12, 0.0, 2.0, 800.0])
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(np.exp(log_positive(a[1:])), positive(a[1:]), rtol=1e-13)
    assert log_positive(a)[0] == log_sigmoid(a)[0] == -800
    assert abs(positive(a)[2] - positive(a)[3]) < 1e-11
    assert positive(a)[3] == 0.5


def draw_attention(T: int = 6) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {"x": rng.normal(size=(T, 3, 4)), **{name: rng.normal(size=(5, 4)) for name in ("W_q", "W_k", "W_v")}}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_attention_is_torchs(dtype: type) -> None:
    arrays: dict[str, np.ndarray] = {name: array.astype(dtype) for name, array in draw_attention().items()}
    mine = attention.forward(**arrays)
    assert mine.dtype == dtype
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    q, k, v = (torch.einsum("tnd,hd->nth", tensors["x"], tensors[name]) for name in ("W_q", "W_k", "W_v"))
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1)
    tolerance = EXACT if dtype is np.float64 else 1e-5
    assert relative_error(mine, expected) <= tolerance
    assert relative_error(torch_attention.forward(**tensors), expected) <= tolerance


def test_a_small_attention_model_sees_no_later_step_and_knows_places() -> None:
    torch.manual_seed(0)
    model, x = torch_attention.Attention(4, 6, torch.float64), torch.tensor(draw_attention()["x"])
    y, (last,) = model(x)
    assert torch.equal(y[-1], last)
    assert relative_error(model(x[:4])[0].detach(), y[:4].detach()) <= EXACT
    swapped = model(x[[1, 0, 2, 3, 4, 5]])[0]
    assert not torch.allclose(swapped[-1], y[-1])
    places = torch_attention.places(7, 5, torch.float64)
    assert places.shape == (7, 5)
    assert relative_error(places[:, 0], np.sin(np.arange(7))) <= EXACT
    assert relative_error(places[:, 3], np.cos(np.arange(7) * 10000 ** (-2 / 5))) <= EXACT


def test_wrong_shapes_are_refused_by_name() -> None:
    x, h_0, W_x, b = drawn(2, 4, 0)
    with pytest.raises(
        ValueError, match=r"^forward_scan: the argument W_x must have the shape \(2H=10, D=4\), but has"
    ):
        min_gru.forward_scan(x, h_0, W_x[:8], b)
    with pytest.raises(ValueError, match=r"^scan: the argument h_0 must have the shape \(N=3, H=4\), but has"):
        scan.scan(x, x, h_0)
