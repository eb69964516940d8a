"""What exercise 7 asks for: a cell like NumPy's, weights, packing and biases of nn.LSTM, and a training of the adding problem."""

import copy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from solutions import conversions
from solutions.with_numpy import initialisation, lstm
from solutions.with_numpy.adding import adding_problem
from solutions.with_torch.adding import Adder, clipped_gradients, train
from solutions.with_torch.lstm_cell import LSTMCell
from solutions.with_torch.nn_lstm import both_ends, from_lstm, lag_biases, run_packed

DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def close(mine: torch.Tensor, theirs: torch.Tensor) -> bool:
    """The same dtype and shape, and the same numbers but for rounding."""
    assert mine.dtype == theirs.dtype
    assert mine.shape == theirs.shape
    return torch.allclose(mine, theirs, rtol=0, atol=TOLERANCE[mine.dtype])


def network(layers: int = 1, bidirectional: bool = False, dtype: torch.dtype = torch.float64) -> nn.LSTM:
    torch.manual_seed(layers)
    return nn.LSTM(3, 5, layers, bidirectional=bidirectional, dtype=dtype)


# ---- the cell and its weights ----------------------------------------------------------------------------------------


@DTYPES
def test_the_cell_is_numpys_step_and_its_parameters_are_named(dtype: torch.dtype) -> None:
    cell = LSTMCell(3, 5).to(dtype)
    shapes = {name: tuple(p.shape) for name, p in cell.named_parameters()}
    assert shapes == {"W_x": (20, 3), "W_h": (20, 5), "b": (20,)}
    assert max(float(p.detach().abs().max()) for p in cell.parameters()) <= 5**-0.5
    x, h, c = (torch.randn(4, size, dtype=dtype) for size in (3, 5, 5))
    mine = cell(x, h, c)
    weights = conversions.module_to_arrays(cell)
    theirs = lstm.step(x.numpy(), h.numpy(), c.numpy(), **weights)
    for one, other in zip(mine, theirs, strict=False):
        assert close(one.detach(), torch.from_numpy(other))


@DTYPES
@pytest.mark.parametrize("layer", [0, 1])
def test_a_cell_with_the_weights_of_a_layer_computes_its_states_and_gradients(layer: int, dtype: torch.dtype) -> None:
    theirs, cell = network(2, dtype=dtype), LSTMCell(5 if layer else 3, 5)
    cell = cell.to(dtype)
    weights = from_lstm(theirs.state_dict(), layer)
    cell.load_state_dict(weights)
    x = torch.randn(6, 4, 3, dtype=dtype)
    one = nn.LSTM(3, 5, dtype=dtype)
    one.load_state_dict({name: p for name, p in theirs.state_dict().items() if name.endswith("_l0")})
    inputs = one(x)[0] if layer else x
    h = c = torch.zeros(4, 5, dtype=dtype)
    for x_t in inputs:
        h, c = cell(x_t, h, c)
    _, (h_n, c_n) = theirs(x)
    assert close(h, h_n[layer])
    assert close(c, c_n[layer])
    known = conversions.from_torch("lstm", theirs.state_dict(), layer)
    assert all(close(weights[name], torch.from_numpy(array)) for name, array in known.items())


# ---- sequences of unequal length -------------------------------------------------------------------------------------

LENGTHS = torch.tensor([2, 6, 1, 4])


@DTYPES
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("T", [6, 8], ids=["as long as the longest", "longer than the longest"])
def test_packed_states_are_those_of_each_sequence_alone(layers: int, T: int, dtype: torch.dtype) -> None:
    layer, x = network(layers, dtype=dtype), torch.randn(T, 4, 3, dtype=dtype)
    output, last = run_packed(layer, x, LENGTHS)
    assert output.shape == (T, 4, 5)
    for n, length in enumerate(LENGTHS.tolist()):
        alone = layer(x[:length, n])[0]
        assert close(output[:length, n], alone)
        assert not output[length:, n].any()
        assert close(last[n], alone[-1])


