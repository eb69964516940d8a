"""ncnn, from the two files that it loads: the graph as text, and the weights behind a tag of four zero bytes each."""
# /// script
# dependencies = ["ncnn==1.0.20261020", "numpy==2.4.6"]
# ///

import tempfile
from importlib.metadata import version
from pathlib import Path

import ncnn
import numpy as np
from recording import Case, D, H, N, record

BLOCKS = {"RNN": 1, "LSTM": 4, "GRU": 3}


def loaded(layer: str, parameters: dict[str, np.ndarray], direction: int = 0) -> ncnn.Net:
    """A network of one layer. The text says its kind, inputs and outputs, units, number of input weights and direction."""
    states = "h c" if layer == "LSTM" else "h"
    k = len(states.split())
    size = parameters["weight_xc"].size
    lines = [
        "7767517",
        f"{k + 2} {2 * k + 2}",
        "Input x 0 1 x",
        *(f"Input {name} 0 1 {name}" for name in states.split()),
        f"{layer} one {k + 1} {k + 1} x {states} y {' '.join(name + '_T' for name in states.split())}"
        f" 0={H} 1={size} 2={direction}",
    ]
    net = ncnn.Net()
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, option, False)
    with tempfile.TemporaryDirectory() as folder:
        text, weights = Path(folder) / "one.param", Path(folder) / "one.bin"
        text.write_text("\n".join(lines) + "\n")
        weights.write_bytes(
            b"".join(
                b"\0\0\0\0" + parameters[name].astype("<f4").tobytes() for name in ("weight_xc", "bias_c", "weight_hc")
            )
        )
        assert net.load_param(str(text)) == 0
        assert net.load_model(str(weights)) == 0
    return net


def outputs(net: ncnn.Net, x: np.ndarray, *states: np.ndarray) -> np.ndarray:
    """All h (T, H) for one sequence: there is no batch."""
    extractor = net.create_extractor()
    kept = [np.ascontiguousarray(array, np.float32) for array in (x, *states)]
    for name, array in zip(("x", "h", "c"), kept, strict=False):
        extractor.input(name, ncnn.Mat(array).clone())
    code, y = extractor.extract("y")
    assert code == 0
    return np.array(y)


def run(layer: str, case: Case, biases: int = 0) -> np.ndarray:
    G = BLOCKS[layer]
    parameters = {
        "weight_xc": case.parameter("weight_xc", G * H, D),
        "bias_c": case.parameter("bias_c", (biases or G) * H),
        "weight_hc": case.parameter("weight_hc", G * H, H),
    }
    net = loaded(layer, parameters)
    states = (case.h_0, case.c_0) if layer == "LSTM" else (case.h_0,)
    return np.stack([outputs(net, case.x[:, n], *(state[n : n + 1] for state in states)) for n in range(N)], axis=1)


def facts() -> dict[str, str]:
    case = Case("rnn")
    W_x, b, W_h = case.draw(2, H, D), case.draw(2, H), case.draw(2, H, H)
    net = loaded("RNN", {"weight_xc": W_x, "bias_c": b, "weight_hc": W_h}, direction=2)
    y = outputs(net, case.x[:, 0], np.zeros((2, H)))
    first = np.tanh(case.x[-1, 0] @ W_x[1].T + b[1])
    assert np.allclose(y[-1, H:], first, atol=1e-5)
    return {
        "precision": f"{y.dtype}; half precision where the processor has it, unless told otherwise",
        "returns": "all h, the last h, the last c; one sequence at a time",
        "backward direction": "in the input's order, side by side with the forward one",
    }


record(
    "ncnn",
    version("ncnn"),
    {
        "rnn": lambda case: run("RNN", case),
        "lstm": lambda case: run("LSTM", case),
        "gru": lambda case: run("GRU", case, biases=4),
    },
    facts(),
)
