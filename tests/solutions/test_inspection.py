"""Jacobians, gradient against lag, and the LSTM's cell path, each beside autograd."""

from typing import Any

import numpy as np
import pytest
import torch

from solutions.with_numpy import cell_path, jacobians, lstm, recurrent, rnn
from solutions.with_numpy.gradient_lag import gradient_norm_by_lag, rnn_gradient_norms, state_gradients
from tests.solutions.cells import IN_TORCH, NAMES, draw, torch_layer, torch_loop
from tests.solutions.draws import Sizes, relative_error


def autograd_jacobian(function: Any, at: np.ndarray) -> np.ndarray:
    """(N, H, H) of a function (N, H) -> (N, H) that keeps sequences apart."""
    J = torch.autograd.functional.jacobian(function, torch.from_numpy(at))
    return torch.einsum("ninj->nij", J).numpy()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("T", [1, 4])
def test_jacobians_of_a_step_and_a_span_agree_with_autograd(activation: str, T: int) -> None:
    d = draw("rnn" if activation == "tanh" else "relu_rnn", Sizes(T=T))
    x, (W_x, W_h, b) = torch.from_numpy(d.x), (torch.from_numpy(w) for w in d.weights.values())

    def run(h: torch.Tensor) -> torch.Tensor:
        for x_t in x:
            a = x_t @ W_x.T + h @ W_h.T + b
            h = torch.tanh(a) if activation == "tanh" else torch.relu(a)
        return h

    h, _, _ = recurrent.forward("rnn" if activation == "tanh" else "relu_rnn", d.x, d.states, d.weights)
    expected = autograd_jacobian(run, d.states[0])
    assert relative_error(jacobians.span_jacobian(h, d.weights["W_h"], activation), expected) <= 1e-12
    if T == 1:
        assert relative_error(jacobians.step_jacobian(h[0], d.weights["W_h"], activation), expected) <= 1e-12


def test_the_jacobian_of_no_steps_is_the_identity() -> None:
    J = jacobians.span_jacobian(np.zeros((0, 2, 3)), np.ones((3, 3)))
    assert np.array_equal(J, np.stack([np.eye(3)] * 2))


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(ValueError, match="activation must be 'tanh' or 'relu', but is 'linear'"):
        jacobians.step_jacobian(np.ones((1, 2)), np.eye(2), "linear")


def test_the_largest_singular_value_and_the_spectral_radius_are_two_things() -> None:
    W = np.array([[0.5, 10.0], [0.0, 0.5]])
    assert jacobians.spectral_radius(W) == pytest.approx(0.5)
    assert jacobians.singular_values(W)[0] > 10
    assert np.linalg.norm(np.linalg.matrix_power(W, 100)) < 1e-20, "powers shrink although a singular value is large"
    assert jacobians.singular_values(np.stack([W, np.eye(2)])).shape == (2, 2)
    assert jacobians.spectral_radius(np.array([[0.0, -2.0], [2.0, 0.0]])) == pytest.approx(2.0)


@pytest.mark.parametrize("cell", NAMES)
@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_of_every_state_is_that_of_the_sequences_beginning_there(cell: str, masked: bool) -> None:
    d = draw(cell, Sizes(T=4))
    mask = np.arange(4)[:, None] < np.array([4, 2, 3, 1]) if masked else None
    _, _, tape = recurrent.forward(cell, d.x, d.states, d.weights, mask)
    gradients = state_gradients(d.dstates, tape)
    assert list(gradients) == list(recurrent.CELLS[cell].states)
    for t in range(5):
        before = d.states if t == 0 else tuple(made[t - 1] for made in tape.made[: len(d.states)])
        if t == 4:
            expected = d.dstates
        else:
            a = {"x": d.x[t:], **dict(zip(("h_0", "c_0"), before, strict=False)), **d.weights}
            tensors = {name: torch.tensor(v, requires_grad=True) for name, v in a.items()}
            run = torch_layer if cell in IN_TORCH and not masked else masked_loop
            _, last = run(cell, tensors, None if mask is None else mask[t:])
            sum((s * torch.from_numpy(g)).sum() for s, g in zip(last, d.dstates, strict=True)).backward()
            expected = tuple(tensors[name].grad.numpy() for name in ("h_0", "c_0")[: len(before)])
        for name, value in zip(gradients, expected, strict=True):
            error = relative_error(gradients[name][t], value)
            assert error <= 1e-9, f"{cell}: the gradient of {name} after {t} steps is off by {error:.3g}"


def masked_loop(cell: str, a: dict[str, torch.Tensor], mask: np.ndarray | None) -> Any:
    """torch.nn packs no sequences of no steps; so its cells are run step by step here, each state held at padding."""
    if cell not in IN_TORCH:
        return torch_loop(cell, a, mask)
    states = [a[name] for name in ("h_0", "c_0") if name in a]
    for t in range(len(a["x"])):
        step = a | {"x": a["x"][t : t + 1]} | dict(zip(("h_0", "c_0"), states, strict=False))
        _, made = torch_layer(cell, step, None)
        counts = torch.from_numpy(mask[t])[:, None]
        states = [torch.where(counts, new, old) for new, old in zip(made, states, strict=True)]
    return None, tuple(states)


