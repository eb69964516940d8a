"""`forget_bias`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import sizes
from solutions.with_numpy import initialisation

from .drawing import ALWAYS, SIZES

Generator = np.random.Generator


def there_already(b: np.ndarray, value: float) -> dict:
    """A bias whose block f has the value that is asked for."""
    H = len(b) // 4
    return {"b": np.concatenate([b[:H], np.full(H, value, dtype=b.dtype), b[2 * H :]]), "value": value}


def with_a_huge_old_one(b: np.ndarray) -> np.ndarray:
    """The same with numbers in block f beside which any value is next to nothing."""
    H = len(b) // 4
    return np.concatenate([b[:H], 1e20 * b[H : 2 * H], b[2 * H :]])


def draw_forget_bias(rng: Generator) -> list[DrawnCase]:
    H, other = sizes(rng, 2, SIZES)
    return [
        DrawnCase("no value given", {"b": rng.normal(size=4 * H)}),
        DrawnCase("another value", {"b": rng.normal(size=4 * other), "value": float(rng.uniform(1.5, 4.0))}),
        DrawnCase("a negative value", {"b": rng.normal(size=4 * H), "value": -float(rng.uniform(1.5, 4.0))}),
        DrawnCase("one hidden unit", {"b": rng.normal(size=4), "value": float(rng.uniform(1.5, 4.0))}),
        DrawnCase(
            "four hidden units, a huge old bias",
            {"b": with_a_huge_old_one(rng.normal(size=16)), "value": float(rng.uniform(1.5, 4.0))},
        ),
        DrawnCase("float32", {"b": rng.normal(size=4 * H).astype(np.float32), "value": float(rng.uniform(1.5, 4.0))}),
        DrawnCase("the value 0", {"b": rng.normal(size=4 * H), "value": 0.0}),
        DrawnCase("a huge value", {"b": rng.normal(size=4 * H), "value": float(rng.uniform(1e5, 1e6))}),
        DrawnCase(
            "the value that is there already", there_already(rng.normal(size=4 * H), float(rng.uniform(1.5, 4.0)))
        ),
    ]


def worked_forget_bias(rng: Generator) -> list[DrawnCase]:
    b = [np.round(rng.normal(size=4 * H), 2) for H in (2, 3, 1, 2, 3)]
    return [
        DrawnCase("no value given", {"b": b[0]}),
        DrawnCase("three hidden units, a huge old bias", {"b": with_a_huge_old_one(b[1]), "value": 2.5}),
        DrawnCase("one hidden unit", {"b": b[2], "value": -1.5}),
        DrawnCase("float32", {"b": b[3].astype(np.float32), "value": 300.0}),
        DrawnCase("the value 0", {"b": b[4], "value": 0.0}),
        DrawnCase("the value that is there already", there_already(b[0], 2.5)),
    ]


FORGET_BIAS = Check(
    "initialisation.forget_bias", initialisation.forget_bias, draw_forget_bias, worked_forget_bias, axes="row", task="a bias with which the cell begins by keeping", points=1,
    section="lstm-forget-bias: The forget bias", new_arrays=True,
    promises={
        **ALWAYS,
        "leaves the rest as it is": "other blocks zero",
        "The result is a new array": "changed in place",
        "A new array": "changed in place",
        "0 is a value as good as any": "zero taken for no value",
        "The new value of block f": "added for set",
    },
)  # fmt: skip


def with_value(b, where, value):
    changed = b.copy()
    changed[where] = value
    return changed


@FORGET_BIAS.misconception(
    "The value was written into the first block, the input gate's. The blocks are i, f, o, g: the forget gate's is the second."
)
def input_gate_for_forget_gate(b, value=1.0):
    return with_value(b, slice(0, len(b) // 4), value)


@FORGET_BIAS.misconception(
    "The value was written into the third block, the output gate's. The blocks are i, f, o, g: the forget gate's is the second."
)
def output_gate_for_forget_gate(b, value=1.0):
    return with_value(b, slice(len(b) // 2, 3 * len(b) // 4), value)


@FORGET_BIAS.misconception("The value was written into the whole bias; only the forget gate's block should change.")
def whole_bias_set(b, value=1.0):
    return with_value(b, slice(None), value)


@FORGET_BIAS.misconception("The blocks i, o and g became zero; they should stay as they were: begin with a copy of b.")
def other_blocks_zero(b, value=1.0):
    return with_value(0 * b, slice(len(b) // 4, len(b) // 2), value)


@FORGET_BIAS.misconception("The value was added to the forget gate's block; the block is set to it, whatever it was.")
def added_for_set(b, value=1.0):
    H = len(b) // 4
    return with_value(b, slice(H, 2 * H), b[H : 2 * H] + value)


@FORGET_BIAS.misconception("Only one number was set; the forget gate has a bias for each of the H units, from H to 2H.")
def one_unit_only(b, value=1.0):
    return with_value(b, len(b) // 4, value)


@FORGET_BIAS.misconception(
    "Every fourth number was set. The biases do not take turns: those of the forget gate stand together, from H to 2H."
)
def blocks_taken_as_interleaved(b, value=1.0):
    return with_value(b, slice(1, None, 4), value)


@FORGET_BIAS.misconception(
    "All from H to the end was set; the forget gate's block ends at 2H, where that of the output gate begins."
)
def up_to_the_end(b, value=1.0):
    return with_value(b, slice(len(b) // 4, None), value)


@FORGET_BIAS.misconception("The block was set to 1, whatever the value; set it to the argument value.")
def always_one(b, value=1.0):
    return with_value(b, slice(len(b) // 4, len(b) // 2), 1.0)


@FORGET_BIAS.misconception(
    "The value 0 was taken for no value and replaced by 1, as `value or 1.0` does. The default stands in the first line of the "
    "function; no more is needed."
)
def zero_taken_for_no_value(b, value=1.0):
    return with_value(b, slice(len(b) // 4, len(b) // 2), value or 1.0)


@FORGET_BIAS.misconception("The bias was changed in place; make a copy, change that, and return it.")
def changed_in_place(b, value=1.0):
    b[len(b) // 4 : len(b) // 2] = value
    return b
