"""`forced_scores`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import step_by_step
from solutions.with_numpy.decoding import log_softmax

from .decoder import decoder
from .drawing import SIZES

Generator = np.random.Generator


def forced_inputs(rng: Generator, T: int, N: int, H: int, V: int, states: int = 1) -> dict:
    next_scores, begun = decoder(rng, N, H, V, states)
    start, first = rng.permutation(np.arange(1, V))[:2]
    target = rng.integers(V, size=(T, N))
    target[-1] = first  # as after an end word: never the start, so that the one cannot pass for the other
    return {"target": target, "states": begun, "start": int(start), "next_scores": next_scores}


def with_high_words(inputs: dict) -> dict:
    """The same with words that do not fit into eight bits."""
    return inputs | {"target": np.maximum(inputs["target"], 256)}


def from_nothing(inputs: dict) -> dict:
    return inputs | {"states": tuple(0 * state for state in inputs["states"])}


def without_a_vector_for_the_last(inputs: dict) -> dict:
    """The same with a last word that the decoder cannot be given: it has a vector for every word but this one."""
    given, last = inputs["next_scores"], len(inputs["next_scores"].arrays["W_e"]) - 1
    target = inputs["target"] % last
    target[-1] = last
    model = Given(given.source, **given.arrays | {"W_e": given.arrays["W_e"][:last]})
    return inputs | {"target": target, "start": inputs["start"] % last, "next_scores": model}


def draw_forced(rng: Generator) -> list[DrawnCase]:
    T, N, H, V = sizes(rng, 4, SIZES)
    V += 5
    return [
        DrawnCase("several steps", forced_inputs(rng, T, N, H, V)),
        DrawnCase("two states", forced_inputs(rng, T, N, H, V, states=2)),
        DrawnCase(
            "a last word for which the decoder has no vector",
            without_a_vector_for_the_last(forced_inputs(rng, T, N, H, V)),
        ),
        DrawnCase("one step", forced_inputs(rng, 1, N, H, V)),
        DrawnCase("from states of zero", from_nothing(forced_inputs(rng, T, N, H, V))),
        DrawnCase("from states of zero again", from_nothing(forced_inputs(rng, T, N, H, V))),
        DrawnCase("one sequence, one unit, 300 words", with_high_words(forced_inputs(rng, T, 1, 1, 300))),
        DrawnCase("as many steps, sequences, units and words", forced_inputs(rng, V, V, V, V)),
        DrawnCase("float32", in_dtype(forced_inputs(rng, T, N, H, V), np.float32)),
    ]


def worked_forced(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(forced_inputs(rng, 3, 2, 2, 4))),
        DrawnCase("two states", short(forced_inputs(rng, 4, 1, 2, 3, states=2))),
        DrawnCase("one step", short(forced_inputs(rng, 1, 2, 2, 3))),
        DrawnCase(
            "a last word for which the decoder has no vector",
            without_a_vector_for_the_last(short(forced_inputs(rng, 2, 2, 1, 4))),
        ),
        DrawnCase("from states of zero", from_nothing(short(forced_inputs(rng, 2, 1, 2, 3)))),
        DrawnCase("from states of zero again", from_nothing(short(forced_inputs(rng, 2, 1, 2, 3)))),
        DrawnCase("as many steps, sequences, units and words", short(forced_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(forced_inputs(rng, 2, 1, 2, 3)), np.float32)),
    ]


FORCED = Check(
    "step_by_step.forced_scores", step_by_step.forced_scores, draw_forced, worked_forced, axes="T N V", task="the decoder's scores with teacher forcing", points=2,
    section="app-encoder-decoder: Encoder and decoder",
    promises={
        "at each step it is given the right word before, not its own": "own words given",
        "The right words": "targets not shifted",
        "What the encoder hands over": "decoder begun with zeros",
        "The word that begins each sequence": "zero for start",
        "returns the scores (N, V) of the next words and the new states": "states not carried",
        "The last word of the target is never an input": "one step ahead",
        "At the first step the input is the start sign, N times": "last word for start",
        "The scores at each step": "softmax of scores",
        "Results have the dtype of the inputs: float32 stays float32, float64 stays float64": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "writes to its inputs",
    },
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


@FORCED.misconception("The first input is the word 0. It should be the start sign, whose number is the argument start.")
def zero_for_start(target, states, start, next_scores):
    return scores_for(np.concatenate([started(target, 0), target[:-1]]), states, next_scores)


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


@FORCED.misconception(
    "The scores are right, but the last word of the target was given to the decoder, for a step more than asked for. Ask for the scores first, and only then take the next word."
)
def one_step_ahead(target, states, start, next_scores):
    y, states = next_scores(started(target, start)[0], states)
    scores = []
    for ids in target:
        scores.append(y)
        y, states = next_scores(ids, states)
    return np.stack(scores)
