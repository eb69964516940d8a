"""`train`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase, Trained
from solutions.with_numpy import gru_language_model, text
from solutions.with_numpy.gru_language_model import update
from solutions.with_numpy.loss import perplexity

Generator = np.random.Generator


MESSAGES, FIRST_WORDS = 500, 20
VOCABULARY = text.vocabulary_of([text.message(np.random.default_rng(seed)) for seed in range(MESSAGES)])
V, D, H = len(VOCABULARY), 16, 32
SHAPES = {"W_e": (V, D), "W_x": (3 * H, D), "W_h": (3 * H, H), "b": (3 * H,), "b_hn": (H,), "W_y": (V, H), "b_y": (V,)}


def draw_train(rng: Generator) -> list[DrawnCase]:
    return [DrawnCase("new messages", {"text": text.streams(rng, 300, 40, VOCABULARY)})]


def at_the_meals(words: np.ndarray) -> np.ndarray:
    """Where a meal comes next: after "for". A text may begin in the middle of a message, so its first words do not count."""
    asked = words[:-1] == VOCABULARY.index("for")
    asked[:FIRST_WORDS] = False
    return asked


def perplexity_of_meals(weights: dict, data: dict) -> float:
    """The perplexity of a trained model at the meals, with the states carried on from the first word to the last."""
    words = data["text"]
    y, _, _ = gru_language_model.scores(words[:-1], np.zeros((words.shape[1], H)), weights)
    return float(perplexity(y, words[1:], at_the_meals(words)))


TRAIN = Check(
    "gru_language_model.train", gru_language_model.train, draw_train, lambda rng: [], axes="", task="the loop around it; the trained weights are graded", points=3,
    section="lm-training: Training",
    promises={
        "The states go on from block to block.": "states set to zero at each block",
        "Two things go from block to block: the weights and the states.": "weights not handed on",
    },
    trained=Trained(
        "weights", SHAPES, perplexity_of_meals, 1.5, higher=False, measure="perplexity of the word after 'for' in new messages"
    ),
)  # fmt: skip


def as_it_began(weights: dict) -> bool:
    """The bias of the scores begins with zeros, and each update moves it."""
    return float(np.abs(weights["b_y"]).max()) < 0.05


@TRAIN.misconception(
    "The weights are hardly different from those at the beginning: every update began with the first ones. Each update has to begin with the weights that the one before it returned.",
    symptom=lambda weights, score: as_it_began(weights),
)
def weights_not_handed_on(weights, text, block, learning_rate, limit):
    h, new = np.zeros((text.shape[1], len(weights["b_hn"]))), weights
    for start in range(0, len(text) - block, block):
        rate = learning_rate * (1 - start / len(text))
        new, h, _ = update(weights, text[start : start + block + 1], h, rate, limit)
    return new


@TRAIN.misconception(
    "The model guesses at the meal, one of three: it has not learned to look back further than a block. Do the states go on from block to block, or does each begin with zeros?",
    symptom=lambda weights, score: not as_it_began(weights) and 2.5 < score < 3.5,
)
def states_set_to_zero_at_each_block(weights, text, block, learning_rate, limit):
    for start in range(0, len(text) - block, block):
        rate, zeros = learning_rate * (1 - start / len(text)), np.zeros((text.shape[1], len(weights["b_hn"])))
        weights, _, _ = update(weights, text[start : start + block + 1], zeros, rate, limit)
    return weights
