"""`from_lstm`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np
import torch

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short, sizes
from solutions.with_torch import nn_lstm

from .drawing import SIZES, in_sevenths, single

Generator = np.random.Generator


def lstm_parameters(rng: Generator, D: int, H: int, layers: int = 1, directions: int = 1) -> dict:
    """Parameters by PyTorch's names, with biases that matter."""
    found = {}
    for layer in range(layers):
        for end in ("", "_reverse")[:directions]:
            inputs = D if layer == 0 else directions * H
            found[f"weight_ih_l{layer}{end}"] = rng.normal(size=(4 * H, inputs)) / np.sqrt(inputs)
            found[f"weight_hh_l{layer}{end}"] = rng.normal(size=(4 * H, H)) / np.sqrt(H)
            for name in ("bias_ih", "bias_hh"):
                found[f"{name}_l{layer}{end}"] = rng.uniform(0.2, 0.8, size=4 * H) * rng.choice([-1, 1], size=4 * H)
    return found


def weights_inputs(rng: Generator, D: int, H: int, layers: int = 1, layer: int = 0) -> dict:
    return {"parameters": lstm_parameters(rng, D, H, layers), "layer": layer}


def draw_from_lstm(rng: Generator) -> list[DrawnCase]:
    D, H = sizes(rng, 2, SIZES)
    return [
        DrawnCase("one layer", weights_inputs(rng, D, H)),
        DrawnCase("the first of two layers", weights_inputs(rng, D, H, 2)),
        DrawnCase("the second of two layers", weights_inputs(rng, D, H, 2, 1)),
        DrawnCase("the second of twelve layers", weights_inputs(rng, D, 2, 12, 1)),
        DrawnCase("one input and one hidden unit", weights_inputs(rng, 1, 1)),
        DrawnCase("four inputs and one hidden unit", weights_inputs(rng, 4, 1)),
        DrawnCase("as many inputs as hidden units", weights_inputs(rng, H, H, 2, 1)),
        DrawnCase("float32", single(weights_inputs(rng, D, H))),
    ]


def worked_from_lstm(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two hidden units", in_sevenths(short(weights_inputs(rng, 3, 2)))),
        DrawnCase("the second of two layers", short(weights_inputs(rng, 1, 2, 2, 1))),
        DrawnCase("the second of twelve layers", short(weights_inputs(rng, 1, 1, 12, 1))),
        DrawnCase("float32", single(short(weights_inputs(rng, 4, 1)))),
    ]


FROM_LSTM = Check(
    "nn_lstm.from_lstm", nn_lstm.from_lstm, draw_from_lstm, worked_from_lstm, axes="W_x: row column; W_h: row column; b: row", task="the weights of `nn.LSTM` in our layout", points=2,
    section="torch-weights: The weights of nn.LSTM", tensors=True, new_arrays=True,
    promises={
        "PyTorch has the blocks i, f, g, o and adds two biases": "second bias left out",
        "We have the blocks i, f, o, g and one bias": "order of pytorch kept",
        "The number of the layer; the first is 0": "layers counted from one",
        "and the same with another number at the end for each further layer": "end of the names",
        "W_x (4H, D), W_h (4H, H) and b (4H,), as new tensors": "writes to its inputs",
        "Weights are `(out, in)`, in four blocks of `H` rows": "every fourth row",
        "Results have the dtype of the inputs": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "first bias overwritten",
    },
)  # fmt: skip


