"""`fill_blank`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, until
from solutions.with_numpy import decoding

from .drawing import WRITES_NOTHING

Generator = np.random.Generator


def blank_inputs(rng: Generator, T: int, N: int, V: int, K: int, shortest: int = 2) -> dict:
    """Messages of different lengths: the first and the last are neither the longest nor of two words."""
    lengths = rng.integers(min(shortest, T), T + 1, size=N)
    if N > 3:
        lengths[:4] = T // 2 + 1, T, T // 2, T - 1
        lengths = np.maximum(1, np.concatenate([lengths[:1], rng.permutation(lengths[1:])]))
    y = rng.normal(size=(T, N, V))
    allowed = rng.permutation(np.arange(1, V))[:K]
    return {"y": y, "mask": np.arange(T)[:, None] < lengths, "allowed": allowed}


# Mistakes that show on rare inputs alone: on equal scores, in long messages, and where scores are far below zero.
RARE_EQUAL = ("of equal scores the last", "of equal scores the lowest number")
RARE_LONG = ("lengths that begin again at 0",)
RARE_LOW = ("other scores at minus a billion", "by probabilities of all words")
RARE_NAN = ("scores multiplied by the mask",)


def told_apart(make, mistakes=None):
    """Inputs on which these mistakes show, and no two come to the same: with few words, chance would hide some."""
    rare = (*RARE_EQUAL, *RARE_LONG, *RARE_LOW, *RARE_NAN)
    chosen = mistakes or [one.name for one in FILL_BLANK.misconceptions if one.name not in rare]

    def shows_all(inputs):
        wrong = [one.function(**inputs) for one in FILL_BLANK.misconceptions if one.name in chosen]
        right = decoding.fill_blank(**inputs)
        return all((right != one).any() for one in wrong) and len({one.tobytes() for one in wrong}) == len(wrong)

    return until(make, shows_all)


def with_equal_scores(rng: Generator, inputs: dict) -> dict:
    """Two of the allowed words share the highest score, exactly or, in every other message, nearly."""
    y, allowed = inputs["y"].copy(), inputs["allowed"]
    for n, length in enumerate(inputs["mask"].sum(axis=0)):
        first, second = np.sort(rng.choice(len(allowed), size=2, replace=False))
        y[length - 1, n, allowed[[first, second]]] = y.max() + 1
        y[length - 1, n, allowed[second]] += 2.0**-40 * (n % 2)
    return inputs | {"y": y}


def lowered(inputs: dict) -> dict:
    """All scores far below zero, as whole numbers; but that of word 0, which is not allowed and far above all others."""
    y = np.round(100 * inputs["y"]) - 2e9
    y[:, :, 0] = 0
    return inputs | {"y": y}


def not_the_first_alone(inputs: dict) -> bool:
    return bool((decoding.fill_blank(**inputs) != inputs["allowed"][0]).any())


def no_numbers_at_padding(inputs: dict) -> dict:
    """The same with NaN and infinities at padding."""
    y = inputs["y"]
    unbounded = np.resize([np.nan, np.inf, -np.inf], y.shape)
    return inputs | {"y": np.where(inputs["mask"][:, :, None], y, unbounded).astype(y.dtype)}


def a_long_message() -> dict:
    y = np.zeros((300, 1, 3))
    y[-1, 0, 2] = 1.0
    return {"y": y, "mask": np.ones((300, 1), dtype=bool), "allowed": np.array([1, 2])}


def many_words() -> dict:
    """The last of 300 words is the right one."""
    y = np.zeros((1, 1, 300))
    y[0, 0, -1] = 1.0
    return {"y": y, "mask": np.ones((1, 1), dtype=bool), "allowed": np.arange(1, 300)}


def needs_more_than_eight_bits(inputs: dict) -> bool:
    return bool(decoding.fill_blank(**inputs).max() > 255)


def draw_fill_blank(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("several messages", told_apart(lambda: blank_inputs(rng, 8, 7, 12, 3))),
        DrawnCase(
            "many words, and many are allowed",
            until(lambda: blank_inputs(rng, 7, 6, 300, 9), needs_more_than_eight_bits),
        ),
        DrawnCase(
            "equal and nearly equal scores",
            told_apart(lambda: with_equal_scores(rng, blank_inputs(rng, 4, 6, 9, 5)), RARE_EQUAL),
        ),
        DrawnCase("long messages", told_apart(lambda: blank_inputs(rng, 300, 3, 6, 3, shortest=290), RARE_LONG)),
        DrawnCase(
            "scores far below zero, and far below the best word",
            until(lambda: lowered(blank_inputs(rng, 8, 7, 12, 3)), not_the_first_alone),
        ),
        DrawnCase("NaN at padding", no_numbers_at_padding(blank_inputs(rng, 6, 7, 9, 4))),
        DrawnCase("one message", blank_inputs(rng, 5, 1, 8, 3, shortest=4)),
        DrawnCase("one word each", blank_inputs(rng, 1, 4, 6, 3)),
        DrawnCase("one word is allowed", blank_inputs(rng, 6, 4, 9, 1)),
        DrawnCase("as many messages as words and steps", blank_inputs(rng, 6, 6, 6, 5)),
        DrawnCase("float32", in_dtype(told_apart(lambda: blank_inputs(rng, 9, 6, 11, 4)), np.float32)),
    ]


def worked_fill_blank(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three messages", short(told_apart(lambda: short(blank_inputs(rng, 5, 3, 6, 3))))),
        DrawnCase(
            "scores far below zero, and far below the best word",
            until(lambda: lowered(short(blank_inputs(rng, 5, 3, 6, 3))), not_the_first_alone),
        ),
        DrawnCase(
            "equal and nearly equal scores",
            told_apart(lambda: with_equal_scores(rng, short(blank_inputs(rng, 2, 4, 4, 3))), RARE_EQUAL),
        ),
        DrawnCase("a long message", a_long_message()),
        DrawnCase("many words, and many are allowed", many_words()),
        DrawnCase(
            "float32, and NaN at padding",
            no_numbers_at_padding(in_dtype(short(blank_inputs(rng, 5, 3, 7, 3)), np.float32)),
        ),
    ]


FILL_BLANK = Check(
    "decoding.fill_blank", decoding.fill_blank, draw_fill_blank, worked_fill_blank, axes="N", task="\"let's meet for ____\"", points=2,
    section="lm-next-word: The next word",
    promises=WRITES_NOTHING | {
        "Which of the allowed words has the highest score at the blank?": "every word allowed",
        "The messages have different lengths": "length of the first message",
        "what the model says after padding means nothing": "mask ignored",
        "where t is the last step with mask[t, n]": "lengths that begin again at 0",
        "Scores of the next word after each word": "one step too early",
        "at padding any numbers, even NaN": "scores multiplied by the mask",
        "however far both are below other words": "by probabilities of all words",
        "the word v among ``allowed`` with the largest y[t, n, v]": "other scores at minus a billion",
        "Of equal scores the word that comes first in ``allowed``.": "of equal scores the lowest number",
        "float64 stays float64 and is computed in double precision": "single precision inside",
    },
)  # fmt: skip


def filled_at(y, last, allowed):
    """The allowed word with the highest score at one step of each message."""
    return allowed[y[last, np.arange(y.shape[1])][:, allowed].argmax(axis=1)]


@FILL_BLANK.misconception(
    "The scores were read at the last row, y[-1]. For a shorter message that is padding: find its last word with the mask."
)
def mask_ignored(y, mask, allowed):
    return filled_at(y, np.full(y.shape[1], len(y) - 1), allowed)


@FILL_BLANK.misconception(
    "The scores were read one step too late: a message of M words has its last word at step M - 1, counted from 0."
)
def one_step_too_late(y, mask, allowed):
    return filled_at(y, np.minimum(mask.sum(axis=0), len(y) - 1), allowed)


@FILL_BLANK.misconception(
    "The scores were read one step too early. The scores after the last word, and not those before it, say what comes next."
)
def one_step_too_early(y, mask, allowed):
    return filled_at(y, np.maximum(mask.sum(axis=0) - 2, 0), allowed)


@FILL_BLANK.misconception(
    "The scores were read at the first step. The last word of the message stands before the blank."
)
def first_step(y, mask, allowed):
    return filled_at(y, np.zeros(y.shape[1], dtype=int), allowed)


@FILL_BLANK.misconception(
    "All messages were read where the first one ends. Each has its own length: use one step for each column of the mask."
)
def length_of_the_first_message(y, mask, allowed):
    return filled_at(y, np.full(y.shape[1], mask[:, 0].sum() - 1), allowed)


@FILL_BLANK.misconception(
    "The best word of the whole vocabulary was taken. Compare the scores of the allowed words alone."
)
def every_word_allowed(y, mask, allowed):
    return filled_at(y, mask.sum(axis=0) - 1, np.arange(y.shape[2]))


@FILL_BLANK.misconception("The result is the place in allowed, and not the word. Look it up: allowed[place].")
def place_instead_of_word(y, mask, allowed):
    return y[mask.sum(axis=0) - 1, np.arange(y.shape[1])][:, allowed].argmax(axis=1)


@FILL_BLANK.misconception("The allowed word with the lowest score was taken; the highest is asked for.")
def lowest_score(y, mask, allowed):
    return filled_at(-y, mask.sum(axis=0) - 1, allowed)


@FILL_BLANK.misconception("The scores of all steps were added up. Only those after the last word are about the blank.")
def scores_of_all_steps_added(y, mask, allowed):
    return allowed[np.where(mask[..., None], y, 0).sum(axis=0)[:, allowed].argmax(axis=1)]


@FILL_BLANK.misconception(
    "The scores of words that are not allowed were set to 0, which is higher than a negative score. Compare the scores of the allowed words alone."
)
def other_scores_at_zero(y, mask, allowed):
    return among_all(y, mask, allowed, 0)


@FILL_BLANK.misconception(
    "The scores of words that are not allowed were set to a large negative number, which is still higher than lower ones. Compare the scores of the allowed words alone."
)
def other_scores_at_minus_a_billion(y, mask, allowed):
    return among_all(y, mask, allowed, -1e9)


@FILL_BLANK.misconception(
    "Of equal scores, the word with the lowest number was taken. The one that comes first in allowed is asked for."
)
def of_equal_scores_the_lowest_number(y, mask, allowed):
    return among_all(y, mask, allowed, -np.inf)


def among_all(y, mask, allowed, others):
    """The best of the whole vocabulary, with this score for all words that are not allowed."""
    scores = y[mask.sum(axis=0) - 1, np.arange(y.shape[1])]
    return np.where(np.isin(np.arange(y.shape[2]), allowed), scores, others).argmax(axis=1)


@FILL_BLANK.misconception(
    "Of equal scores, the word that comes last in allowed was taken; the first is asked for. np.argmax finds the first."
)
def of_equal_scores_the_last(y, mask, allowed):
    return decoding.fill_blank(y, mask, allowed[::-1])


@FILL_BLANK.misconception(
    "The words of a message were counted in a type as small as uint8, which begins again at 0 after 255. Leave the type to NumPy."
)
def lengths_that_begin_again_at_0(y, mask, allowed):
    return filled_at(y, mask.sum(axis=0) % 256 - 1, allowed)


@FILL_BLANK.misconception(
    "The scores at padding were multiplied by 0. Of infinity or NaN, which may stand there, that is no zero. Pick each message's last step by its number instead."
)
def scores_multiplied_by_the_mask(y, mask, allowed):
    last = mask.sum(axis=0) - 1
    with np.errstate(all="ignore"):
        at_the_blank = (y * (np.arange(len(y))[:, None] == last)[:, :, None]).sum(axis=0)
    return allowed[at_the_blank[:, allowed].argmax(axis=1)]


@FILL_BLANK.misconception(
    "Probabilities were compared, after a softmax over all words. Of words far below the best one, all become 0, and no longer differ. Compare the scores themselves."
)
def by_probabilities_of_all_words(y, mask, allowed):
    y = y[mask.sum(axis=0) - 1, np.arange(y.shape[1])]
    p = np.exp(y - y.max(axis=1, keepdims=True))
    return allowed[p[:, allowed].argmax(axis=1)]
