"""Stacked and bidirectional layers beside torch's, the heads, and the encoder with its decoder."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from solutions.with_numpy import encoder_decoder, heads, layers, padding, recurrent
from solutions.with_numpy.gradient_check import check_gradients
from solutions.with_numpy.loss import cross_entropy, cross_entropy_backward
from tests.solutions.cells import IN_TORCH, NAMES, TOLERANCE, torch_parameters
from tests.solutions.draws import Sizes, relative_error

MASK = np.arange(5)[:, None] < np.array([5, 2, 1, 4])
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


class Network:
    """A network of several layers in both versions, with inputs and upstream gradients."""

    def __init__(
        self, cell: str, depth: int, directions: int, dtype: Any = np.float64, sizes: Sizes | None = None
    ) -> None:
        s, rng = sizes or Sizes(), np.random.default_rng([depth, directions])
        self.cell, self.depth, self.directions, self.sizes = cell, depth, directions, s

        def normal(*shape: int) -> np.ndarray:
            return (0.7 * rng.normal(size=shape)).astype(dtype)

        width = s.H * directions
        kind = recurrent.CELLS[cell]
        self.x, self.dy = normal(s.T, s.N, s.D), normal(s.T, s.N, width)
        self.weights = [
            tuple(
                {name: normal(*shape) for name, shape in kind.shapes(s.D if layer == 0 else width, s.H).items()}
                for _ in range(directions)
            )
            for layer in range(depth)
        ]
        self.states, self.dstates = (
            [tuple(tuple(normal(s.N, s.H) for _ in kind.states) for _ in range(directions)) for _ in range(depth)]
            for _ in range(2)
        )

    def ours(self, mask: np.ndarray | None) -> dict[str, np.ndarray]:
        dy = self.dy if mask is None else padding.zero_padding(self.dy, mask)
        y, states_T, tape = layers.stack_forward(self.cell, self.x, self.states, self.weights, mask)
        dx, dstates_0, dweights = layers.stack_backward(dy, self.dstates, tape)
        y = y if mask is None else padding.zero_padding(y, mask)
        return {"y": y, "dx": dx} | flat("state_T", states_T) | flat("dstate_0", dstates_0) | flat("d", dweights)

    def theirs(self, mask: np.ndarray | None) -> dict[str, np.ndarray]:
        s, cell = self.sizes, self.cell
        options = {"nonlinearity": "relu"} if cell == "relu_rnn" else {}
        network = IN_TORCH[cell](
            s.D, s.H, num_layers=self.depth, bidirectional=self.directions == 2,
            dtype=torch.from_numpy(self.x).dtype, **options,
        )  # fmt: skip
        w = [[leaves(direction) for direction in layer] for layer in self.weights]
        parameters = {}
        for layer, both in enumerate(w):
            for direction, one in enumerate(both):
                for name, tensor in torch_parameters(cell, one, s.H).items():
                    parameters[name[:-1] + str(layer) + ("_reverse" if direction else "")] = tensor
        x, states = (
            torch.tensor(self.x, requires_grad=True),
            [[leaf(st) for st in d] for layer in self.states for d in layer],
        )
        stacked = [torch.stack([one[k] for one in states]) for k in range(len(states[0]))]
        given = x if mask is None else pack_padded_sequence(x, torch.from_numpy(mask.sum(axis=0)), enforce_sorted=False)
        y, last = torch.func.functional_call(
            network, parameters, (given, tuple(stacked) if cell == "lstm" else stacked[0])
        )
        if mask is not None:
            y, _ = pad_packed_sequence(y, total_length=len(mask))
        last = last if cell == "lstm" else (last,)
        upstream = [np.stack([d[k] for layer in self.dstates for d in layer]) for k in range(len(last))]
        loss = (y * torch.from_numpy(self.dy)).sum()
        for state, gradient in zip(last, upstream, strict=True):
            loss = loss + (state * torch.from_numpy(gradient)).sum()
        loss.backward()
        n = self.directions
        ends = [[[s[n * k + d].detach().numpy() for s in last] for d in range(n)] for k in range(self.depth)]
        firsts = [[[s.grad.numpy() for s in states[n * k + d]] for d in range(n)] for k in range(self.depth)]
        grads = [[{name: t.grad.numpy() for name, t in one.items()} for one in both] for both in w]
        result = {"y": y.detach().numpy(), "dx": x.grad.numpy()}
        return result | flat("state_T", ends) | flat("dstate_0", firsts) | flat("d", grads)


def leaf(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, requires_grad=True)


def leaves(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: leaf(array) for name, array in arrays.items()}


def flat(prefix: str, nested: Any) -> dict[str, np.ndarray]:
    """Every array with the path to it."""
    found = {}
    for layer, both in enumerate(nested):
        for direction, one in enumerate(both):
            items = one.items() if isinstance(one, dict) else enumerate(one)
            found |= {f"{prefix}[{layer}][{direction}][{key}]": array for key, array in items}
    return found


@pytest.mark.parametrize("cell", IN_TORCH)
@pytest.mark.parametrize(("depth", "directions"), [(1, 2), (2, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "padded"])
@DTYPES
def test_layers_agree_with_torch(cell: str, depth: int, directions: int, masked: bool, dtype: type) -> None:
    network, mask = Network(cell, depth, directions, dtype), MASK if masked else None
    mine, expected = network.ours(mask), network.theirs(mask)
    assert mine.keys() == expected.keys()
    for name, value in expected.items():
        assert mine[name].dtype == dtype, f"{name} is {mine[name].dtype}"
        error = relative_error(mine[name], value)
        assert error <= TOLERANCE[dtype], f"{cell}: {name} is off by {error:.3g} of its largest value"


@pytest.mark.parametrize("sizes", [Sizes(T=1), Sizes(N=1), Sizes(H=1)], ids=str)
def test_layers_of_one_step_one_sequence_and_one_unit(sizes: Sizes) -> None:
    network = Network("lstm", 2, 2, sizes=sizes)
    for name, value in network.theirs(None).items():
        error = relative_error(network.ours(None)[name], value)
        assert error <= 1e-9, f"{name} is off by {error:.3g}"


@pytest.mark.parametrize("directions", [1, 2])
def test_dropout_stands_between_layers_and_its_gradient_is_a_central_difference(directions: int) -> None:
    network, s = Network("gru", 3, directions, sizes=Sizes(3, 2, 2, 2)), Sizes(3, 2, 2, 2)
    rng = np.random.default_rng(0)
    u = [rng.random((s.T, s.N, s.H * directions)) for _ in range(2)]

    def run(x: np.ndarray, p: float = 0.5) -> Any:
        return layers.stack_forward("gru", x, network.states, network.weights, None, u, p)

    nothing = [tuple(tuple(np.zeros_like(a) for a in d) for d in layer) for layer in network.states]
    y, _, tape = run(network.x)
    dx, _, _ = layers.stack_backward(network.dy, nothing, tape)
    check_gradients(lambda x: float((run(x)[0] * network.dy).sum()), {"x": network.x}, {"x": dx}, 1e-6)
    without = layers.stack_forward("gru", network.x, network.states, network.weights)[0]
    assert np.array_equal(run(network.x, 0.0)[0], without)
    assert not np.allclose(y, without)


def test_layers_that_do_not_fit_together_are_refused() -> None:
    network = Network("rnn", 2, 1)
    with pytest.raises(ValueError, match="the same number of layers and directions"):
        layers.stack_forward("rnn", network.x, network.states[:1], network.weights)
    with pytest.raises(ValueError, match="2 layers take 1 arrays u, but 2 were given"):
        layers.stack_forward("rnn", network.x, network.states, network.weights, None, [network.x, network.x], 0.5)


# ---- heads -----------------------------------------------------------------------------------------------------------


def test_many_to_one_reads_the_last_step_that_counts_and_its_gradient_goes_there_alone() -> None:
    rng = np.random.default_rng(0)
    h, W_y, b_y, dy = rng.normal(size=(5, 4, 3)), rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(4, 2))
    y = heads.many_to_one(h, MASK, W_y, b_y)
    for n, t in enumerate([4, 1, 0, 3]):
        assert np.allclose(y[n], W_y @ h[t, n] + b_y, atol=1e-12), f"sequence {n} is not read at step {t}"
    dh, dW_y, db_y = heads.many_to_one_backward(dy, h, MASK, W_y)
    check_gradients(
        lambda h, W_y, b_y: float((heads.many_to_one(h, MASK, W_y, b_y) * dy).sum()),
        {"h": h, "W_y": W_y, "b_y": b_y},
        {"h": dh, "W_y": dW_y, "b_y": db_y},
    )


def test_a_sequence_of_no_steps_has_no_last_one() -> None:
    mask = np.array([[True, False, True]])
    with pytest.raises(ValueError, match="many_to_one: the sequence 1 has no step that counts"):
        heads.many_to_one(np.ones((1, 3, 2)), mask, np.ones((4, 2)), np.ones(4))


def test_one_to_many_gives_the_vector_first_and_zeros_after_it() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    inputs = heads.one_to_many_inputs(x, 4)
    assert inputs.dtype == np.float32
    assert np.array_equal(inputs[0], x)
    assert not inputs[1:].any()
    assert np.array_equal(heads.one_to_many_inputs_backward(inputs), x)
    with pytest.raises(ValueError, match="the argument T must be at least 1 step, but is 0"):
        heads.one_to_many_inputs(x, 0)


# ---- encoder and decoder ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", NAMES)
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "padded"])
def test_every_weight_of_encoder_and_decoder_gets_its_gradient(cell: str, masked: bool) -> None:
    rng = np.random.default_rng(1)
    weights = encoder_decoder.initial_weights(cell, 5, 4, 2, 3, rng)
    source, target, right = rng.integers(5, size=(4, 2)), rng.integers(4, size=(3, 2)), rng.integers(4, size=(3, 2))
    mask = np.arange(4)[:, None] < np.array([4, 2]) if masked else None

    def loss(**changed: np.ndarray) -> float:
        return float(cross_entropy(encoder_decoder.forward(source, target, changed, cell, mask)[0], right))

    y, tape = encoder_decoder.forward(source, target, weights, cell, mask)
    dweights = encoder_decoder.backward(cross_entropy_backward(y, right), tape)
    assert dweights.keys() == weights.keys()
    check_gradients(loss, weights, dweights, tolerance=2e-6)
    assert all(np.abs(gradient).max() > 0 for gradient in dweights.values()), "a weight learns nothing"


@pytest.mark.parametrize("cell", NAMES)
def test_teacher_forcing_is_the_decoder_step_by_step(cell: str) -> None:
    rng = np.random.default_rng(2)
    weights = encoder_decoder.initial_weights(cell, 5, 4, 2, 3, rng)
    source, target = rng.integers(5, size=(4, 2)), rng.integers(4, size=(3, 2))
    y, _ = encoder_decoder.forward(source, target, weights, cell)
    states, _ = encoder_decoder.encode(source, weights, cell)
    step = encoder_decoder.next_scores(weights, cell)
    for t, ids in enumerate(target):
        scores, states = step(ids, states)
        assert relative_error(scores, y[t]) <= 1e-12, f"step {t}"
