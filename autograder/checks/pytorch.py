"""Exercise 7: the checks of recurrent networks in PyTorch, and what learners get wrong about them."""

# A misconception takes what the reference takes, whether it uses it or not.

from pathlib import Path

import numpy as np
import torch
from torch import nn

from autograder.checks.declaration import Check, DrawnCase, Exercise, Trained
from autograder.checks.drawing import in_dtype, short, sizes, until
from autograder.runner.calling import Given
from solutions import conversions
from solutions.with_numpy import lstm
from solutions.with_numpy.adding import adding_problem
from solutions.with_torch import adding, lstm_cell, nn_lstm
from solutions.with_torch.adding import clipped_gradients

Generator = np.random.Generator
SIZES = (2, 5, 6, 7, 8)  # no axis can stand in for the blocks


def single(inputs: dict) -> dict:
    return in_dtype(inputs, np.float32)


# ---- a cell from tensor operations -----------------------------------------------------------------------------------


def cell_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    """Weights that keep the gates away from their ends, and a bias that matters."""
    parameters = {
        "W_x": rng.normal(size=(4 * H, D)) / np.sqrt(D),
        "W_h": rng.normal(size=(4 * H, H)) / np.sqrt(H),
        "b": rng.uniform(0.3, 1.0, size=4 * H) * rng.choice([-1, 1], size=4 * H),
    }
    states = np.tanh(rng.normal(size=(N, H))), 1.5 * rng.normal(size=(N, H))
    return {"sizes": (D, H), "parameters": parameters, "inputs": (rng.normal(size=(N, D)), *states)}


# Below it a state's rounding in single precision comes near the tolerance, which is a share of the state's largest number.
LEAST_STATE = 0.05


def has_large_states(inputs: dict) -> bool:
    """Whether neither state nearly vanishes, as f c + i g sometimes does where a case has two numbers alone."""
    h, c, _ = lstm.step(*inputs["inputs"], *inputs["parameters"].values())
    return min(np.abs(h).max(), np.abs(c).max()) >= LEAST_STATE


def draw_cell(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)

    def drawn(*of: int) -> dict:
        return until(lambda: cell_inputs(rng, *of), has_large_states)

    return [
        DrawnCase("several sequences", drawn(N, D, H)),
        DrawnCase("one sequence", drawn(1, D, H)),
        DrawnCase("one hidden unit", drawn(N, D, 1)),
        DrawnCase("four sequences, inputs and hidden units", drawn(4, 4, 4)),
        DrawnCase("float32", single(drawn(N, D, H))),
    ]


def worked_cell(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(cell_inputs(rng, 2, 3, 2))),
        DrawnCase("one sequence", short(cell_inputs(rng, 1, 2, 3))),
        DrawnCase("as many sequences, inputs and hidden units", short(cell_inputs(rng, 2, 2, 2))),
        DrawnCase("float32", single(short(cell_inputs(rng, 2, 1, 2)))),
    ]


CELL = Check(
    "lstm_cell.LSTMCell", lstm_cell.LSTMCell, draw_cell, worked_cell, axes="h: N H; c: N H", points=3,
    section="torch-cell: A cell from tensor operations", tensors=True,
)  # fmt: skip


