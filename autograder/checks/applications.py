"""Exercise 8: the checks of the applications, and what learners get wrong about them."""

# A misconception takes what the reference takes, whether it uses it or not.

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import nn

from autograder.checks.declaration import DATA_FOLDER, Check, DrawnCase, Exercise, Trained
from autograder.checks.drawing import in_dtype, short, sizes, until
from autograder.runner.calling import Given
from solutions.with_numpy import decoding, gru, heads, step_by_step
from solutions.with_numpy.dates import letters_to_read, letters_to_write, some_dates
from solutions.with_numpy.decoding import greedy, log_softmax
from solutions.with_numpy.heads import many_to_one
from solutions.with_numpy.moving_digit import moving_digits
from solutions.with_numpy.padding import mask_of
from solutions.with_torch import applications

Generator = np.random.Generator
SIZES = range(3, 8)
START_SIGN, END_SIGN = 11, 12
CLIP_UNITS, DATE_UNITS, DATE_SIZE = 48, 64, 32


def unequal(rng: Generator, N: int, longest: int) -> np.ndarray:
    """Lengths up to the longest, which occurs, as does a shorter one."""
    lengths = rng.integers(2, longest + 1, size=N)
    first, second = rng.permutation(N)[:2]
    lengths[first], lengths[second] = longest, rng.integers(1, longest)
    return lengths


# ---- many_to_one -----------------------------------------------------------------------------------------------------


def last_step_inputs(rng: Generator, lengths, T: int, H: int, V: int) -> dict:
    mask = mask_of(np.asarray(lengths), T)
    h = rng.normal(size=(*mask.shape, H))
    return {"h": h, "mask": mask, "W_y": rng.normal(size=(V, H)), "b_y": rng.normal(size=V)}


def draw_many_to_one(rng: Generator) -> list[DrawnCase]:
    T, N, H, V = sizes(rng, 4, SIZES)
    T += 5
    beyond = last_step_inputs(rng, unequal(rng, N, T - 3), T, H, V)
    return [
        DrawnCase("unequal lengths", last_step_inputs(rng, unequal(rng, N, T), T, H, V)),
        DrawnCase("more rows than the longest sequence has steps", beyond),
        DrawnCase("one sequence", last_step_inputs(rng, [T - 3], T, H, V)),
        DrawnCase("one step", last_step_inputs(rng, [1] * N, 1, H, V)),
        DrawnCase("as many rows, sequences, units and classes", last_step_inputs(rng, unequal(rng, V, V - 1), V, V, V)),
        DrawnCase("float32", in_dtype(last_step_inputs(rng, unequal(rng, N, T), T, H, V), np.float32)),
    ]


