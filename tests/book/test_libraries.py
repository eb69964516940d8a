"""The page of conventions: what it declares about a library is what that library computes."""

import ast
import importlib
import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

import conventions
import numpy as np
import pytest
import torch
from book_paths import BOOK
from conventions import LAYOUTS, OURS, PEEPHOLES, STARTS, Layout, blocks, laid_out

from solutions.with_numpy import gru, gru_reset_before, lstm, peephole_lstm, rnn

T, N, D, H = 4, 2, 3, 5
MODULES = {"rnn": rnn, "lstm": lstm, "gru": gru, "gru_reset_before": gru_reset_before}
EXACT = 1e-12
PRECISION = {"Keras": 1e-6, "Equinox": 1e-5}  # they compute some products in single precision, whatever the arrays are
INSTALLED = [layout for layout in LAYOUTS if layout.library != "Equinox" or find_spec("equinox")]
GATED = [layout for layout in INSTALLED if len(layout.order) > 1]
GRUS = [layout for layout in INSTALLED if layout.cell.startswith("gru")]

Weights = dict[str, np.ndarray]
Packed = tuple[np.ndarray, ...]


@pytest.fixture(scope="module", autouse=True)
def keras_on_torch(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keras chooses when it is imported what it runs on, and writes the choice into a folder."""
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ["KERAS_HOME"] = str(tmp_path_factory.mktemp("keras"))


def drawn(cell: str) -> tuple[np.ndarray, tuple[np.ndarray, ...], Weights]:
    """Inputs, first states and weights of our own cell."""
    rng, G = np.random.default_rng(0), len(OURS[cell])
    shapes: dict[str, tuple[int, ...]] = {"W_x": (G * H, D), "W_h": (G * H, H), "b": (G * H,)}
    if cell == "gru":
        shapes["b_hn"] = (H,)
    states = tuple(rng.normal(size=(N, H)) for _ in range(2 if cell == "lstm" else 1))
    return rng.normal(size=(T, N, D)), states, {name: rng.normal(size=size) for name, size in shapes.items()}


def ours(layout: Layout, x: np.ndarray, states: tuple[np.ndarray, ...], weights: Weights) -> np.ndarray:
    """Our hidden states."""
    options = {} if layout.z_keeps is None else {"z_keeps": layout.z_keeps}
    found = MODULES[layout.cell].forward(x, *states, **weights, **options)
    return found[0] if isinstance(found, tuple) else found


def with_torch(layout: Layout, x: np.ndarray, states: tuple[np.ndarray, ...], packed: Packed) -> np.ndarray:
    network = getattr(torch.nn, layout.call)(D, H, dtype=torch.float64)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    network.load_state_dict({name: torch.tensor(array) for name, array in zip(names, packed, strict=True)})
    first = [torch.tensor(state)[None] for state in states]
    with torch.no_grad():
        return network(torch.tensor(x), tuple(first) if len(first) > 1 else first[0])[0].numpy()


def keras_layer(layout: Layout):
    """A new layer with weights of its own."""
    import keras

    call, _, option = layout.call.partition(", ")
    layer = getattr(keras.layers, call)(
        H, return_sequences=True, dtype="float64", **({"reset_after": False} if option == "reset_after=False" else {})
    )
    layer.build((N, T, D))
    return layer


def with_keras(layout: Layout, x: np.ndarray, states: tuple[np.ndarray, ...], packed: Packed) -> np.ndarray:
    layer = keras_layer(layout)
    layer.set_weights(list(packed))  # refuses another shape
    found = layer(torch.tensor(x.swapaxes(0, 1)), initial_state=[torch.tensor(state) for state in states])
    return found.detach().numpy().swapaxes(0, 1)


def with_onnx(
    layout: Layout, x: np.ndarray, states: tuple[np.ndarray, ...], packed: Packed, peepholes: np.ndarray | None = None
) -> np.ndarray:
    import onnx
    from onnx.reference import ReferenceEvaluator

    call, _, option = layout.call.partition(", ")
    inputs = {"X": x, **{name: array[None] for name, array in zip("WRB", packed, strict=True)}, "lengths": None}
    inputs |= {name: state[None] for name, state in zip(("h_0", "c_0"), states, strict=False)}
    if peepholes is not None:
        inputs["P"] = peepholes[None]
    given = {name: array for name, array in inputs.items() if array is not None}
    settings = {"linear_before_reset": 1} if option == "linear_before_reset=1" else {}
    node = onnx.helper.make_node(
        call, [name if name in given else "" for name in inputs], ["Y"], hidden_size=H, **settings
    )
    double = onnx.TensorProto.DOUBLE
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [onnx.helper.make_tensor_value_info(name, double, array.shape) for name, array in given.items()],
        [onnx.helper.make_tensor_value_info("Y", double, (T, 1, N, H))],
    )
    model = onnx.helper.make_model(graph)
    onnx.checker.check_model(model, full_check=True)  # refuses another shape
    return ReferenceEvaluator(model).run(None, given)[0][:, 0]


def equinox_cell(layout: Layout):
    import equinox
    import jax

    return getattr(equinox.nn, layout.call)(D, H, key=jax.random.PRNGKey(0))


def with_equinox(layout: Layout, x: np.ndarray, states: tuple[np.ndarray, ...], packed: Packed) -> np.ndarray:
    import equinox
    import jax
    import jax.numpy as jnp

    cell = equinox_cell(layout)
    names = ("weight_ih", "weight_hh", "bias", "bias_n")[: len(packed)]
    assert [getattr(cell, name).shape for name in names] == [array.shape for array in packed]

    def its(cell):
        return [getattr(cell, name) for name in names]

    cell = equinox.tree_at(its, cell, [jnp.asarray(array, jnp.float32) for array in packed])
    state = tuple(jnp.asarray(array, jnp.float32) for array in states)
    found = []
    for x_t in x:
        state = jax.vmap(cell)(jnp.asarray(x_t, jnp.float32), state if len(state) > 1 else state[0])
        state = state if isinstance(state, tuple) else (state,)
        found.append(np.asarray(state[0]))
    return np.stack(found)


RUN: dict[str, Callable[..., np.ndarray]] = {
    "PyTorch": with_torch,
    "Keras": with_keras,
    "ONNX": with_onnx,
    "Equinox": with_equinox,
}


def difference(layout: Layout, believed: Layout, share: float = 0.3) -> float:
    """The largest difference between our hidden states and the library's, with our weights laid out as we believe."""
    x, states, weights = drawn(believed.cell)
    theirs = RUN[layout.library](layout, x, states, laid_out(believed, weights, share))
    return float(np.abs(theirs - ours(believed, x, states, weights)).max())


def name_of(layout: Layout) -> str:
    return layout.name


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("layout", INSTALLED, ids=name_of)
def test_the_library_computes_our_hidden_states_from_weights_in_the_stated_layout(layout: Layout, share: float) -> None:
    assert difference(layout, layout, share) < PRECISION.get(layout.library, EXACT)


@pytest.mark.parametrize("layout", GATED, ids=name_of)
def test_in_no_other_order_of_the_gates_it_does(layout: Layout) -> None:
    for letters in itertools.permutations(layout.order):
        order = "".join(letters)
        if order != layout.order:
            assert difference(layout, replace(layout, order=order)) > 0.01, order


@pytest.mark.parametrize("layout", GRUS, ids=name_of)
def test_with_the_other_meaning_of_z_it_does_not(layout: Layout) -> None:
    assert difference(layout, replace(layout, z_keeps=not layout.z_keeps)) > 0.01


@pytest.mark.parametrize("layout", GRUS, ids=name_of)
def test_with_the_reset_gate_on_the_other_side_of_the_product_it_does_not(layout: Layout) -> None:
    x, states, weights = drawn("gru")
    weights["b_hn"] = np.zeros(H)  # then both conventions have the same parameters
    after = ours(replace(layout, cell="gru"), x, states, weights)
    in_layout = laid_out(replace(layout, cell="gru"), weights)
    bias_n = weights.pop("b_hn")
    before = ours(replace(layout, cell="gru_reset_before"), x, states, weights)
    theirs = RUN[layout.library](layout, x, states, in_layout)
    same, other = (after, before) if layout.cell == "gru" else (before, after)
    assert not bias_n.any()
    assert np.abs(theirs - same).max() < PRECISION.get(layout.library, EXACT)
    assert np.abs(theirs - other).max() > 0.01


def test_peepholes_have_the_stated_order() -> None:
    (layout,) = (layout for layout in LAYOUTS if layout.name in PEEPHOLES)
    x, (h, c), weights = drawn("lstm")
    p = dict(zip("ifo", np.random.default_rng(1).normal(size=(3, H)), strict=True))
    states, expected = (h, c), []
    for x_t in x:
        h, c, _ = peephole_lstm.step(x_t, h, c, **weights, p=np.stack([p[letter] for letter in "ifo"]))
        expected.append(h)
    for letters in itertools.permutations("ifo"):
        order = "".join(letters)
        theirs = with_onnx(
            layout, x, states, laid_out(layout, weights), np.concatenate([p[letter] for letter in order])
        )
        assert (np.abs(theirs - expected).max() < EXACT) == (order == PEEPHOLES[layout.name]), order


def new_weights(library: str, call: str) -> dict[str, np.ndarray]:
    """The weights of a new layer with 20 inputs and 400 units."""
    if library == "PyTorch":
        torch.manual_seed(0)
        return {name: array.detach().numpy() for name, array in getattr(torch.nn, call)(20, 400).named_parameters()}
    import equinox
    import jax

    cell = getattr(equinox.nn, call)(20, 400, key=jax.random.PRNGKey(0))
    return {name: np.asarray(getattr(cell, name)) for name in ("weight_ih", "weight_hh", "bias")}


SMALL = {start.library for start in STARTS if {start.W_x, start.W_h, start.b} == {conventions.SMALL}}


@pytest.mark.parametrize(
    "layout", [one for one in INSTALLED if one.library in SMALL and "," not in one.call], ids=name_of
)
def test_weights_of_a_new_layer_are_small_and_uniform(layout: Layout) -> None:
    for name, array in new_weights(layout.library, layout.call).items():
        assert uniform(array, 1 / np.sqrt(400)), name


def uniform(array: np.ndarray, bound: float) -> bool:
    """Whether all lies within the bound, reaches it nearly, and has a uniform distribution's spread."""
    largest = np.abs(array).max()
    return bool(0.98 * bound < largest <= bound * (1 + 1e-6) and abs(array.std() * np.sqrt(3) / bound - 1) < 0.06)


@pytest.mark.parametrize("call", ["SimpleRNN", "LSTM", "GRU"])
def test_weights_of_a_new_keras_layer_are_as_stated(call: str) -> None:
    import keras

    keras.utils.set_random_seed(0)
    layer = getattr(keras.layers, call)(60, dtype="float64")
    layer.build((N, T, 40))
    W_x, W_h, b = (array.detach().numpy() for array in (weight.value for weight in layer.weights))
    assert uniform(W_x, np.sqrt(6 / (40 + W_x.shape[1])))
    np.testing.assert_allclose(W_h @ W_h.T, np.eye(60), atol=1e-9)
    forget = np.zeros_like(b)
    if call == "LSTM":
        forget[60:120] = 1
        block = W_h[:, :60]
        assert np.abs(block @ block.T - np.eye(60)).max() > 0.1, "a block alone is not orthogonal: the page says so"
    np.testing.assert_array_equal(b, forget)


def test_a_layout_with_our_own_order_and_bias_changes_nothing() -> None:
    for cell in MODULES:
        layout = Layout("ours", cell, cell, OURS[cell], "out, in", "one", "T N D")
        _, _, weights = drawn(cell)
        for name, array in zip(("W_x", "W_h", "b"), laid_out(layout, weights), strict=True):
            np.testing.assert_array_equal(array, weights[name])
            np.testing.assert_array_equal(blocks(layout, weights[name]), weights[name])


def test_the_stated_input_is_that_of_the_call() -> None:
    """What the runs above hand over: sequences first in Keras, one step of one sequence in Equinox, time first elsewhere."""
    assert {layout.library: layout.x for layout in LAYOUTS} == {
        "PyTorch": "T N D",
        "Keras": "N T D",
        "ONNX": "T N D",
        "Equinox": "D",
    }


def test_the_page_loads_no_library() -> None:
    tree = ast.parse((BOOK / "conventions.py").read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & set(conventions.PACKAGES.values())
    assert importlib.import_module("conventions") is conventions
