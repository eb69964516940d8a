"""`beam_search`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

from collections.abc import Callable

import numpy as np

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import in_dtype, short, sizes, until
from solutions.with_numpy import step_by_step
from solutions.with_numpy.decoding import greedy, log_softmax

from .drawing import SIZES
from .greedy import lengths_written, made, writing

Generator = np.random.Generator


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
    """Whether the best is not the greedy one, and sequences end at different steps, none at once."""
    ready = made(inputs)
    ids, _ = step_by_step.beam_search(**ready)
    lengths = lengths_written(ids.T, inputs["end"])
    plain = greedy(**{name: value for name, value in ready.items() if name != "width"})[:, 0]
    same = np.array_equal(plain, ids[0, : len(plain)])
    return not same and len(set(lengths.tolist())) >= 2 and lengths.min() >= 1 and clear_beam(inputs, ids)


def others_end_first(inputs: dict) -> bool:
    """Whether it finds more, and another sequence than the likeliest is the first to end."""
    first, _ = stopped_when_one_ended(**made(inputs))
    best, _ = stopped_when_the_best_ended(**made(inputs))
    return first.shape != best.shape and finds_more(inputs)


def needs_each_state(inputs: dict) -> bool:
    """Whether it finds more, and other sequences where the second state stays in its place."""
    right, _ = step_by_step.beam_search(**made(inputs))
    wrong, _ = only_the_first_state_reordered(**made(inputs))
    return not np.array_equal(wrong, right) and finds_more(inputs)


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


def times(inputs: dict, factor: float) -> dict:
    """The same with scores so many times as large."""
    given = inputs["next_scores"]
    arrays = given.arrays | {name: factor * given.arrays[name] for name in ("W_y", "b_y")}
    return inputs | {"next_scores": Given(given.source, **arrays)}


def of_thousands(inputs: dict) -> dict:
    """The same with scores that differ by thousands."""
    return times(inputs, 3000)


def of_billions(inputs: dict) -> dict:
    """The same with scores that differ by billions: what stands for minus infinity must be less than all of them."""
    return times(inputs, 1e10)


def of_billionths(inputs: dict) -> dict:
    """The same with scores that differ by billionths, so that all sequences of a length are nearly as likely."""
    return times(inputs, 1e-8)


def just_clear(inputs: dict) -> bool:
    """Whether the sequences differ by more than rounding."""
    ids, _ = step_by_step.beam_search(**made(inputs))
    return clear_beam(inputs, ids, 1e-11)


def holds_the_unlikely(inputs: dict) -> bool:
    """Whether a sequence that is hardly likely is kept beside one that has ended before."""
    ids, log_p = step_by_step.beam_search(**made(inputs))
    ended = lengths_written(ids.T, inputs["end"]) < ids.shape[1] - 1
    unlikely = log_p.min() < -750 * inputs["longest"]  # so one of its words has a probability that is 0 in exp
    return unlikely and ids.shape[1] > 2 and ended.any() and not ended.all() and clear_beam(inputs, ids)


def ends_at_once(inputs: dict) -> bool:
    ids, _ = step_by_step.beam_search(**made(inputs))
    return ids.shape[1] == 1 and clear_beam(inputs, ids)


def one_word(inputs: dict) -> bool:
    return clear_beam(inputs, step_by_step.beam_search(**made(inputs))[0])


def says_high_words(inputs: dict) -> bool:
    ids, _ = step_by_step.beam_search(**made(inputs))
    return bool((ids > 255).any()) and clear_beam(inputs, ids)


def draw_beam(rng: Generator) -> list[DrawnCase]:
    H, V = sizes(rng, 2, SIZES)
    V += 5

    def found(fits: Callable[[dict], bool], H: int, V: int, longest: int, width: int, states: int = 1) -> dict:
        return until(lambda: searching(rng, H, V, longest, width, states), fits)

    return [
        DrawnCase("a width of three", found(others_end_first, H, V, 6, 3)),
        DrawnCase("two states", found(needs_each_state, H, V, 5, 4, states=2)),
        DrawnCase("stopped by the greatest length", found(is_cut, H, V, 3, 4)),
        DrawnCase("all ended", found(ends_before, H, V, 16, 2)),
        DrawnCase("a width of one", found(is_clear, H, V, 5, 1)),
        DrawnCase("a width of one, and the end at once", found(ends_at_once, H, V, 5, 1)),
        DrawnCase("one word, and as wide as there are words", found(one_word, H, V, 1, V)),
        DrawnCase("scores of thousands", until(lambda: of_thousands(searching(rng, 3, 4, 4, 4)), holds_the_unlikely)),
        DrawnCase("scores of billions", until(lambda: of_billions(searching(rng, 3, 4, 4, 4)), holds_the_unlikely)),
        DrawnCase("scores of billionths", until(lambda: of_billionths(searching(rng, H, V, 3, 3)), just_clear)),
        DrawnCase("300 words", found(says_high_words, 2, 300, 3, 3)),
        DrawnCase("as wide as there are words, and as many units", found(finds_more, 4, 4, 6, 4)),
        DrawnCase("float32", in_dtype(found(finds_more, H, V, 5, 3), np.float32)),
    ]


def worked_beam(rng: Generator) -> list[DrawnCase]:
    def found(fits: Callable[[dict], bool], H: int, V: int, longest: int, width: int, states: int = 1) -> dict:
        return until(lambda: short(searching(rng, H, V, longest, width, states)), fits)

    return [
        DrawnCase("a width of two", found(others_end_first, 2, 4, 3, 2)),
        DrawnCase("two states, a width of three", found(needs_each_state, 2, 4, 4, 3, states=2)),
        DrawnCase("stopped by the greatest length", found(is_cut, 3, 4, 2, 3)),
        DrawnCase("all ended", found(ends_before, 2, 4, 8, 2)),
        DrawnCase("a width of one", found(is_clear, 2, 3, 4, 1)),
        DrawnCase("a width of one, and the end at once", found(ends_at_once, 2, 3, 4, 1)),
        DrawnCase("one word, and as wide as there are words", found(one_word, 1, 3, 1, 3)),
        DrawnCase(
            "scores of thousands", until(lambda: of_thousands(short(searching(rng, 2, 4, 4, 4))), holds_the_unlikely)
        ),
        DrawnCase(
            "scores of billions", until(lambda: of_billions(short(searching(rng, 2, 4, 4, 4))), holds_the_unlikely)
        ),
        DrawnCase("scores of billionths", until(lambda: of_billionths(short(searching(rng, 2, 4, 3, 2))), just_clear)),
        DrawnCase("300 words", found(says_high_words, 1, 300, 3, 2)),
        DrawnCase("float32", in_dtype(found(finds_more, 2, 4, 3, 2), np.float32)),
    ]


BEAM = Check(
    "step_by_step.beam_search", step_by_step.beam_search, draw_beam, worked_beam, axes="ids: k T; log_p: k", task="words, the best of some whole sequences", points=4,
    section="app-beam: Beam search",
    promises={
        "The words without the first, the likeliest sequence first": "likeliest last",
        "after a sequence's end only the end word": "finished extended",
        "The logarithms of their probabilities, in the dtype of the states": "probabilities returned",
        "Each step extends every one of them by every word, and of all these the best `width` are kept": "best of each beginning",
        "It keeps its log-probability": "end paid again",
        "competes with the others": "finished set aside",
        "The search ends when all that are kept have ended": "stopped when one ended",
        "The most words to write": "start sign included",
        "let its row hold minus infinity": "little in place of minus infinity",
        "the rows of *each* of the states": "only the first state reordered",
        "The probability of a sequence is a product, so its logarithm is a sum": "sum not kept",
        "Results have the dtype of the inputs: float32 stays float32, float64 stays float64": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "writes to its inputs",
    },
)  # fmt: skip


def searched(next_scores, states, start, end, longest, width, extend=None, keep=None, stop=None, reordered=None):
    """A beam search with one of its parts changed."""
    ids = np.full((1, 1), start)
    log_p = np.zeros(1, dtype=states[0].dtype)
    while ids.shape[1] <= longest and not (stop or np.all)(ids[:, -1] == end):
        y, after = next_scores(ids[:, -1], states)
        grown = (extend or extended)(log_p, y, ids, end)
        best = (keep or kept)(grown, width)
        parent, word = np.unravel_index(best, grown.shape)
        ids, log_p = np.column_stack([ids[parent], word]), grown[parent, word].astype(y.dtype)
        states = (reordered or of_the_parents)(after, parent)
    return ids[:, 1:], log_p


def of_the_parents(states, parent):
    return tuple(state[parent] for state in states)


def in_their_places(states, parent):
    """The rows as they are, the last one again where there are more sequences than before."""
    return tuple(state[np.minimum(np.arange(len(parent)), len(state) - 1)] for state in states)


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
    "Probabilities were added. The logarithm of a product is a sum of logarithms: add log_softmax of the scores."
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
    "The search stopped when the first sequence ended. Another one, still unfinished, may turn out likelier than others that are kept: stop when all have ended."
)
def stopped_when_one_ended(next_scores, states, start, end, longest, width):
    return searched(next_scores, states, start, end, longest, width, stop=np.any)


@BEAM.misconception(
    "The search stopped when the likeliest sequence had ended. Those behind it are asked for as well, and they go on: stop when all have ended."
)
def stopped_when_the_best_ended(next_scores, states, start, end, longest, width):
    return searched(next_scores, states, start, end, longest, width, stop=lambda ended: ended[0])


@BEAM.misconception(
    "Finished sequences were set aside, and unfinished ones took their places. They stay among the best and compete: of finished and unfinished together, width are kept."
)
def finished_set_aside(next_scores, states, start, end, longest, width):
    done, going = [], [((), 0.0, states)]
    for _ in range(longest):
        grown = []
        for words, log_p, own in going:
            y, after = next_scores(np.array([words[-1] if words else start]), own)
            grown += [((*words, word), log_p + one, after) for word, one in enumerate(log_softmax(y)[0])]
        best = sorted(grown, key=lambda one: -one[1])[:width]
        done += [one for one in best if one[0][-1] == end]
        going = [one for one in best if one[0][-1] != end]
        if not going or len(done) >= width:
            break
    found = sorted(done + going, key=lambda one: -one[1])[:width]
    T = max(len(words) for words, _, _ in found)
    ids = np.array([[*words, *[end] * (T - len(words))] for words, _, _ in found])
    return ids, np.array([log_p for _, log_p, _ in found], dtype=states[0].dtype)


@BEAM.misconception(
    "What extends a finished sequence got a low number in place of minus infinity, and sequences that are less likely than that lost their places to it. Take -np.inf."
)
def little_in_place_of_minus_infinity(next_scores, states, start, end, longest, width):
    def extend(log_p, y, ids, end):
        grown = extended(log_p, y, ids, end)
        return np.where(np.isfinite(grown), grown, -100).astype(y.dtype)

    return searched(next_scores, states, start, end, longest, width, extend=extend)


@BEAM.misconception(
    "The states stayed in their rows while the sequences changed places. Each extension needs the state of the beginning that it extends: state[parent]."
)
def states_not_reordered(next_scores, states, start, end, longest, width):
    return searched(next_scores, states, start, end, longest, width, reordered=in_their_places)


@BEAM.misconception(
    "Only the first of the states was put into the order of the beginnings. There may be several: take state[parent] of each."
)
def only_the_first_state_reordered(next_scores, states, start, end, longest, width):
    def kept_in_place(own, parent):
        return (own[0][parent], *in_their_places(own[1:], parent))

    return searched(next_scores, states, start, end, longest, width, reordered=kept_in_place)


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


BEAM.changes_nothing(
    {
        "tuple((state[parent] for state in states)): call left out": "next_scores takes the states one after the other",
        "np.argsort(-grown, axis=None, kind='stable'): kind left out": "no two sequences of a case are equally likely",
        "0: 0 to -1": "every state has one dtype",
    }
)
