"""`backward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, sizes, zeroed
from solutions.with_numpy import lstm
from solutions.with_numpy.lstm import forward, step_backward

from .drawing import ALWAYS, SIZES, WEIGHT_AXES, times
from .forward import sequence_inputs
from .step_backward import rounded

Generator = np.random.Generator


def backward_inputs(rng: Generator, T: int, N: int, D: int, H: int, from_zero: bool = False) -> dict:
    """Where there is more than one input, one of them is zero: it is no padding."""
    given = sequence_inputs(rng, T, N, D, H)
    if T * N > 1:
        given["x"][T // 2, -1] = 0
    given = zeroed(given, "h_0", "c_0") if from_zero else given
    h, c, activations = forward(**given)
    gradients = {"dh": rng.normal(size=(T, N, H)), "dc_T": rng.normal(size=(N, H))}
    known = {name: given[name] for name in ("x", "h_0", "c_0")} | {"h": h, "c": c, "gates": activations}
    return {**gradients, **known, "W_x": given["W_x"], "W_h": given["W_h"]}


def with_large_gradients(given: dict) -> dict:
    """Large for all sequences but the first, which has none."""
    size = np.full((given["dh"].shape[1], 1), 1000.0)
    size[0] = 0
    return given | {name: size * given[name] for name in ("dh", "dc_T")}


def at_the_last_step(inputs: dict) -> dict:
    """The same with a loss at the last step alone."""
    dh = inputs["dh"].copy()
    dh[:-1] = 0
    return inputs | {"dh": dh}


def none_at_the_end(inputs: dict) -> dict:
    """The same without any gradient at the last step, so that nothing is handed to the step before it."""
    dh = inputs["dh"].copy()
    dh[-1] = 0
    return inputs | {"dh": dh, "dc_T": 0 * inputs["dc_T"]}


def draw_backward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("several steps", backward_inputs(rng, T, N, D, H)),
        DrawnCase("one step", backward_inputs(rng, 1, N, D, H)),
        DrawnCase(
            "one sequence that begins with zeros, tiny gradients, none at the last step",
            none_at_the_end(times(1e-200, backward_inputs(rng, T, 1, D, H, from_zero=True))),
        ),
        DrawnCase("no gradient at all", zeroed(backward_inputs(rng, T, N, D, H), "dh", "dc_T")),
        DrawnCase("one hidden unit", backward_inputs(rng, T, N, D, 1)),
        DrawnCase("large gradients", with_large_gradients(backward_inputs(rng, T, N, D, H))),
        DrawnCase("four steps, sequences, inputs and hidden units", backward_inputs(rng, 4, 4, 4, 4)),
        DrawnCase("float32", in_dtype(backward_inputs(rng, T, N, D, H), np.float32)),
        DrawnCase("many steps of a larger layer", backward_inputs(rng, 30, 4, 20, 32)),
        DrawnCase("a loss at the last step alone", at_the_last_step(backward_inputs(rng, T, N, D, H))),
    ]


def worked_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", rounded(backward_inputs(rng, 3, 2, 1, 2))),
        DrawnCase("one step", rounded(backward_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("large gradients", rounded(with_large_gradients(backward_inputs(rng, 3, 2, 1, 2)))),
        DrawnCase("as many steps, sequences, inputs and hidden units", rounded(backward_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(rounded(backward_inputs(rng, 2, 1, 3, 2)), np.float32)),
        DrawnCase("a loss at the last step alone", at_the_last_step(rounded(backward_inputs(rng, 3, 1, 1, 2)))),
        DrawnCase(
            "one sequence that begins with zeros, tiny gradients, none at the last step",
            none_at_the_end(times(1e-200, rounded(backward_inputs(rng, 3, 1, 1, 1, from_zero=True)))),
        ),
        DrawnCase("no gradient at all", zeroed(rounded(backward_inputs(rng, 2, 1, 1, 1)), "dh", "dc_T")),
    ]


BACKWARD = Check(
    "lstm.backward", lstm.backward, draw_backward, worked_backward,
    axes=f"dx: T N D; dh_0: N H; dc_0: N H; {WEIGHT_AXES}", task="the gradients of a whole sequence", points=3,
    section="lstm-through-time: The whole sequence backwards", earlier=("step_backward",),
    promises={
        **ALWAYS,
        "hand two gradients from each step to the one before it": "cell gradient dropped",
        "from the loss of this step": "direct gradients dropped",
        "what step $t+1$ hands back": "hidden gradient dropped",
        "For the last cell state it is `dc_T`, which is given": "last cell gradient ignored",
        "The gradient of $c_t$ comes from step $t+1$ alone": "last cell gradient at every step",
        "The gradients of the weights add up over the steps": "mean over steps",
        "they are what the first step hands back": "initial gradients of the last step",
        "if nothing comes in, all gradients are zeros": "begun at the last gradient",
        "Mind that `h[-1]` is no error in Python, but the last row": "last states before the first",
    },
)  # fmt: skip


def steps_back(dh, dc_T, x, h_before, c_before, c, gates, W_x, W_h, handed=lambda t, dh, dc: (dh, dc)):
    """The gradients of each step, in the order of time, each from what ``handed`` makes of those of the step after."""
    dh_next, dc_next, parts = np.zeros_like(dc_T), dc_T, []
    for t in reversed(range(len(x))):
        dh_next, dc_next = handed(t, dh_next, dc_next)
        found = step_backward(dh[t] + dh_next, dc_next, x[t], h_before[t], c_before[t], c[t], gates[:, t], W_x, W_h)
        parts.append(found)
        dh_next, dc_next = found[1:3]
    return parts[::-1]


def added(parts):
    """The gradients of the inputs side by side, those of the weights added up."""
    weights = (sum(part[place] for part in parts) for place in (3, 4, 5))
    return np.stack([part[0] for part in parts]), *parts[0][1:3], *weights


def all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed=lambda t, dh, dc: (dh, dc)):
    return steps_back(dh, dc_T, x, [h_0, *h[:-1]], [c_0, *c[:-1]], c, gates, W_x, W_h, handed)


@BACKWARD.misconception(
    "The gradient of the cell state was not handed on: each step should get the dc_prev of the step after as its dc."
)
def cell_gradient_dropped(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = len(x) - 1
    handed = lambda t, d, e: (d, e if t == last else 0 * e)  # noqa: E731
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed))


@BACKWARD.misconception(
    "What the next step hands back to h was dropped: the gradient of h is dh[t] plus the dh_prev of step t + 1."
)
def hidden_gradient_dropped(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, lambda t, d, e: (0 * d, e)))


@BACKWARD.misconception(
    "dc_T was not used. The last cell state may have a gradient from outside: it is the dc of the last step."
)
def last_cell_gradient_ignored(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, 0 * dc_T, x, h_0, c_0, h, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "dc_T was added at every step. It is the gradient of the last cell state alone; the others get what is handed back."
)
def last_cell_gradient_at_every_step(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = len(x) - 1
    handed = lambda t, d, e: (d, e if t == last else e + dc_T)  # noqa: E731
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed))


@BACKWARD.misconception(
    "Only the last state's own gradient was used. Every step may have a loss of its own, so dh[t] is added at each step."
)
def direct_gradients_dropped(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = np.zeros_like(dh)
    last[-1] = dh[-1]
    return added(all_back(last, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "The two gradients change places from step to step. step_backward returns dh_prev before dc_prev: hand each to its own."
)
def gradients_swapped_on_the_way(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = len(x) - 1
    handed = lambda t, d, e: (d, e) if t == last else (e, d)  # noqa: E731
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed))


@BACKWARD.misconception(
    "step_backward got c[t] as the old cell state; the one before step t is c[t - 1], and c_0 before the first."
)
def new_cell_as_the_old(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(steps_back(dh, dc_T, x, [h_0, *h[:-1]], c, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "step_backward got h[t] as the old hidden state; the one before step t is h[t - 1], and h_0 before the first."
)
def new_hidden_state_as_the_old(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(steps_back(dh, dc_T, x, h, [c_0, *c[:-1]], c, gates, W_x, W_h))


@BACKWARD.misconception(
    "The first step got the last states as its old ones: with t = 0, h[t - 1] and c[t - 1] are the ends of the arrays. Use "
    "h_0 and c_0 there."
)
def last_states_before_the_first(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, dc_T, x, h[-1], c[-1], h, c, gates, W_x, W_h))


@BACKWARD.misconception("The first step got zeros as its old cell state; before it stands c_0.")
def initial_cell_state_ignored(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, dc_T, x, h_0, 0 * c_0, h, c, gates, W_x, W_h))


@BACKWARD.misconception("The first step got zeros as its old hidden state; before it stands h_0.")
def initial_hidden_state_ignored(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, dc_T, x, 0 * h_0, c_0, h, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "dx stands in the order in which its steps were made, from the last to the first: turn the list round, or write to dx[t]."
)
def inputs_from_last_to_first(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    dx, *others = added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h))
    return dx[::-1], *others


@BACKWARD.misconception(
    "dh_0 and dc_0 are what the last step hands back. They belong to the states before the first step, which is reached last."
)
def initial_gradients_of_the_last_step(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    parts = all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h)
    dx, _, _, *weights = added(parts)
    return dx, *parts[-1][1:3], *weights


@BACKWARD.misconception(
    "The loop runs from the first step to the last. A gradient is handed from a step to the one before it, so begin at the end."
)
def from_first_to_last(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    dh_next, dc_next, parts = np.zeros_like(h_0), dc_T, []
    for t in range(len(x)):
        h_prev, c_prev = (h[t - 1], c[t - 1]) if t > 0 else (h_0, c_0)
        parts.append(step_backward(dh[t] + dh_next, dc_next, x[t], h_prev, c_prev, c[t], gates[:, t], W_x, W_h))
        dh_next, dc_next = parts[-1][1:3]
    dx, _, _, *weights = added(parts)
    return dx, dh_next, dc_next, *weights


@BACKWARD.misconception(
    "The gradients of the weights are those of one step alone. The same weights are used at every step: add up the "
    "gradients of all steps."
)
def weights_of_one_step(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    parts = all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h)
    return np.stack([part[0] for part in parts]), *parts[0][1:]


@BACKWARD.misconception(
    "The gradients of the weights are means over the steps; each use of a weight adds to its gradient, so add them up."
)
def mean_over_steps(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    found = added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h))
    return *found[:3], *(gradient / len(x) for gradient in found[3:])


@BACKWARD.misconception(
    "The loop begins at the last step that has a loss, and where no step has one, it does not know where to begin. Begin at the "
    "last step: all gradients are then zeros."
)
def begun_at_the_last_gradient(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = len(x) if dc_T.any() else np.flatnonzero(dh.any(axis=(1, 2)))[-1] + 1
    dx = np.zeros_like(x)
    dx[:last], *rest = added(
        all_back(dh[:last], dc_T, x[:last], h_0, c_0, h[:last], c[:last], gates[:, :last], W_x, W_h)
    )
    return dx, *rest


@BACKWARD.misconception(
    "The gradient was added into dh, as dh[t] += … does; whoever called backward still needs it. Write dh[t] + dh_next."
)
def direct_gradients_overwritten(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    found = all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h)
    for t in range(len(x) - 1):
        dh[t] += found[t + 1][1]
    return added(found)


ALL_ZEROS = "zeros with one number for each of the 4H rows, taken from another array of as many rows"
BACKWARD.changes_nothing(
    {
        "dc_next.copy(): call left out": "after one step or more it is no argument any more; no steps are not asked for",
        "W_h: W_h to W_x (place 3)": ALL_ZEROS,
        "0: 0 to -1 (place 2)": ALL_ZEROS,
    }
)
