"""`gradient_norm_by_lag`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short, sizes
from solutions.with_numpy import gradient_lag

from .drawing import OF_ARRAYS, narrow
from .span_jacobian import level_inputs
from .step_jacobian import tanh_states, weights

Generator = np.random.Generator


def lag_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"dh_T": rng.normal(size=(N, H)), "h": 0.8 * tanh_states(rng, T, N, H), "W_h": weights(rng, H)}


def long_lag_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"dh_T": rng.normal(size=(N, H)), **level_inputs(rng, T, N, H)}


def stopped_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    """The first sequence has no gradient; in another the units stand at the ends of the tanh at one step."""
    given = lag_inputs(rng, T, N, H)
    given["dh_T"][0] = 0.0
    given["h"][-1] = 0.0  # a state of zeros lets the whole gradient pass
    given["h"][T // 2, -1] = rng.choice([-1.0, 1.0], size=H)
    return given


def tiny_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    given = lag_inputs(rng, T, N, H)
    return given | {"dh_T": 1e-100 * given["dh_T"]}


def draw_gradient_norms(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3)
    return [
        DrawnCase("several steps", lag_inputs(rng, T, N, H)),
        DrawnCase("one step", lag_inputs(rng, 1, N, H)),
        DrawnCase("one sequence", lag_inputs(rng, T, 1, H)),
        DrawnCase("as many steps, sequences and hidden units", lag_inputs(rng, H, H, H)),
        DrawnCase("float32", narrow(lag_inputs(rng, T, N, H))),
        DrawnCase("forty steps", long_lag_inputs(rng, 40, 5, 24)),
        DrawnCase("one hidden unit, a tiny gradient", tiny_inputs(rng, T, N, 1)),
        DrawnCase("a sequence without a gradient, and one that loses it", stopped_inputs(rng, T, N, H)),
    ]


def worked_gradient_norms(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(lag_inputs(rng, 3, 2, 4))),
        DrawnCase("a sequence without a gradient, and one that loses it", short(stopped_inputs(rng, 3, 2, 4))),
        DrawnCase(
            "one step, a tiny gradient", short(lag_inputs(rng, 1, 1, 2)) | {"dh_T": np.array([[3e-100, -4e-100]])}
        ),
        DrawnCase("as many steps, sequences and hidden units", short(lag_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", narrow(short(lag_inputs(rng, 2, 1, 2)))),
    ]


GRADIENT_NORMS = Check(
    "gradient_lag.rnn_gradient_norms", gradient_lag.rnn_gradient_norms, draw_gradient_norms, worked_gradient_norms,
    axes="lag N", task="how long the gradient is, by how far back it has gone", points=3, section="grad-lag: The gradient's norm against the lag", rename="gradient_norm_by_lag",
    promises={
        **OF_ARRAYS,
        "The lag $k$ counts from the end": "in the order of time",
        "lag 0 is the last state": "lag zero missing",
        "lag $T$ is the state before the first step": "last lag missing",
        "The loss depends on no other state directly": "added at every step",
        "However small a gradient is, it counts": "taken for vanished",
        "A gradient of zeros has the norm 0": "divided by lag zero",
        "norms[0] belongs to the last states, norms[T] to the initial ones": "in the order of time",
    },
)  # fmt: skip


def one_back(dh, h_t, W_h):
    return (dh * (1 - h_t**2)) @ W_h


def gradients_by_lag(dh_T, h, W_h, back=one_back):
    found = [dh_T]
    for h_t in h[::-1]:
        found.append(back(found[-1], h_t, W_h))
    return np.stack(found)


def lengths(gradients):
    return np.linalg.norm(gradients, axis=-1)


@GRADIENT_NORMS.misconception(
    "Where the gradient was tiny the loop ended, and the norms that follow are zeros. However small it is, it counts, and it may "
    "grow again: go on to the first step."
)
def taken_for_vanished(dh_T, h, W_h):
    norms = lengths(gradients_by_lag(dh_T, h, W_h))
    return np.where(np.cumsum(norms.max(axis=1) < 1e-30)[:, None] > 1, 0, norms).astype(norms.dtype)


@GRADIENT_NORMS.misconception(
    "The norms are in the order of time. They are counted from the end: norms[0] belongs to the last states."
)
def in_the_order_of_time(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h))[::-1].copy()


@GRADIENT_NORMS.misconception(
    "Lag 0 is missing. norms[0] is the length of dh_T itself, so there is one row more than there are steps."
)
def lag_zero_missing(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h))[1:]


@GRADIENT_NORMS.misconception(
    "The last lag is missing: lag T belongs to the states before the first step, and a gradient arrives there too."
)
def last_lag_missing(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h))[:-1]


@GRADIENT_NORMS.misconception("The norms are squared: a length is the root of the sum of the squares.")
def root_left_out(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h)) ** 2


@GRADIENT_NORMS.misconception("The norms were averaged over the sequences; each sequence has a column of its own.")
def mean_over_sequences(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h)).mean(axis=1)


@GRADIENT_NORMS.misconception(
    "There is one norm for all sequences together; each sequence has a gradient and so a norm of its own: take it over the last axis."
)
def one_norm_for_all_sequences(dh_T, h, W_h):
    return np.sqrt((gradients_by_lag(dh_T, h, W_h) ** 2).sum(axis=(1, 2)))


@GRADIENT_NORMS.misconception(
    "The norms were taken over the sequences; the length of a sequence's gradient goes over its hidden units, the last axis."
)
def norm_over_the_sequences(dh_T, h, W_h):
    return np.linalg.norm(gradients_by_lag(dh_T, h, W_h), axis=1)


@GRADIENT_NORMS.misconception("It is the largest number in each gradient; the norm is its length.")
def largest_for_length(dh_T, h, W_h):
    return np.abs(gradients_by_lag(dh_T, h, W_h)).max(axis=2)


@GRADIENT_NORMS.misconception(
    "The absolute values were added up; for the length, take the root of the sum of the squares."
)
def sum_for_length(dh_T, h, W_h):
    return np.abs(gradients_by_lag(dh_T, h, W_h)).sum(axis=2)


@GRADIENT_NORMS.misconception(
    "A mean over the hidden units was taken under the root; for the length the squares are added up."
)
def mean_under_the_root(dh_T, h, W_h):
    return np.sqrt((gradients_by_lag(dh_T, h, W_h) ** 2).mean(axis=2))


@GRADIENT_NORMS.misconception("The norms were divided by those of lag 0; asked for are the norms themselves.")
def divided_by_lag_zero(dh_T, h, W_h):
    found = lengths(gradients_by_lag(dh_T, h, W_h))
    return found / found[0]


@GRADIENT_NORMS.misconception(
    "The gradient went through W_h.T. The step forwards has W_h.T; for rows, the way back has W_h itself."
)
def recurrent_weights_transposed(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: (dh * (1 - h_t**2)) @ W.T))


@GRADIENT_NORMS.misconception(
    "The slope of tanh is left out: at each step the gradient is multiplied by 1 - h_t**2 first, then by W_h."
)
def slope_left_out_on_the_way(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: dh @ W))


@GRADIENT_NORMS.misconception("The slope of tanh was taken as 1 - h; h has to be squared: 1 - h**2.")
def square_left_out_on_the_way(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: (dh * (1 - h_t)) @ W))


@GRADIENT_NORMS.misconception(
    "The slope of tanh was taken as 1 - tanh(h)**2. But h is already the result of tanh, so the slope is 1 - h**2."
)
def tanh_taken_twice_on_the_way(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, np.tanh(h), W_h))


@GRADIENT_NORMS.misconception(
    "The slope of tanh was taken from the state before each step, h[t - 1], and at the first step h[-1] is even the last "
    "state. The slope of step t belongs to the state after it, h[t]."
)
def slope_from_the_state_before(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, np.roll(h, 1, axis=0), W_h))


@GRADIENT_NORMS.misconception(
    "The slope of tanh comes after W_h. Backwards the last thing comes first: through the tanh, then through W_h."
)
def slope_after_the_weights(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: (dh @ W) * (1 - h_t**2)))


@GRADIENT_NORMS.misconception(
    "The steps were taken from the first to the last; a gradient goes from the last to the first."
)
def forwards_in_time(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h[::-1], W_h))


@GRADIENT_NORMS.misconception(
    "At every lag dh_T itself was sent back by one step; send back what the step after has handed over."
)
def never_more_than_one_step(dh_T, h, W_h):
    return lengths(np.stack([dh_T, *(one_back(dh_T, h_t, W_h) for h_t in h[::-1])]))


@GRADIENT_NORMS.misconception(
    "The gradient was added into the loss's own at every step. Here the loss depends on the last states alone: nothing is "
    "added on the way."
)
def added_at_every_step(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: dh_T + one_back(dh, h_t, W)))


@GRADIENT_NORMS.misconception(
    "The result was written over dh_T, as *= does; whoever called the function still needs it. Write dh = dh * … instead."
)
def last_gradient_overwritten(dh_T, h, W_h):
    dh, norms = dh_T, [lengths(dh_T)]
    for h_t in h[::-1]:
        dh *= 1 - h_t**2
        dh = dh @ W_h
        norms.append(lengths(dh))
    return np.stack(norms)