def worked_many_to_one(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three sequences of 2, 4 and 3 steps", short(last_step_inputs(rng, [2, 4, 3], 5, 2, 4))),
        DrawnCase("one sequence", short(last_step_inputs(rng, [3], 4, 2, 3))),
        DrawnCase("as many rows, sequences, units and classes", short(last_step_inputs(rng, [3, 2, 1], 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(last_step_inputs(rng, [1, 3], 3, 3, 2)), np.float32)),
    ]


MANY_TO_ONE = Check(
    "heads.many_to_one", heads.many_to_one, draw_many_to_one, worked_many_to_one, axes="N V", points=2,
    section="app-many-to-one: Reading the right last step",
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


# ---- one_to_many_inputs ----------------------------------------------------------------------------------------------


def draw_one_to_many(rng: Generator) -> list[DrawnCase]:
    T, N, D = sizes(rng, 3, SIZES)

    def inputs(T: int, N: int, D: int) -> dict:
        return {"x": rng.normal(size=(N, D)), "T": T}

    return [
        DrawnCase("several steps", inputs(T, N, D)),
        DrawnCase("one step", inputs(1, N, D)),
        DrawnCase("one sequence", inputs(T, 1, D)),
        DrawnCase("as many steps, sequences and inputs", inputs(D, D, D)),
        DrawnCase("float32", in_dtype(inputs(T, N, D), np.float32)),
    ]


def worked_one_to_many(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("four steps", {"x": short(rng.normal(size=(2, 3))), "T": 4}),
        DrawnCase("one step", {"x": short(rng.normal(size=(3, 2))), "T": 1}),
        DrawnCase("as many steps, sequences and inputs", {"x": short(rng.normal(size=(2, 2))), "T": 2}),
        DrawnCase("float32", in_dtype({"x": short(rng.normal(size=(1, 2))), "T": 3}, np.float32)),
    ]


ONE_TO_MANY = Check(
    "heads.one_to_many_inputs", heads.one_to_many_inputs, draw_one_to_many, worked_one_to_many, axes="T N D", points=1,
    section="app-one-to-many: One to many",
)  # fmt: skip


@ONE_TO_MANY.misconception(
    "The vector stands at every step. It comes once, at the first; after that the network has only its state."
)
def vector_at_every_step(x, T):
    return np.stack([x] * T)


@ONE_TO_MANY.misconception(
    "The vector stands at the last step; it comes at the first, or the other steps know nothing of it."
)
def vector_at_the_last_step(x, T):
    inputs = np.zeros((T, *x.shape), dtype=x.dtype)
    inputs[-1] = x
    return inputs


@ONE_TO_MANY.misconception(
    "There is one step too many: T zeros behind the vector. The vector's own step is one of the T."
)
def one_step_too_many(x, T):
    return np.concatenate([x[None], np.zeros((T, *x.shape), dtype=x.dtype)])


@ONE_TO_MANY.misconception("The sequences come first in your result; here time comes first: (T, N, D).")
def sequences_first(x, T):
    inputs = np.zeros((len(x), T, x.shape[1]), dtype=x.dtype)
    inputs[:, 0] = x
    return inputs


@ONE_TO_MANY.misconception("The result is float64 though the vector is float32: np.zeros needs dtype=.")
def dtype_lost(x, T):
    inputs = np.zeros((T, *x.shape))
    inputs[0] = x
    return inputs


@ONE_TO_MANY.misconception(
    "The vector's numbers were spread over the steps of one sequence after the other. Each sequence gets its whole vector at its first step."
)
def only_the_first_sequence(x, T):
    inputs = np.zeros((T, *x.shape), dtype=x.dtype)
    inputs[:, 0] = x[0]
    return inputs


# ---- encode ----------------------------------------------------------------------------------------------------------

CELL = """
def value(x, h):
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


def draw_encode(rng: Generator) -> list[DrawnCase]:
    S, N, D, H = sizes(rng, 4, SIZES)
    S += 5
    return [
        DrawnCase("unequal lengths", encode_inputs(rng, unequal(rng, N, S), S, D, H)),
        DrawnCase("more rows than the longest sequence has steps", encode_inputs(rng, unequal(rng, N, S - 2), S, D, H)),
        DrawnCase("one sequence", encode_inputs(rng, [S - 1], S, D, H)),
        DrawnCase("one step", encode_inputs(rng, [1] * N, 1, D, H)),
        DrawnCase("as many rows, sequences, inputs and units", encode_inputs(rng, unequal(rng, H, H - 1), H, H, H)),
        DrawnCase("float32", in_dtype(encode_inputs(rng, unequal(rng, N, S), S, D, H), np.float32)),
    ]


def worked_encode(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three sequences of 2, 4 and 3 steps", short(encode_inputs(rng, [2, 4, 3], 5, 1, 2))),
        DrawnCase("one sequence", short(encode_inputs(rng, [2], 3, 2, 3))),
        DrawnCase("as many rows, sequences, inputs and units", short(encode_inputs(rng, [3, 2, 2], 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(encode_inputs(rng, [1, 3], 3, 1, 2)), np.float32)),
    ]


ENCODE = Check(
    "step_by_step.encode", step_by_step.encode, draw_encode, worked_encode, axes="N H", points=2,
    section="app-encoder-decoder: Encoder and decoder",
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


# ---- the decoder's model ---------------------------------------------------------------------------------------------

ONE_STATE = """
def value(ids, states):
    (h,) = states
    h = np.tanh(W_e[ids] + h @ W_h.T)
    return h @ W_y.T + b_y, (h,)
"""
TWO_STATES = """
def value(ids, states):
    h, c = states
    c = 0.7 * c + np.tanh(W_e[ids] + h @ W_h.T)
    h = np.tanh(c)
    return h @ W_y.T + b_y, (h, c)
"""


def decoder(rng: Generator, N: int, H: int, V: int, states: int = 1, ending: int | None = None) -> tuple[Given, tuple]:
    """A small random decoder, and states for it; perhaps one that writes the end word more often than others."""
    b_y = 0.5 * rng.normal(size=V)
    if ending is not None:
        b_y[ending] += 0.7
    given = Given(
        ONE_STATE if states == 1 else TWO_STATES, W_e=1.5 * rng.normal(size=(V, H)),
        W_h=1.2 * rng.normal(size=(H, H)) / np.sqrt(H), W_y=2.5 * rng.normal(size=(V, H)) / np.sqrt(H), b_y=b_y,
    )  # fmt: skip
    return given, tuple(rng.normal(size=(N, H)) for _ in range(states))


# ---- forced_scores ---------------------------------------------------------------------------------------------------


def forced_inputs(rng: Generator, T: int, N: int, H: int, V: int, states: int = 1) -> dict:
    next_scores, begun = decoder(rng, N, H, V, states)
    start, first = rng.permutation(V)[:2]
    target = rng.integers(V, size=(T, N))
    target[-1] = first  # as after an end word: never the start, so that the one cannot pass for the other
    return {"target": target, "states": begun, "start": int(start), "next_scores": next_scores}


def draw_forced(rng: Generator) -> list[DrawnCase]:
    T, N, H, V = sizes(rng, 4, SIZES)
    V += 5
    return [
        DrawnCase("several steps", forced_inputs(rng, T, N, H, V)),
        DrawnCase("two states", forced_inputs(rng, T, N, H, V, states=2)),
        DrawnCase("one step", forced_inputs(rng, 1, N, H, V)),
        DrawnCase("one sequence", forced_inputs(rng, T, 1, H, V)),
        DrawnCase("as many steps, sequences, units and words", forced_inputs(rng, V, V, V, V)),
        DrawnCase("float32", in_dtype(forced_inputs(rng, T, N, H, V), np.float32)),
    ]


def worked_forced(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(forced_inputs(rng, 3, 2, 2, 4))),
        DrawnCase("two states", short(forced_inputs(rng, 4, 1, 2, 3, states=2))),
        DrawnCase("one step", short(forced_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("as many steps, sequences, units and words", short(forced_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(forced_inputs(rng, 2, 1, 2, 3)), np.float32)),
    ]


FORCED = Check(
    "step_by_step.forced_scores", step_by_step.forced_scores, draw_forced, worked_forced, axes="T N V", points=2,
    section="app-encoder-decoder: Encoder and decoder",
)  # fmt: skip


def scores_for(inputs, states, next_scores):
    """The scores when these words are given, one row at each step."""
    scores = []
    for ids in inputs:
        y, states = next_scores(ids, states)
        scores.append(y)
    return np.stack(scores)


def started(target, start):
    return np.full_like(target[:1], start)


@FORCED.misconception(
    "The decoder was given the word that it has to predict: the targets were not shifted. At step t it reads the word of step t - 1."
)
def targets_not_shifted(target, states, start, next_scores):
    return scores_for(target, states, next_scores)


@FORCED.misconception(
    "The start sign is missing, and so is a step: the first input is the start sign, the second the first word of the target."
)
def start_missing(target, states, start, next_scores):
    return scores_for(target[:-1], states, next_scores) if len(target) > 1 else scores_for(target, states, next_scores)


@FORCED.misconception(
    "The first input is the target's last word, as np.roll puts it there. It should be the start sign."
)
def last_word_for_start(target, states, start, next_scores):
    return scores_for(np.roll(target, 1, axis=0), states, next_scores)


@FORCED.misconception(
    "The target's last word was given too, and there is one step too many. Nothing is to be predicted after it: T inputs, T scores."
)
def last_word_given_too(target, states, start, next_scores):
    return scores_for(np.concatenate([started(target, start), target]), states, next_scores)


@FORCED.misconception(
    "The targets were shifted the wrong way, with the start sign at the end. It comes first, and the last word of the target is left out."
)
def shifted_the_wrong_way(target, states, start, next_scores):
    return scores_for(np.concatenate([target[1:], started(target, start)]), states, next_scores)


@FORCED.misconception(
    "The decoder was given the words that it wrote itself. With teacher forcing it gets the right words of the target."
)
def own_words_given(target, states, start, next_scores):
    ids, scores = np.full(target.shape[1], start), []
    for _ in target:
        y, states = next_scores(ids, states)
        scores.append(y)
        ids = y.argmax(axis=1)
    return np.stack(scores)


@FORCED.misconception(
    "The start sign was given at every step; after the first, it is the right word of the step before."
)
def start_at_every_step(target, states, start, next_scores):
    return scores_for(np.full_like(target, start), states, next_scores)


@FORCED.misconception(
    "The decoder began with zeros, and not with the states that it was given: then it knows nothing of the source."
)
def decoder_begun_with_zeros(target, states, start, next_scores):
    given = np.concatenate([started(target, start), target[:-1]])
    return scores_for(given, tuple(0 * state for state in states), next_scores)


@FORCED.misconception(
    "Each step began with the first states. next_scores returns new ones, which belong to the next step."
)
def states_not_carried(target, states, start, next_scores):
    given = np.concatenate([started(target, start), target[:-1]])
    return np.stack([next_scores(ids, states)[0] for ids in given])


@FORCED.misconception("These are probabilities; softmax belongs to the loss, and the scores themselves are asked for.")
def softmax_of_scores(target, states, start, next_scores):
    given = np.concatenate([started(target, start), target[:-1]])
    return np.exp(log_softmax(scores_for(given, states, next_scores)))


# ---- greedy ----------------------------------------------------------------------------------------------------------


def writing(rng: Generator, N: int, H: int, V: int, longest: int, states: int = 1) -> dict:
    start, end = (int(word) for word in rng.permutation(np.arange(1, V))[:2])
    next_scores, begun = decoder(rng, N, H, V, states, end)
    return {"next_scores": next_scores, "states": begun, "start": start, "end": end, "longest": longest}


def made(inputs: dict) -> dict:
    """The inputs with the program run."""
    return inputs | {"next_scores": inputs["next_scores"].made(None)}


def clearly(inputs: dict, by: float = 1e-3) -> bool:
    """Whether single precision or a little noise would choose the same words."""
    ready = made(inputs)
    right = greedy(**ready)
    noise = np.random.default_rng(0)

    def noisy(ids, states):
        y, states = ready["next_scores"](ids, states)
        return y + by * noise.normal(size=y.shape), states

    return np.array_equal(greedy(**ready | {"next_scores": noisy}), right)


def lengths_written(ids: np.ndarray, end: int) -> np.ndarray:
    """How many words come before the end word; all where there is none."""
    return np.where((ids == end).any(axis=0), (ids == end).argmax(axis=0), len(ids))


def ends_apart(inputs: dict) -> bool:
    """Whether all sequences end in time, one two steps before another, neither at once."""
    ids = greedy(**made(inputs))
    lengths = lengths_written(ids, inputs["end"])
    in_time = len(ids) < inputs["longest"] and bool((ids[-1] == inputs["end"]).all())
    return in_time and lengths.min() >= 1 and lengths.max() - lengths.min() >= 2 and clearly(inputs)


def goes_on(inputs: dict) -> bool:
    """Whether no sequence ends in time, and they do not all say the same word for ever."""
    ids = greedy(**made(inputs))
    return not (ids == inputs["end"]).any() and len(np.unique(ids)) > 1 and clearly(inputs)


def ends_later(inputs: dict) -> bool:
    """Whether the last sequence ends in time, but not at once."""
    ids = greedy(**made(inputs))
    return 2 < len(ids) < inputs["longest"] and clearly(inputs)


def draw_greedy(rng: Generator) -> list[DrawnCase]:
    N, H, V = sizes(rng, 3, SIZES)
    N, V = min(N, 5), V + 5

    def found(fits: Callable[[dict], bool], N: int, H: int, V: int, longest: int, states: int = 1) -> dict:
        return until(lambda: writing(rng, N, H, V, longest, states), fits)

    return [
        DrawnCase("sequences that end at different steps", found(ends_apart, N, H, V, 14)),
        DrawnCase("two states", found(ends_apart, N, H, V, 15, states=2)),
        DrawnCase("no sequence ends in time", found(goes_on, 2, H, V, 4)),
        DrawnCase("one sequence", found(ends_later, 1, H, V, 12)),
        DrawnCase("as many sequences, units and words", found(ends_apart, 5, 5, 5, 16)),
        DrawnCase("float32", in_dtype(found(ends_apart, N, H, V, 14), np.float32)),
    ]


def worked_greedy(rng: Generator) -> list[DrawnCase]:
    def found(fits: Callable[[dict], bool], N: int, H: int, V: int, longest: int, states: int = 1) -> dict:
        return until(lambda: short(writing(rng, N, H, V, longest, states)), fits)

    return [
        DrawnCase("two sequences that end at different steps", found(ends_apart, 2, 3, 5, 8)),
        DrawnCase("two states", found(ends_apart, 2, 3, 4, 9, states=2)),
        DrawnCase("no sequence ends in time", found(goes_on, 2, 3, 4, 3)),
        DrawnCase("one sequence", found(ends_later, 1, 2, 4, 7)),
        DrawnCase("as many sequences, units and words", found(ends_apart, 4, 4, 4, 9)),
    ]


GREEDY = Check(
    "decoding.greedy", decoding.greedy, draw_greedy, worked_greedy, axes="T N", points=3, section="app-greedy: Greedy decoding"
)  # fmt: skip


def written(next_scores, states, start, longest, choose):
    """The words of every step, chosen by a function of scores and of the last words; no end is looked at."""
    ids, words = np.full(len(states[0]), start), []
    for _ in range(longest):
        y, states = next_scores(ids, states)
        ids = choose(y, ids)
        words.append(ids)
    return np.array(words)


def held(y, ids, end):
    """The best words; the end word where it was the last one already."""
    return np.where(ids == end, end, y.argmax(axis=1))


@GREEDY.misconception(
    "Sequences went on after their end word. Once it is written, the sequence holds the end word alone, while others go on."
)
def written_on_after_the_end(next_scores, states, start, end, longest):
    words = written(next_scores, states, start, longest, lambda y, ids: y.argmax(axis=1))
    ended = np.logical_or.accumulate(words == end).all(axis=1)
    return words[: int(ended.argmax()) + 1] if ended.any() else words


@GREEDY.misconception("All steps were written, though every sequence had ended. Stop as soon as the last one has.")
def not_stopped_at_the_end(next_scores, states, start, end, longest):
    return written(next_scores, states, start, longest, lambda y, ids: held(y, ids, end))


@GREEDY.misconception("All stopped as soon as one sequence had ended. Stop when every one has, with all and not any.")
def stopped_at_the_first_end(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    ended = (words == end).any(axis=1)
    return words[: int(ended.argmax()) + 1] if ended.any() else words


@GREEDY.misconception("The row in which the last sequence ends is missing; the end word belongs to the result.")
def last_row_missing(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    return words[:-1] if (words[-1] == end).all() else words


@GREEDY.misconception("After a sequence's end stand zeros; it should be the end word.")
def zeros_after_the_end(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    before = np.cumsum(words == end, axis=0) - (words == end)
    return np.where(before > 0, 0, words)


@GREEDY.misconception(
    "The start sign stands in front of the result; the words that were written are asked for, without it."
)
def start_included(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    return np.concatenate([np.full_like(words[:1], start), words])


@GREEDY.misconception(
    "The start sign was given at every step. After the first, each sequence gets the word that it wrote."
)
def own_words_not_given_back(next_scores, states, start, end, longest):
    def always_started(ids, states):
        return next_scores(np.full_like(ids, start), states)

    return greedy(always_started, states, start, end, longest)


@GREEDY.misconception(
    "Each step began with the first states. next_scores returns new ones, which belong to the next step."
)
def same_states_at_every_step(next_scores, states, start, end, longest):
    def forgetful(ids, _):
        return next_scores(ids, states)

    return greedy(forgetful, states, start, end, longest)


@GREEDY.misconception(
    "argmax went over the sequences. The words compete: take it over the last axis of the scores (N, V)."
)
def argmax_over_the_sequences(next_scores, states, start, end, longest):
    ids, ended, words = np.full(len(states[0]), start), np.zeros(len(states[0]), dtype=bool), []
    for _ in range(longest):
        y, states = next_scores(ids, states)
        ids = np.where(ended, end, y.argmax(axis=0))
        ended = ended | (ids == end)
        words.append(ids)
        if ended.all():
            break
    return np.array(words)


@GREEDY.misconception("The sequences come first in your result; here time comes first: (T, N).")
def batch_first(next_scores, states, start, end, longest):
    return greedy(next_scores, states, start, end, longest).T


# ---- beam_search -----------------------------------------------------------------------------------------------------


def searching(rng: Generator, H: int, V: int, longest: int, width: int, states: int = 1) -> dict:
    return writing(rng, 1, H, V, longest, states) | {"width": width}


def clear_beam(inputs: dict, right: np.ndarray, by: float = 1e-3) -> bool:
    """Whether single precision or a little noise would find the same sequences in the same order."""
    ready, noise = made(inputs), np.random.default_rng(0)

    def noisy(ids, states):
        y, states = ready["next_scores"](ids, states)
        return y + by * noise.normal(size=y.shape), states

    return all(np.array_equal(step_by_step.beam_search(**ready | {"next_scores": noisy})[0], right) for _ in range(2))


def finds_more(inputs: dict) -> bool:
    """Whether the best is not the greedy one, sequences end at different steps, and the best is not the first to end."""
    ready = made(inputs)
    ids, _ = step_by_step.beam_search(**ready)
    lengths = lengths_written(ids.T, inputs["end"])
    plain = greedy(**{name: value for name, value in ready.items() if name != "width"})[:, 0]
    same = np.array_equal(plain, ids[0, : len(plain)])
    return not same and len(set(lengths.tolist())) >= 2 and lengths.min() >= 1 and clear_beam(inputs, ids)


def is_cut(inputs: dict) -> bool:
    """Whether a sequence is at its greatest length without an end, and another has ended."""
    ids, _ = step_by_step.beam_search(**made(inputs))
    ended = (ids == inputs["end"]).any(axis=1)
    return ended.any() and not ended.all() and clear_beam(inputs, ids)


def ends_before(inputs: dict) -> bool:
    """Whether the search stops before the greatest length."""
    ids, _ = step_by_step.beam_search(**made(inputs))
    lengths = lengths_written(ids.T, inputs["end"])
    return 2 < ids.shape[1] < inputs["longest"] and len(set(lengths.tolist())) >= 2 and clear_beam(inputs, ids)


def is_clear(inputs: dict) -> bool:
    ids, _ = step_by_step.beam_search(**made(inputs))
    return ids.shape[1] > 2 and clear_beam(inputs, ids)


def draw_beam(rng: Generator) -> list[DrawnCase]:
    H, V = sizes(rng, 2, SIZES)
    V += 5

    def found(fits: Callable[[dict], bool], H: int, V: int, longest: int, width: int, states: int = 1) -> dict:
        return until(lambda: searching(rng, H, V, longest, width, states), fits)

    return [
        DrawnCase("a width of three", found(finds_more, H, V, 6, 3)),
        DrawnCase("two states", found(finds_more, H, V, 5, 4, states=2)),
        DrawnCase("stopped by the greatest length", found(is_cut, H, V, 3, 4)),
        DrawnCase("all ended", found(ends_before, H, V, 16, 2)),
        DrawnCase("a width of one", found(is_clear, H, V, 5, 1)),
        DrawnCase("as wide as there are words, and as many units", found(finds_more, 4, 4, 6, 4)),
        DrawnCase("float32", in_dtype(found(finds_more, H, V, 5, 3), np.float32)),
    ]


def worked_beam(rng: Generator) -> list[DrawnCase]:
    def found(fits: Callable[[dict], bool], H: int, V: int, longest: int, width: int, states: int = 1) -> dict:
        return until(lambda: short(searching(rng, H, V, longest, width, states)), fits)

    return [
        DrawnCase("a width of two", found(finds_more, 2, 4, 3, 2)),
        DrawnCase("two states, a width of three", found(finds_more, 2, 4, 4, 3, states=2)),
        DrawnCase("stopped by the greatest length", found(is_cut, 3, 4, 2, 3)),
        DrawnCase("all ended", found(ends_before, 2, 4, 8, 2)),
        DrawnCase("a width of one", found(is_clear, 2, 3, 4, 1)),
        DrawnCase("float32", in_dtype(found(finds_more, 2, 4, 3, 2), np.float32)),
    ]


BEAM = Check(
    "step_by_step.beam_search", step_by_step.beam_search, draw_beam, worked_beam, axes="ids: k T; log_p: k", points=4,
    section="app-beam: Beam search",
)  # fmt: skip


def searched(
    next_scores, states, start, end, longest, width, extend=None, keep=None, stop=None, reorder=True, first=None
):
    """A beam search with one of its parts changed."""
    ids = np.full((1, 1), start)
    log_p = np.zeros(1, dtype=states[0].dtype)
    while ids.shape[1] <= longest and not (stop or np.all)(ids[:, -1] == end):
        y, after = next_scores(ids[:, -1], states)
        grown = (extend or extended)(log_p, y, ids, end)
        best = (keep or kept)(grown, width)
        parent, word = np.unravel_index(best, grown.shape)
        ids, log_p = np.column_stack([ids[parent], word]), grown[parent, word].astype(y.dtype)
        states = tuple(
            state[parent if reorder else np.minimum(np.arange(len(parent)), len(state) - 1)] for state in after
        )
    return ids[:, 1:], log_p


def extended(log_p, y, ids, end):
    """The log-probabilities of all sequences that are one word longer; what has ended stays."""
    grown = log_p[:, None] + log_softmax(y)
    return ended_held(grown, log_p, ids, end)


def ended_held(grown, log_p, ids, end):
    ended = ids[:, -1] == end
    grown[ended] = -np.inf
    grown[ended, end] = log_p[ended]
    return grown


def kept(grown, width):
    return np.argsort(-grown, axis=None, kind="stable")[:width]


@BEAM.misconception(
    "Each beginning was followed by its own best word alone. All extensions of all beginnings compete; the best of the whole table are kept."
)
def best_of_each_beginning(next_scores, states, start, end, longest, width):
    def keep(grown, width):
        if len(grown) == 1:
            return kept(grown, width)
        places = np.arange(len(grown)) * grown.shape[1] + grown.argmax(axis=1)
        return places[np.argsort(-grown.max(axis=1), kind="stable")]

    return searched(next_scores, states, start, end, longest, width, keep=keep)


@BEAM.misconception(
    "Probabilities were added. A product of probabilities is a sum of their logarithms: add log_softmax of the scores."
)
def probabilities_added(next_scores, states, start, end, longest, width):
    def extend(log_p, y, ids, end):
        return ended_held(log_p[:, None] + np.exp(log_softmax(y)), log_p, ids, end)

    return searched(next_scores, states, start, end, longest, width, extend=extend)


@BEAM.misconception(
    "The second result holds probabilities; their logarithms are asked for, which do not become too small to tell apart."
)
def probabilities_returned(next_scores, states, start, end, longest, width):
    ids, log_p = searched(next_scores, states, start, end, longest, width)
    return ids, np.exp(log_p)


@BEAM.misconception(
    "The scores were added as they are. They become comparable between beginnings by log_softmax, which makes log-probabilities of them."
)
def scores_added(next_scores, states, start, end, longest, width):
    def extend(log_p, y, ids, end):
        return ended_held(log_p[:, None] + y, log_p, ids, end)

    return searched(next_scores, states, start, end, longest, width, extend=extend)


@BEAM.misconception(
    "Only the last word's log-probability decides; it has to be added to that of the beginning before it."
)
def sum_not_kept(next_scores, states, start, end, longest, width):
    def extend(log_p, y, ids, end):
        return ended_held(log_softmax(y), log_p, ids, end)

    return searched(next_scores, states, start, end, longest, width, extend=extend)


@BEAM.misconception(
    "Finished sequences were extended by further words. After the end word a sequence stays as it is, with its log-probability."
)
def finished_extended(next_scores, states, start, end, longest, width):
    def extend(log_p, y, ids, end):
        return log_p[:, None] + log_softmax(y)

    return searched(next_scores, states, start, end, longest, width, extend=extend)


@BEAM.misconception(
    "Finished sequences go on paying for their end words: each one added its log-probability again. Nothing is added after the first."
)
def end_paid_again(next_scores, states, start, end, longest, width):
    def extend(log_p, y, ids, end):
        return ended_held(log_p[:, None] + log_softmax(y), log_p + log_softmax(y)[:, end], ids, end)

    return searched(next_scores, states, start, end, longest, width, extend=extend)


@BEAM.misconception(
    "The search stopped when the first sequence ended. Another one, still unfinished, may become likelier than others that are kept: stop when all have ended."
)
def stopped_when_one_ended(next_scores, states, start, end, longest, width):
    return searched(next_scores, states, start, end, longest, width, stop=np.any)


@BEAM.misconception(
    "The states stayed in their rows while the sequences changed places. Each extension needs the state of the beginning that it extends: state[parent]."
)
def states_not_reordered(next_scores, states, start, end, longest, width):
    return searched(next_scores, states, start, end, longest, width, reorder=False)


@BEAM.misconception(
    "Each step began with the first states. next_scores returns new ones; pick from these the rows of the beginnings that were extended."
)
def first_states_at_every_step(next_scores, states, start, end, longest, width):
    def forgetful(ids, _):
        return next_scores(ids, tuple(np.repeat(state, len(ids), axis=0) for state in states))

    return searched(forgetful, states, start, end, longest, width)


@BEAM.misconception(
    "The log-probability was divided by the length. That is a choice for comparing sequences of different lengths; here it is not asked for."
)
def divided_by_the_length(next_scores, states, start, end, longest, width):
    def extend(log_p, y, ids, end):
        before = np.maximum((ids[:, 1:] != end).sum(axis=1), 1).astype(y.dtype)
        mean = log_p[:, None] * before[:, None] + log_softmax(y)
        return ended_held(mean / np.maximum(ids.shape[1], 1), log_p, ids, end)

    return searched(next_scores, states, start, end, longest, width, extend=extend)


@BEAM.misconception("The sequences come in rising order; the likeliest should come first.")
def likeliest_last(next_scores, states, start, end, longest, width):
    ids, log_p = searched(next_scores, states, start, end, longest, width)
    return ids[::-1], log_p[::-1]


@BEAM.misconception("The least likely were kept: sort by -log p, or take the last ones of a rising order.")
def least_likely_kept(next_scores, states, start, end, longest, width):
    def keep(grown, width):
        order = np.argsort(grown, axis=None, kind="stable")
        return order[np.isfinite(grown.ravel()[order])][:width]

    return searched(next_scores, states, start, end, longest, width, keep=keep)


@BEAM.misconception(
    "The start sign stands in front of the sequences; the words that were written are asked for, without it."
)
def start_sign_included(next_scores, states, start, end, longest, width):
    ids, log_p = searched(next_scores, states, start, end, longest, width)
    return np.column_stack([np.full(len(ids), start), ids]), log_p


# ---- reading_loss: the direction of a moving digit -------------------------------------------------------------------


def draw_films(rng: Generator) -> list[DrawnCase]:
    """Films of pictures that students do not have."""
    with np.load(DATA_FOLDER / "data" / "digits_judge.npz") as kept:
        images = kept["images"] / 16
    x, mask, targets = moving_digits(images, rng, 1000)
    return [DrawnCase("1000 new films", {"x": x, "mask": mask, "targets": targets})]


def states_of(weights: dict, x: np.ndarray, name: str, h_0: np.ndarray) -> np.ndarray:
    """All states of one of the GRUs."""
    h, _ = gru.forward(x, h_0, *our_weights(weights, name))
    return h


def our_weights(weights: dict, name: str) -> tuple:
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return gru.from_pytorch(*(weights[f"{name}.{kind}_l0"].astype(np.float32) for kind in kinds))


def film_scores(weights: dict, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    h = states_of(weights, x, "gru", np.zeros((x.shape[1], CLIP_UNITS), np.float32))
    return heads.many_to_one(
        h, mask, weights["scores.weight"].astype(np.float32), weights["scores.bias"].astype(np.float32)
    )


def direction_accuracy(weights: dict, data: dict) -> float:
    """The share of films whose direction is found."""
    return float(np.mean(film_scores(weights, data["x"], data["mask"]).argmax(axis=1) == data["targets"]))


def gru_shapes(name: str, D: int, H: int) -> dict:
    kinds = {"weight_ih": (3 * H, D), "weight_hh": (3 * H, H), "bias_ih": (3 * H,), "bias_hh": (3 * H,)}
    return {f"{name}.{kind}_l0": shape for kind, shape in kinds.items()}


READ = Check(
    "applications.reading_loss", applications.reading_loss, draw_films, lambda rng: [], axes="", points=3,
    section="app-many-to-one: Reading the right last step",
    trained=Trained(
        "reader_weights", {**gru_shapes("gru", 144, CLIP_UNITS), "scores.weight": (4, CLIP_UNITS), "scores.bias": (4,)},
        direction_accuracy, 0.85, higher=True, measure="share of right directions on 1000 new films",
    ),
)  # fmt: skip


def accuracy_read(weights: dict, how: Callable) -> float:
    """The share of right directions on films of our own, read in another way: ``how`` makes a mask of the mask."""
    (case,) = draw_films(np.random.default_rng(8))
    return direction_accuracy(weights, case.inputs | {"mask": how(case.inputs["mask"])})


@READ.misconception(
    "The network answers better at the last row of the batch than at each film's own last frame. It looks as if h[-1] was read, behind whose end "
    "stands another film.",
    symptom=lambda weights, score: accuracy_read(weights, np.ones_like) > score + 0.05,
)
def last_row_read(model, x, mask, targets):
    h, _ = model.gru(x)
    return nn.functional.cross_entropy(model.scores(h[-1]), targets)


# ---- writing_loss: dates ---------------------------------------------------------------------------------------------


def draw_dates(rng: Generator) -> list[DrawnCase]:
    """Dates of days that the notebook's function never draws for training."""
    texts, isos = some_dates(rng, 1000, held_out=True)
    source, mask = letters_to_read(texts)
    return [DrawnCase("1000 new dates", {"source": source, "mask": mask, "target": letters_to_write(isos, END_SIGN)})]


def handed_over(weights: dict, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The encoder's last states."""
    ours, nothing = our_weights(weights, "encoder"), np.zeros((source.shape[1], DATE_UNITS), np.float32)
    x = weights["embed_in.weight"].astype(np.float32)[source]
    return step_by_step.encode(x, mask, nothing, lambda x_t, h: gru.step(x_t, h, *ours)[0])


def decoder_of(weights: dict) -> Callable:
    """The decoder as ``decoding.greedy`` wants it."""
    ours, W_e = our_weights(weights, "decoder"), weights["embed_out.weight"].astype(np.float32)
    W_y, b_y = (weights[f"scores.{name}"].astype(np.float32) for name in ("weight", "bias"))

    def next_scores(ids, states):
        h, _ = gru.step(W_e[ids], states[0], *ours)
        return h @ W_y.T + b_y, (h,)

    return next_scores


def share_right(weights: dict, data: dict, state: np.ndarray) -> float:
    ids = greedy(decoder_of(weights), (state,), START_SIGN, END_SIGN, len(data["target"]))
    return float((ids == data["target"]).all(axis=0).mean()) if ids.shape == data["target"].shape else 0.0


def dates_accuracy(weights: dict, data: dict) -> float:
    """The share of dates that are written without a mistake."""
    return share_right(weights, data, handed_over(weights, data["source"], data["mask"]))


WRITE = Check(
    "applications.writing_loss", applications.writing_loss, draw_dates, lambda rng: [], axes="", points=3,
    section="app-encoder-decoder: Encoder and decoder",
    trained=Trained(
        "translator_weights",
        {
            "embed_in.weight": (91, DATE_SIZE), "embed_out.weight": (13, DATE_SIZE),
            **gru_shapes("encoder", DATE_SIZE, DATE_UNITS), **gru_shapes("decoder", DATE_SIZE, DATE_UNITS),
            "scores.weight": (13, DATE_UNITS), "scores.bias": (13,),
        },
        dates_accuracy, 0.7, higher=True, measure="share of 1000 new dates written without a mistake",
    ),
)  # fmt: skip


def forced_letters(weights: dict, shifted: bool, with_state: bool = True) -> float:
    """The share of right letters on dates of our own, where the decoder is given the letters before, or the answer itself."""
    (case,) = draw_dates(np.random.default_rng(8))
    target, state = case.inputs["target"], handed_over(weights, case.inputs["source"], case.inputs["mask"])
    given = np.concatenate([np.full_like(target[:1], START_SIGN), target[:-1]]) if shifted else target
    y = scores_for(given, (state if with_state else 0 * state,), decoder_of(weights))
    return float((y.argmax(axis=2) == target).mean())


def padded_accuracy(weights: dict) -> float:
    """The share of dates of our own without a mistake, where the encoder reads the padding too."""
    (case,) = draw_dates(np.random.default_rng(8))
    data = case.inputs
    return share_right(weights, data, handed_over(weights, data["source"], np.ones_like(data["mask"])))


@WRITE.misconception(
    "The decoder can only repeat the letter that it is given: it was trained with the answer as its input. Shift the targets by one step, with the "
    "start sign in front.",
    symptom=lambda weights, score: forced_letters(weights, shifted=False) > 0.95 and score < 0.1,
)
def answer_given_as_input(model, source, mask, target, start):
    h, _ = model.encoder(model.embed_in(source))
    last = h[mask.sum(dim=0) - 1, range(h.shape[1])]
    s, _ = model.decoder(model.embed_out(target), last[None])
    return nn.functional.cross_entropy(model.scores(s).flatten(0, 1), target.flatten())


@WRITE.misconception(
    "The network writes better after it has read the padding than without. It looks as if the encoder's state was taken at the last row of the batch; "
    "take it at each text's own last letter.",
    symptom=lambda weights, score: padded_accuracy(weights) > score + 0.05,
)
def padding_read_in_training(model, source, mask, target, start):
    before = target.roll(1, 0)
    before[0] = start
    _, last = model.encoder(model.embed_in(source))
    s, _ = model.decoder(model.embed_out(before), last)
    return nn.functional.cross_entropy(model.scores(s).flatten(0, 1), target.flatten())


@WRITE.misconception(
    "The decoder writes as well without the encoder's state as with it: it was trained to begin with zeros. Hand it the encoder's last state.",
    symptom=lambda weights, score: (
        forced_letters(weights, True, with_state=False) >= forced_letters(weights, True) - 0.01
    ),
)
def decoder_trained_from_zeros(model, source, mask, target, start):
    before = target.roll(1, 0)
    before[0] = start
    s, _ = model.decoder(model.embed_out(before))
    return nn.functional.cross_entropy(model.scores(s).flatten(0, 1), target.flatten())


EXERCISE = Exercise(
    slug="08_applications",
    title="Applications",
    checks=(MANY_TO_ONE, ONE_TO_MANY, ENCODE, FORCED, GREEDY, BEAM, READ, WRITE),
    packages=("numpy", "matplotlib", "torch"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "applications").glob("[!_]*.py"))),
    data=("data/digits.npz", "data/speakers.npz"),
    limits={"cell_seconds": 120.0, "notebook_seconds": 400.0},
)
