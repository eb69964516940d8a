"""`choose`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype
from solutions.with_numpy import decoding
from solutions.with_numpy.decoding import choose

from .drawing import WRITES_NOTHING

Generator = np.random.Generator


JUST_BELOW = 1e-9  # nothing in single precision


def distributions(rng: Generator, N: int, V: int) -> np.ndarray:
    p = rng.uniform(0.2, 1.0, size=(N, V))
    return p / p.sum(axis=1, keepdims=True)


def spread_out(rng: Generator, N: int) -> np.ndarray:
    """N numbers from 0.02 to 0.98, one in each N-th part, in any order."""
    return 0.02 + 0.96 * rng.permutation((np.arange(N) + rng.uniform(0.1, 0.9, size=N)) / N)


def sixteenths(rng: Generator) -> dict:
    """Probabilities that add up exactly, among them zero, and numbers that lie on the borders or just below."""
    p, u = np.zeros((9, 4)), np.zeros(9)
    for row, place in enumerate(rng.permutation(9)):
        cuts = np.sort(rng.choice(np.arange(1, 16), size=2, replace=False))
        p[row] = np.insert(np.diff([0, *cuts, 16]), [0, 1, 3][place % 3], 0) / 16
        u[row] = [0, *cuts][place // 3] / 16 - JUST_BELOW * (place // 3 > 0 and row % 2)
    return {"p": p, "u": u}


def short_of_one(rng: Generator, dtype: type = np.float64) -> dict:
    """Probabilities that rounding has left a little below 1, with two impossible words at the end."""
    p = distributions(rng, 5, 3)
    p[:, -1] -= 0.001
    u = np.array([0.9995, p[1, 0] / 2, 0.9999, p[3, 0] + p[3, 1] / 2, 0.99995])
    order = rng.permutation(5)
    return in_dtype({"p": np.column_stack([p, np.zeros((5, 2))])[order], "u": u[order]}, dtype)


SLIVER = 2.0**-52  # beside 1 it can just be told from 0, beside the number of a row it is lost


def slivers(rng: Generator, N: int) -> dict:
    """Pieces at either end that are as small as can be, and numbers that fall on them, beside them, and on a border."""
    first, last = [SLIVER, 1 - SLIVER, 0.0, 0.0], [0.5, 0.5 - 2.0**-50, 2.0**-50, 0.0]
    kinds = [(first, 0.0), (last, 1 - 2.0**-53), (first, SLIVER), (last, 1 - 2.0**-49)]
    rows = [kinds[place % 4] for place in rng.permutation(N)]
    return {"p": np.array([p for p, _ in rows]), "u": np.array([u for _, u in rows])}


def draw_choose(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("several sequences", {"p": distributions(rng, 12, 6), "u": spread_out(rng, 12)}),
        DrawnCase("other numbers of the same sizes", {"p": distributions(rng, 12, 6), "u": spread_out(rng, 12)}),
        DrawnCase("300 words", {"p": distributions(rng, 8, 300), "u": spread_out(rng, 8)}),
        DrawnCase("one sequence", {"p": distributions(rng, 1, 9), "u": rng.uniform(0.4, 0.9, size=1)}),
        DrawnCase("one word", {"p": rng.uniform(0.99, 1.0, size=(2, 1)), "u": rng.random(2)}),
        DrawnCase("as many sequences as words", {"p": distributions(rng, 6, 6), "u": spread_out(rng, 6)}),
        DrawnCase("on the borders and just below", sixteenths(rng)),
        DrawnCase("a sum below 1", short_of_one(rng)),
        DrawnCase("tiny pieces at both ends", slivers(rng, 40)),
        DrawnCase("float32", short_of_one(rng, np.float32)),
    ]


def worked_choose(rng: Generator) -> list[DrawnCase]:
    p = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.1, 0.4, 0.5], [0.3, 0.3, 0.4]])
    return [
        DrawnCase("four sequences", {"p": p, "u": np.array([0.1, 0.65, 0.9, 0.45])}),
        DrawnCase(
            "on the borders and just below",
            {"p": np.array([[0.0, 0.5, 0.5], [0.25, 0.75, 0.0], [0.5, 0.5, 0.0], [0.0, 0.25, 0.75]]), "u": np.array([0.0, 0.25, 0.5 - JUST_BELOW, 0.75])},
        ),
        DrawnCase("a sum below 1", {"p": np.array([[0.5, 0.499, 0.0, 0.0], [0.3, 0.699, 0.0, 0.0]]), "u": np.array([0.9995, 0.2])}),
        DrawnCase("tiny pieces at both ends", slivers(rng, 6)),
        DrawnCase("300 words", {"p": np.full((1, 300), 0.00333), "u": np.array([0.91])}),
    ]  # fmt: skip


CHOOSE = Check(
    "decoding.choose",
    decoding.choose,
    draw_choose,
    worked_choose,
    axes="N",
    task="a word for each uniform number",
    points=2,
    section="lm-sampling: Sampling",
    promises=WRITES_NOTHING
    | {
        "float64 stays float64 and is computed in double precision": "single precision inside",
        "Lay the probabilities end to end, in the order of the words": "from the likeliest on",
        "take the word on whose piece the number $u$ falls": "numbers that begin again at 0",
        "Above, not equal: then $u = 0$ cannot draw a word of probability 0.": "border belongs to the word before",
        "lies above this sum belongs to the last word that is possible": "the last word even if impossible",
        "Never a word of probability 0, whatever rounding does to the sum.": "one back from the last word",
    },
)


def within(counted, p):
    """No word beyond the last possible one."""
    return np.minimum(counted, p.shape[1] - 1 - np.argmax(p[:, ::-1] > 0, axis=1))


@CHOOSE.misconception(
    "Always the likeliest word was taken. Then u does nothing; lay the probabilities end to end, and take the word on whose piece u falls."
)
def always_the_likeliest(p, u):
    return p.argmax(axis=1)


@CHOOSE.misconception(
    "A number on the border of two pieces draws the word before it, so u = 0 can draw a word of probability 0. Take the first whose sum is above u, not equal to it."
)
def border_belongs_to_the_word_before(p, u):
    return within((np.cumsum(p, axis=1) < u[:, None]).sum(axis=1), p)


@CHOOSE.misconception("The word is one too far: its number is the number of sums that u has passed, and not one more.")
def one_word_too_far(p, u):
    return within((np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1) + 1, p)


@CHOOSE.misconception(
    "All words were drawn with the same probability, by u times V. A word's piece is as long as its probability."
)
def as_if_all_were_equal(p, u):
    return (u * p.shape[1]).astype(int)


@CHOOSE.misconception(
    "The probabilities were added up over the sequences. Each sequence has its own: add up along the words, axis=1."
)
def summed_over_the_sequences(p, u):
    return within((np.cumsum(p, axis=0) <= u[:, None]).sum(axis=1), p)


@CHOOSE.misconception("Each probability was compared with u by itself. Add them up first, and compare the sums so far.")
def not_added_up(p, u):
    return np.argmax(p > u[:, None], axis=1)


@CHOOSE.misconception(
    "The pieces were laid out from the likeliest word on. Lay them in the order of the words; otherwise the same u draws other words."
)
def from_the_likeliest_on(p, u):
    order = np.argsort(-p, axis=1, kind="stable")
    sorted_p = np.take_along_axis(p, order, axis=1)
    place = within((np.cumsum(sorted_p, axis=1) <= u[:, None]).sum(axis=1), sorted_p)
    return np.take_along_axis(order, place[:, None], axis=1)[:, 0]


@CHOOSE.misconception("The pieces were laid out from the last word to the first. Begin with word 0, at u = 0.")
def from_the_last_word_on(p, u):
    return p.shape[1] - 1 - choose(p[:, ::-1], u)


@CHOOSE.misconception("All sequences were drawn with the first number of u; each has its own.")
def one_number_for_all(p, u):
    return choose(p, np.full_like(u, u[0]))


@CHOOSE.misconception(
    "Where the probabilities add up to a little less than 1 and u lies above, the number is that of a word that does not exist. "
    "Such a u belongs to the last word that is possible."
)
def beyond_the_last_word(p, u):
    return (np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1)


@CHOOSE.misconception(
    "Where the probabilities add up to a little less than 1 and u lies above, the last word of all was drawn, though its probability is 0. "
    "Such a u belongs to the last word that is possible."
)
def the_last_word_even_if_impossible(p, u):
    return np.minimum((np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1), p.shape[1] - 1)


@CHOOSE.misconception(
    "Where the probabilities add up to a little less than 1 and u lies above, the last word but one was drawn. More than one at the end may have the probability 0: "
    "go back to the last that is possible."
)
def one_back_from_the_last_word(p, u):
    ids = np.minimum((np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1), p.shape[1] - 1)
    possible = np.take_along_axis(p, ids[:, None], axis=1)[:, 0] > 0
    return np.where(possible, ids, ids - 1)


@CHOOSE.misconception("All sequences were drawn by the probabilities of the first; each has its own row of p.")
def one_row_for_all(p, u):
    return choose(np.repeat(p[:1], len(p), axis=0), u)


@CHOOSE.misconception(
    "The numbers are of a type as small as uint8, in which they begin again at 0 after 255. Leave the type to NumPy."
)
def numbers_that_begin_again_at_0(p, u):
    return choose(p, u).astype(np.uint8)
