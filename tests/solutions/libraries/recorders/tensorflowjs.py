"""TensorFlow.js in node, on its backend in plain JavaScript."""
# /// script
# dependencies = ["numpy==2.4.6"]
# [tool.npm]
# dependencies = ["@tensorflow/tfjs@4.22.0"]
# ///

import json
import subprocess
from typing import Any

import numpy as np
from recording import Case, D, H, N, T, record, starts

PROGRAM = """
const tf = require("@tensorflow/tfjs");
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
(async () => {
  await tf.setBackend("cpu");
  const layer = tf.layers[asked.kind]({units: asked.units, ...asked.options});
  const x = tf.tensor(asked.x);
  const states = asked.states.map((one) => tf.tensor(one));
  const apply = () => [states.length ? layer.apply(x, {initialState: states}) : layer.apply(x)].flat();
  apply();
  const weights = layer.getWeights();
  const names = layer.weights.map((one) => one.originalName.split("/").pop());
  if (asked.weights) layer.setWeights(asked.weights.map((one) => tf.tensor(one)));
  const made = apply();
  const outputs = await Promise.all(made.map((one) => one.array()));
  const kept = await Promise.all(layer.getWeights().map((one) => one.array()));
  const steep = (await tf.layers.activation({activation: "hardSigmoid"}).apply(tf.tensor([1])).array())[0] - 0.5;
  console.log(JSON.stringify({
    version: tf.version.tfjs, names, shapes: weights.map((one) => one.shape), weights: kept, outputs,
    dtype: made[0].dtype, gate: layer.getConfig().recurrentActivation, steep,
  }));
})().catch((error) => { console.log(JSON.stringify({error: error.message})); });
"""


def node(kind: str, x: np.ndarray, states: tuple[np.ndarray, ...] = (), units: int = H, **more: Any) -> dict[str, Any]:
    """What the layer answers: its outputs, its weights, or the error."""
    weights = more.pop("weights", None)
    asked = {
        "kind": kind,
        "units": units,
        "x": x.tolist(),
        "states": [state.tolist() for state in states],
        "weights": weights and [array.tolist() for array in weights],
        "options": more,
    }
    done = subprocess.run(["node", "-e", PROGRAM], input=json.dumps(asked), capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(kind: str, case: Case, **options: Any) -> np.ndarray:
    x = case.x.swapaxes(0, 1)
    states = (case.h_0, case.c_0) if kind == "lstm" else (case.h_0,)
    options = {"returnSequences": True, **options}
    new = node(kind, x, states, **options)
    weights = [case.parameter(name, *shape) for name, shape in zip(new["names"], new["shapes"], strict=True)]
    made = node(kind, x, states, weights=weights, **options)
    return np.array(made["outputs"][0], np.float32).swapaxes(0, 1)


def facts() -> dict[str, str]:
    new = node("lstm", np.zeros((1, 1, 60)), units=80)
    W_x, W_h, b = (np.array(array) for array in new["weights"])
    x = np.random.default_rng(0).normal(size=(N, T, D))
    made = node("lstm", x, returnSequences=True, returnState=True, goBackwards=True)
    assert np.allclose(np.array(made["outputs"][0])[:, -1], made["outputs"][1])
    refused = node("gru", x, resetAfter=True)["error"]
    return {
        "precision": new["dtype"],
        **starts(W_x.T, W_h.T, b[80:160]),
        "returns": "h_T; with returnSequences all h; with returnState also h_T, c_T",
        "backward direction": "goBackwards: as computed, last step first",
        "hard sigmoid": f"hardSigmoid, slope {new['steep']:.1f}; the gates' default: {new['gate']}",
        "reset after": f"refused: {refused.split('.')[0]}",
    }


SIGMOID = {"recurrentActivation": "sigmoid"}
record(
    "tensorflowjs",
    node("simpleRNN", np.zeros((1, 1, D)))["version"],
    {
        "rnn": lambda case: run("simpleRNN", case),
        "relu_rnn": lambda case: run("simpleRNN", case, activation="relu"),
        "lstm": lambda case: run("lstm", case, **SIGMOID),
        "gru_reset_before": lambda case: run("gru", case, **SIGMOID),
    },
    facts(),
)