class WithWeights(nn.Module):
    """What the wrong cells have in common: right parameters, and their sums."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W_x = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.W_h = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.b = nn.Parameter(torch.zeros(4 * hidden_size))

    def sums(self, x, h_prev):
        return (x @ self.W_x.T + h_prev @ self.W_h.T + self.b).chunk(4, dim=1)


def new_states(i, f, o, g, c_prev):
    """The new states, from the four sums."""
    c = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@CELL.misconception(
    "The blocks were read in PyTorch's order i, f, g, o. Here the order is i, f, o, g: the third block is the output gate."
)
class blocks_in_the_order_of_pytorch(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, g, o = self.sums(x, h_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("The first two blocks were read as f, i. The input gate stands first, the forget gate second.")
class input_and_forget_gate_exchanged(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        f, i, o, g = self.sums(x, h_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("It is what you get when the bias b is left out.")
class bias_left_out(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = (x @ self.W_x.T + h_prev @ self.W_h.T).chunk(4, dim=1)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception(
    "The bias counts twice, once with each matrix. PyTorch's layers have two biases, but this cell has one: add b once."
)
class bias_counted_twice(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = (x @ self.W_x.T + h_prev @ self.W_h.T + 2 * self.b).chunk(4, dim=1)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("The old hidden state is not used: the sums are of W_x x, W_h h_prev and b.")
class old_hidden_state_left_out(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, 0 * h_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception(
    "The sums were made with c_prev. The gates see the old hidden state, h_prev; c_prev is only forgotten or kept."
)
class gates_from_the_cell_state(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, c_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("The forget gate was multiplied with h_prev. What is kept is the cell state: f * c_prev.")
class hidden_state_kept(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        return new_states(i, f, o, g, h_prev)


@CELL.misconception("The tanh around c is left out: h is o * tanh(c).")
class tanh_of_the_cell_state_left_out(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        _, c = new_states(i, f, o, g, c_prev)
        return torch.sigmoid(o) * c, c


@CELL.misconception("h was made from the old cell state. It shows the new one: h = o * tanh(c).")
class hidden_state_from_the_old_cell_state(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        _, c = new_states(i, f, o, g, c_prev)
        return torch.sigmoid(o) * torch.tanh(c_prev), c


@CELL.misconception("The candidate went through the sigmoid. It may be negative: g goes through tanh.")
class sigmoid_of_the_candidate(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        c = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.sigmoid(g)
        return torch.sigmoid(o) * torch.tanh(c), c


@CELL.misconception("The gates went through tanh. A gate lies between 0 and 1: i, f and o go through the sigmoid.")
class tanh_of_the_gates(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        c = torch.tanh(f) * c_prev + torch.tanh(i) * torch.tanh(g)
        return torch.tanh(o) * torch.tanh(c), c


@CELL.misconception("The two states were returned as c, h. The order asked for is h, c, as in PyTorch.")
class states_returned_in_the_wrong_order(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        h, c = new_states(i, f, o, g, c_prev)
        return c, h


@CELL.misconception(
    "The old cell state was overwritten, as mul_ and *= do. Whoever called the cell may still need it: make a new tensor."
)
class cell_state_overwritten(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        h, c = new_states(i, f, o, g, c_prev)
        c_prev.copy_(c.detach())
        return h, c


# ---- the weights of nn.LSTM ------------------------------------------------------------------------------------------


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
        DrawnCase("the second of three layers", weights_inputs(rng, D, H, 3, 1)),
        DrawnCase("one hidden unit", weights_inputs(rng, D, 1)),
        DrawnCase("as many inputs as hidden units", weights_inputs(rng, H, H, 2, 1)),
        DrawnCase("float32", single(weights_inputs(rng, D, H))),
    ]


def worked_from_lstm(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two hidden units", short(weights_inputs(rng, 3, 2))),
        DrawnCase("the second of two layers", short(weights_inputs(rng, 1, 2, 2, 1))),
        DrawnCase("float32", single(short(weights_inputs(rng, 2, 1)))),
    ]


FROM_LSTM = Check(
    "nn_lstm.from_lstm", nn_lstm.from_lstm, draw_from_lstm, worked_from_lstm, axes="W_x: 4H D; W_h: 4H H; b: 4H", points=2,
    section="torch-weights: The weights of nn.LSTM", tensors=True,
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


# ---- packed sequences ------------------------------------------------------------------------------------------------

LAYER = """
first = parameters["weight_hh_l0"]
names = [name for name in parameters if name.startswith("weight_ih")]
backward = any(name.endswith("_reverse") for name in names)
value = torch.nn.LSTM(
    parameters["weight_ih_l0"].shape[1], first.shape[1], len(names) // (1 + backward), bidirectional=backward, dtype=first.dtype
)
value.load_state_dict(parameters)
"""


def lengths_up_to(rng: Generator, T: int, N: int) -> np.ndarray:
    """Lengths with a T among them and a shorter one before and behind it, so that sorting them moves every sequence."""
    lengths = rng.integers(1, T, size=N)
    lengths[N // 2] = T
    lengths[0] = min(lengths[0], max(1, T - 2))
    return lengths


def packed_inputs(
    rng: Generator, lengths: np.ndarray, T: int, D: int, H: int, layers: int = 1, directions: int = 1
) -> dict:
    """A layer, and sequences with noise at padding."""
    return {
        "lstm": Given(LAYER, parameters=lstm_parameters(rng, D, H, layers, directions)),
        "x": rng.normal(size=(T, len(lengths), D)),
        "lengths": np.asarray(lengths, dtype=np.int64),
    }


def draw_packed(rng: Generator, directions: int = 1) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    T = int(rng.integers(9, 11))
    behind = rng.integers(1, T - 1, size=N)
    return [
        DrawnCase("two layers", packed_inputs(rng, lengths_up_to(rng, T, 4), T, D, H, 2, directions)),
        DrawnCase("padding behind every sequence", packed_inputs(rng, behind, T, D, H, 1, directions)),
        DrawnCase("one sequence", packed_inputs(rng, np.array([T - 1]), T, D, H, 1, directions)),
        DrawnCase("sequences of one step", packed_inputs(rng, np.array([1, 5, 1, 2]), 6, D, H, 1, directions)),
        DrawnCase("as many steps as sequences", packed_inputs(rng, lengths_up_to(rng, 6, 6), 6, D, H, 2, directions)),
        DrawnCase("float32", single(packed_inputs(rng, lengths_up_to(rng, T, 3), T, D, H, 1, directions))),
    ]


def worked_packed(rng: Generator, directions: int = 1) -> list[DrawnCase]:
    return [
        DrawnCase("three sequences", short(packed_inputs(rng, np.array([2, 4, 3]), 4, 2, 1, 2, directions))),
        DrawnCase("padding behind every sequence", short(packed_inputs(rng, np.array([1, 3]), 4, 1, 2, 1, directions))),
        DrawnCase(
            "as many steps as sequences",
            short(packed_inputs(rng, np.array([1, 3, 2]), 3, 2, 2, 3 - directions, directions)),
        ),
        DrawnCase("float32", single(short(packed_inputs(rng, np.array([2, 3]), 3, 1, 2, 1, directions)))),
    ]


def draw_both_ends(rng: Generator) -> list[DrawnCase]:
    return draw_packed(rng, directions=2)


def worked_both_ends(rng: Generator) -> list[DrawnCase]:
    return worked_packed(rng, directions=2)


RUN_PACKED = Check(
    "nn_lstm.run_packed", nn_lstm.run_packed, draw_packed, worked_packed, axes="output: T N H; last: N H", points=3,
    section="torch-packing: Packed sequences", tensors=True,
)  # fmt: skip


def packed(x, lengths, batch_first=False):
    return nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=batch_first, enforce_sorted=False)


def unpacked(output, T, batch_first=False):
    return nn.utils.rnn.pad_packed_sequence(output, batch_first=batch_first, total_length=T)[0]


@RUN_PACKED.misconception(
    "The padding was read like any other step. Pack x before it goes into the layer, so that each sequence ends with its own last step."
)
def padding_read(lstm, x, lengths):
    output, (h_n, _) = lstm(x)
    return output, h_n[-1]


@RUN_PACKED.misconception(
    "last is right, but output holds states that were made from padding. They should be zero there, as pad_packed_sequence makes them."
)
def output_of_padding_kept(lstm, x, lengths):
    output, _ = lstm(x)
    return output, output[lengths - 1, torch.arange(len(lengths))]


@RUN_PACKED.misconception(
    "output is right, but last was read after the padding, at the layer's last step. Take h_n of the packed batch."
)
def last_step_of_the_padding(lstm, x, lengths):
    output, _ = nn_lstm.run_packed(lstm, x, lengths)
    return output, lstm(x)[0][-1]


@RUN_PACKED.misconception(
    "last was read from the last row of the unpacked output. For a shorter sequence there is padding, so it is zero; h_n has the state of each one's own last step."
)
def last_row_of_the_output(lstm, x, lengths):
    output, _ = nn_lstm.run_packed(lstm, x, lengths)
    return output, output[-1]


@RUN_PACKED.misconception(
    "last is the state one step too early. A sequence of the length n has its last step at n - 1; h_n of the packed batch has it ready."
)
def one_step_too_early(lstm, x, lengths):
    output, _ = nn_lstm.run_packed(lstm, x, lengths)
    return output, output[(lengths - 2).clamp(min=0), torch.arange(len(lengths))]


@RUN_PACKED.misconception(
    "last is the state of the first layer. h_n has one row for each layer, so the last layer's is h_n[-1]."
)
def first_layer(lstm, x, lengths):
    output, _ = nn_lstm.run_packed(lstm, x, lengths)
    return output, lstm(packed(x, lengths))[1][0][0]


@RUN_PACKED.misconception("last is the cell state. The layer returns h_n first and c_n second; take h_n.")
def cell_state(lstm, x, lengths):
    output, _ = nn_lstm.run_packed(lstm, x, lengths)
    return output, lstm(packed(x, lengths))[1][1][-1]


@RUN_PACKED.misconception(
    "The sequences come back in the order of their lengths. Put them back into the order in which they came; with enforce_sorted=False, PyTorch sorts and does that by itself."
)
def order_not_restored(lstm, x, lengths):
    order = lengths.argsort(descending=True, stable=True)
    return nn_lstm.run_packed(lstm, x[:, order], lengths[order])


@RUN_PACKED.misconception(
    "output is in the order of the batch, but last in the order of the lengths. Both have to be put back; with enforce_sorted=False, PyTorch does that by itself."
)
def order_of_the_last_states_not_restored(lstm, x, lengths):
    output, last = nn_lstm.run_packed(lstm, x, lengths)
    return output, last[lengths.argsort(descending=True, stable=True)]


@RUN_PACKED.misconception(
    "The lengths were sorted and x was not, so each sequence was cut at the length of another. enforce_sorted=False asks for no sorting of yours."
)
def lengths_sorted_alone(lstm, x, lengths):
    return nn_lstm.run_packed(lstm, x, lengths.sort(descending=True)[0])


@RUN_PACKED.misconception(
    "x was packed with batch_first=True, which takes the steps for sequences. Here time comes first, as the layer expects it."
)
def batch_first(lstm, x, lengths):
    output, (h_n, _) = lstm(packed(x, lengths, batch_first=True))
    return unpacked(output, len(x), batch_first=True), h_n[-1]


@RUN_PACKED.misconception(
    "output has as many steps as the longest sequence, and not T. If there is padding behind every sequence, that is fewer; pass total_length to pad_packed_sequence."
)
def as_many_steps_as_the_longest(lstm, x, lengths):
    output, last = nn_lstm.run_packed(lstm, x, lengths)
    return output[: int(lengths.max())], last


BOTH_ENDS = Check(
    "nn_lstm.both_ends", nn_lstm.both_ends, draw_both_ends, worked_both_ends, axes="N 2H", points=2,
    section="torch-packing: Packed sequences", tensors=True,
)  # fmt: skip


def last_states(lstm, x, lengths):
    """h_n and c_n of the packed batch."""
    return lstm(packed(x, lengths))[1]


def joined(forward, backward):
    return torch.cat([forward, backward], dim=1)


@BOTH_ENDS.misconception(
    "The padding was read. The backward direction even begins in it, so pack x before it goes into the layer."
)
def padding_read_in_both_directions(lstm, x, lengths):
    h_n = lstm(x)[1][0]
    return joined(h_n[-2], h_n[-1])


@BOTH_ENDS.misconception(
    "The backward half was read at the sequence's last step, where that direction has read one step only. It ends at the first step; h_n has both ends."
)
def both_read_at_the_last_step(lstm, x, lengths):
    output = unpacked(lstm(packed(x, lengths))[0], len(x))
    return output[lengths - 1, torch.arange(len(lengths))]


@BOTH_ENDS.misconception(
    "The forward half was read at the first step, where that direction has read one step only. It ends at the sequence's last step; h_n has both ends."
)
def both_read_at_the_first_step(lstm, x, lengths):
    return unpacked(lstm(packed(x, lengths))[0], len(x))[0]


@BOTH_ENDS.misconception(
    "The halves have changed places: the forward state comes first, and in h_n it stands before the backward one."
)
def halves_exchanged(lstm, x, lengths):
    h_n, _ = last_states(lstm, x, lengths)
    return joined(h_n[-1], h_n[-2])


@BOTH_ENDS.misconception(
    "Both halves are the backward state. h_n[-1] is the backward direction of the last layer, h_n[-2] the forward one."
)
def backward_state_twice(lstm, x, lengths):
    h_n, _ = last_states(lstm, x, lengths)
    return joined(h_n[-1], h_n[-1])


@BOTH_ENDS.misconception(
    "The states are those of the first layer. h_n has two rows for each layer; the last two are the last layer's."
)
def ends_of_the_first_layer(lstm, x, lengths):
    h_n, _ = last_states(lstm, x, lengths)
    return joined(h_n[0], h_n[1])


@BOTH_ENDS.misconception(
    "The forward half is the first layer's, h_n[0]. The rows of h_n go layer by layer, in each the forward direction first; so the last layer's are h_n[-2] and h_n[-1]."
)
def forward_state_of_the_first_layer(lstm, x, lengths):
    h_n, _ = last_states(lstm, x, lengths)
    return joined(h_n[0], h_n[-1])


@BOTH_ENDS.misconception("They are cell states. The layer returns h_n first and c_n second; take h_n.")
def cell_states_of_both(lstm, x, lengths):
    _, c_n = last_states(lstm, x, lengths)
    return joined(c_n[-2], c_n[-1])


@BOTH_ENDS.misconception(
    "h_n was reshaped, which mixes the sequences: its first axis is the direction, not the sequence. Join its two rows with torch.cat along the units."
)
def sequences_mixed_by_reshaping(lstm, x, lengths):
    h_n, _ = last_states(lstm, x, lengths)
    return h_n[-2:].reshape(x.shape[1], -1)


@BOTH_ENDS.misconception(
    "The sequences come back in the order of their lengths. Keep the order in which they came, as PyTorch does by itself with enforce_sorted=False."
)
def order_of_the_ends_not_restored(lstm, x, lengths):
    return nn_lstm.both_ends(lstm, x, lengths)[lengths.argsort(descending=True, stable=True)]


# ---- biases set for the lag ------------------------------------------------------------------------------------------


def lag_inputs(rng: Generator, H: int, longest: int) -> dict:
    def drawn() -> np.ndarray:
        return rng.uniform(0.1, 0.6, size=4 * H) * rng.choice([-1, 1], size=4 * H)

    return {"bias_ih": drawn(), "bias_hh": drawn(), "u": rng.uniform(0.05, 0.95, size=H), "longest": longest}


def draw_lag_biases(rng: Generator) -> list[DrawnCase]:
    H, other = sizes(rng, 2, SIZES)
    return [
        DrawnCase("several units", lag_inputs(rng, H, int(rng.integers(20, 100)))),
        DrawnCase("a long lag", lag_inputs(rng, other, int(rng.integers(500, 2000)))),
        DrawnCase("the shortest lag", lag_inputs(rng, H, 3)),
        DrawnCase("one unit", lag_inputs(rng, 1, int(rng.integers(5, 20)))),
        DrawnCase("four units", lag_inputs(rng, 4, int(rng.integers(5, 20)))),
        DrawnCase("float32", single(lag_inputs(rng, H, int(rng.integers(20, 100))))),
    ]


def worked_lag_biases(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two units", short(lag_inputs(rng, 2, 20))),
        DrawnCase("one unit", short(lag_inputs(rng, 1, 3))),
        DrawnCase("float32", single(short(lag_inputs(rng, 3, 100)))),
    ]


LAG_BIASES = Check(
    "nn_lstm.lag_biases", nn_lstm.lag_biases, draw_lag_biases, worked_lag_biases, axes="bias_ih: 4H; bias_hh: 4H", points=2,
    section="torch-lag-bias: Biases set for the lag", tensors=True,
)  # fmt: skip


def with_gates(bias, of_input, of_forget):
    """A bias with its blocks i and f replaced."""
    return torch.cat([of_input, of_forget, bias[2 * len(of_input) :]])


def for_the_lag(u, longest):
    return torch.log(1 + u * (longest - 2))


@LAG_BIASES.misconception(
    "Both biases were set. PyTorch adds them, so the gates begin with twice of what was meant: the blocks i and f of bias_hh should be zero."
)
def set_in_both_biases(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, -b, b), with_gates(bias_hh, -b, b)


@LAG_BIASES.misconception(
    "bias_hh was left as it was drawn. PyTorch adds it to bias_ih, so its blocks i and f have to be zero."
)
def second_bias_left_as_drawn(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, -b, b), bias_hh.clone()


@LAG_BIASES.misconception(
    "Half of the bias stands in each of the two. The sum is right, but what is asked for is all of it in bias_ih, and zero in bias_hh."
)
def half_in_each(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest) / 2
    return with_gates(bias_ih, -b, b), with_gates(bias_hh, -b, b)


@LAG_BIASES.misconception("The two biases have changed places: bias_ih is the one to be set, bias_hh gets the zeros.")
def set_in_the_second_bias(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, 0 * b, 0 * b), with_gates(bias_hh, -b, b)


@LAG_BIASES.misconception(
    "All of bias_hh was set to zero. Only the blocks i and f should be; g and o stay as they were drawn."
)
def all_of_the_second_bias_zero(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, -b, b), torch.zeros_like(bias_hh)


@LAG_BIASES.misconception("The blocks g and o of bias_ih were set to zero; they should stay as they were drawn.")
def other_blocks_zero(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(0 * bias_ih, -b, b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception(
    "The input gate's bias has the forget gate's sign. A unit that keeps for long should write little: b_i = -b_f."
)
def sign_of_the_input_bias(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, b, b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception(
    "The blocks i and f have changed places, so the units forget at once. The input gate stands first, the forget gate second."
)
def blocks_i_and_f_exchanged(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, b, -b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception(
    "The forget gate's bias stands in the third block, which is the candidate's. PyTorch's order is i, f, g, o."
)
def forget_bias_in_the_third_block(bias_ih, bias_hh, u, longest):
    H, b = len(u), for_the_lag(u, longest)
    wrong = with_gates(bias_ih, -b, bias_ih[H : 2 * H])
    wrong[2 * H : 3 * H] = b
    return wrong, with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception("The input gate's bias was left as it was drawn. It is set as well: b_i = -b_f.")
def input_bias_not_set(bias_ih, bias_hh, u, longest):
    H, b = len(u), for_the_lag(u, longest)
    return with_gates(bias_ih, bias_ih[:H], b), with_gates(bias_hh, 0 * b, 0 * b)


def set_to(b, bias_ih, bias_hh):
    """Both biases, with another number for the forget gates."""
    return with_gates(bias_ih, -b, b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception("The logarithm is left out: b_f is log(1 + u * (longest - 2)).")
def logarithm_left_out(bias_ih, bias_hh, u, longest):
    return set_to(1 + u * (longest - 2), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "The 1 inside the logarithm is left out. With it, the shortest time is one step; without it, a small u gives a negative bias."
)
def one_inside_the_logarithm_left_out(bias_ih, bias_hh, u, longest):
    return set_to(torch.log(u * (longest - 2)), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "u was multiplied with longest itself; the range is longest - 2, so that 1 + u * (longest - 2) lies from 1 to longest - 1."
)
def whole_lag_as_the_range(bias_ih, bias_hh, u, longest):
    return set_to(torch.log(1 + u * longest), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "u was not used: all units got the longest time. Each has its own u, so that short lags are covered too."
)
def one_bias_for_all_units(bias_ih, bias_hh, u, longest):
    return set_to(for_the_lag(torch.ones_like(u), longest), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "The biases were changed in place. Make new tensors, with clone, and leave the inputs as they were."
)
def biases_changed_in_place(bias_ih, bias_hh, u, longest):
    first, second = nn_lstm.lag_biases(bias_ih, bias_hh, u, longest)
    bias_ih.copy_(first)
    bias_hh.copy_(second)
    return bias_ih, bias_hh


# ---- the gradients of an update --------------------------------------------------------------------------------------

MODEL = """
first = parameters["lstm.weight_hh_l0"]

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(parameters["lstm.weight_ih_l0"].shape[1], first.shape[1], dtype=first.dtype)
        self.sum = torch.nn.Linear(first.shape[1], 1, dtype=first.dtype)

    def forward(self, x):
        return self.sum(self.lstm(x)[0][-1])

