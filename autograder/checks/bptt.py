"""Exercise 2: the checks of backpropagation through time, and what learners get wrong about it."""

# A misconception takes what the reference takes, whether it uses it or not.

from pathlib import Path

import numpy as np

from autograder.checks.declaration import Check, DrawnCase, Exercise
from autograder.checks.drawing import in_dtype, short, sizes
from autograder.runner.calling import Given
from solutions.with_numpy import embedding, gradient_check, rnn, truncated_bptt
from solutions.with_numpy.rnn import step_backward

Generator = np.random.Generator
CELL_AXES = "dx: N D; dh_prev: N H; dW_x: H D; dW_h: H H; db: H"
SEQUENCE_AXES = "dx: T N D; dh_0: N H; dW_x: H D; dW_h: H H; db: H"


def network(rng: Generator, D: int, H: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights that keep tanh away from its ends, where every gradient would be near zero."""
    return rng.normal(size=(H, D)) / np.sqrt(D), rng.normal(size=(H, H)) / np.sqrt(H), 0.5 * rng.normal(size=H)


# ---- step_backward ---------------------------------------------------------------------------------------------------


def cell_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    W_x, W_h, b = network(rng, D, H)
    x, h_prev = rng.normal(size=(N, D)), np.tanh(rng.normal(size=(N, H)))
    h = rnn.step(x, h_prev, W_x, W_h, b)
    return {"dh": rng.normal(size=(N, H)), "x": x, "h_prev": h_prev, "h": h, "W_x": W_x, "W_h": W_h}


def draw_step_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3)
    return [
        DrawnCase("several sequences", cell_inputs(rng, N, D, H)),
        DrawnCase("one sequence", cell_inputs(rng, 1, D, H)),
        DrawnCase("as many sequences, inputs and hidden units", cell_inputs(rng, H, H, H)),
        DrawnCase("float32", in_dtype(cell_inputs(rng, N, D, H), np.float32)),
        DrawnCase("a large layer", cell_inputs(rng, 32, 80, 128)),
    ]


def worked_step_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(cell_inputs(rng, 2, 3, 4))),
        DrawnCase("as many sequences, inputs and hidden units", short(cell_inputs(rng, 3, 3, 3))),
        DrawnCase("one sequence", short(cell_inputs(rng, 1, 2, 3))),
        DrawnCase("float32", in_dtype(short(cell_inputs(rng, 2, 3, 2)), np.float32)),
    ]


STEP_BACKWARD = Check(
    "rnn.step_backward", rnn.step_backward, draw_step_backward, worked_step_backward, axes=CELL_AXES, points=3,
    section="bptt-step: One step backwards",
)  # fmt: skip


def from_sum(da, x, h_prev, W_x, W_h):
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@STEP_BACKWARD.misconception(
    "The slope of tanh is left out: dh has to be multiplied by 1 - h**2 before it goes any further."
)
def slope_of_tanh_left_out(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken as 1 - tanh(h)**2. But h is already the result of tanh, so the slope is 1 - h**2."
)
def tanh_taken_twice(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh * (1 - np.tanh(h) ** 2), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken from the sum before tanh, as 1 - a**2; in 1 - h**2 stands the result after it."
)
def slope_from_the_sum(dh, x, h_prev, h, W_x, W_h):
    a = x @ W_x.T + h_prev @ W_h.T
    return from_sum(dh * (1 - a**2), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception("The slope of tanh was taken as 1 - h; h has to be squared: 1 - h**2.")
def square_left_out(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh * (1 - h), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception("The slope of tanh was taken from the old state h_prev; it belongs to the new one, h.")
def slope_from_the_old_state(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh * (1 - h_prev**2), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dh_prev was taken through W_h.T. The step forwards has W_h.T; for rows, the way back has W_h itself."
)
def recurrent_weights_transposed(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h.T, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@STEP_BACKWARD.misconception("dh_prev was taken from dh; it has to go through tanh first, so it starts from da.")
def past_tanh(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, dh @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@STEP_BACKWARD.misconception(
    "dW_h is transposed: its rows belong to the units of the new state, as those of W_h do, so da comes first."
)
def gradient_of_weights_transposed(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x, h_prev.T @ da, da.sum(axis=0)


@STEP_BACKWARD.misconception("dW_h was made with the new state h; W_h was multiplied by the old one, h_prev.")
def new_state_for_old(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h, da.sum(axis=0)


@STEP_BACKWARD.misconception(
    "db was summed over the hidden units. Each unit has a bias of its own; the sum goes over the sequences, axis 0."
)
def bias_over_the_wrong_axis(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=1)


@STEP_BACKWARD.misconception(
    "The gradients of the weights and of the bias are means over the sequences; they should be sums, as the loss is."
)
def mean_over_sequences(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x / len(x), da.T @ h_prev / len(x), da.mean(axis=0)


@STEP_BACKWARD.misconception(
    "The result was written over dh, as *= does; whoever called step_backward still needs it. Write da = dh * … instead."
)
def incoming_gradient_overwritten(dh, x, h_prev, h, W_x, W_h):
    dh *= 1 - h**2
    return from_sum(dh, x, h_prev, W_x, W_h)


# ---- backward --------------------------------------------------------------------------------------------------------


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int) -> dict:
    W_x, W_h, b = network(rng, D, H)
    x, h_0 = rng.normal(size=(T, N, D)), np.tanh(rng.normal(size=(N, H)))
    h = rnn.forward(x, h_0, W_x, W_h, b)
    return {"dh": rng.normal(size=(T, N, H)), "x": x, "h_0": h_0, "h": h, "W_x": W_x, "W_h": W_h}


def draw_backward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence", sequence_inputs(rng, T, 1, D, H)),
        DrawnCase("as many steps, sequences, inputs and hidden units", sequence_inputs(rng, T, T, T, T)),
        DrawnCase("float32", in_dtype(sequence_inputs(rng, T, N, D, H), np.float32)),
        DrawnCase("a large layer", sequence_inputs(rng, 20, 12, 32, 64)),
    ]


def worked_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("four steps", short(sequence_inputs(rng, 4, 2, 3, 2))),
        DrawnCase("one step", short(sequence_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("as many steps, sequences, inputs and hidden units", short(sequence_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(sequence_inputs(rng, 3, 1, 2, 2)), np.float32)),
    ]


BACKWARD = Check(
    "rnn.backward", rnn.backward, draw_backward, worked_backward, axes=SEQUENCE_AXES, points=3,
    section="bptt-sequence: The whole sequence backwards", earlier=("step_backward",),
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
    "dh_0 is the gradient of the first state h_1; that of h_0 is what the first step hands back, its dh_prev."
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
    "The gradient was added into dh, as dh[t] += … does; whoever called backward still needs it. Write dh[t] + dh_next."
)
def direct_gradients_overwritten(dh, x, h_0, h, W_x, W_h):
    parts, before = [], states_before(h, h_0)
    for t in reversed(range(len(x))):
        parts.append(step_backward(dh[t], x[t], before[t], h[t], W_x, W_h))
        if t > 0:
            dh[t - 1] += parts[-1][1]
    return added(parts[::-1])


# ---- embed_backward --------------------------------------------------------------------------------------------------


def embed_inputs(rng: Generator, T: int, N: int, D: int, V: int, used: int) -> dict:
    """The words from ``used`` on do not occur."""
    return {"dx": rng.normal(size=(T, N, D)), "ids": rng.integers(used, size=(T, N)), "vocabulary_size": V}


def draw_embed_backward(rng: Generator) -> list[DrawnCase]:
    T, N, D, V = sizes(rng, 4, range(3, 8))
    once = {
        "dx": rng.normal(size=(T, N, D)), "ids": rng.permutation(T * N).reshape(T, N), "vocabulary_size": T * N
    }  # fmt: skip
    return [
        DrawnCase("a word that does not occur", embed_inputs(rng, T, N, D, V + 1, V)),
        DrawnCase("more sequences than words", embed_inputs(rng, 2, V + 2, D, V, V)),
        DrawnCase("one sequence, more steps than words", embed_inputs(rng, V + 2, 1, D, V, V)),
        DrawnCase("one step", embed_inputs(rng, 1, N, D, V, V)),
        DrawnCase("vectors of one number", embed_inputs(rng, T, N, 1, V, V)),
        DrawnCase("no word twice", once),
        DrawnCase("float32", in_dtype(embed_inputs(rng, T, N, D, V, V), np.float32)),
    ]


def worked_embed_backward(rng: Generator) -> list[DrawnCase]:
    def inputs(ids: list[list[int]], D: int, V: int) -> dict:
        words = np.array(ids)
        return {"dx": np.round(rng.normal(size=(*words.shape, D)), 2), "ids": words, "vocabulary_size": V}

    return [
        DrawnCase("words that occur twice, and one that does not", inputs([[2, 0], [1, 2], [3, 3]], 2, 5)),
        DrawnCase("one sequence", inputs([[1], [0], [1]], 3, 2)),
        DrawnCase("float32", in_dtype(inputs([[0, 1]], 2, 3), np.float32)),
    ]


EMBED_BACKWARD = Check(
    "embedding.embed_backward", embedding.embed_backward, draw_embed_backward, worked_embed_backward, axes="V D",
    points=2, section="bptt-embedding: The gradient of the word vectors",
)  # fmt: skip


@EMBED_BACKWARD.misconception(
    "Where a word occurs twice, only one of its gradients is there. Both dW_e[ids] = dx and dW_e[ids] += dx keep the last "
    "and lose the rest: use np.add.at, or add the places one by one."
)
def repeats_lost(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    dW_e[ids] = dx
    return dW_e


@EMBED_BACKWARD.misconception(
    "Where two sequences have the same word at the same step, one of its gradients is lost: += with an array of indices "
    "adds only once for each word."
)
def repeats_within_a_step_lost(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    for t in range(len(ids)):
        dW_e[ids[t]] += dx[t]
    return dW_e


@EMBED_BACKWARD.misconception(
    "Where a sequence has the same word twice, one of its gradients is lost: += with an array of indices adds only once "
    "for each word."
)
def repeats_within_a_sequence_lost(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    for n in range(ids.shape[1]):
        dW_e[ids[:, n]] += dx[:, n]
    return dW_e


@EMBED_BACKWARD.misconception("Each word got the mean over its places; the gradients of all its places add up.")
def mean_over_places(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    counts = np.bincount(ids.ravel(), minlength=vocabulary_size)
    return (dW_e / np.maximum(counts, 1)[:, None]).astype(dx.dtype)


@EMBED_BACKWARD.misconception(
    "The sums were divided by the number of all steps; the gradients add up, and no mean is taken."
)
def divided_by_all_steps(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    return dW_e / ids.size


@EMBED_BACKWARD.misconception(
    "There are only as many rows as the largest number in ids asks for. Words that do not occur have a row too, of zeros: "
    "make vocabulary_size rows."
)
def rows_of_absent_words_missing(dx, ids, vocabulary_size):
    dW_e = np.zeros((ids.max() + 1, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    return dW_e


# ---- numerical_gradient ----------------------------------------------------------------------------------------------

# Not a polynomial, so that every formula for a derivative has an error of its own; and no term stands alone.
FUNCTION = "value = lambda a: float(np.sum(W * np.sin(a)) + np.tanh(np.sum(a)))"


def function_inputs(rng: Generator, *shape: int, step: float = 1e-5) -> dict:
    W, array = rng.normal(size=shape), rng.normal(size=shape)
    return {"function": Given(FUNCTION, W=W), "array": array, "step": step}


def draw_numerical_gradient(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3, range(2, 6))
    return [
        DrawnCase("three axes, a large step", function_inputs(rng, A, B, C, step=float(rng.uniform(0.1, 0.3)))),
        DrawnCase("a vector, the usual step", function_inputs(rng, B)),
        DrawnCase("one row", function_inputs(rng, 1, C, step=float(rng.uniform(0.01, 0.05)))),
        DrawnCase("as many rows as columns, the usual step", function_inputs(rng, A, A)),
        DrawnCase("one number", function_inputs(rng, 1, step=float(rng.uniform(0.1, 0.3)))),
    ]


def worked_numerical_gradient(rng: Generator) -> list[DrawnCase]:
    def inputs(*shape: int, step: float = 1e-5) -> dict:
        W, array = np.round(rng.normal(size=shape), 2), np.round(rng.normal(size=shape), 2)
        return {"function": Given(FUNCTION, W=W), "array": array, "step": step}

    return [
        DrawnCase("a matrix, a large step", inputs(2, 3, step=0.2)),
        DrawnCase("a vector, the usual step", inputs(3)),
        DrawnCase("three axes, a large step", inputs(2, 1, 2, step=0.1)),
    ]


NUMERICAL_GRADIENT = Check(
    "gradient_check.numerical_gradient", gradient_check.numerical_gradient, draw_numerical_gradient,
    worked_numerical_gradient, axes="", points=2, section="bptt-numerical: Checking a gradient", only_float64=True,
)  # fmt: skip


@NUMERICAL_GRADIENT.misconception(
    "It is the one-sided difference, (f(a + step) - f(a)) / step. Its error shrinks with step, that of the difference over "
    "both sides with its square: use f(a + step) - f(a - step)."
)
def one_sided(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above = array.copy()
        above[index] += step
        gradient[index] = (function(above) - function(array)) / step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "It is twice the gradient: from a - step to a + step is a way of 2 * step, so divide by that."
)
def not_divided_by_two(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "The difference was divided by 2 and then multiplied by step, as / 2 * step does: write / (2 * step)."
)
def brackets_forgotten(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / 2 * step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "It has the wrong sign: the value below was not taken from the value above, but the other way round."
)
def above_taken_from_below(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(below) - function(above)) / (2 * step)
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "A number that was moved was not moved back, so the next ones are tried at another place, and the caller's array is no "
    "longer what it was. Move a copy, made anew for each number."
)
def array_not_restored(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        array[index] += step
        above = function(array)
        array[index] -= 2 * step
        gradient[index] = (above - function(array)) / (2 * step)
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "A number that was moved stays moved in your copy, so the next ones are tried at another place. Move it back, or make "
    "the copy anew for each number."
)
def copy_not_restored(function, array, step=1e-5):
    gradient, moved = np.empty_like(array), array.copy()
    for index in np.ndindex(array.shape):
        moved[index] += step
        above = function(moved)
        moved[index] -= 2 * step
        gradient[index] = (above - function(moved)) / (2 * step)
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "The gradient is right, but array came back changed in its last digits: adding step and taking it away again is rounded. "
    "Keep the old number and put it back, or move a copy."
)
def restored_by_arithmetic(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        array[index] += step
        above = function(array)
        array[index] -= 2 * step
        gradient[index] = (above - function(array)) / (2 * step)
        array[index] += step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "All numbers were moved at once, which gives one difference for the whole array; move one at a time."
)
def all_moved_at_once(function, array, step=1e-5):
    return np.full_like(array, (function(array + step) - function(array - step)) / (2 * step))


@NUMERICAL_GRADIENT.misconception("The argument step was ignored: the numbers were moved by 1e-5 whatever it is.")
def step_ignored(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += 1e-5
        below[index] -= 1e-5
        gradient[index] = (function(above) - function(below)) / 2e-5
    return gradient


# ---- relative_error --------------------------------------------------------------------------------------------------


def pair(rng: Generator, *shape: int, larger: str) -> dict:
    """Two arrays for which every other formula comes to something else.

    At the place of the largest difference a is negative and b positive; at another place the difference is small, but
    large for the numbers that stand there; at a third a is positive and larger than most of b.
    """
    a, b = rng.uniform(-1, 1, size=shape), rng.uniform(-1, 1, size=shape)
    one, two, three = (np.unravel_index(place, shape) for place in rng.choice(a.size, size=3, replace=False))
    large, middle = rng.uniform(3, 4), rng.uniform(1.5, 1.9)
    a[one], b[one] = (-large, middle) if larger == "a" else (-middle, large)
    a[two] = rng.uniform(0.5, 0.6)
    b[two] = -a[two] * rng.uniform(0.8, 0.9)
    a[three] = rng.uniform(2.1, 2.5)
    return {"a": a, "b": b}


def draw_relative_error(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3, range(3, 8))
    zeros = np.zeros((B, C))
    return [
        DrawnCase("three axes", pair(rng, A, B, C, larger="a")),
        DrawnCase("a vector", pair(rng, C, larger="b")),
        DrawnCase("a matrix", {name: -v for name, v in pair(rng, B, B, larger="b").items()}),
        DrawnCase("two arrays of zeros", {"a": zeros, "b": zeros.copy()}),
        DrawnCase("small numbers", {name: 1e-9 * v for name, v in pair(rng, A, C, larger="a").items()}),
        DrawnCase("float32", in_dtype(pair(rng, A, B, larger="a"), np.float32)),
    ]


def worked_relative_error(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a matrix", short(pair(rng, 2, 3, larger="a"))),
        DrawnCase("a vector", short(pair(rng, 3, larger="b"))),
        DrawnCase("two arrays of zeros", {"a": np.zeros(2), "b": np.zeros(2)}),
    ]


RELATIVE_ERROR = Check(
    "gradient_check.relative_error", gradient_check.relative_error, draw_relative_error, worked_relative_error,
    axes="", points=1, section="bptt-numerical: Checking a gradient",
)  # fmt: skip


def share(part, whole):
    return float(part / whole) if whole != 0 else 0.0


@RELATIVE_ERROR.misconception(
    "The difference has no absolute value, so a number that is far too small counts as no error: take max |a - b|."
)
def difference_without_absolute_value(a, b):
    return share((a - b).max(), max(np.abs(a).max(), np.abs(b).max()))


@RELATIVE_ERROR.misconception(
    "The numbers that it is divided by have no absolute value: take the largest of |a| and |b|."
)
def scale_without_absolute_value(a, b):
    return share(np.abs(a - b).max(), max(a.max(), b.max()))


@RELATIVE_ERROR.misconception(
    "It was divided by the largest number in a alone; take the larger of both arrays' largest."
)
def divided_by_the_first(a, b):
    return share(np.abs(a - b).max(), np.abs(a).max())


@RELATIVE_ERROR.misconception(
    "It was divided by the largest number in b alone; take the larger of both arrays' largest."
)
def divided_by_the_second(a, b):
    return share(np.abs(a - b).max(), np.abs(b).max())


@RELATIVE_ERROR.misconception(
    "It was divided by the sum of both arrays' largest numbers; divide by the larger of the two."
)
def divided_by_the_sum(a, b):
    return share(np.abs(a - b).max(), np.abs(a).max() + np.abs(b).max())


@RELATIVE_ERROR.misconception(
    "Each difference was divided by its own two numbers, so a tiny number that is a little off counts as a large error. "
    "Divide the largest difference by the largest number."
)
def number_by_number(a, b):
    scale = np.maximum(np.abs(a), np.abs(b))
    return float((np.abs(a - b) / np.where(scale == 0, 1, scale)).max())


@RELATIVE_ERROR.misconception("It is the mean of the differences, which hides a single wrong number; take the largest.")
def mean_of_differences(a, b):
    return share(np.abs(a - b).mean(), max(np.abs(a).max(), np.abs(b).max()))


@RELATIVE_ERROR.misconception(
    "The difference was not divided: it is absolute, and small wherever the numbers are small."
)
def absolute_error(a, b):
    return float(np.abs(a - b).max())


@RELATIVE_ERROR.misconception("For two arrays of zeros it is 0 / 0; they are equal, so the error is 0 there.")
def zeros_by_zeros(a, b):
    return np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max())


# ---- truncated_backward ----------------------------------------------------------------------------------------------


def truncated_inputs(rng: Generator, T: int, N: int, D: int, H: int, k: int) -> dict:
    return sequence_inputs(rng, T, N, D, H) | {"k": k}


def draw_truncated_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3)
    k = int(rng.integers(3, 5))
    T = 2 * k + 2
    return [
        DrawnCase("two blocks and a shorter one", truncated_inputs(rng, T, N, D, H, k)),
        DrawnCase("two whole blocks", truncated_inputs(rng, 2 * k, N, D, H, k)),
        DrawnCase("blocks of one step", truncated_inputs(rng, k, N, D, H, 1)),
        DrawnCase("a block longer than the sequence", truncated_inputs(rng, k, N, D, H, k + 2)),
        DrawnCase("one step", truncated_inputs(rng, 1, N, D, H, k)),
        DrawnCase("one sequence", truncated_inputs(rng, T, 1, D, H, k)),
        DrawnCase("as many steps, sequences, inputs and hidden units", truncated_inputs(rng, 5, 5, 5, 5, 2)),
        DrawnCase("float32", in_dtype(truncated_inputs(rng, T, N, D, H, k), np.float32)),
        DrawnCase("a large layer", truncated_inputs(rng, 20, 12, 32, 64, 7)),
    ]


def worked_truncated_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("five steps in blocks of two", short(truncated_inputs(rng, 5, 2, 3, 2, 2))),
        DrawnCase("six steps in blocks of three", short(truncated_inputs(rng, 6, 1, 2, 3, 3))),
        DrawnCase("a block longer than the sequence", short(truncated_inputs(rng, 2, 2, 1, 2, 4))),
        DrawnCase("float32", in_dtype(short(truncated_inputs(rng, 4, 2, 2, 2, 3)), np.float32)),
    ]


TRUNCATED_BACKWARD = Check(
    "truncated_bptt.truncated_backward", truncated_bptt.truncated_backward, draw_truncated_backward,
    worked_truncated_backward, axes=SEQUENCE_AXES, points=3, section="bptt-truncated: Truncated backpropagation",
    earlier=("step_backward",),
)  # fmt: skip


def cut_where(cut):
    """What is handed to step t from the step after it, with nothing where ``cut(t)``."""
    return lambda t, dh_next: 0 * dh_next if cut(t) else dh_next


@TRUNCATED_BACKWARD.misconception(
    "It is the full gradient: nothing was cut. Where a block ends, the gradient of the step after it is not handed over."
)
def nothing_cut(dh, x, h_0, h, W_x, W_h, k):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h))


@TRUNCATED_BACKWARD.misconception(
    "The cut is one step too early: blocks end after steps k - 1, 2k - 1, …, counted from 0, so the gradient is cut where "
    "t + 1 can be divided by k, not t."
)
def cut_one_step_too_early(dh, x, h_0, h, W_x, W_h, k):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: t % k == 0)))


@TRUNCATED_BACKWARD.misconception(
    "The blocks were counted from the last step. They are counted from the first, as the sequence is read; the last one "
    "may be shorter."
)
def blocks_counted_from_the_end(dh, x, h_0, h, W_x, W_h, k):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (len(x) - 1 - t) % k == 0)))


@TRUNCATED_BACKWARD.misconception(
    "The gradients are those of the first block alone; every block has gradients, and those of the weights add up."
)
def first_block_only(dh, x, h_0, h, W_x, W_h, k):
    dx = np.zeros_like(x)
    dx[:k], *rest = added(steps_back(dh[:k], x[:k], states_before(h, h_0), h, W_x, W_h))
    return dx, *rest


@TRUNCATED_BACKWARD.misconception(
    "The gradients are those of the last k steps alone; every block has gradients, and those of the weights add up."
)
def last_steps_only(dh, x, h_0, h, W_x, W_h, k):
    dx, begin = np.zeros_like(x), max(0, len(x) - k)
    parts = steps_back(dh[begin:], x[begin:], states_before(h, h_0)[begin:], h[begin:], W_x, W_h)
    dx[begin:], dh_begin, *weights = added(parts)
    return dx, dh_begin if begin == 0 else np.zeros_like(h_0), *weights


@TRUNCATED_BACKWARD.misconception(
    "Each loss was taken back over k steps of its own. Here the borders are fixed: within a block the gradient goes back to "
    "the block's first step, and no further."
)
def window_of_its_own(dh, x, h_0, h, W_x, W_h, k):
    before, dx, dh_0, weights = states_before(h, h_0), np.zeros_like(x), np.zeros_like(h_0), []
    for last in range(len(x)):
        window = slice(max(0, last - k + 1), last + 1)
        alone = np.zeros_like(dh[window])
        alone[-1] = dh[last]
        found = added(steps_back(alone, x[window], before[window], h[window], W_x, W_h))
        dx[window] += found[0]
        dh_0 += found[1] if window.start == 0 else 0
        weights.append(found[2:])
    return dx, dh_0, *(sum(one[place] for one in weights) for place in range(3))


@TRUNCATED_BACKWARD.misconception(
    "Each block began with h_0. The gradient is cut, but the state is carried over: before a block stands the last state "
    "of the block before."
)
def state_not_carried_over(dh, x, h_0, h, W_x, W_h, k):
    before = [h_0 if t % k == 0 else h[t - 1] for t in range(len(x))]
    return added(steps_back(dh, x, before, h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0)))


@TRUNCATED_BACKWARD.misconception(
    "At the end of a block the step's own dh[t] was dropped too; only what the next step hands back is."
)
def direct_gradient_cut_too(dh, x, h_0, h, W_x, W_h, k):
    ends = (np.arange(len(x)) + 1) % k == 0
    kept = np.where(ends[:, None, None], 0, dh).astype(dh.dtype)
    return added(steps_back(kept, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: ends[t])))


@TRUNCATED_BACKWARD.misconception(
    "The gradients of the weights are means over the blocks; the blocks' gradients add up, as those of steps do."
)
def mean_over_blocks(dh, x, h_0, h, W_x, W_h, k):
    parts = steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0))
    dx, dh_0, *weights = added(parts)
    return dx, dh_0, *(w / (1 + (len(x) - 1) // k) for w in weights)


@TRUNCATED_BACKWARD.misconception(
    "dh_0 is what the last block hands back to the state before it; asked for is what the first block hands back to h_0."
)
def initial_state_of_the_last_block(dh, x, h_0, h, W_x, W_h, k):
    parts = steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0))
    dx, _, *weights = added(parts)
    return dx, parts[(len(x) - 1) // k * k][1], *weights


# ---- truncation_error ------------------------------------------------------------------------------------------------


def cut_gradient(rng: Generator, *shape: int) -> dict:
    full = rng.normal(size=shape)
    return {"truncated": full * rng.uniform(0.3, 0.9, size=shape) + 0.1 * rng.normal(size=shape), "full": full}


def draw_truncation_error(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3)
    full = rng.normal(size=(A, C))
    return [
        DrawnCase("a matrix", cut_gradient(rng, B, C)),
        DrawnCase("three axes", cut_gradient(rng, A, B, C)),
        DrawnCase("a vector", cut_gradient(rng, B)),
        DrawnCase("everything lost", {"truncated": np.zeros_like(full), "full": full}),
        DrawnCase("nothing to lose", {"truncated": np.zeros((B, C)), "full": np.zeros((B, C))}),
        DrawnCase(
            "the full gradient is zero, the other is not", {"truncated": rng.normal(size=A), "full": np.zeros(A)}
        ),
        DrawnCase("float32", in_dtype(cut_gradient(rng, A, B), np.float32)),
    ]


def worked_truncation_error(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a matrix", short(cut_gradient(rng, 2, 3))),
        DrawnCase("a vector", short(cut_gradient(rng, 4))),
        DrawnCase("nothing to lose", {"truncated": np.zeros(2), "full": np.zeros(2)}),
        DrawnCase(
            "the full gradient is zero, the other is not", {"truncated": np.array([0.3, -0.1]), "full": np.zeros(2)}
        ),
    ]


TRUNCATION_ERROR = Check(
    "truncated_bptt.truncation_error", truncated_bptt.truncation_error, draw_truncation_error, worked_truncation_error,
    axes="", points=1, section="bptt-truncated: Truncated backpropagation",
)  # fmt: skip


def of_whole(lost, whole):
    return float(lost / whole) if whole != 0 else float(lost != 0)


@TRUNCATION_ERROR.misconception("It was divided by the truncated gradient; the error is a share of the full one.")
def divided_by_the_truncated(truncated, full):
    if not full.any():
        return float(truncated.any())
    return float(np.linalg.norm(truncated - full) / (np.linalg.norm(truncated) or 1.0))


@TRUNCATION_ERROR.misconception("The length of the difference was not divided by that of the full gradient.")
def not_divided(truncated, full):
    return float(np.linalg.norm(truncated - full))


@TRUNCATION_ERROR.misconception(
    "It is the difference of the two lengths. Two gradients of one length may point in different directions: subtract first, "
    "then take the length."
)
def difference_of_lengths(truncated, full):
    whole = np.linalg.norm(full)
    return of_whole(abs(np.linalg.norm(truncated) - whole), whole)


@TRUNCATION_ERROR.misconception(
    "It is the share that is left; asked for is what was lost: take the length of the difference."
)
def share_that_is_left(truncated, full):
    return of_whole(np.linalg.norm(truncated), np.linalg.norm(full))


@TRUNCATION_ERROR.misconception("It was made of squares; a length is the square root of the sum of the squares.")
def root_left_out(truncated, full):
    return of_whole(((truncated - full) ** 2).sum(), (full**2).sum())


@TRUNCATION_ERROR.misconception("It was made of the largest numbers, as relative_error is; here lengths are compared.")
def largest_for_length(truncated, full):
    return of_whole(np.abs(truncated - full).max(), np.abs(full).max())


@TRUNCATION_ERROR.misconception(
    "Where the full gradient is zero it was divided by zero: the error is then 0 if the other is zero too, and 1 if not."
)
def divided_by_zero(truncated, full):
    return np.linalg.norm(truncated - full) / np.linalg.norm(full)


EXERCISE = Exercise(
    slug="02_bptt",
    title="Backpropagation through time",
    checks=(
        STEP_BACKWARD, BACKWARD, EMBED_BACKWARD, NUMERICAL_GRADIENT, RELATIVE_ERROR, TRUNCATED_BACKWARD, TRUNCATION_ERROR
    ),
    packages=("numpy", "matplotlib"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "bptt").glob("[!_]*.py"))),
)  # fmt: skip
