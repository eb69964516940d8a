"""`embed`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import sizes
from solutions.with_numpy import embedding

from .drawing import ALWAYS, STAYS, small

Generator = np.random.Generator


def small_ids(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same with ids in the smallest type of integers that holds them."""
    return inputs | {"ids": inputs["ids"].astype(np.uint8)}


def draw_embed(rng: Generator) -> list[DrawnCase]:
    T, N, D, V = sizes(rng, 4)
    V += 4

    def inputs(T: int, N: int, D: int, V: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
        ids = rng.integers(V, size=(T, N))
        ids.flat[:2] = V - 1, 0
        return {"ids": ids, "W_e": rng.normal(size=(V, D)).astype(dtype)}

    return [
        DrawnCase("several steps", inputs(T, N, D, V)),
        DrawnCase("the same sizes, other words and numbers", inputs(T, N, D, V)),
        DrawnCase("one step", inputs(1, N, D, V)),
        DrawnCase("one sequence", inputs(T, 1, D, V)),
        DrawnCase("as many steps as sequences, as many words as dimensions", inputs(T, T, V, V)),
        DrawnCase("float32", inputs(T, N, D, V, np.float32)),
        DrawnCase("vectors of one number, more than 256 words", inputs(T, N, 1, 300)),
        DrawnCase("ids of one byte", small_ids(inputs(T, N, D, 200))),
    ]


def worked_embed(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", {"ids": np.array([[2, 0], [1, 3], [4, 4]]), "W_e": small(rng, 5, 2)}),
        DrawnCase(
            "as many steps as sequences, as many words as dimensions",
            {"ids": np.array([[1, 2], [0, 2]]), "W_e": small(rng, 3, 3)},
        ),
        DrawnCase("float32", {"ids": np.array([[1], [0]]), "W_e": small(rng, 2, 3).astype(np.float32)}),
        DrawnCase(
            "the same sizes, other words and numbers",
            {"ids": np.array([[4, 1], [0, 0], [2, 3]]), "W_e": small(rng, 5, 2)},
        ),
        DrawnCase(
            "vectors of one number, more than 256 words", {"ids": np.array([[259, 0, 130]]), "W_e": small(rng, 260, 1)}
        ),
        DrawnCase("ids of one byte", small_ids({"ids": np.array([[140, 3], [0, 129]]), "W_e": small(rng, 141, 2)})),
    ]


EMBED = Check(
    "embedding.embed", embedding.embed, draw_embed, worked_embed, axes="T N D", task="a word becomes a vector", points=1,
    section="rnn-embedding: Words as vectors",
    promises=ALWAYS | STAYS | {
        "The vectors are the rows of a table `W_e`": "columns for rows",
        "a word is a row's number": "counted from one",
        "the result is `(T, N, D)`": "steps flattened",
        "The number of the word at each step of each sequence, from 0 to V - 1.": "numbers cut to eight bits",
        "One row of D numbers for each of the V words.": "word 0 taken for padding",
    },
)  # fmt: skip


@EMBED.misconception("The columns of W_e were looked up; the vector of a word is a row.")
def columns_for_rows(ids, W_e):
    return W_e.T[ids]


@EMBED.misconception("Steps and sequences have changed places: the result should keep the order of ids, (T, N, D).")
def steps_and_sequences_swapped(ids, W_e):
    return W_e[ids.T]


@EMBED.misconception("Each word got its neighbour's vector: words are counted from 0, as rows are.")
def counted_from_one(ids, W_e):
    return W_e[ids - 1]


@EMBED.misconception("The steps and sequences were flattened into one axis; the result should have three.")
def steps_flattened(ids, W_e):
    return W_e[ids.reshape(-1)]


@EMBED.misconception(
    "The numbers of the words were cut to 8 bits, so words from 256 on got the vectors of others. Use ids as they are."
)
def numbers_cut_to_eight_bits(ids, W_e):
    return W_e[ids.astype(np.uint8)]


@EMBED.misconception(
    "Word 0 got zeros, as if it were padding; here it is a word like all others, and row 0 is its vector."
)
def word_0_taken_for_padding(ids, W_e):
    return np.where(ids[..., None] == 0, 0, W_e[ids]).astype(W_e.dtype)