value = Model()
value.load_state_dict(parameters)
for name, parameter in value.named_parameters():
    parameter.grad = before.get(name)
"""


def gradients_inputs(rng: Generator, T: int, N: int, D: int, H: int, limit: float, before: bool = True) -> dict:
    """A model, perhaps with gradients of an earlier batch, and targets that it misses by far."""
    parameters = {f"lstm.{name}": array for name, array in lstm_parameters(rng, D, H).items()}
    parameters |= {"sum.weight": rng.normal(size=(1, H)), "sum.bias": rng.normal(size=1)}
    old = {name: rng.normal(size=array.shape) for name, array in parameters.items()} if before else {}
    return {
        "model": Given(MODEL, parameters=parameters, before=old),
        "x": rng.normal(size=(T, N, D)),
        "targets": rng.uniform(2, 3, size=N) * rng.choice([-1, 1], size=N),
        "limit": limit,
    }


def draw_clipped_gradients(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("gradients of an earlier batch, and a low limit", gradients_inputs(rng, T, N, D, H, 0.1)),
        DrawnCase("a limit that is not reached", gradients_inputs(rng, T, N, D, H, 1000.0)),
        DrawnCase("no gradients before", gradients_inputs(rng, T, N, D, H, 0.25, before=False)),
        DrawnCase("one sequence of one step", gradients_inputs(rng, 1, 1, D, H, 0.5)),
        DrawnCase("one hidden unit", gradients_inputs(rng, T, N, D, 1, 0.2)),
        DrawnCase("float32", single(gradients_inputs(rng, T, N, D, H, 0.1))),
    ]


def worked_clipped_gradients(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a low limit", short(gradients_inputs(rng, 3, 2, 1, 2, 0.1))),
        DrawnCase("a limit that is not reached", short(gradients_inputs(rng, 2, 3, 2, 1, 100.0))),
        DrawnCase("float32, no gradients before", single(short(gradients_inputs(rng, 2, 2, 1, 1, 0.5, before=False)))),
    ]


CLIPPED_GRADIENTS = Check(
    "adding.clipped_gradients", adding.clipped_gradients, draw_clipped_gradients, worked_clipped_gradients,
    axes="loss: ; norm: ; gradients:", points=2, section="torch-training: Training", tensors=True,
)  # fmt: skip


def gradients_of(model):
    return {name: p.grad for name, p in model.named_parameters()}


def differentiated(model, loss):
    """The loss, the gradients' norm and the gradients, not clipped."""
    model.zero_grad()
    loss.backward()
    found = gradients_of(model)
    return loss.detach(), torch.stack([one.norm() for one in found.values()]).norm(), found


