"""`direct_path`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import each, in_dtype, short, sizes
from solutions.with_numpy import cell_path

from .drawing import ALWAYS, SIZES

Generator = np.random.Generator


def gate_values(rng: Generator, T: int, N: int, H: int, low: float = 0.3, high: float = 0.98) -> dict:
    return {"f": rng.uniform(low, high, size=(T, N, H))}


def ends(rng: Generator, T: int, N: int, H: int) -> dict:
    """One unit keeps all, and another is shut once."""
    given = gate_values(rng, T, N, H)
    given["f"][:, 0, 0], given["f"][rng.integers(T), -1, -1] = 1.0, 0.0
    return given


def beside_ordinary_ones(given: dict) -> dict:
    """The same gates, all next to 0, but for one unit's, which are shares as usual."""
    f = given["f"].copy()
    f[:, 0, 0] /= f.max() / 0.9
    return given | {"f": f}


def draw_direct_path(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several steps", gate_values(rng, T, N, H)),
        DrawnCase("one step", gate_values(rng, 1, N, H)),
        DrawnCase("one sequence", gate_values(rng, T, 1, H)),
        DrawnCase("as many steps, sequences and hidden units", gate_values(rng, T, T, T)),
        DrawnCase("float32", in_dtype(gate_values(rng, T, N, H), np.float32)),
        DrawnCase("a hundred steps with gates near 1", gate_values(rng, 100, N, H, 0.97, 0.999)),
        DrawnCase("gates next to 0", beside_ordinary_ones(gate_values(rng, 3, N, H, 1e-65, 9e-65))),
        DrawnCase("gates shut and open altogether", ends(rng, T, N, H)),
    ]


def worked_direct_path(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("four steps, gates shut and open altogether", short(ends(rng, 4, 2, 3))),
        DrawnCase("one step", short(gate_values(rng, 1, 3, 2))),
        DrawnCase("as many steps, sequences and hidden units", short(gate_values(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(gate_values(rng, 3, 1, 2)), np.float32)),
        DrawnCase(
            "one step, gates next to 0",
            beside_ordinary_ones(each(lambda f: 1e-70 * f, short(gate_values(rng, 1, 3, 2)))),
        ),
    ]


DIRECT_PATH = Check(
    "cell_path.direct_path", cell_path.direct_path, draw_direct_path, worked_direct_path, axes="N H", apart=0, task="the derivative along the cell alone", points=1,
    section="lstm-direct-path: The direct path",
    promises={
        **ALWAYS,
        "each step multiplies by its forget gate": "sum of gates",
        "over all steps of the span": "first gate left out",
        "Each unit of each sequence has its own product": "product over units",
        "a product as small as": "single precision inside",
    },
)  # fmt: skip


@DIRECT_PATH.misconception(
    "The gates were added up; each step multiplies what is left by its gate, so take the product."
)
def sum_of_gates(f):
    return f.sum(axis=0)


@DIRECT_PATH.misconception("It is the mean gate; each step multiplies what is left by its gate, so take the product.")
def mean_of_gates(f):
    return f.mean(axis=0)


@DIRECT_PATH.misconception("It is the forget gate of the last step alone; the gates of all steps are multiplied.")
def last_gate_only(f):
    return f[-1]


@DIRECT_PATH.misconception(
    "The product goes over the sequences; time is the first axis, and each sequence has a path of its own: axis=0."
)
def product_over_sequences(f):
    return f.prod(axis=1)


@DIRECT_PATH.misconception(
    "The product goes over the hidden units; time is the first axis, and each unit has a path of its own: axis=0."
)
def product_over_units(f):
    return f.prod(axis=2)


@DIRECT_PATH.misconception(
    "The first step is missing in the product. Its gate stands between c_0 and c_1, so it belongs to the path."
)
def first_gate_left_out(f):
    return f[1:].prod(axis=0)


@DIRECT_PATH.misconception(
    "The last step is missing in the product. Its gate stands between the last two cell states, so it belongs to the path."
)
def last_gate_left_out(f):
    return f[:-1].prod(axis=0)


@DIRECT_PATH.misconception(
    "The mean gate was taken to the power of the number of steps. Gates differ from step to step, so multiply the gates themselves."
)
def power_of_the_mean(f):
    return f.mean(axis=0) ** len(f)


@DIRECT_PATH.misconception("What is forgotten was multiplied, 1 - f; the forget gate itself says which share stays.")
def forgotten_for_kept(f):
    return (1 - f).prod(axis=0)


@DIRECT_PATH.misconception(
    "These are the products up to each step; the product over the whole span is asked for, which is the last of them."
)
def product_after_every_step(f):
    return f.cumprod(axis=0)