def of_layer(parameters, layer):
    """A layer's four parameters."""
    return [parameters[f"{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def reordered(tensor, order=(0, 1, 3, 2)):
    """The blocks in another order."""
    blocks = tensor.chunk(4)
    return torch.cat([blocks[place] for place in order])


@FROM_LSTM.misconception(
    "The blocks still stand in PyTorch's order i, f, g, o. The shapes fit all the same; ours is i, f, o, g."
)
def order_of_pytorch_kept(parameters, layer):
    weight_ih, weight_hh, bias_ih, bias_hh = of_layer(parameters, layer)
    return {"W_x": weight_ih.clone(), "W_h": weight_hh.clone(), "b": bias_ih + bias_hh}


@FROM_LSTM.misconception(
    "The blocks of the weights are in our order, those of the bias still in PyTorch's. Each gate has its part of all three."
)
def bias_not_reordered(parameters, layer):
    _, _, bias_ih, bias_hh = of_layer(parameters, layer)
    return nn_lstm.from_lstm(parameters, layer) | {"b": bias_ih + bias_hh}


@FROM_LSTM.misconception(
    "The blocks of the bias are in our order, those of the weights still in PyTorch's. Each gate has its part of all three."
)
def weights_not_reordered(parameters, layer):
    weight_ih, weight_hh, _, _ = of_layer(parameters, layer)
    return nn_lstm.from_lstm(parameters, layer) | {"W_x": weight_ih.clone(), "W_h": weight_hh.clone()}


@FROM_LSTM.misconception(
    "One of the two biases was put into our order, the other was added as it came. Reorder both before you add them, or the sum after it."
)
def one_bias_reordered(parameters, layer):
    _, _, bias_ih, bias_hh = of_layer(parameters, layer)
    return nn_lstm.from_lstm(parameters, layer) | {"b": reordered(bias_ih) + bias_hh}


@FROM_LSTM.misconception(
    "The blocks f and g have changed places. Between i, f, g, o and i, f, o, g it is g and o that do."
)
def wrong_blocks_exchanged(parameters, layer):
    weight_ih, weight_hh, bias_ih, bias_hh = of_layer(parameters, layer)
    order = (0, 2, 1, 3)
    return {
        "W_x": reordered(weight_ih, order), "W_h": reordered(weight_hh, order), "b": reordered(bias_ih + bias_hh, order)
    }  # fmt: skip


@FROM_LSTM.misconception(
    "Every fourth row was taken for a block, as reshape(H, 4, ...) does. A block is H rows that stand together: chunk(4) takes them apart."
)
def every_fourth_row(parameters, layer):
    def moved(tensor):
        return tensor.reshape(-1, 4, *tensor.shape[1:])[:, [0, 1, 3, 2]].reshape(tensor.shape)

    weight_ih, weight_hh, bias_ih, bias_hh = of_layer(parameters, layer)
    return {"W_x": moved(weight_ih), "W_h": moved(weight_hh), "b": moved(bias_ih + bias_hh)}


@FROM_LSTM.misconception("The bias is bias_ih alone. PyTorch adds bias_hh to it, so our one bias is the sum of both.")
def second_bias_left_out(parameters, layer):
    _, _, bias_ih, _ = of_layer(parameters, layer)
    return nn_lstm.from_lstm(parameters, layer) | {"b": reordered(bias_ih)}


@FROM_LSTM.misconception("The bias is bias_hh alone. PyTorch adds bias_ih to it, so our one bias is the sum of both.")
def first_bias_left_out(parameters, layer):
    _, _, _, bias_hh = of_layer(parameters, layer)
    return nn_lstm.from_lstm(parameters, layer) | {"b": reordered(bias_hh)}


@FROM_LSTM.misconception("The bias is the mean of the two. PyTorch adds both, each in full: our one bias is their sum.")
def mean_of_the_biases(parameters, layer):
    right = nn_lstm.from_lstm(parameters, layer)
    return right | {"b": right["b"] / 2}


@FROM_LSTM.misconception("bias_ih counts twice, and bias_hh not at all: the sum is of one of each.")
def first_bias_counted_twice(parameters, layer):
    _, _, bias_ih, _ = of_layer(parameters, layer)
    return nn_lstm.from_lstm(parameters, layer) | {"b": 2 * reordered(bias_ih)}


@FROM_LSTM.misconception(
    "They are the weights of the first layer, whatever the argument layer says. The names end in _l0, _l1, ..."
)
def always_the_first_layer(parameters, layer):
    return nn_lstm.from_lstm(parameters, 0)


@FROM_LSTM.misconception(
    "The layers were counted from 1. PyTorch counts from 0: layer 1 is the second, and its names end in _l1."
)
def layers_counted_from_one(parameters, layer):
    return nn_lstm.from_lstm(parameters, layer - 1)


@FROM_LSTM.misconception(
    "Only the end of the names was looked at: of twelve layers, the names of layer 11 end in 1 too. Look up whole names, such as weight_ih_l1."
)
def end_of_the_names(parameters, layer):
    found = [int(name.rpartition("_l")[2]) for name in parameters if name.endswith(str(layer))]
    return nn_lstm.from_lstm(parameters, max(found))


@FROM_LSTM.misconception(
    "W_x and W_h have changed places: ih is from the input to the hidden state, hh from the hidden state to itself."
)
def weights_exchanged(parameters, layer):
    right = nn_lstm.from_lstm(parameters, layer)
    return right | {"W_x": right["W_h"], "W_h": right["W_x"]}


@FROM_LSTM.misconception("The weights were transposed. PyTorch's are (out, in) as ours are.")
def weights_transposed(parameters, layer):
    right = nn_lstm.from_lstm(parameters, layer)
    return right | {"W_x": right["W_x"].T, "W_h": right["W_h"].T}


@FROM_LSTM.misconception(
    "bias_ih was changed, as += does. It still belongs to the network that it came from: make a new tensor."
)
def first_bias_overwritten(parameters, layer):
    right = nn_lstm.from_lstm(parameters, layer)
    parameters[f"bias_ih_l{layer}"] += parameters[f"bias_hh_l{layer}"]
    return right
