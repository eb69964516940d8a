"""`run_packed` and `both_ends`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np
import torch
from torch import nn

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import short, sizes
from solutions.with_torch import nn_lstm

from .drawing import SIZES, no_numbers_at, single
from .from_lstm import lstm_parameters

Generator = np.random.Generator


LAYER = """
first = parameters["weight_hh_l0"]
names = [name for name in parameters if name.startswith("weight_ih")]
backward = any(name.endswith("_reverse") for name in names)
value = torch.nn.LSTM(
    parameters["weight_ih_l0"].shape[1], first.shape[1], len(names) // (1 + backward), bidirectional=backward, dtype=first.dtype
)
value.load_state_dict(parameters)
value.train(value.num_layers % 2 == 1)
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


def huge_at_padding(inputs: dict) -> dict:
    """The same sequences with numbers at padding that are far beyond all others."""
    counts = np.arange(len(inputs["x"]))[:, None] < inputs["lengths"]
    return inputs | {"x": np.where(counts[:, :, None], inputs["x"], 1e20)}


def silenced(inputs: dict) -> dict:
    """The same, of one layer, with states that are exactly zero but for one step in three, and no numbers at padding.

    Where the first input is 0, and not 1, the output gate is shut: the sigmoid of its sum is 0.
    """
    parameters, x = dict(inputs["lstm"].arrays["parameters"]), inputs["x"].copy()
    for name, array in parameters.items():
        H = len(array) // 4
        if name.startswith("bias_ih"):
            parameters[name] = np.where(np.arange(4 * H) < 3 * H, array, -2000.0)
        if name.startswith("weight_ih"):
            parameters[name] = array.copy()
            parameters[name][3 * H :, 0] = 2000.0
    x[..., 0] = (np.arange(len(x)) % 3 == 0)[:, None]
    padding = np.arange(len(x))[:, None] >= inputs["lengths"]
    return inputs | {"lstm": Given(LAYER, parameters=parameters), "x": no_numbers_at(padding, x)}


def draw_packed(rng: Generator, directions: int = 1) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    T = int(rng.integers(9, 11))
    behind = rng.integers(1, T - 1, size=N)
    return [
        DrawnCase("two layers", packed_inputs(rng, lengths_up_to(rng, T, 4), T, D, H, 2, directions)),
        DrawnCase(
            "padding behind every sequence, of huge numbers",
            huge_at_padding(packed_inputs(rng, behind, T, D, H, 1, directions)),
        ),
        DrawnCase(
            "states that are zero, and NaN at padding",
            silenced(packed_inputs(rng, np.array([3, 4, 6, 5]), 7, D, H, 1, directions)),
        ),
        DrawnCase("no padding, three layers", packed_inputs(rng, np.array([5, 5]), 5, D, H, 3, directions)),
        DrawnCase("one sequence", packed_inputs(rng, np.array([T - 1]), T, D, H, 1, directions)),
        DrawnCase("one step of one sequence", packed_inputs(rng, np.array([1]), 1, 1, 1, 1, directions)),
        DrawnCase("sequences of one step", packed_inputs(rng, np.array([1, 5, 1, 2]), 6, D, H, 1, directions)),
        DrawnCase("as many steps as sequences", packed_inputs(rng, lengths_up_to(rng, 6, 6), 6, 6, 6, 2, directions)),
        DrawnCase("float32", single(packed_inputs(rng, lengths_up_to(rng, T, 3), T, D, H, 1, directions))),
    ]


def worked_packed(rng: Generator, directions: int = 1) -> list[DrawnCase]:
    return [
        DrawnCase("three sequences", short(packed_inputs(rng, np.array([2, 4, 3]), 4, 2, 1, 2, directions))),
        DrawnCase(
            "padding behind every sequence, of huge numbers",
            huge_at_padding(short(packed_inputs(rng, np.array([1, 3]), 4, 1, 2, 1, directions))),
        ),
        DrawnCase(
            "states that are zero, and NaN at padding",
            silenced(short(packed_inputs(rng, np.array([2, 2]), 3, 1, 2, 1, directions))),
        ),
        DrawnCase("one step of one sequence", short(packed_inputs(rng, np.array([1]), 1, 1, 1, 1, directions))),
        DrawnCase(
            "as many steps as sequences",
            short(packed_inputs(rng, np.array([1, 3, 2]), 3, 3, 3, 3 - directions, directions)),
        ),
        DrawnCase("float32", single(short(packed_inputs(rng, np.array([2, 3]), 3, 1, 2, 1, directions)))),
    ]