def clipped(loss, norm, gradients, limit):
    factor = min(1.0, limit / float(norm))
    return loss, norm, {name: factor * one for name, one in gradients.items()}


@CLIPPED_GRADIENTS.misconception(
    "The predictions (N, 1) minus the targets (N,) is a table of N times N: each prediction was compared with every target. Take the column [:, 0] of the predictions first."
)
def table_of_differences(model, x, targets, limit):
    return clipped(*differentiated(model, ((model(x) - targets) ** 2).mean()), limit)


@CLIPPED_GRADIENTS.misconception(
    "The gradients of the earlier batch were added. PyTorch adds up until zero_grad is called: call it before backward."
)
def earlier_gradients_added(model, x, targets, limit):
    loss = ((model(x)[:, 0] - targets) ** 2).mean()
    loss.backward()
    found = gradients_of(model)
    return clipped(loss.detach(), torch.stack([one.norm() for one in found.values()]).norm(), found, limit)


@CLIPPED_GRADIENTS.misconception("The loss is a sum over the sequences; it should be their mean.")
def sum_over_the_sequences(model, x, targets, limit):
    return clipped(*differentiated(model, ((model(x)[:, 0] - targets) ** 2).sum()), limit)


@CLIPPED_GRADIENTS.misconception("The loss is the root of the mean squared error; leave the root out.")
def root_taken(model, x, targets, limit):
    return clipped(*differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean().sqrt()), limit)


