"""`encode`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import step_by_step
from solutions.with_numpy.padding import mask_of

from .drawing import SIZES, huge_at_padding, no_numbers_at_padding, unequal

Generator = np.random.Generator


# Padding may be no number; whoever computes with it and then leaves it out need not be warned of it.
CELL = """
def value(x, h):
    with np.errstate(all="ignore"):
        return np.tanh(x @ W_x.T + h @ W_h.T + b)
"""


def encode_inputs(rng: Generator, lengths, S: int, D: int, H: int) -> dict:
    mask = mask_of(np.asarray(lengths), S)
    N = mask.shape[1]
    step = Given(
        CELL, W_x=rng.normal(size=(H, D)) / np.sqrt(D), W_h=1.2 * rng.normal(size=(H, H)) / np.sqrt(H),
        b=0.5 * rng.normal(size=H),
    )  # fmt: skip
    return {"x": rng.normal(size=(S, N, D)), "mask": mask, "h_0": np.tanh(rng.normal(size=(N, H))), "step": step}


def from_nothing(inputs: dict) -> dict:
    return inputs | {"h_0": 0 * inputs["h_0"]}


def draw_encode(rng: Generator) -> list[DrawnCase]:
    S, N, D, H = sizes(rng, 4, SIZES)
    S += 5
    return [
        DrawnCase("unequal lengths", encode_inputs(rng, unequal(rng, N, S), S, D, H)),
        DrawnCase(
            "huge numbers at padding, behind the longest sequence too",
            huge_at_padding(encode_inputs(rng, unequal(rng, N, S - 2), S, D, H), "x"),
        ),
        DrawnCase(
            "NaN at padding, from states of zero",
            from_nothing(no_numbers_at_padding(encode_inputs(rng, unequal(rng, N, S - 2), S, D, H), "x")),
        ),
        DrawnCase("from states of zero again", from_nothing(encode_inputs(rng, unequal(rng, N, S), S, D, H))),
        DrawnCase("two sequences without a step", encode_inputs(rng, [0, 3, 0, 4], 4, D, H)),
        DrawnCase("no step counts", encode_inputs(rng, [0] * N, 2, D, H)),
        DrawnCase("one sequence", encode_inputs(rng, [S - 1], S, D, H)),
        DrawnCase("one step", encode_inputs(rng, [1] * N, 1, D, H)),
        DrawnCase("as many rows, sequences, inputs and units", encode_inputs(rng, unequal(rng, H, H - 1), H, H, H)),
        DrawnCase("float32", in_dtype(encode_inputs(rng, unequal(rng, N, S), S, D, H), np.float32)),
    ]


def worked_encode(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase(
            "four sequences of 2, 4, 0 and 3 steps",
            huge_at_padding(short(encode_inputs(rng, [2, 4, 0, 3], 5, 1, 2)), "x"),
        ),
        DrawnCase(
            "NaN at padding, from states of zero",
            from_nothing(no_numbers_at_padding(short(encode_inputs(rng, [1, 3], 4, 2, 1)), "x")),
        ),
        DrawnCase("from states of zero again", from_nothing(short(encode_inputs(rng, [2, 1], 2, 2, 1)))),
        DrawnCase("one sequence", short(encode_inputs(rng, [2], 3, 2, 3))),
        DrawnCase("as many rows, sequences, inputs and units", short(encode_inputs(rng, [3, 2, 2], 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(encode_inputs(rng, [1, 3], 3, 1, 2)), np.float32)),
    ]


ENCODE = Check(
    "step_by_step.encode", step_by_step.encode, draw_encode, worked_encode, axes="N H", task="the last states of sequences of unequal length", points=2,
    section="app-encoder-decoder: Encoder and decoder",
    promises={
        "The state of each sequence after its own last step: all that a decoder gets to know of it": "padding read",
        "nothing happens to it in the padding": "state zero in the padding",
        "Behind a sequence's end stands padding, which may be any numbers": "padding read as zeros",
        "Padding may hold any numbers, even infinite ones and NaN": "mask as a factor",
        "True where a step counts": "mask inverted",
        "The states to begin with": "begun with zeros",
        "A sequence without a step keeps $h_0$": "last row for no step",
        "The last states": "all states",
        "Results have the dtype of the inputs: float32 stays float32, float64 stays float64": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "initial state overwritten",
    },
)  # fmt: skip


@ENCODE.misconception(
    "The mask was not used: the state of a shorter sequence went on through its padding. Where a step does not count, the old state stays."
)
def padding_read(x, mask, h_0, step):
    h = h_0
    for x_t in x:
        h = step(x_t, h)
    return h


@ENCODE.misconception(
    "The padding was set to zero and then read. A zero input still changes the state; where a step does not count, the old state stays."
)
def padding_read_as_zeros(x, mask, h_0, step):
    h = h_0
    for x_t, counts in zip(x, mask, strict=True):
        h = step(np.where(counts[:, None], x_t, 0), h)
    return h


@ENCODE.misconception(
    "The state became zero in the padding. Where a step does not count, the old state stays: np.where(counts, new, old)."
)
def state_zero_in_the_padding(x, mask, h_0, step):
    h = h_0
    for x_t, counts in zip(x, mask, strict=True):
        h = np.where(counts[:, None], step(x_t, h), 0).astype(h_0.dtype)
    return h


@ENCODE.misconception(
    "Where a step does not count, the new state was multiplied by 0. Of infinity or NaN, which padding may lead to, that is no zero: choose with np.where(counts, new, old)."
)
def mask_as_a_factor(x, mask, h_0, step):
    h = h_0
    for x_t, counts in zip(x, mask[:, :, None].astype(h_0.dtype), strict=True):
        h = counts * step(x_t, h) + (1 - counts) * h
    return h


@ENCODE.misconception("The mask is the wrong way round: where it is True, the step counts, and the new state is taken.")
def mask_inverted(x, mask, h_0, step):
    h = h_0
    for x_t, counts in zip(x, mask, strict=True):
        h = np.where(counts[:, None], h, step(x_t, h))
    return h


@ENCODE.misconception("It is what you get when the first step starts from zeros instead of h_0.")
def begun_with_zeros(x, mask, h_0, step):
    h = np.zeros_like(h_0)
    for x_t, counts in zip(x, mask, strict=True):
        h = np.where(counts[:, None], step(x_t, h), h)
    return h


@ENCODE.misconception(
    "It is what you get when every step starts from h_0: each should take the state of the one before."
)
def state_not_carried(x, mask, h_0, step):
    h = h_0
    for x_t, counts in zip(x, mask, strict=True):
        h = np.where(counts[:, None], step(x_t, h_0), h)
    return h


@ENCODE.misconception("The sequences were read from their end to their beginning.")
def read_backwards(x, mask, h_0, step):
    h = h_0
    for x_t, counts in zip(x[::-1], mask[::-1], strict=True):
        h = np.where(counts[:, None], step(x_t, h), h)
    return h


@ENCODE.misconception("All sequences were cut to the length of the shortest. Each is read to its own end.")
def cut_to_the_shortest(x, mask, h_0, step):
    h = h_0
    for t in range(mask.sum(axis=0).min()):
        h = step(x[t], h)
    return h


@ENCODE.misconception(
    "It is the mean of the states over the steps that count. The decoder gets the last state, which has read everything."
)
def mean_of_the_states(x, mask, h_0, step):
    h, total = h_0, np.zeros_like(h_0)
    for x_t, counts in zip(x, mask, strict=True):
        h = step(x_t, h)
        total = total + np.where(counts[:, None], h, 0)
    return (total / mask.sum(axis=0)[:, None]).astype(h_0.dtype)


@ENCODE.misconception(
    "All sequences but those without a step are right. These keep h_0; at the place length - 1, which is -1, stands the last row."
)
def last_row_for_no_step(x, mask, h_0, step):
    h, states = h_0, []
    for x_t in x:
        h = step(x_t, h)
        states.append(h)
    return np.stack(states)[mask.sum(axis=0) - 1, np.arange(len(h_0))]


@ENCODE.misconception("These are the states after every step; the last one of each sequence is asked for, (N, H).")
def all_states(x, mask, h_0, step):
    h, states = h_0, []
    for x_t, counts in zip(x, mask, strict=True):
        h = np.where(counts[:, None], step(x_t, h), h)
        states.append(h)
    return np.stack(states)


@ENCODE.misconception("The new states were written over h_0; whoever called encode still needs it. Make a new array.")
def initial_state_overwritten(x, mask, h_0, step):
    for x_t, counts in zip(x, mask, strict=True):
        h_0[counts] = step(x_t, h_0)[counts]
    return h_0


ALL_PAIRS = "an input and a mask of other lengths are not asked for: they have one row for each step"
ENCODE.changes_nothing(
    {
        "zip(x, mask, strict=True): strict left out": ALL_PAIRS,
        "True: True to False": ALL_PAIRS,
    }
)
