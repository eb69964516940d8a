"""`backward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes, zeroed
from solutions.with_numpy import rnn
from solutions.with_numpy.rnn import step_backward

from .drawing import ALWAYS, SEQUENCE_AXES, STAYS, network, none_at_the_end, times

Generator = np.random.Generator


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int, from_zero: bool = False) -> dict:
    """Where there is more than one input, one of them is zero: it is no padding."""
    W_x, W_h, b = network(rng, D, H)
    x, h_0 = rng.normal(size=(T, N, D)), (0 if from_zero else 1) * np.tanh(rng.normal(size=(N, H)))
    if T * N > 1:
        x[T // 2, -1] = 0
    h = rnn.forward(x, h_0, W_x, W_h, b)
    return {"dh": rng.normal(size=(T, N, H)), "x": x, "h_0": h_0, "h": h, "W_x": W_x, "W_h": W_h}


def with_one_loss(inputs: dict) -> dict:
    """The last step alone has a loss, and it is large: the steps before it get nothing but what is handed back.

    The first sequence has no loss at all.
    """
    dh = np.zeros_like(inputs["dh"])
    dh[-1, 1:] = 300 * inputs["dh"][-1, 1:]
    return inputs | {"dh": dh}


def draw_backward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("a large loss at the last step alone", with_one_loss(sequence_inputs(rng, T, N, D, H))),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase(
            "one sequence that begins with zeros, tiny gradients, none at the last step",
            none_at_the_end(times(1e-200, sequence_inputs(rng, T, 1, D, H, from_zero=True))),
        ),
        DrawnCase("no gradient at all", zeroed(sequence_inputs(rng, T, N, D, H), "dh")),
        DrawnCase("as many steps, sequences, inputs and hidden units", sequence_inputs(rng, T, T, T, T)),
        DrawnCase("float32", in_dtype(sequence_inputs(rng, T, N, D, H), np.float32)),
        DrawnCase("a large layer", sequence_inputs(rng, 20, 12, 32, 64)),
    ]


def worked_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("four steps", short(sequence_inputs(rng, 4, 2, 3, 2))),
        DrawnCase("a large loss at the last step alone", with_one_loss(short(sequence_inputs(rng, 4, 2, 3, 2)))),
        DrawnCase("one step", short(sequence_inputs(rng, 1, 2, 2, 3))),
        DrawnCase(
            "one sequence that begins with zeros, tiny gradients, none at the last step",
            none_at_the_end(times(1e-200, short(sequence_inputs(rng, 3, 1, 1, 2, from_zero=True)))),
        ),
        DrawnCase("as many steps, sequences, inputs and hidden units", short(sequence_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("no gradient at all", zeroed(short(sequence_inputs(rng, 2, 1, 1, 2)), "dh")),
        DrawnCase("float32", in_dtype(short(sequence_inputs(rng, 3, 1, 2, 2)), np.float32)),
    ]


BACKWARD = Check(
    "rnn.backward", rnn.backward, draw_backward, worked_backward, axes=SEQUENCE_AXES, task="the gradients of a whole sequence", points=3,
    section="bptt-sequence: The whole sequence backwards", earlier=("step_backward",),
    promises=ALWAYS | STAYS | {
        "The gradients of both ways add up": "direct gradients dropped",
        "what step } t+1 \\text{ hands back": "next step dropped",
        "begin at the last step": "from first to last",
        "their gradients add up over the steps": "mean over steps",
        "it is what the first step hands back": "gradient of the first state",
        "The hidden states before the first step.": "initial state ignored",
        "Nothing comes after the last step, so it is handed zeros.": "loss at the end taken twice",
        "except at the first step": "last state before the first",
        "if no step has a loss, all gradients are zeros": "begun at the last loss",
        "each step's input has a gradient of its own": "steps without a loss skipped",
    },
)  # fmt: skip


def states_before(h, h_0):
    return [h_0, *h[:-1]]


def steps_back(dh, x, before, h, W_x, W_h, handed=lambda t, dh_next: dh_next):
    """The gradients of each step, from the last to the first, in the order of time."""
    dh_next, parts = np.zeros_like(h[0]), []
    for t in reversed(range(len(x))):
        parts.append(step_backward(dh[t] + handed(t, dh_next), x[t], before[t], h[t], W_x, W_h))
        dh_next = parts[-1][1]
    return parts[::-1]


def added(parts):
    """The gradients of the inputs side by side, those of the weights added up."""
    dW_x, dW_h, db = (sum(part[place] for part in parts) for place in (2, 3, 4))
    return np.stack([part[0] for part in parts]), parts[0][1], dW_x, dW_h, db


@BACKWARD.misconception(
    "What the next step hands back was dropped: a state reaches the loss through h_(t+1) too, so the step's gradient is "
    "dh[t] plus the dh_prev of step t + 1."
)
def next_step_dropped(dh, x, h_0, h, W_x, W_h):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, lambda t, dh_next: 0 * dh_next))


@BACKWARD.misconception(
    "Only the last state's own gradient was used. Every step may have a loss of its own, so dh[t] is added at each step."
)
def direct_gradients_dropped(dh, x, h_0, h, W_x, W_h):
    last = np.zeros_like(dh)
    last[-1] = dh[-1]
    return added(steps_back(last, x, states_before(h, h_0), h, W_x, W_h))


@BACKWARD.misconception(
    "The gradients of the weights are those of one step alone. The same weights are used at every step: add up the "
    "gradients of all steps."
)
def weights_of_one_step(dh, x, h_0, h, W_x, W_h):
    parts = steps_back(dh, x, states_before(h, h_0), h, W_x, W_h)
    return np.stack([part[0] for part in parts]), *parts[0][1:]


@BACKWARD.misconception(
    "The gradients of the weights are means over the steps; each use of a weight adds to its gradient, so add them up."
)
def mean_over_steps(dh, x, h_0, h, W_x, W_h):
    dx, dh_0, *weights = added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h))
    return dx, dh_0, *(w / len(x) for w in weights)


@BACKWARD.misconception(
    "db is twice what it should be: the bias is added once in a step, however many products there are."
)
def bias_counted_twice(dh, x, h_0, h, W_x, W_h):
    dx, dh_0, dW_x, dW_h, db = added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h))
    return dx, dh_0, dW_x, dW_h, db + db


@BACKWARD.misconception(
    "The loop runs from the first step to the last. A gradient is handed from a step to the one before it, so begin at the end."
)
def from_first_to_last(dh, x, h_0, h, W_x, W_h):
    dx, dh_next = np.empty_like(x), np.zeros_like(h_0)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_h[0])
    for t in range(len(x)):
        found = step_backward(dh[t] + dh_next, x[t], h[t - 1] if t > 0 else h_0, h[t], W_x, W_h)
        dx[t], dh_next = found[:2]
        dW_x, dW_h, db = dW_x + found[2], dW_h + found[3], db + found[4]
    return dx, dh_next, dW_x, dW_h, db


@BACKWARD.misconception(
    "step_backward got h[t] as the old state; the state before step t is h[t - 1], and h_0 before the first."
)
def new_state_as_the_old(dh, x, h_0, h, W_x, W_h):
    return added(steps_back(dh, x, h, h, W_x, W_h))


@BACKWARD.misconception("The first step got zeros as its old state; before it stands h_0.")
def initial_state_ignored(dh, x, h_0, h, W_x, W_h):
    return added(steps_back(dh, x, states_before(h, 0 * h_0), h, W_x, W_h))


@BACKWARD.misconception(
    "The first step got the last state as its old one: h[t - 1] with t = 0 is h[-1], the end of the array. Use h_0 there."
)
def last_state_before_the_first(dh, x, h_0, h, W_x, W_h):
    return added(steps_back(dh, x, states_before(h, h[-1]), h, W_x, W_h))


@BACKWARD.misconception(
    "Your dh_0 is the gradient of the first state h_1; that of h_0 is what the first step hands back, its dh_prev."
)
def gradient_of_the_first_state(dh, x, h_0, h, W_x, W_h):
    parts = steps_back(dh, x, states_before(h, h_0), h, W_x, W_h)
    dx, _, *weights = added(parts)
    return dx, dh[0] + (parts[1][1] if len(parts) > 1 else 0), *weights


@BACKWARD.misconception(
    "What is handed back piles up: dh_next should be the dh_prev of the step after alone, which holds all later steps already."
)
def handed_over_more_than_once(dh, x, h_0, h, W_x, W_h):
    dh_next, parts, before = np.zeros_like(h_0), [], states_before(h, h_0)
    for t in reversed(range(len(x))):
        parts.append(step_backward(dh[t] + dh_next, x[t], before[t], h[t], W_x, W_h))
        dh_next = dh_next + parts[-1][1]
    dx, _, *weights = added(parts[::-1])
    return dx, dh_next, *weights


@BACKWARD.misconception(
    "The last step was handed its own dh as well, so the loss there counts twice. Nothing comes after the last step: begin "
    "with zeros."
)
def loss_at_the_end_taken_twice(dh, x, h_0, h, W_x, W_h):
    more = dh.copy()
    more[-1] += dh[-1]
    return added(steps_back(more, x, states_before(h, h_0), h, W_x, W_h))


@BACKWARD.misconception(
    "Steps whose own dh is zero were skipped. They get a gradient all the same, from the steps after them, and hand it on."
)
def steps_without_a_loss_skipped(dh, x, h_0, h, W_x, W_h):
    parts = steps_back(
        dh, x, states_before(h, h_0), h, W_x, W_h, lambda t, dh_next: dh_next if dh[t].any() else 0 * dh_next
    )
    return added(parts)


@BACKWARD.misconception(
    "The loop begins at the last step with a loss, and where no step has one, it does not know where to begin. Begin at the last "
    "step: all gradients are then zeros."
)
def begun_at_the_last_loss(dh, x, h_0, h, W_x, W_h):
    last = np.flatnonzero(dh.any(axis=(1, 2)))[-1] + 1
    dx = np.zeros_like(x)
    dx[:last], *rest = added(steps_back(dh[:last], x[:last], states_before(h, h_0), h, W_x, W_h))
    return dx, *rest


@BACKWARD.misconception(
    "The loop ends where nothing is handed on any more. A step before it may have a loss of its own: go on to the first step."
)
def ended_without_a_gradient(dh, x, h_0, h, W_x, W_h):
    dx, dh_next, before = np.zeros_like(x), np.zeros_like(h_0), states_before(h, h_0)
    sums = [np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_h[0])]
    for t in reversed(range(len(x))):
        dx[t], dh_next, *found = step_backward(dh[t] + dh_next, x[t], before[t], h[t], W_x, W_h)
        sums = [one + more for one, more in zip(sums, found, strict=True)]
        if not dh_next.any():
            break
    return dx, dh_next, *sums


@BACKWARD.misconception(
    "The gradient was added into dh, as dh[t] += … does; whoever called backward still needs it. Write dh[t] + dh_next."
)
def direct_gradients_overwritten(dh, x, h_0, h, W_x, W_h):
    parts, before = [], states_before(h, h_0)
    for t in reversed(range(len(x))):
        parts.append(step_backward(dh[t], x[t], before[t], h[t], W_x, W_h))
        if t > 0:
            dh[t - 1] += parts[-1][1]
    return added(parts[::-1])


SAME_LENGTH = "W_x and W_h have one length and one dtype"
BACKWARD.changes_nothing(
    {
        "W_h: W_h to W_x (place 3)": SAME_LENGTH,
        "W_h: W_h to W_x (place 4)": SAME_LENGTH,
    }
)
