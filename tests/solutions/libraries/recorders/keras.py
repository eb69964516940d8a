"""Keras 3 on PyTorch, as the course has it."""
# /// script
# dependencies = []
# [tool.course]
# packages = true
# ///

import os

os.environ["KERAS_BACKEND"] = "torch"
from typing import Any

import keras
import numpy as np
import torch
from keras import layers
from recording import Case, D, H, N, T, record, starts


def numbers(tensor: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


def run(kind: Any, case: Case, **options: Any) -> np.ndarray:
    layer = kind(H, return_sequences=True, dtype="float64", **options)
    layer.build((N, T, D))
    layer.set_weights([case.parameter(weight.name, *weight.shape) for weight in layer.weights])
    states = [torch.tensor(state) for state in ((case.h_0, case.c_0) if kind is layers.LSTM else (case.h_0,))]
    return numbers(layer(torch.tensor(case.x.swapaxes(0, 1)), initial_state=states)).swapaxes(0, 1)


def facts() -> dict[str, str]:
    keras.utils.set_random_seed(0)
    new = layers.LSTM(80)
    new.build((2, 5, 60))
    W_x, W_h, b = (numbers(weight) for weight in new.weights)
    layer = layers.LSTM(H, return_sequences=True, return_state=True)
    x = np.random.default_rng(0).normal(size=(2, 5, D)).astype(np.float32)
    start = [np.full((2, H), value, np.float32) for value in (0.3, -0.2)]
    mask = np.array([[True] * 5, [True] * 2 + [False] * 3])
    y = numbers(layer(x, mask=torch.tensor(mask))[0])
    past = "repeats the last" if np.allclose(y[1, 2:], y[1, 1]) else "something else"
    _, h, _ = layer(x, mask=torch.tensor([[True] * 5, [False] * 5]), initial_state=[torch.tensor(s) for s in start])
    empty = "the given state" if np.allclose(numbers(h)[1], start[0][1]) else "something else"
    backward = layers.LSTM(H, return_sequences=True, return_state=True, go_backwards=True)
    y, h, _ = (numbers(part) for part in backward(x))
    assert np.allclose(y[:, -1], h)
    steep = keras.activations.hard_sigmoid
    return {
        "precision": str(y.dtype),
        **starts(W_x.T, W_h.T, b[80:160]),
        "returns": "h_T; with return_sequences all h; with return_state also h_T, c_T",
        "past a length": f"masked: {past}",
        "empty row": f"masked: {empty}",
        "backward direction": "go_backwards: as computed, last step first; Bidirectional: in the input's order",
        "hard sigmoid": f"hard_sigmoid, slope 1/{1 / (float(numbers(steep(np.float32([1.0])))[0]) - 0.5):.0f}",
    }


record(
    "keras",
    keras.__version__,
    {
        "rnn": lambda case: run(layers.SimpleRNN, case),
        "relu_rnn": lambda case: run(layers.SimpleRNN, case, activation="relu"),
        "lstm": lambda case: run(layers.LSTM, case),
        "gru": lambda case: run(layers.GRU, case),
        "gru_reset_before": lambda case: run(layers.GRU, case, reset_after=False),
    },
    facts(),
)