@CLIPPED_GRADIENTS.misconception(
    "The loss is the mean of the differences without their sign; it should be of their squares."
)
def absolute_error(model, x, targets, limit):
    return clipped(*differentiated(model, (model(x)[:, 0] - targets).abs().mean()), limit)


@CLIPPED_GRADIENTS.misconception(
    "The gradients are not clipped. Call nn.utils.clip_grad_norm_ after backward: before it, there are no gradients of this batch to clip."
)
def not_clipped(model, x, targets, limit):
    return differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())


@CLIPPED_GRADIENTS.misconception(
    "Clipped was before backward, so the norm is zero and the gradients of this batch are as large as they came. First backward, then clip."
)
def clipped_before_backward(model, x, targets, limit):
    loss, _, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    return loss, torch.zeros(()), found


@CLIPPED_GRADIENTS.misconception(
    "Each parameter's gradient was clipped by its own norm, which turns the direction. The norm is that of all gradients together."
)
def each_by_its_own_norm(model, x, targets, limit):
    loss, norm, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    return loss, norm, {name: min(1.0, limit / float(one.norm())) * one for name, one in found.items()}


@CLIPPED_GRADIENTS.misconception(
    "The gradients were clipped number by number, as clip_grad_value_ does. Scale all of them together, with clip_grad_norm_."
)
def clipped_by_value(model, x, targets, limit):
    loss, norm, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    return loss, norm, {name: one.clamp(-limit, limit) for name, one in found.items()}


