"""OpenVINO on the processor, told to compute in single precision."""
# /// script
# dependencies = ["openvino==2026.4.1", "numpy==2.4.6"]
# ///

from importlib.metadata import version
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset14 as ops
from recording import Case, D, H, N, T, record

BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}


def compute(kind: str, given: dict[str, np.ndarray], lengths: list[int], **options: Any) -> list[np.ndarray]:
    """All outputs of a model of one sequence: all h, the last h, and the last c of an LSTM."""
    x = ops.parameter(given["x"].shape, np.float32)
    constants = {name: ops.constant(array.astype(np.float32)) for name, array in given.items() if name != "x"}
    states = [constants["h_0"]] + ([constants["c_0"]] if kind == "lstm" else [])
    node = getattr(ops, f"{kind}_sequence")(
        x, *states, ops.constant(np.array(lengths, np.int32)), *(constants[name] for name in "WRB"), H,
        options.pop("direction", "forward"), **options,
    )  # fmt: skip
    model = ov.Model([ops.result(output) for output in node.outputs()], [x], "one")
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    made = compiled([given["x"].astype(np.float32)])
    return [made[k] for k in range(len(node.outputs()))]


def run(kind: str, case: Case, biases: int = 0, **options: Any) -> np.ndarray:
    G = BLOCKS[kind]
    given = {
        "x": case.x.swapaxes(0, 1),
        "h_0": case.h_0[:, None],
        "c_0": case.c_0[:, None],
        "W": case.parameter("W", 1, G * H, D),
        "R": case.parameter("R", 1, G * H, H),
        "B": case.parameter("B", 1, (biases or G) * H),
    }
    return compute(kind, given, [T] * N, **options)[0][:, 0].swapaxes(0, 1)


def facts() -> dict[str, str]:
    case = Case("lstm")
    both = {
        "x": case.x.swapaxes(0, 1),
        "h_0": case.draw(N, 2, H),
        "c_0": case.draw(N, 2, H),
        "W": case.draw(2, 4 * H, D),
        "R": case.draw(2, 4 * H, H),
        "B": case.draw(2, 4 * H),
    }
    one = {name: both[name][:, :1] if name.endswith("_0") else both[name][:1] for name in both} | {"x": both["x"]}
    Y, last, _ = compute("lstm", one, [T, 2])
    past = "zeros" if not Y[1, 0, 2:].any() else "something else"
    _, last, _ = compute("lstm", one, [T, 0])
    empty = "zeros" if not last[1].any() else "the given state" if np.allclose(last[1, 0], one["h_0"][1, 0]) else "else"
    Y, last, _ = compute("lstm", both, [T, T], direction="bidirectional")
    assert np.allclose(last[:, 1], Y[:, 1, 0])
    return {
        "precision": f"{Y.dtype}; bfloat16 inside where the processor has it, unless told otherwise",
        "returns": "all h (N, directions, T, H), the last h, the last c",
        "past a length": past,
        "empty row": f"last h: {empty}",
        "backward direction": "in the input's order, second on the axis of directions",
    }


record(
    "openvino",
    version("openvino"),
    {
        "rnn": lambda case: run("rnn", case, activations=["tanh"]),
        "relu_rnn": lambda case: run("rnn", case, activations=["relu"]),
        "lstm": lambda case: run("lstm", case),
        "gru": lambda case: run("gru", case, biases=4, linear_before_reset=True),
        "gru_reset_before": lambda case: run("gru", case, linear_before_reset=False),
    },
    facts(),
)