def draw_both_ends(rng: Generator) -> list[DrawnCase]:
    return draw_packed(rng, directions=2)


def worked_both_ends(rng: Generator) -> list[DrawnCase]:
    return worked_packed(rng, directions=2)


RUN_PACKED = Check(
    "nn_lstm.run_packed", nn_lstm.run_packed, draw_packed, worked_packed, axes="output: T N H; last: N H", task="all states and the last ones, of sequences of unequal length", points=3,
    section="torch-packing: Packed sequences", tensors=True,
    promises={
        "may be any numbers, even infinite ones and NaN": "padding multiplied by zero",
        "last step, in the order of the batch": "end told by zeros",
        "no padding is read": "padding read as zeros",
        "How many steps of each sequence count, at least 1 and at most T; in any order": "lengths sorted alone",
        "The hidden states of the last layer, and zero at padding": "output of padding kept",
        "The hidden state of the last layer after each sequence's own last step, in the order of the batch": "order of the last states not restored",
        "The sequences come in any order and have to leave in the same": "order not restored",
        "There may be padding even behind the longest": "as many steps as the longest",
        "One direction, one layer or more, time first": "first layer",
        "Results have the dtype of the inputs": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "writes to its inputs",
        "a layer stays in the mode in which it came": "mode of the layer changed",
    },
)  # fmt: skip


def without_padding(x, lengths):
    """Zeros at padding."""
    counts = torch.arange(len(x))[:, None] < lengths
    return torch.where(counts[:, :, None], x, 0)


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
    "The padding was set to zero and then read. A zero input still changes the state; packing leaves the padding out."
)
def padding_read_as_zeros(lstm, x, lengths):
    output, (h_n, _) = lstm(without_padding(x, lengths))
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
    "last was taken from the last row of the output that is not zero. A state may be zero before the end, where its output gate is shut; h_n has the state of each one's own last step."
)
def end_told_by_zeros(lstm, x, lengths):
    output, _ = nn_lstm.run_packed(lstm, x, lengths)
    steps = torch.arange(len(x))[:, None] * (output != 0).any(dim=2)
    return output, output[steps.argmax(dim=0), torch.arange(len(lengths))]


@RUN_PACKED.misconception(
    "The states at padding were multiplied by 0. Of infinity or NaN, which padding may hold, that is no zero. Pack x, so that no padding is read."
)
def padding_multiplied_by_zero(lstm, x, lengths):
    _, last = nn_lstm.run_packed(lstm, x, lengths)
    counts = torch.arange(len(x))[:, None] < lengths
    return lstm(x)[0] * counts[:, :, None], last


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


@RUN_PACKED.misconception(
    "The layer is left in another mode: lstm.eval() was called, or lstm.train(). A layer without dropout does the same in both; leave its mode as it came."
)
def mode_of_the_layer_changed(lstm, x, lengths):
    return nn_lstm.run_packed(lstm.train(not lstm.training), x, lengths)


BOTH_ENDS = Check(
    "nn_lstm.both_ends", nn_lstm.both_ends, draw_both_ends, worked_both_ends, axes="N unit", task="the same for two directions: what each knows at its end", points=2,
    section="torch-packing: Packed sequences", tensors=True,
    promises={
        "may be any numbers, even infinite ones and NaN": "padding read in both directions",
        "And a backward direction that is not packed begins in the padding": "backward state begun in zeros",
        "in any order": "order of the ends not restored",
        "Both directions, one layer or more, time first": "ends of the first layer",
        "Of the last layer: first the forward state after the sequence's last step, then the backward state after its first": "halves exchanged",
        "The two stand at different steps": "both read at the last step",
        "Results have the dtype of the inputs": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "writes to its inputs",
        "a layer stays in the mode in which it came": "layer left in another mode",
    },
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
    "The padding was set to zero and then read. The backward direction begins in it, and a zero input changes a state too: pack x before it goes into the layer."
)
def backward_state_begun_in_zeros(lstm, x, lengths):
    output, H = lstm(without_padding(x, lengths))[0], lstm.hidden_size
    return joined(output[lengths - 1, torch.arange(len(lengths)), :H], output[0, :, H:])


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


@BOTH_ENDS.misconception(
    "The layer is left in another mode: lstm.eval() was called, or lstm.train(). A layer without dropout does the same in both; leave its mode as it came."
)
def layer_left_in_another_mode(lstm, x, lengths):
    return nn_lstm.both_ends(lstm.train(not lstm.training), x, lengths)