@DTYPES
@pytest.mark.parametrize("layers", [1, 2])
def test_both_ends_are_those_of_each_sequence_alone(layers: int, dtype: torch.dtype) -> None:
    layer, x = network(layers, bidirectional=True, dtype=dtype), torch.randn(7, 4, 3, dtype=dtype)
    ends = both_ends(layer, x, LENGTHS)
    for n, length in enumerate(LENGTHS.tolist()):
        alone = layer(x[:length, n])[0]
        assert close(ends[n], torch.cat([alone[-1, :5], alone[0, 5:]]))


# ---- biases ----------------------------------------------------------------------------------------------------------


@DTYPES
def test_both_biases_together_are_numpys_bias_for_the_lag(dtype: torch.dtype) -> None:
    layer, u = network(dtype=dtype), torch.rand(5, dtype=dtype)
    kept = copy.deepcopy(layer.state_dict())
    first, second = lag_biases(layer.bias_ih_l0.detach(), layer.bias_hh_l0.detach(), u, 50)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in layer.state_dict().items()), "an input was changed"
    changed = kept | {"bias_ih_l0": first, "bias_hh_l0": second}
    before, after = (conversions.from_torch("lstm", parameters)["b"] for parameters in (kept, changed))
    assert close(torch.from_numpy(after), torch.from_numpy(initialisation.lag_bias(before, u.numpy(), 50)))
    assert not second[:10].any()
    assert torch.equal(first[10:], kept["bias_ih_l0"][10:])
    assert torch.equal(second[10:], kept["bias_hh_l0"][10:])


# ---- the adding problem ----------------------------------------------------------------------------------------------


def test_the_problem_is_the_one_of_the_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "book"), *sys.path])
    from experiments import tasks

    x, targets = adding_problem(np.random.default_rng(3), 11, 7)
    theirs = tasks.adding(np.random.default_rng(3), 11, 7)
    assert np.array_equal(x, theirs.x)
    assert np.array_equal(targets, theirs.targets)
    assert x.dtype == targets.dtype == np.float32


def test_two_numbers_are_marked_one_in_each_half() -> None:
    x, targets = adding_problem(np.random.default_rng(0), 12, 2000)
    assert (x[:6, :, 1].sum(axis=0) == 1).all()
    assert (x[6:, :, 1].sum(axis=0) == 1).all()
    assert np.allclose((x[:, :, 0] * x[:, :, 1]).sum(axis=0), targets)
    assert abs(np.mean((targets - 1) ** 2) - 1 / 6) < 0.02


def batch(T: int = 8, N: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    x, targets = adding_problem(np.random.default_rng(1), T, N)
    return torch.from_numpy(x), torch.from_numpy(targets)


@pytest.mark.parametrize("limit", [0.01, 100.0])
def test_gradients_are_those_of_the_squared_error_clipped_by_their_global_norm(limit: float) -> None:
    torch.manual_seed(0)
    model, (x, targets) = Adder(4), batch()
    assert model(x).shape == (6, 1)
    loss = nn.functional.mse_loss(model(x)[:, 0], targets)
    wanted = torch.autograd.grad(loss, list(model.parameters()))
    norm = torch.cat([one.flatten() for one in wanted]).norm()
    for _ in range(2):  # the second time, there are gradients of the first
        found_loss, found_norm, gradients = clipped_gradients(model, x, targets, limit)
        assert close(found_loss, loss.detach())
        assert close(found_norm, norm)
        assert not found_loss.requires_grad
        for (name, p), one in zip(model.named_parameters(), wanted, strict=True):
            assert gradients[name] is p.grad
            assert torch.allclose(p.grad, one * min(1.0, limit / float(norm)), atol=1e-5)


def test_training_makes_the_loss_smaller_and_says_how_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model, one = Adder(8), batch(N=20)
    losses = train(model, lambda: one, updates=200, rate=0.01, limit=1.0)
    assert len(losses) == 200
    assert losses[-1] < 0.2 * losses[0]
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == ["update 100", "update 200"]
    assert f"{np.mean(losses[-100:]):.4f}" in said[1]
