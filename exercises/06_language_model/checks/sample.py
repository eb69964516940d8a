"""`sample`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import in_dtype, short, until
from solutions.with_numpy import decoding
from solutions.with_numpy.decoding import choose, probabilities

from .drawing import WRITES_NOTHING

Generator = np.random.Generator


NEXT_BY_NUMBER = """
def value(ids, states):
    return np.where(np.arange(V) == np.asarray(ids)[:, None] + 1, 9.0, 0.0), states
"""
ONE_STATE = """
def value(ids, states):
    h = np.tanh(W_e[ids] + states[0] @ W_h.T)
    return h @ W_y.T + b_y, (h,)
"""
TWO_STATES = """
def value(ids, states):
    h = np.tanh(W_e[ids] + states[0] @ W_h.T - 0.5 * states[1])
    return h @ W_y.T + b_y, (h, states[0])
"""


# Its second state is the very array of words that it was given: who writes to it changes what the model knows.
KEEPS_WORDS = """
def value(ids, states):
    h = np.tanh(W_e[ids] - W_e[states[1][:, 0]] + states[0] @ W_h.T)
    return h @ W_y.T + b_y, (h, np.asarray(ids)[:, None])
"""


# Each sequence has scores of its own, by its row, and all words that are read have an effect on all sequences.
LOOKS_AT_ALL = """
def value(ids, states):
    h = np.tanh(W_e[ids] - 2 * W_e[ids].mean(axis=0) + states[0] @ W_h.T)
    return h @ W_y.T + own[: len(ids)], (h,)