@CLIPPED_GRADIENTS.misconception(
    "The gradients were scaled to the limit although their norm is below it. Clipping only makes them smaller."
)
def always_scaled(model, x, targets, limit):
    loss, norm, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    return loss, norm, {name: limit / norm * one for name, one in found.items()}


@CLIPPED_GRADIENTS.misconception(
    "The norm returned is that after clipping. Return the norm before it, which clip_grad_norm_ hands back."
)
def norm_after_clipping(model, x, targets, limit):
    loss, norm, found = clipped(*differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean()), limit)
    return loss, norm.clamp(max=limit), found


# ---- training --------------------------------------------------------------------------------------------------------

UNITS, STEPS, SEQUENCES = 32, 80, 500
SHAPES = {
    "lstm.weight_ih_l0": (4 * UNITS, 2), "lstm.weight_hh_l0": (4 * UNITS, UNITS), "lstm.bias_ih_l0": (4 * UNITS,),
    "lstm.bias_hh_l0": (4 * UNITS,), "sum.weight": (1, UNITS), "sum.bias": (1,),
}  # fmt: skip


def draw_train(rng: Generator) -> list[DrawnCase]:
    x, targets = adding_problem(rng, STEPS, SEQUENCES)
    return [DrawnCase("new data", {"x": x, "targets": targets})]