def test_the_norm_by_lag_counts_from_the_end() -> None:
    d = draw("rnn", Sizes(T=6))
    h, _, tape = recurrent.forward("rnn", d.x, d.states, d.weights)
    norms = gradient_norm_by_lag(d.dstates, tape)["h"]
    assert norms.shape == (7, 4)
    assert np.allclose(norms[0], np.linalg.norm(d.dstates[0], axis=1))
    J = jacobians.span_jacobian(h, d.weights["W_h"])
    first = np.einsum("ni,nij->nj", d.dstates[0], J)
    assert relative_error(norms[6], np.linalg.norm(first, axis=1)) <= 1e-12


@pytest.mark.parametrize("T", [1, 6])
def test_the_norms_of_the_vanilla_network_are_those_of_any_cells(T: int) -> None:
    d = draw("rnn", Sizes(T=T))
    h, _, tape = recurrent.forward("rnn", d.x, d.states, d.weights)
    norms = rnn_gradient_norms(d.dstates[0], h, d.weights["W_h"])
    assert relative_error(norms, gradient_norm_by_lag(d.dstates, tape)["h"]) <= 1e-12


def test_the_norms_of_the_vanilla_network_keep_single_precision() -> None:
    rng = np.random.default_rng(0)
    dh_T, h, W_h = (rng.normal(size=shape).astype(np.float32) for shape in [(2, 3), (5, 2, 3), (3, 3)])
    norms = rnn_gradient_norms(dh_T, np.tanh(h), W_h)
    assert norms.dtype == np.float32
    assert norms.shape == (6, 2)


def lstm_cell_derivative(d: Any) -> np.ndarray:
    x, (W_x, W_h, b) = torch.from_numpy(d.x), (torch.from_numpy(w) for w in d.weights.values())

    def run(c: torch.Tensor) -> torch.Tensor:
        h = torch.from_numpy(d.states[0])
        for x_t in x:
            i, f, o, g = (x_t @ W_x.T + h @ W_h.T + b).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return c

    return autograd_jacobian(run, d.states[1])


@pytest.mark.parametrize("T", [1, 2, 7])
def test_the_full_derivative_of_the_cell_agrees_with_autograd(T: int) -> None:
    d = draw("lstm", Sizes(T=T))
    _, c, gates = lstm.forward(d.x, *d.states, *d.weights.values())
    mine = cell_path.full_derivative(d.states[1], c, gates, d.weights["W_h"])
    assert relative_error(mine, lstm_cell_derivative(d)) <= 1e-9
    if T == 1:
        direct = cell_path.direct_path(gates[1])
        assert relative_error(mine, direct[:, :, None] * np.eye(6)) <= 1e-12, (
            "over one step the direct path is all there is"
        )


def test_the_direct_path_is_not_the_whole_derivative_and_departs_from_it_with_the_span() -> None:
    """The design's figures are 24 % over 2 steps and 97 % over 20; here medians over 20 random networks at PyTorch's scale."""
    H, apart = 16, {2: [], 20: []}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        weights = recurrent.initial_weights("lstm", 4, H, rng)
        for T, differences in apart.items():
            x, zero = rng.normal(size=(T, 1, 4)), np.zeros((1, H))
            _, c, gates = lstm.forward(x, zero, zero, *weights.values())
            full = cell_path.full_derivative(zero, c, gates, weights["W_h"])[0]
            direct = np.diag(cell_path.direct_path(gates[1])[0])
            differences.append(np.linalg.norm(direct - full) / np.linalg.norm(full))
    short, long = np.median(apart[2]), np.median(apart[20])
    assert 0.02 < short < 0.5, f"over 2 steps the two are {short:.0%} apart"
    assert long > 0.5, f"over 20 steps the two are {long:.0%} apart"


def test_the_direct_path_of_no_steps_changes_nothing() -> None:
    assert np.array_equal(cell_path.direct_path(np.ones((0, 2, 3))), np.ones((2, 3)))


def test_saturation_counts_shut_and_open_gates_of_each_unit() -> None:
    gates = np.full((4, 2, 2, 1), 0.5)
    gates[0, 0] = 0.05
    gates[1] = 0.95
    shares = cell_path.saturation(gates)
    assert list(shares) == ["i", "f", "o"]
    assert (shares["i"][0][0], shares["i"][1][0]) == (0.5, 0.0)
    assert (shares["f"][0][0], shares["f"][1][0]) == (0.0, 1.0)
    assert (shares["o"][0][0], shares["o"][1][0]) == (0.0, 0.0)


def test_one_jacobian_is_the_last_rows_of_step_backward() -> None:
    d = draw("rnn", Sizes(T=1, N=1))
    h = rnn.step(d.x[0], d.states[0], *d.weights.values())
    J = jacobians.step_jacobian(h, d.weights["W_h"])[0]
    for unit in range(6):
        dh = np.eye(6)[unit : unit + 1]
        row = rnn.step_backward(dh, d.x[0], d.states[0], h, d.weights["W_x"], d.weights["W_h"])[1]
        assert relative_error(row[0], J[unit]) <= 1e-12