"""


def sample_inputs(rng: Generator, T: int, N: int, V: int, states: int = 1, **options) -> dict:
    """A small random model whose words depend much on the state."""
    H, start, end = 5, *(int(word) for word in rng.permutation(V)[:2])
    b_y = 0.3 * rng.normal(size=V)
    model = Given(
        ONE_STATE if states == 1 else TWO_STATES, W_e=rng.normal(size=(V, H)), W_h=1.2 * rng.normal(size=(H, H)),
        W_y=1.5 * rng.normal(size=(V, H)), b_y=b_y,
    )  # fmt: skip
    return {
        "next_scores": model, "states": tuple(np.tanh(rng.normal(size=(N, H))) for _ in range(states)),
        "start": start, "end": end, "u": rng.uniform(0.02, 0.98, size=(T, N)), "temperature": 1.0, "top_k": None,
    } | options  # fmt: skip


def with_kept_words(inputs: dict) -> dict:
    """The same with a model that remembers the word before the last."""
    model, (h, *_) = inputs["next_scores"], inputs["states"]
    words = np.full((len(h), 1), inputs["start"])
    return inputs | {"next_scores": Given(KEEPS_WORDS, **model.arrays), "states": (h, words)}


def looking_at_all(inputs: dict) -> dict:
    """The same with a model that looks at all sequences together."""
    arrays, (h, *_) = inputs["next_scores"].arrays, inputs["states"]
    own = arrays["b_y"] + 2 * np.sin(np.arange(len(h))[:, None] * (1 + np.arange(len(arrays["b_y"]))))
    return inputs | {"next_scores": Given(LOOKS_AT_ALL, **arrays, own=np.round(own, 2))}


def tells_what_is_read(inputs: dict) -> bool:
    """Whether something else is written where the model reads something else for the sequences that have ended."""
    given, right = list(inputs.values())[1:], written_by(inputs)
    others = drawn_words_read_after_the_end, ended_sequences_left_out
    return not any(np.array_equal(other(inputs["next_scores"].made(None), *given), right) for other in others)


def at_the_ends(inputs: dict) -> dict:
    """The same with 0, the smallest number that there is, and with the largest ones below 1."""
    below_1 = 1 - 2.0**-53 * (1 + np.floor(8 * inputs["u"]))
    return inputs | {"u": np.where(np.arange(inputs["u"].shape[1]) % 2, below_1, 0.0)}


def draws_inner_words(inputs: dict) -> bool:
    """Whether 0 does not always draw the first word of all, and the largest number the last: they are not possible then."""
    ids, V = written_by(inputs)[0], len(inputs["next_scores"].arrays["b_y"])
    return bool((ids[::2] > 0).any() and (ids[1::2] < V - 1).any())


def begun_by_the_end(inputs: dict) -> dict:
    """The same, with one word as start and end."""
    return inputs | {"start": inputs["end"]}


def with_large_numbers(rng: Generator, T: int, N: int) -> dict:
    """Inputs from 300 words, of which some are drawn that no uint8 can hold."""
    return until(lambda: sample_inputs(rng, T, N, 300), lambda inputs: bool((written_by(inputs)[:-1] > 255).any()))


def written_by(inputs: dict) -> np.ndarray:
    return decoding.sample(inputs["next_scores"].made(None), *list(inputs.values())[1:])


def without_memory_of_ends(inputs: dict) -> np.ndarray:
    """What is written where nobody remembers who has ended."""
    return ends_not_remembered(inputs["next_scores"].made(None), *list(inputs.values())[1:])


def tells_writing_over(inputs: dict) -> bool:
    """Whether something else is written where the new words stand in the array of the old ones."""
    over = words_written_over(inputs["next_scores"].made(None), *list(inputs.values())[1:])
    return not np.array_equal(over, written_by(inputs))


def where_some_end(
    rng: Generator, T: int, N: int, V: int, all_end: bool, change=lambda inputs: inputs, **options
) -> dict:
    """Inputs with which the sequences end at different steps: all of them before the last step, or not all."""
    while True:
        inputs = change(sample_inputs(rng, T, N, V, **options))
        ids, end = written_by(inputs), inputs["end"]
        ends = np.where((ids == end).any(axis=0), (ids == end).argmax(axis=0), len(ids))
        early = ends.min() + 1 < ends.max()
        if all_end and len(without_memory_of_ends(inputs)) == len(ids):
            continue
        if early and ((len(ids) < T - 1) if all_end else ends.max() == T):
            return inputs


def draw_sample(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("sequences that end at different steps", where_some_end(rng, 9, 6, 8, all_end=False)),
        DrawnCase("all sequences end early", where_some_end(rng, 14, 3, 5, all_end=True)),
        DrawnCase("a low temperature", where_some_end(rng, 10, 7, 9, all_end=False, temperature=0.5)),
        DrawnCase("the best two, at a high temperature", where_some_end(rng, 8, 6, 7, all_end=False, top_k=2, temperature=1.5)),
        DrawnCase("two states", where_some_end(rng, 11, 5, 9, all_end=False, states=2)),
        DrawnCase("a model that keeps the words", until(lambda: where_some_end(rng, 9, 5, 8, all_end=False, change=with_kept_words), tells_writing_over)),
        DrawnCase("a model that looks at all sequences", until(lambda: where_some_end(rng, 9, 5, 8, all_end=False, change=looking_at_all), tells_what_is_read)),
        DrawnCase("one word as start and end", where_some_end(rng, 9, 6, 8, all_end=False, change=begun_by_the_end)),
        DrawnCase("300 words", with_large_numbers(rng, 6, 4)),
        DrawnCase("one sequence", sample_inputs(rng, 12, 1, 20)),
        DrawnCase("one step", sample_inputs(rng, 1, 4, 6)),
        DrawnCase("one step, with numbers at their ends", until(lambda: at_the_ends(sample_inputs(rng, 1, 6, 6, top_k=3)), draws_inner_words)),
        DrawnCase("as many steps as sequences", where_some_end(rng, 8, 8, 10, all_end=False)),
        DrawnCase("float32", where_some_end(rng, 9, 4, 8, all_end=False, change=lambda inputs: in_dtype(inputs, np.float32))),
    ]  # fmt: skip


def worked_sample(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("sequences that end at different steps", where_some_end(rng, 6, 3, 5, all_end=False, change=short)),
        DrawnCase("all sequences end early", where_some_end(rng, 9, 2, 4, all_end=True, change=short)),
        DrawnCase("a low temperature", where_some_end(rng, 6, 4, 6, all_end=False, change=short, temperature=0.5)),
        DrawnCase("the best two", where_some_end(rng, 6, 4, 6, all_end=False, change=short, top_k=2)),
        DrawnCase("two states", where_some_end(rng, 5, 4, 6, all_end=False, change=short, states=2)),
        DrawnCase(
            "a model that looks at all sequences",
            until(
                lambda: where_some_end(
                    rng, 6, 4, 6, all_end=False, change=lambda inputs: looking_at_all(short(inputs))
                ),
                tells_what_is_read,
            ),
        ),
        DrawnCase(
            "a model that keeps the words, and one word as start and end",
            where_some_end(
                rng, 5, 4, 6, all_end=False, change=lambda inputs: begun_by_the_end(with_kept_words(short(inputs)))
            ),
        ),
        DrawnCase(
            "one step, with numbers at their ends",
            until(lambda: at_the_ends(short(sample_inputs(rng, 1, 4, 5, top_k=2))), draws_inner_words),
        ),
        DrawnCase("300 words", many_words()),
    ]


def many_words() -> dict:
    """A model of 300 words that is small: the words alone decide, and each makes the next one likely."""
    model = Given(NEXT_BY_NUMBER, V=300)
    given = {"next_scores": model, "states": (np.zeros((1, 1)),), "start": 253, "end": 2, "u": np.full((4, 1), 0.5)}
    return given | {"temperature": 1.0, "top_k": None}


SAMPLE = Check(
    "decoding.sample", decoding.sample, draw_sample, worked_sample, axes="T N", task="word after word, each fed back in", points=3,
    section="lm-sampling: Sampling", earlier=("probabilities", "choose"),
    promises=WRITES_NOTHING | {
        "takes the last word of each sequence and the states": "drawn word not fed back",
        "and returns the scores of the next words and the new states": "states not carried on",
        "It is not part of the result": "start in the result",
        "The model reads `end` too for a sequence that has ended": "drawn words read after the end",
        "it is given all $N$ sequences at every step": "ended sequences left out",
        "and it ends nothing, even if `start` and `end` are the same word": "start that ends everything",
        "A sequence that has drawn the word `end` gets `end` at all later steps": "ended sequences go on",
        "when all have ended the loop stops": "never stopped",
        "it goes on as long as there are rows in `u`": "same numbers at each step",
        "with the last `end` in it": "last words left out",
        "The model may keep the words that it is given, so make a new array of them at each step": "words written over",
        "The words without the first; after a sequence's end only the end word.": "numbers that begin again at 0",
    },
)  # fmt: skip


def loop(next_scores, states, start, end, u, draw, carry=True, feed=True, hold=True, stop="all"):
    """The loop, with one thing wrong."""
    ids = np.full(len(states[0]), start)
    ended, written = np.zeros(len(ids), dtype=bool), []
    for t in range(len(u)):
        y, after = next_scores(ids if feed else np.full(len(ids), start), states)
        states = after if carry else states
        drawn = draw(y, t)
        ids = np.where(ended, end, drawn) if hold else drawn
        ended = ended | (ids == end)
        written.append(ids)
        if {"all": ended.all(), "any": ended.any(), "together": (ids == end).all(), "never": False}[stop]:
            break
    return np.array(written)


@SAMPLE.misconception(
    "The states were not carried on: every step starts from the first ones, so the model knows its last word alone. Pass on the states that next_scores returned."
)
def states_not_carried_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, carry=False)


@SAMPLE.misconception("The word start is read at every step. Read the words that were drawn last: feed them back.")
def drawn_word_not_fed_back(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, feed=False)


@SAMPLE.misconception(
    "At each step the likeliest word was taken. Sampling draws a word by its probability, with the number in u."
)
def likeliest_word_at_each_step(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return y.argmax(axis=1)

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception("Every step draws with the first row of u. Step t has the row u[t].")
def same_numbers_at_each_step(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[0])

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception("The temperature was not passed on to probabilities.")
def temperature_not_passed_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, 1.0, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception("top_k was not passed on to probabilities.")
def top_k_not_passed_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature), u[t])

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception(
    "A sequence goes on after its end. Once it has drawn the end word, write the end word for the rest of the steps."
)
def ended_sequences_go_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, hold=False)


@SAMPLE.misconception(
    "A sequence goes on after its end, and the loop waits until all draw the end word in one step. Remember which sequences have ended."
)
def ends_not_remembered(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, hold=False, stop="together")


@SAMPLE.misconception(
    "The loop stops when the first sequence has ended. The others are not finished: stop when all have ended."
)
def stopped_at_the_first_end(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, stop="any")


@SAMPLE.misconception(
    "The loop goes on after all sequences have ended, to the last row of u. Stop when all have ended."
)
def never_stopped(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, stop="never")


@SAMPLE.misconception("The result begins with the word start. Return what was drawn, and not what it began with.")
def start_in_the_result(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    ids = decoding.sample(next_scores, states, start, end, u, temperature, top_k)
    return np.concatenate([np.full_like(ids[:1], start), ids])


@SAMPLE.misconception(
    "The sequences stand in rows, (N, T). Arrays are time-major here: row t holds the words of step t."
)
def sequences_in_rows(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    return decoding.sample(next_scores, states, start, end, u, temperature, top_k).T


@SAMPLE.misconception(
    "Sequences count as ended before the first word is drawn, because the word start is the word end. What was drawn can end a sequence, and not what it began with."
)
def start_that_ends_everything(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    if start == end:
        return np.full((1, len(states[0])), end)
    return decoding.sample(next_scores, states, start, end, u, temperature, top_k)


@SAMPLE.misconception(
    "The new words were written over the old ones, in the array that next_scores was given. The model may have kept it: make a new array at each step."
)
def words_written_over(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    ids = np.full(len(states[0]), start)
    ended, written = np.zeros(len(ids), dtype=bool), []
    for u_t in u:
        y, states = next_scores(ids, states)
        ids[:] = np.where(ended, end, choose(probabilities(y, temperature, top_k), u_t))
        ended = ended | (ids == end)
        written.append(ids.copy())
        if ended.all():
            break
    return np.array(written)


@SAMPLE.misconception(
    "The last step is missing where all sequences have ended: the loop stopped before it kept the words. The last end word is part of the result."
)
def last_words_left_out(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    ids = decoding.sample(next_scores, states, start, end, u, temperature, top_k)
    return ids[:-1] if (ids[-1] == end).all() else ids


@SAMPLE.misconception(
    "After a sequence's end the result is right, but the model goes on reading what was drawn behind it. Feed back the words of the result: the end word, for a sequence that has ended."
)
def drawn_words_read_after_the_end(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    ids, ended, written = np.full(len(states[0]), start), np.zeros(len(states[0]), dtype=bool), []
    for u_t in u:
        y, states = next_scores(ids, states)
        ids = choose(probabilities(y, temperature, top_k), u_t)
        written.append(np.where(ended, end, ids))
        ended = ended | (ids == end)
        if ended.all():
            break
    return np.array(written)


@SAMPLE.misconception(
    "Sequences that have ended were left out of what the model is given. It may know them by their rows: give it all sequences at every step."
)
def ended_sequences_left_out(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    on, ids, written = np.arange(len(states[0])), np.full(len(states[0]), start), []
    for u_t in u:
        y, states = next_scores(ids, states)
        ids = choose(probabilities(y, temperature, top_k), u_t[on])
        written.append(np.full(u.shape[1], end))
        written[-1][on] = ids
        going = ids != end
        on, ids, states = on[going], ids[going], tuple(state[going] for state in states)
        if not len(on):
            break
    return np.array(written)


@SAMPLE.misconception(
    "The numbers are of a type as small as uint8, in which they begin again at 0 after 255. Leave the type to NumPy."
)
def numbers_that_begin_again_at_0(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    return decoding.sample(next_scores, states, start, end, u, temperature, top_k).astype(np.uint8)


DEFAULT_TEMPERATURE = "every case passes temperature; its default stands in the signature that students are given"
SAMPLE.changes_nothing(
    {
        "1.0: 1.0 to 2.0": DEFAULT_TEMPERATURE,
        "1.0: 1.0 to 0.0": DEFAULT_TEMPERATURE,
        "np.zeros(len(ids), dtype=bool): dtype left out": "np.where takes zeros for False",
        "np.array(written, dtype=int): dtype left out": "with words in it the array holds integers, and the exercise says that a u without rows is not asked for",
        "1: 1 to 2": "NumPy takes any negative length for the one to find",
        "ended: ended to ids (place 2)": "both have one number for each sequence",
        "0: 0 to -1": "every state has one row for each sequence",
    }
)
