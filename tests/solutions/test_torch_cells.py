"""The cells in PyTorch: functions equal NumPy's, modules equal functions, and all of them equal torch.nn's."""

from typing import Any

import numpy as np
import pytest
import torch

from solutions.with_numpy import gru as numpy_gru
from solutions.with_numpy import gru_reset_before as numpy_gru_reset_before
from solutions.with_numpy import lstm as numpy_lstm
from solutions.with_numpy import padding as numpy_padding
from solutions.with_numpy import peephole_lstm as numpy_peephole_lstm
from solutions.with_numpy import recurrent, relu_rnn
from solutions.with_numpy.decoding import beam, greedy
from solutions.with_numpy.dropout import dropout as numpy_dropout
from solutions.with_numpy.heads import many_to_one as numpy_many_to_one
from solutions.with_torch import gru, gru_reset_before, heads, initialisation, lstm, padding, peephole_lstm
from solutions.with_torch import relu_rnn as torch_relu_rnn
from solutions.with_torch.dropout import dropout
from solutions.with_torch.encoder_decoder import EncoderDecoder
from solutions.with_torch.layers import CELLS, Stacked, cell_named
from solutions.with_torch.rnn import RNN
from tests.solutions.cells import IN_TORCH, NAMES, TOLERANCE, draw, oracle
from tests.solutions.draws import Sizes, relative_error

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
SIZES = pytest.mark.parametrize("sizes", [Sizes(), Sizes(T=1), Sizes(N=1), Sizes(H=1), Sizes(1, 1, 1, 1)], ids=str)
EACH = pytest.mark.parametrize("cell", NAMES)
MASK = np.arange(5)[:, None] < np.array([5, 2, 1, 4])
PAIRS: dict[str, Any] = {
    "lstm": (numpy_lstm, lstm),
    "peephole_lstm": (numpy_peephole_lstm, peephole_lstm),
    "gru": (numpy_gru, gru),
    "gru_reset_before": (numpy_gru_reset_before, gru_reset_before),
}


def as_tuple(made: Any) -> tuple[Any, ...]:
    return made if isinstance(made, tuple) else (made,)


def assert_same(mine: Any, expected: Any, dtype: type, what: str) -> None:
    for place, (a, b) in enumerate(zip(as_tuple(mine), as_tuple(expected), strict=True)):
        assert str(a.dtype) == f"torch.{np.dtype(dtype)}", f"{what}: result {place} is {a.dtype}"
        error = relative_error(a.detach().numpy(), b)
        assert error <= TOLERANCE[dtype], f"{what}: result {place} is off by {error:.3g}"


@pytest.mark.parametrize("cell", PAIRS)
@DTYPES
@SIZES
def test_steps_and_sequences_come_to_what_numpys_come_to(cell: str, dtype: type, sizes: Sizes) -> None:
    (ours, theirs), d = PAIRS[cell], draw(cell, sizes, dtype)
    arrays = [d.x, *d.states, *d.weights.values()]
    tensors = [torch.tensor(array) for array in arrays]
    kept = [tensor.clone() for tensor in tensors]
    assert_same(theirs.forward(*tensors), ours.forward(*arrays), dtype, f"{cell}.forward")
    one = theirs.step(tensors[0][0], *tensors[1:])
    assert_same(one, ours.step(d.x[0], *arrays[1:]), dtype, f"{cell}.step")
    assert all(torch.equal(a, b) for a, b in zip(tensors, kept, strict=True)), "an argument was written to"


@pytest.mark.parametrize("cell", ["gru", "gru_reset_before"])
def test_the_other_meaning_of_z_is_numpys_too(cell: str) -> None:
    (ours, theirs), d = PAIRS[cell], draw(cell)
    arrays = [d.x, *d.states, *d.weights.values()]
    made = theirs.forward(*map(torch.tensor, arrays), z_keeps=False)
    assert_same(made, ours.forward(*arrays, z_keeps=False), np.float64, cell)


def test_the_relu_step_is_numpys() -> None:
    d = draw("relu_rnn")
    arrays = [d.x[0], *d.states, *d.weights.values()]
    assert_same(torch_relu_rnn.step(*map(torch.tensor, arrays)), relu_rnn.step(*arrays), np.float64, "step")


