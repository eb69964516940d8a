"""Parameters go to PyTorch's order and back without loss, and mean the same network there."""

from typing import Any

import numpy as np
import pytest
import torch

from solutions import conversions
from solutions.library_layouts import LAYOUTS, Layout
from solutions.with_numpy import gru, gru_reset_before, layers, recurrent
from solutions.with_torch.lstm import LSTM
from tests.solutions.cells import IN_TORCH, draw
from tests.solutions.draws import Sizes, relative_error

EACH = pytest.mark.parametrize("cell", IN_TORCH)
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


def torch_network(cell: str, dtype: Any = torch.float64, **options: Any) -> Any:
    if cell == "relu_rnn":
        options["nonlinearity"] = "relu"
    torch.manual_seed(0)
    return IN_TORCH[cell](3, 6, dtype=dtype, **options)


@EACH
@DTYPES
def test_ours_to_theirs_and_back_is_exact(cell: str, dtype: type) -> None:
    weights = draw(cell, dtype=dtype).weights
    parameters = conversions.to_torch(cell, weights)
    back = conversions.from_torch(cell, parameters)
    assert back.keys() == weights.keys()
    for name, array in weights.items():
        assert back[name].dtype == dtype
        assert np.array_equal(back[name], array), f"{name} has changed"
        assert not np.shares_memory(back[name], array)
        for tensor in parameters.values():
            assert not np.shares_memory(tensor.numpy(), array), f"{name} is shared with PyTorch"


@EACH
def test_theirs_to_ours_and_back_keeps_the_sum_of_the_biases(cell: str) -> None:
    state = torch_network(cell).state_dict()
    back = conversions.to_torch(cell, conversions.from_torch(cell, state))
    assert back.keys() == state.keys()
    for name in ("weight_ih_l0", "weight_hh_l0"):
        assert torch.equal(back[name], state[name])
    total, expected = (s["bias_ih_l0"] + s["bias_hh_l0"] for s in (back, state))
    assert torch.allclose(total, expected, rtol=0, atol=1e-15)
    if cell == "gru":
        assert torch.equal(back["bias_hh_l0"][12:], state["bias_hh_l0"][12:]), "b_hn was merged into the other bias"


@EACH
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_a_trained_networks_state_dict_is_the_same_network_here(cell: str, options: dict[str, Any]) -> None:
    theirs = torch_network(cell, **options)
    weights = conversions.state_dict_to_layers(cell, theirs.state_dict())
    assert len(weights) == options.get("num_layers", 1)
    x = np.random.default_rng(0).normal(size=(5, 4, 3))
    states = [tuple(recurrent.initial_state(cell, 4, 6) for _ in layer) for layer in weights]
    y, _, _ = layers.stack_forward(cell, x, states, weights)
    error = relative_error(y, theirs(torch.from_numpy(x))[0].detach().numpy())
    assert error <= 1e-9, f"{cell}: the outputs are off by {error:.3g}"
    other = torch_network(cell, **options)
    other.load_state_dict(conversions.layers_to_state_dict(cell, weights), strict=True)
    assert torch.allclose(other(torch.from_numpy(x))[0], theirs(torch.from_numpy(x))[0], rtol=0, atol=1e-12)


@EACH
def test_a_network_without_biases_has_zeros_for_them(cell: str) -> None:
    weights = conversions.from_torch(cell, torch_network(cell, bias=False).state_dict())
    assert not weights["b"].any()
    assert weights["b"].shape == (recurrent.CELLS[cell].blocks * 6,)


def test_merging_the_second_bias_of_a_gru_would_change_its_outputs() -> None:
    theirs = torch_network("gru")
    state = theirs.state_dict()
    right = conversions.from_torch("gru", state)
    merged = right | {"b": (state["bias_ih_l0"] + state["bias_hh_l0"]).numpy(), "b_hn": np.zeros(6)}
    x, h_0 = np.random.default_rng(0).normal(size=(5, 4, 3)), np.zeros((4, 6))
    expected = theirs(torch.from_numpy(x))[0].detach().numpy()
    assert relative_error(gru.forward(x, h_0, *right.values())[0], expected) <= 1e-9
    off = np.abs(gru.forward(x, h_0, *merged.values())[0] - expected).max()
    assert off > 0.01, f"the merged bias changes the outputs by {off:.3g} only"


