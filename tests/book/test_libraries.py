"""The page of conventions: what it shows is the table, and the libraries that come with the course compute what the table says.

What the other libraries computed is compared in tests/solutions/test_libraries.py.
"""

import ast
import importlib
import itertools
import os
import re
from collections.abc import Callable

import conventions
import numpy as np
import pytest
import torch
from book_paths import BOOK

from solutions import conversions
from solutions.library_layouts import LAYOUTS, Layout
from solutions.with_numpy import peephole_lstm, recurrent

T, N, D, H = 4, 2, 3, 5
EXACT = 1e-12
PRECISION = {"keras": 1e-6}  # it computes some products in single precision, whatever the arrays are
NOT_IN_THE_EVALUATOR = ("onnxruntime", "relu_rnn")
"""ONNX's reference evaluator does not know the activation Relu of an RNN, though onnxruntime does."""
INSTALLED = [
    row
    for row in LAYOUTS
    if row.library in ("torch", "keras", "onnxruntime") and (row.library, row.cell) != NOT_IN_THE_EVALUATOR
]

Arrays = dict[str, np.ndarray]
States = tuple[np.ndarray, ...]


@pytest.fixture(scope="module", autouse=True)
def keras_on_torch(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keras chooses when it is imported what it runs on, and writes the choice into a folder."""
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ["KERAS_HOME"] = str(tmp_path_factory.mktemp("keras"))


def drawn(cell: str) -> tuple[np.ndarray, States, Arrays]:
    """Inputs, first states and weights of our own cell."""
    rng, ours = np.random.default_rng(0), recurrent.CELLS[cell]
    states = tuple(rng.normal(size=(N, H)) for _ in ours.states)
    weights = {name: rng.normal(size=shape) for name, shape in ours.shapes(D, H).items()}
    return rng.normal(size=(T, N, D)), states, weights


def options(row: Layout) -> dict[str, str | bool]:
    """What the row's call is told."""
    told = dict(re.findall(r'(\w+)="?(\w+)', row.call.partition(", ")[2]))
    return {name: value == "True" if value in ("True", "False") else value for name, value in told.items()}


def with_torch(row: Layout, x: np.ndarray, states: States, parameters: Arrays) -> np.ndarray:
    kind = getattr(torch.nn, row.call.partition(",")[0].removeprefix("nn."))
    network = kind(D, H, dtype=torch.float64, **options(row))
    network.load_state_dict({name: torch.tensor(array) for name, array in parameters.items()})
    first = [torch.tensor(state)[None] for state in states]
    with torch.no_grad():
        return network(torch.tensor(x), tuple(first) if len(first) > 1 else first[0])[0].numpy()


def with_keras(row: Layout, x: np.ndarray, states: States, parameters: Arrays) -> np.ndarray:
    import keras

    kind = getattr(keras.layers, row.call.partition(",")[0].removeprefix("layers."))
    layer = kind(H, return_sequences=True, dtype="float64", **options(row))
    layer.build((N, T, D))
    layer.set_weights([parameters[weight.name] for weight in layer.weights])
    found = layer(torch.tensor(x.swapaxes(0, 1)), initial_state=[torch.tensor(state) for state in states])
    return found.detach().numpy().swapaxes(0, 1)


def with_onnx(row: Layout, x: np.ndarray, states: States, parameters: Arrays) -> np.ndarray:
    import onnx
    from onnx.reference import ReferenceEvaluator

    first = {name: state[None] for name, state in zip(("h_0", "c_0"), states, strict=False)}
    given = {"X": x, **parameters, **first}
    slots = ["X", "W", "R", "B", "lengths", "h_0", "c_0", "P"]
    settings = {"linear_before_reset": 1} if row.cell == "gru" else {}
    node = onnx.helper.make_node(
        row.call.partition(",")[0].partition(" ")[0],
        [name if name in given else "" for name in slots[: max(map(slots.index, given)) + 1]],
        ["Y"],
        hidden_size=H,
        **settings,
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


RUN: dict[str, Callable[..., np.ndarray]] = {"torch": with_torch, "keras": with_keras, "onnxruntime": with_onnx}


@pytest.mark.parametrize("row", INSTALLED, ids=lambda row: f"{row.library} {row.cell}")
def test_what_comes_with_the_course_computes_our_hidden_states(row: Layout) -> None:
    x, states, weights = drawn(row.cell)
    theirs = RUN[row.library](row, x, states, conversions.to(row.library, row.cell, weights))
    h, _, _ = recurrent.forward(row.cell, x, states, weights)
    assert np.abs(theirs - h).max() <= PRECISION.get(row.library, EXACT) * max(1, np.abs(h).max())


def test_peepholes_have_the_stated_order() -> None:
    row = conversions.layout_of("onnxruntime", "peephole_lstm")
    x, (h, c), weights = drawn("peephole_lstm")
    states, expected = (h, c), []
    for x_t in x:
        h, c, _ = peephole_lstm.step(x_t, h, c, **weights)
        expected.append(h)
    for order in itertools.permutations(range(3)):
        moved = weights | {"p": weights["p"][list(order)]}
        theirs = with_onnx(row, x, states, conversions.to(row.library, row.cell, moved))
        assert (np.abs(theirs - expected).max() < EXACT) == (order == (0, 1, 2)), order


def uniform(array: np.ndarray, bound: float) -> bool:
    """Whether all lies within the bound, reaches it nearly, and has a uniform distribution's spread."""
    largest = np.abs(array).max()
    return bool(0.98 * bound < largest <= bound * (1 + 1e-6) and abs(array.std() * np.sqrt(3) / bound - 1) < 0.06)


@pytest.mark.parametrize("call", ["RNN", "LSTM", "GRU"])
def test_weights_of_a_new_torch_layer_are_small_and_uniform(call: str) -> None:
    torch.manual_seed(0)
    for name, array in getattr(torch.nn, call)(20, 400).named_parameters():
        assert uniform(array.detach().numpy(), 1 / np.sqrt(400)), name


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


def test_the_page_shows_every_row_and_every_library() -> None:
    shown = conventions.layouts_html() + conventions.facts_html()
    for row in LAYOUTS:
        assert shown.count(f'<tr data-library="{row.library}" data-cell="{row.cell}">') == 1, row
        assert shown.count(f'<tr data-library="{row.library}" data-cell="">') == 1, row.library
        assert conventions.about(row.library)["version"] in shown
    for library in conversions.libraries():
        assert set(conventions.about(library)["facts"]) - {"reset after"} <= set(conventions.FACTS), library


def test_the_page_loads_no_library() -> None:
    tree = ast.parse((BOOK / "conventions.py").read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & set(conversions.libraries())
    assert importlib.import_module("conventions") is conventions