@EACH
@DTYPES
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "padded"])
def test_modules_come_to_the_outputs_and_gradients_of_torch(cell: str, dtype: type, masked: bool) -> None:
    d, mask = draw(cell, dtype=dtype), MASK if masked else None
    module = CELLS[cell](3, 6, torch.float64 if dtype is np.float64 else torch.float32)
    assert {n: tuple(p.shape) for n, p in module.named_parameters()} == recurrent.CELLS[cell].shapes(3, 6)
    with torch.no_grad():
        for name, array in d.weights.items():
            getattr(module, name).copy_(torch.from_numpy(array))
    x, states = torch.tensor(d.x, requires_grad=True), tuple(torch.tensor(s, requires_grad=True) for s in d.states)
    counts = None if mask is None else torch.from_numpy(mask)
    h, last = module(x, states, counts)
    if counts is not None:
        h = padding.zero_padding(h, counts)
    loss = (h * torch.from_numpy(d.dh)).sum()
    for state, gradient in zip(last, d.dstates, strict=True):
        loss = loss + (state * torch.from_numpy(gradient)).sum()
    loss.backward()
    mine = {"h": h, "dx": x.grad} | dict(zip(("h_T", "c_T"), last, strict=False))
    mine |= {f"d{name}": s.grad for name, s in zip(("h_0", "c_0"), states, strict=False)}
    mine |= {f"d{name}": parameter.grad for name, parameter in module.named_parameters()}
    expected = oracle(cell, d, mask)
    assert mine.keys() == expected.keys()
    for name, value in expected.items():
        assert_same(mine[name], value, dtype, f"{cell}: {name}")


@EACH
def test_modules_begin_at_zero_where_no_state_is_given_and_within_their_bound(cell: str) -> None:
    torch.manual_seed(0)
    module = CELLS[cell](3, 16)
    x, zeros = torch.randn(4, 2, 3), tuple(torch.zeros(2, 16) for _ in recurrent.CELLS[cell].states)
    assert torch.equal(module(x)[0], module(x, zeros)[0])
    for name, parameter in module.named_parameters():
        largest = float(parameter.detach().abs().max())
        assert 0.1 < largest <= 0.25, f"{name} goes to {largest}"


@EACH
def test_nan_in_the_padding_reaches_neither_outputs_nor_gradients(cell: str) -> None:
    torch.manual_seed(0)
    module, x, mask = CELLS[cell](3, 6), torch.randn(5, 4, 3), torch.from_numpy(MASK)
    filled = torch.where(mask[..., None], x, torch.nan)
    h, _ = module(filled, None, mask)
    h.square().sum().backward()
    assert torch.equal(h, module(x, None, mask)[0])
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())


def test_masks_and_lengths_are_numpys() -> None:
    lengths = np.array([5, 0, 3])
    mask = padding.mask_of(torch.from_numpy(lengths), 5)
    assert np.array_equal(mask.numpy(), numpy_padding.mask_of(lengths, 5))
    assert padding.lengths_of(mask).tolist() == [5, 0, 3]
    assert padding.mask_of(torch.zeros(0, dtype=torch.int64), 2).shape == (2, 0)
    for bad in ([6], [-1]):
        with pytest.raises(ValueError, match="must hold numbers from 0 to T=5, but holds numbers from"):
            padding.mask_of(torch.tensor(bad), 5)


def test_heads_and_dropout_are_numpys() -> None:
    rng = np.random.default_rng(0)
    h, W_y, b_y, u = rng.normal(size=(5, 4, 3)), rng.normal(size=(2, 3)), rng.normal(size=2), rng.random((5, 4, 3))
    made = heads.many_to_one(*map(torch.tensor, (h, MASK, W_y, b_y)))
    assert_same(made, numpy_many_to_one(h, MASK, W_y, b_y), np.float64, "many_to_one")
    assert_same(dropout(torch.tensor(h), torch.tensor(u), 0.4), numpy_dropout(h, u, 0.4), np.float64, "dropout")
    inputs = heads.one_to_many_inputs(torch.tensor(h[0]), 3)
    assert torch.equal(inputs[0], torch.tensor(h[0]))
    assert inputs.shape == (3, 4, 3)
    assert not inputs[1:].any()
    with pytest.raises(ValueError, match="the sequence 1 has no step that counts"):
        heads.many_to_one(torch.ones(1, 2, 3), torch.tensor([[True, False]]), torch.ones(2, 3), torch.ones(2))
    with pytest.raises(ValueError, match="the argument T must be at least 1 step, but is 0"):
        heads.one_to_many_inputs(torch.ones(1, 2), 0)


