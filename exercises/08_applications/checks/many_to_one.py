"""`many_to_one`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import heads
from solutions.with_numpy.heads import many_to_one
from solutions.with_numpy.padding import mask_of

from .drawing import SIZES, huge_at_padding, in_sevenths, no_numbers_at_padding, unequal

Generator = np.random.Generator


def last_step_inputs(rng: Generator, lengths, T: int, H: int, V: int) -> dict:
    mask = mask_of(np.asarray(lengths), T)
    h = rng.normal(size=(*mask.shape, H))
    return {"h": h, "mask": mask, "W_y": rng.normal(size=(V, H)), "b_y": rng.normal(size=V)}


def with_silent_ends(inputs: dict) -> dict:
    """The same with no numbers at padding, and with last states of zero."""
    h, last = inputs["h"].copy(), inputs["mask"].sum(axis=0) - 1
    h[last, np.arange(len(last))] = 0
    return no_numbers_at_padding(inputs | {"h": h}, "h")


def draw_many_to_one(rng: Generator) -> list[DrawnCase]:
    T, N, H, V = sizes(rng, 4, SIZES)
    T += 5
    beyond = last_step_inputs(rng, unequal(rng, N, T - 3), T, H, V)
    return [
        DrawnCase("unequal lengths", last_step_inputs(rng, unequal(rng, N, T), T, H, V)),
        DrawnCase("huge numbers at padding, behind the longest sequence too", huge_at_padding(beyond, "h")),
        DrawnCase(
            "last states of zero, and NaN at padding",
            with_silent_ends(last_step_inputs(rng, unequal(rng, N, T - 1), T, H, V)),
        ),
        DrawnCase("300 steps, one unit and one class", last_step_inputs(rng, [300, 270], 300, 1, 1)),
        DrawnCase("one sequence", last_step_inputs(rng, [T - 3], T, H, V)),
        DrawnCase("one step", last_step_inputs(rng, [1] * N, 1, H, V)),
        DrawnCase("as many rows, sequences, units and classes", last_step_inputs(rng, unequal(rng, V, V - 1), V, V, V)),
        DrawnCase("float32", in_dtype(last_step_inputs(rng, unequal(rng, N, T), T, H, V), np.float32)),
    ]


def worked_many_to_one(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase(
            "three sequences of 2, 4 and 3 steps",
            huge_at_padding(short(last_step_inputs(rng, [2, 4, 3], 5, 2, 4)), "h"),
        ),
        DrawnCase(
            "last states of zero, and NaN at padding",
            with_silent_ends(short(last_step_inputs(rng, [1, 2], 3, 2, 2))),
        ),
        DrawnCase("one sequence", short(last_step_inputs(rng, [3], 4, 2, 3))),
        DrawnCase("300 steps, one unit and one class", in_sevenths(short(last_step_inputs(rng, [300], 300, 1, 1)))),
        DrawnCase("as many rows, sequences, units and classes", short(last_step_inputs(rng, [3, 2, 1], 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(last_step_inputs(rng, [1, 3], 3, 3, 2)), np.float32)),
    ]


MANY_TO_ONE = Check(
    "heads.many_to_one", heads.many_to_one, draw_many_to_one, worked_many_to_one, axes="N V", task="scores of a whole sequence, from its own last step", points=2,
    section="app-many-to-one: Reading the right last step",
    promises={
        "Each sequence gets one line of scores, from the state after its own last step": "last step of the longest",
        "The equation counts steps from 1": "one step too late",
        "The last row of the batch is the last step of the longest sequences only": "last row of the batch",
        "Those at padding are not read": "mean over everything",
        "Padding may hold any numbers, even infinite ones and NaN": "mask as a factor",
        "mask is true where a step counts": "mask summed over the sequences",
        "Arrays are time-major": "sequences not indexed",
        "Results have the dtype of the inputs: float32 stays float32, float64 stays float64": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "writes to its inputs",
    },
)  # fmt: skip


@MANY_TO_ONE.misconception(
    "The last row of the batch was read, h[-1]. For a shorter sequence that row is padding; read each sequence at its own last step."
)
def last_row_of_the_batch(h, mask, W_y, b_y):
    return h[-1] @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "Every sequence was read at the last step of the longest one. Each has its own: sum the mask over time, and subtract 1."
)
def last_step_of_the_longest(h, mask, W_y, b_y):
    return h[mask.sum(axis=0).max() - 1] @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "Each sequence was read one step too late, in its padding: steps are counted from 0, so the last one is length - 1."
)
def one_step_too_late(h, mask, W_y, b_y):
    lengths = mask.sum(axis=0)
    return h[lengths, np.arange(len(lengths))] @ W_y.T + b_y


@MANY_TO_ONE.misconception("Each sequence was read one step before its last.")
def one_step_too_early(h, mask, W_y, b_y):
    lengths = mask.sum(axis=0)
    return h[lengths - 2, np.arange(len(lengths))] @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "It is the mean over the steps that count. The last state alone is asked for: it has read all of the sequence."
)
def mean_for_last(h, mask, W_y, b_y):
    lengths = mask.sum(axis=0)
    mean = np.where(mask[:, :, None], h, 0).sum(axis=0) / lengths[:, None].astype(h.dtype)
    return mean @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "It is the mean over all rows, padding included. The state at each sequence's own last step is asked for."
)
def mean_over_everything(h, mask, W_y, b_y):
    return h.mean(axis=0) @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "It is a sum over the states divided by all T rows: the mask was used, but not its number of steps. And the last state is asked for, no mean."
)
def mean_not_normalised(h, mask, W_y, b_y):
    return np.where(mask[:, :, None], h, 0).mean(axis=0) @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "The other states were multiplied by 0 and all were added up. Of infinity or NaN, which padding may hold, that is no zero: pick the last state by its index."
)
def mask_as_a_factor(h, mask, W_y, b_y):
    following = np.concatenate([mask[1:], np.zeros_like(mask[:1])])
    return (h * (mask & ~following)[:, :, None]).sum(axis=0) @ W_y.T + b_y


@MANY_TO_ONE.misconception("The first step was read; the last one has seen the whole sequence.")
def first_step_read(h, mask, W_y, b_y):
    return h[0] @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "Each sequence was read at the last steps of all sequences. Index both axes together: the steps, and np.arange(N) for the sequences."
)
def sequences_not_indexed(h, mask, W_y, b_y):
    return h[mask.sum(axis=0) - 1] @ W_y.T + b_y


@MANY_TO_ONE.misconception(
    "The mask was summed over the sequences. A sequence's length is the sum over time, which is the first axis."
)
def mask_summed_over_the_sequences(h, mask, W_y, b_y):
    last = mask.sum(axis=1) - 1
    return h[last, np.arange(len(last))] @ W_y.T + b_y


@MANY_TO_ONE.misconception("It is what you get when the bias b_y is left out.")
def bias_left_out(h, mask, W_y, b_y):
    return many_to_one(h, mask, W_y, 0 * b_y)


NO_STEP = "the exercise says that a sequence without a step is not asked for"
MANY_TO_ONE.changes_nothing(
    {
        "if last[n] < 0: raise ValueError(f'many_to_one: the sequence: statement left out": NO_STEP,
        "int(np.argmin(last)): call left out": "a number of NumPy's is as good as one of Python's",
        "0: 0 to -1": NO_STEP,
        "ValueError(f'many_to_one: the sequence {n} has no step that : call left out": NO_STEP,
        "n: n to y (place 2)": NO_STEP,
    }
)