def test_both_biases_of_torch_learn_where_we_have_one_unless_one_is_frozen() -> None:
    def first_step(freeze: bool) -> float:
        network = torch_network("rnn")
        before = conversions.from_torch("rnn", network.state_dict())["b"]
        network.bias_hh_l0.requires_grad_(not freeze)
        optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
        x = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 4, 3)))
        network(x)[0].sum().backward()
        optimiser.step()
        after = conversions.from_torch("rnn", network.state_dict())["b"]
        return float(np.abs(after - before).max())

    assert first_step(freeze=False) == pytest.approx(2 * first_step(freeze=True), rel=1e-9)


@DTYPES
def test_the_arrays_of_pytorchs_gru_give_its_outputs_here(dtype: type) -> None:
    theirs = torch_network("gru", torch.float64 if dtype is np.float64 else torch.float32)
    arrays = [tensor.detach().numpy() for tensor in theirs.parameters()]
    kept = [array.copy() for array in arrays]
    ours = gru.from_pytorch(*arrays)
    for array, before in zip(arrays, kept, strict=True):
        assert np.array_equal(array, before)
        assert not any(np.shares_memory(array, one) for one in ours)
    assert {one.dtype for one in ours} == {np.dtype(dtype)}
    x, h_0 = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(dtype), np.zeros((4, 6), dtype)
    error = relative_error(gru.forward(x, h_0, *ours)[0], theirs(torch.from_numpy(x))[0].detach().numpy())
    assert error <= (1e-9 if dtype is np.float64 else 1e-5), f"off by {error:.3g}"


@pytest.mark.parametrize("module", [gru, gru_reset_before], ids=["after", "before"])
def test_swapping_z_twice_is_nothing_and_once_is_the_other_meaning(module: Any) -> None:
    cell = module.__name__.rpartition(".")[2]
    d = draw(cell, Sizes())
    swapped = conversions.swap_z(d.weights)
    usual = module.forward(d.x, *d.states, *d.weights.values())[0]
    other = module.forward(d.x, *d.states, *swapped.values(), z_keeps=False)[0]
    assert relative_error(other, usual) <= 1e-12
    again = conversions.swap_z(swapped)
    assert all(np.array_equal(again[name], array) for name, array in d.weights.items())
    assert not np.array_equal(swapped["W_h"], d.weights["W_h"])


@pytest.mark.parametrize("cell", ["peephole_lstm", "gru_reset_before", "transformer"])
def test_a_cell_that_torch_does_not_have_is_refused(cell: str) -> None:
    for call in (conversions.to_torch, conversions.from_torch):
        with pytest.raises(ValueError, match=f"torch.nn has no cell '{cell}'; those that both have are: rnn, relu_rnn"):
            call(cell, {})


def test_a_missing_parameter_is_named() -> None:
    state = torch_network("lstm").state_dict()
    with pytest.raises(ValueError, match="there is no parameter weight_ih_l1 among weight_ih_l0"):
        conversions.from_torch("lstm", state, layer=1)
    with pytest.raises(ValueError, match="there is no parameter weight_ih_l0 among "):
        conversions.state_dict_to_layers("lstm", {})


@DTYPES
def test_modules_go_to_arrays_and_back(dtype: type) -> None:
    torch.manual_seed(0)
    kind = torch.float64 if dtype is np.float64 else torch.float32
    one, two = LSTM(3, 4, kind), LSTM(3, 4, kind)
    arrays = conversions.module_to_arrays(one)
    assert set(arrays) == {"W_x", "W_h", "b"}
    assert all(array.dtype == dtype for array in arrays.values())
    conversions.arrays_into_module(two, arrays)
    for name, parameter in two.named_parameters():
        assert torch.equal(parameter, getattr(one, name))
    arrays["b"][:] = 0
    assert one.b.detach().any(), "the arrays are views of the module's memory"
    assert two.b.detach().any()


def test_arrays_that_do_not_fit_a_module_change_nothing() -> None:
    module = LSTM(3, 4)
    before = conversions.module_to_arrays(module)
    with pytest.raises(ValueError, match="the names of the module and of the arrays differ in p"):
        conversions.arrays_into_module(module, before | {"p": before["b"]})
    with pytest.raises(ValueError, match=r"b must have the shape \(16,\), but has \(15,\)"):
        conversions.arrays_into_module(module, {"W_x": before["W_x"] + 1, "W_h": before["W_h"], "b": before["b"][1:]})
    for name, array in conversions.module_to_arrays(module).items():
        assert np.array_equal(array, before[name])