def squared_error(weights: dict, data: dict) -> float:
    """The mean squared error of the network with these weights, computed without PyTorch."""
    exact = {name: torch.from_numpy(np.array(array, dtype=np.float64)) for name, array in weights.items()}
    parameters = {name.removeprefix("lstm."): tensor for name, tensor in exact.items()}
    W = conversions.from_torch("lstm", parameters)
    zero = np.zeros((data["x"].shape[1], UNITS))
    h, _, _ = lstm.forward(data["x"].astype(np.float64), zero, zero, W["W_x"], W["W_h"], W["b"])
    said = h[-1] @ exact["sum.weight"].numpy()[0] + exact["sum.bias"].numpy()[0]
    return float(np.mean((said - data["targets"]) ** 2))


TRAIN = Check(
    "adding.train", adding.train, draw_train, lambda rng: [], axes="", points=3, section="torch-training: Training",
    earlier=("clipped_gradients", "lag_biases"), tensors=True,
    trained=Trained(
        "weights", SHAPES, squared_error, 0.04, higher=False,
        measure="mean squared error on 500 new sequences of 80 steps",
    ),
)  # fmt: skip


def lstm_as_it_began(weights: dict) -> bool:
    """lag_biases sets these blocks to zero; one update of the LSTM is enough to move them."""
    return not weights["lstm.bias_hh_l0"][: 2 * UNITS].any()