@pytest.mark.parametrize("cell", IN_TORCH)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_stacked_layers_agree_with_torchs(cell: str, bidirectional: bool) -> None:
    from solutions.conversions import layers_to_state_dict, module_to_arrays

    torch.manual_seed(0)
    mine = Stacked(cell, 3, 4, 2, bidirectional=bidirectional, dtype=torch.float64)
    options = {"nonlinearity": "relu"} if cell == "relu_rnn" else {}
    theirs = IN_TORCH[cell](3, 4, num_layers=2, bidirectional=bidirectional, dtype=torch.float64, **options)
    weights = [[module_to_arrays(direction) for direction in layer] for layer in mine.layers]
    theirs.load_state_dict(layers_to_state_dict(cell, weights), strict=True)
    x, mask = torch.randn(5, 4, 3, dtype=torch.float64), torch.from_numpy(MASK)
    assert_same(mine(x)[0], theirs(x)[0].detach().numpy(), np.float64, cell)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, mask.sum(0), enforce_sorted=False)
    y, last = theirs(packed)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=5)
    h, states = mine(x, None, mask)
    assert_same(padding.zero_padding(h, mask), y.detach().numpy(), np.float64, cell)
    ends = torch.stack([state[0] for layer in states for state in layer])
    assert_same(ends, (last[0] if cell == "lstm" else last).detach().numpy(), np.float64, cell)
    again, _ = mine(x[2:], mine(x[:2])[1])
    if not bidirectional:
        assert_same(again, mine(x)[0][2:].detach().numpy(), np.float64, "the state carried over")


def test_dropout_acts_between_layers_in_training_alone() -> None:
    torch.manual_seed(0)
    network, x = Stacked("gru", 3, 8, 2, dropout=0.5), torch.randn(4, 2, 3)
    assert not torch.equal(network(x)[0], network(x)[0])
    network.eval()
    assert torch.equal(network(x)[0], network(x)[0])
    single = Stacked("gru", 3, 8, 1, dropout=0.5)
    assert torch.equal(single(x)[0], single(x)[0]), "there is nothing between one layer"


def test_unknown_cells_and_no_layers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"There is no cell 'lstn'. The cells are: rnn, relu_rnn,"):
        cell_named("lstn")
    with pytest.raises(ValueError, match="the argument layers must be at least 1, but is 0"):
        Stacked("gru", 3, 4, 0)


@EACH
def test_the_decoder_of_a_translator_writes_what_teacher_forcing_scores(cell: str) -> None:
    torch.manual_seed(1)
    model = EncoderDecoder(cell, 5, 4, 3, 6, torch.float64)
    source, target, mask = torch.randint(5, (5, 4)), torch.randint(4, (3, 4)), torch.from_numpy(MASK)
    y = model(source, target, mask)
    assert y.shape == (3, 4, 4)
    states = tuple(state.detach().numpy() for state in model.encode(source, mask))
    step, after = model.next_scores(), states
    for t, ids in enumerate(target.numpy()):
        scores, after = step(ids, after)
        assert relative_error(scores, y[t].detach().numpy()) <= 1e-12
    written = greedy(step, states, 0, 1, 4)
    for n in range(4):
        ((ids, _),) = beam(step, tuple(state[n : n + 1] for state in states), 0, 1, 4, 1)
        assert written[: len(ids), n].tolist() == ids
    y.sum().backward()
    assert all(p.grad is not None for p in model.parameters()), "a parameter learns nothing"


def test_modules_are_set_to_the_ways_of_beginning() -> None:
    rng, b = np.random.default_rng(0), 7.0
    for module in (RNN(3, 6), torch_relu_rnn.ReLURNN(3, 6)):
        initialisation.set_orthogonal(module, rng)
        W = module.W_h.detach()
        assert torch.allclose(W.T @ W, torch.eye(6), atol=1e-5)
        initialisation.set_identity(module, 0.5)
        assert torch.equal(module.W_h.detach(), 0.5 * torch.eye(6))
        assert not module.b.detach().any()
    for cell in (lstm.LSTM(3, 6), peephole_lstm.PeepholeLSTM(3, 6)):
        torch.nn.init.constant_(cell.b, b)
        initialisation.set_forget_bias(cell, 1.5)
        assert cell.b.detach().view(4, 6).T[0].tolist() == [b, 1.5, b, b]
        initialisation.set_lag_bias(cell, 100, rng)
        i, f, o, _ = cell.b.detach().view(4, 6)
        assert torch.equal(i, -f)
        assert 0 < float(f.min()) < float(f.max()) < np.log(99)
        assert (o == b).all()
    for unit in (gru.GRU(3, 6), gru_reset_before.GRUResetBefore(3, 6)):
        torch.nn.init.constant_(unit.b, b)
        initialisation.set_lag_bias(unit, 100, rng)
        r, z, n = unit.b.detach().view(3, 6)
        assert (r == b).all()
        assert (n == b).all()
        assert 0 < float(z.min()) < float(z.max()) < np.log(99)
        assert unit.b.requires_grad
