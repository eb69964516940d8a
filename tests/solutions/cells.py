"""Every cell with inputs for it, and an oracle in torch whose gradients come from autograd: what the cells' tests share."""

import tracemalloc
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from solutions.with_numpy import gru, gru_reset_before, lstm, peephole_lstm, recurrent, rnn
from tests.solutions.draws import Sizes, relative_error

TOLERANCE = {np.float64: 1e-9, np.float32: 1e-4}
NAMES = list(recurrent.CELLS)
IN_TORCH = {"rnn": torch.nn.RNN, "relu_rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
LOOPS = {"rnn": rnn, "lstm": lstm, "peephole_lstm": peephole_lstm, "gru": gru, "gru_reset_before": gru_reset_before}

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Drawn:
    """The arguments of one call of a cell over a sequence, and gradients for its results."""

    x: np.ndarray
    states: tuple[np.ndarray, ...]
    weights: dict[str, np.ndarray]
    dh: np.ndarray
    dstates: tuple[np.ndarray, ...]

    def arguments(self) -> dict[str, np.ndarray]:
        """The inputs by name."""
        names = ("h_0", "c_0")
        return {"x": self.x, **dict(zip(names, self.states, strict=False)), **self.weights}


def draw(cell: str, sizes: Sizes | None = None, dtype: type = np.float64, seed: int = 0) -> Drawn:
    s, rng = sizes or Sizes(), np.random.default_rng([seed, NAMES.index(cell)])
    shapes, count = recurrent.CELLS[cell].shapes(s.D, s.H), len(recurrent.CELLS[cell].states)

    def normal(*shape: int) -> np.ndarray:
        return (0.7 * rng.normal(size=shape)).astype(dtype)

    weights = {name: normal(*shape) for name, shape in shapes.items()}
    states, dstates = tuple(normal(s.N, s.H) for _ in range(count)), tuple(normal(s.N, s.H) for _ in range(count))
    return Drawn(normal(s.T, s.N, s.D), states, weights, normal(s.T, s.N, s.H), dstates)


def results(cell: str, drawn: Drawn, mask: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Outputs and gradients of our fast functions, by name."""
    h, state_T, tape = recurrent.forward(cell, drawn.x, drawn.states, drawn.weights, mask)
    dx, dstates_0, dweights = recurrent.backward(drawn.dh, drawn.dstates, tape)
    return named(h, state_T, dx, dstates_0, dweights)


def arrays_at_peak(drawn: Drawn) -> float:
    """The most memory of an LSTM's forward and backward pass beyond x, dh and dx, in arrays of (T, N, H)."""
    results("lstm", drawn)  # makes what the first call alone makes and keeps
    tracemalloc.start()
    results("lstm", drawn)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - drawn.x.nbytes) / drawn.dh.nbytes


def named(h: Any, state_T: Any, dx: Any, dstates_0: Any, dweights: dict[str, Any]) -> dict[str, Any]:
    last = {f"{name}_T": state for name, state in zip(("h", "c"), state_T, strict=False)}
    first = {f"d{name}_0": state for name, state in zip(("h", "c"), dstates_0, strict=False)}
    return {"h": h, **last, "dx": dx, **first, **{f"d{name}": gradient for name, gradient in dweights.items()}}


def loop_results(cell: str, drawn: Drawn) -> dict[str, np.ndarray]:
    """The same of the readable loops over ``step``."""
    module, weights = LOOPS[cell], list(drawn.weights.values())
    made = module.forward(drawn.x, *drawn.states, *weights)
    made = made if isinstance(made, tuple) else (made,)
    dh = drawn.dh.copy()
    dh[-1] += drawn.dstates[0]
    recurrent_weights = [array for name, array in drawn.weights.items() if name not in ("b", "b_hn")]
    gradients = module.backward(dh, *drawn.dstates[1:], drawn.x, *drawn.states, *made, *recurrent_weights)
    count = len(drawn.states)
    dweights = dict(zip(drawn.weights, gradients[1 + count :], strict=True))
    return named(made[0], [made[i][-1] for i in range(count)], gradients[0], gradients[1 : 1 + count], dweights)


def torch_parameters(cell: str, w: Tensors, H: int) -> Tensors:
    """The parameters of torch.nn's layer as functions of ours, so that gradients flow back to ours."""

    def order(blocks: torch.Tensor) -> torch.Tensor:
        i, f, o, g = blocks.split(H)
        return torch.cat([i, f, g, o])

    W_x, W_h, b, second = w["W_x"], w["W_h"], w["b"], torch.zeros_like(w["b"])
    if cell == "lstm":
        W_x, W_h, b = order(W_x), order(W_h), order(b)
    if cell == "gru":
        second = torch.cat([second[: 2 * H], w["b_hn"]])
    return {"weight_ih_l0": W_x, "weight_hh_l0": W_h, "bias_ih_l0": b, "bias_hh_l0": second}


def torch_layer(cell: str, a: Tensors, mask: np.ndarray | None) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """torch.nn's own layer with our weights, the batch packed where a mask is given."""
    D, H = a["x"].shape[2], a["h_0"].shape[1]
    options = {"nonlinearity": "relu"} if cell == "relu_rnn" else {}
    layer = IN_TORCH[cell](D, H, dtype=a["x"].dtype, **options)
    states = tuple(a[name][None] for name in ("h_0", "c_0") if name in a)
    given = a["x"]
    if mask is not None:
        given = pack_padded_sequence(given, torch.from_numpy(mask.sum(axis=0)), enforce_sorted=False)
    parameters = torch_parameters(cell, a, H)
    h, last = functional_call(layer, parameters, (given, states if cell == "lstm" else states[0]))
    if mask is not None:
        h, _ = pad_packed_sequence(h, total_length=len(mask))
    return h, tuple(state[0] for state in (last if cell == "lstm" else (last,)))


def torch_step(cell: str, a: Tensors, x: torch.Tensor, states: list[torch.Tensor]) -> list[torch.Tensor]:
    """The two cells that torch.nn does not have, as their papers write them: one block at a time, one sequence a column."""
    h, H = states[0], states[0].shape[1]
    W = {k: a["W_x"][k * H : (k + 1) * H] for k in range(len(a["W_x"]) // H)}
    U = {k: a["W_h"][k * H : (k + 1) * H] for k in W}
    b = {k: a["b"][k * H : (k + 1) * H] for k in W}
    if cell == "gru_reset_before":
        r = torch.sigmoid(x @ W[0].T + h @ U[0].T + b[0])
        z = torch.sigmoid(x @ W[1].T + h @ U[1].T + b[1])
        n = torch.tanh(x @ W[2].T + (r * h) @ U[2].T + b[2])
        return [z * h + (1 - z) * n]
    c, p = states[1], a["p"]
    i = torch.sigmoid(x @ W[0].T + h @ U[0].T + b[0] + p[0] * c)
    f = torch.sigmoid(x @ W[1].T + h @ U[1].T + b[1] + p[1] * c)
    new = f * c + i * torch.tanh(x @ W[3].T + h @ U[3].T + b[3])
    o = torch.sigmoid(x @ W[2].T + h @ U[2].T + b[2] + p[2] * new)
    return [o * torch.tanh(new), new]


def torch_loop(cell: str, a: Tensors, mask: np.ndarray | None) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    states, h = [a[name] for name in ("h_0", "c_0") if name in a], []
    for t, x in enumerate(a["x"]):
        counts = torch.ones(len(x), 1, dtype=torch.bool) if mask is None else torch.from_numpy(mask[t])[:, None]
        made = torch_step(cell, a, x, states)
        states = [torch.where(counts, new, old) for new, old in zip(made, states, strict=True)]
        h.append(torch.where(counts, states[0], 0.0))
    return torch.stack(h), tuple(states)


def oracle(cell: str, drawn: Drawn, mask: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Outputs and gradients from torch; outputs at padding are zero, and the loss does not look at them."""
    a = {name: torch.tensor(array, requires_grad=True) for name, array in drawn.arguments().items()}
    h, last = (torch_layer if cell in IN_TORCH else torch_loop)(cell, a, mask)
    counts = torch.ones(h.shape[:2]) if mask is None else torch.from_numpy(mask)
    loss = (h * torch.from_numpy(drawn.dh) * counts[..., None]).sum()
    for state, gradient in zip(last, drawn.dstates, strict=True):
        loss = loss + (state * torch.from_numpy(gradient)).sum()
    loss.backward()
    gradients = {name: a[name].grad.numpy() for name in a}
    first = [gradients[name] for name in ("h_0", "c_0") if name in a]
    dweights = {name: gradients[name] for name in drawn.weights}
    out, ends = h.detach().numpy(), [state.detach().numpy() for state in last]
    return named(out, ends, gradients["x"], first, dweights)


def assert_equal(mine: dict[str, Any], expected: dict[str, Any], tolerance: float, what: str) -> None:
    """Each quantity by its name, with the size of the difference."""
    assert mine.keys() == expected.keys()
    for name, value in expected.items():
        error = relative_error(mine[name], value)
        assert error <= tolerance, f"{what}: {name} is off by {error:.3g} of its largest value"