@TRAIN.misconception(
    "The weights are those that the network began with: no update was made. Call optimiser.step() after the gradients of each batch.",
    symptom=lambda weights, score: lstm_as_it_began(weights) and score > 0.5,
)
def step_left_out(model, make_batch, updates, rate, limit):
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for _ in range(updates):
        optimiser.zero_grad()
        loss, _, _ = clipped_gradients(model, *make_batch(), limit)
        losses.append(loss.item())
    return losses


@TRAIN.misconception(
    "Only the map behind the LSTM was trained, and the LSTM is as it began. The optimiser has to know model.parameters(), which are all of them.",
    symptom=lambda weights, score: lstm_as_it_began(weights) and score <= 0.5,
)
def lstm_not_trained(model, make_batch, updates, rate, limit):
    optimiser = torch.optim.Adam(model.sum.parameters(), lr=rate)
    losses = []
    for _ in range(updates):
        loss, _, _ = clipped_gradients(model, *make_batch(), limit)
        optimiser.step()
        losses.append(loss.item())
    return losses


def in_steps_of(size: float, weights: dict) -> bool:
    """Whether weights that began at zero are multiples of a number: Adam's first step has the same size everywhere."""
    steps = weights["lstm.bias_hh_l0"][: 2 * UNITS] / size
    return bool(np.abs(steps).max() > 1.5 and np.median(np.abs(steps - np.round(steps))) < 0.13)


@TRAIN.misconception(
    "All weights moved by steps of one size, as in Adam's first update. It looks as if the optimiser was made anew for each batch and forgot its earlier steps; make it once, before the loop.",
    symptom=lambda weights, score: in_steps_of(0.02, weights),
)
def optimiser_made_in_the_loop(model, make_batch, updates, rate, limit):
    losses = []
    for _ in range(updates):
        optimiser = torch.optim.Adam(model.parameters(), lr=rate)
        loss, _, _ = clipped_gradients(model, *make_batch(), limit)
        optimiser.step()
        losses.append(loss.item())
    return losses


EXERCISE = Exercise(
    slug="07_pytorch",
    title="Recurrent networks in PyTorch",
    checks=(CELL, FROM_LSTM, RUN_PACKED, BOTH_ENDS, LAG_BIASES, CLIPPED_GRADIENTS, TRAIN),
    packages=("numpy", "matplotlib", "torch"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "pytorch").glob("[!_]*.py"))),
    limits={"cell_seconds": 120.0, "notebook_seconds": 400.0},
)  # fmt: skip
