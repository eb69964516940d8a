"""onnxruntime's CPU provider."""
# /// script
# dependencies = ["onnxruntime==1.32.0", "onnx==1.23.2", "numpy==2.4.6"]
# ///

from typing import Any

import numpy as np
import onnx
import onnxruntime
from recording import Case, H, N, T, record

SINGLE = onnx.TensorProto.FLOAT
BLOCKS = {"RNN": 1, "LSTM": 4, "GRU": 3}


def compute(operator: str, given: dict[str, Any], directions: int = 1, **attributes: Any) -> list[np.ndarray]:
    """All outputs of a model of one node."""
    slots = ["X", "W", "R", "B", "lengths", "h_0", "c_0", "P"]
    used = slots[: max(slots.index(name) for name in given) + 1]
    node = onnx.helper.make_node(
        operator,
        [slot if slot in given else "" for slot in used],
        ["Y", "Y_h", "Y_c"][: 3 if operator == "LSTM" else 2],
        hidden_size=H,
        **attributes,
    )
    kinds = {name: onnx.TensorProto.INT32 if name == "lengths" else SINGLE for name in given}
    inputs = [onnx.helper.make_tensor_value_info(name, kinds[name], array.shape) for name, array in given.items()]
    outputs = [onnx.helper.make_tensor_value_info(name, SINGLE, None) for name in node.output]
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "one", inputs, outputs), opset_imports=[onnx.helper.make_opsetid("", 21)]
    )
    model.ir_version = 10
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(
        None, {name: array.astype(np.int32 if name == "lengths" else np.float32) for name, array in given.items()}
    )


def run(operator: str, case: Case, peepholes: bool = False, **attributes: Any) -> np.ndarray:
    G, D = BLOCKS[operator], case.x.shape[2]
    given = {
        "X": case.x,
        "W": case.parameter("W", 1, G * H, D),
        "R": case.parameter("R", 1, G * H, H),
        "B": case.parameter("B", 1, 2 * G * H),
        "h_0": case.h_0[None],
    }
    if operator == "LSTM":
        given["c_0"] = case.c_0[None]
    if peepholes:
        given["P"] = case.parameter("P", 1, 3 * H)
    return compute(operator, given, **attributes)[0][:, 0]


def facts() -> dict[str, str]:
    case = Case("lstm")
    given = {
        "X": case.x,
        "W": case.draw(2, 4 * H, 3),
        "R": case.draw(2, 4 * H, H),
        "B": case.draw(2, 8 * H),
        "h_0": case.draw(2, N, H),
        "c_0": case.draw(2, N, H),
    }
    one = {name: array if name == "X" else array[:1] for name, array in given.items()}
    Y, Y_h, _ = compute("LSTM", one | {"lengths": np.array([T, 2])})
    past = "zeros" if not Y[2:, 0, 1].any() else "something else"
    assert np.allclose(Y_h[0, 1], Y[1, 0, 1])
    Y, Y_h, _ = compute("LSTM", one | {"lengths": np.array([T, 0])})
    empty = (
        "zeros" if not Y_h[0, 1].any() else "the given state" if np.allclose(Y_h[0, 1], one["h_0"][0, 1]) else "else"
    )
    Y, Y_h, _ = compute("LSTM", given, direction="bidirectional")
    assert np.allclose(Y_h[1], Y[0, 1])
    return {
        "precision": str(Y.dtype),
        "returns": "Y (all h), Y_h, Y_c (the last), each if asked for",
        "past a length": past,
        "empty row": f"Y_h: {empty}",
        "backward direction": "in the input's order, second on the axis of directions",
    }


record(
    "onnxruntime",
    onnxruntime.__version__,
    {
        "rnn": lambda case: run("RNN", case),
        "relu_rnn": lambda case: run("RNN", case, activations=["Relu"]),
        "lstm": lambda case: run("LSTM", case),
        "peephole_lstm": lambda case: run("LSTM", case, peepholes=True),
        "gru": lambda case: run("GRU", case, linear_before_reset=1),
        "gru_reset_before": lambda case: run("GRU", case),
    },
    facts(),
)