def exact(cell: str, dtype: type = np.float64) -> conversions.Weights:
    """Weights to which 1 can be added without rounding."""
    return {name: (np.round(1024 * array) / 1024).astype(dtype) for name, array in draw(cell).weights.items()}


@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda row: f"{row.library} {row.cell}")
def test_the_way_to_a_library_and_back_is_exact(layout: Layout, dtype: type) -> None:
    weights = exact(layout.cell, dtype)
    if not layout.has_b_hn and "b_hn" in weights:
        with pytest.raises(ValueError, match="no bias inside the product with r: b_hn cannot be said there"):
            conversions.to(layout.library, layout.cell, weights)
        weights["b_hn"][:] = 0
    parameters = conversions.to(layout.library, layout.cell, weights)
    back = conversions.from_(layout.library, layout.cell, parameters)
    assert back.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(back[name], array, err_msg=name)
    for name, array in parameters.items():
        assert array.flags.c_contiguous, f"{name} would be saved wrongly by what writes the raw memory"
        assert array.dtype == dtype, name
        assert not any(np.shares_memory(array, other) for other in (*weights.values(), *back.values())), name


def test_nested_parameters_are_read_as_flat_ones() -> None:
    weights = exact("gru")
    nested: dict[str, dict[str, Any]] = {}
    for name, array in conversions.to("flax.linen", "gru", weights).items():
        outer, inner = name.split("/")
        nested.setdefault(outer, {})[inner] = array
    back = conversions.from_("flax.linen", "gru", nested)
    assert all(np.array_equal(back[name], array) for name, array in weights.items())


@pytest.mark.parametrize(
    ("library", "cell", "words"),
    [
        ("lasagne", "gru", "There is no library 'lasagne' in the table. It has: torch, "),
        (
            "torch",
            "peephole_lstm",
            r"torch has no peephole_lstm \(peepholes cannot be said there\). Of our cells it has: rnn",
        ),
        ("torch", "gru_reset_before", "its reset gate does not act before the product"),
        ("haiku", "gru", "its reset gate does not act after the product, so there is no b_hn"),
        ("torch", "transformer", "There is no cell 'transformer'"),
    ],
)
def test_what_cannot_be_said_in_a_library_is_named(library: str, cell: str, words: str) -> None:
    for call in (conversions.to, conversions.from_):
        with pytest.raises(ValueError, match=words):
            call(library, cell, {})


def test_no_part_is_dropped_in_silence() -> None:
    weights = exact("lstm")
    with pytest.raises(ValueError, match=r"A lstm has no p; its weights are W_x, W_h, b\."):
        conversions.to("keras", "lstm", weights | {"p": np.zeros((3, 6))})
    with pytest.raises(ValueError, match=r"The weights of a lstm are W_x, W_h, b; b is missing\."):
        conversions.to("keras", "lstm", {name: weights[name] for name in ("W_x", "W_h")})
    with pytest.raises(ValueError, match=r"b of this lstm must have the shape \(24,\), but has \(23,\)\."):
        conversions.to("keras", "lstm", weights | {"b": weights["b"][1:]})
    theirs = conversions.to("equinox", "lstm", weights)
    with pytest.raises(
        ValueError, match=r"bias_hh of equinox's nn.LSTMCell cannot be carried over: our lstm has no place"
    ):
        conversions.from_("equinox", "lstm", theirs | {"bias_hh": theirs["bias"]})
    with pytest.raises(ValueError, match="There is no parameter weight_hh among weight_ih, bias"):
        conversions.from_("equinox", "lstm", {name: theirs[name] for name in ("weight_ih", "bias")})
    with pytest.raises(ValueError, match="weight_hh has 23 units; they do not make 4 equal blocks"):
        conversions.from_("equinox", "lstm", theirs | {"weight_hh": theirs["weight_hh"][1:]})
    projected = torch.nn.LSTM(3, 6, proj_size=2).state_dict()
    with pytest.raises(ValueError, match=r"weight_hr_l0 of torch's nn.LSTM cannot be carried over.*projection"):
        conversions.from_torch("lstm", projected)
