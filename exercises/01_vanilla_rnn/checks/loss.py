"""`cross_entropy` and `perplexity`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

from typing import Any

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import sizes
from solutions.with_numpy import loss
from solutions.with_numpy.loss import cross_entropy

from .drawing import ALWAYS, small

Generator = np.random.Generator
Scores = dict[str, Any]  # y, targets and mask, which may be None


def score_inputs(rng: Generator, T: int, N: int, V: int, masked: bool, scale: float = 2.0) -> Scores:
    y = scale * rng.normal(size=(T, N, V))
    mask = None
    if masked:
        lengths = rng.integers(1, T + 1, size=N)
        lengths[0] = max(1, T - 1)
        mask = np.arange(T)[:, None] < lengths
    targets = rng.integers(V, size=(T, N))
    targets[0, 0] = 0
    return {"y": y, "targets": targets, "mask": mask}


def with_gaps(inputs: Scores, rng: Generator) -> Scores:
    """A first step that no sequence has, a sequence without any step, and gaps; what stands in the padding is huge."""
    mask = rng.random(inputs["targets"].shape) < 0.6
    mask[-1] = True
    mask[0] = mask[:, 0] = False
    return huge_in_padding(inputs | {"mask": mask})


def huge_in_padding(inputs: Scores) -> Scores:
    return inputs | {"y": np.where(inputs["mask"][..., None], inputs["y"], 1e12 * inputs["y"])}


def at_levels(inputs: Scores) -> Scores:
    """Scores of which those of one step are close to each other, but far from those of the next, and all far below zero."""
    y = inputs["y"]
    return inputs | {"y": y + 1000.0 * (np.arange(len(y)) % 3 - 3)[:, None, None]}


def narrow(inputs: Scores) -> Scores:
    return inputs | {"y": inputs["y"].astype(np.float32)}


def draw_cross_entropy(rng: Generator) -> list[DrawnCase]:
    T, N, V = sizes(rng, 3, range(3, 8))
    return [
        DrawnCase("padded sequences", score_inputs(rng, T, N, V, masked=True)),
        DrawnCase(
            "padding in front and in between, huge scores in it",
            with_gaps(score_inputs(rng, T, N, V, masked=False), rng),
        ),
        DrawnCase("no mask", score_inputs(rng, T, N, V, masked=False)),
        DrawnCase("one step", score_inputs(rng, 1, N, V, masked=False)),
        DrawnCase("as many steps, sequences and words", score_inputs(rng, V, V, V, masked=True)),
        DrawnCase("no step counts", score_inputs(rng, T, N, V, masked=False) | {"mask": np.zeros((T, N), dtype=bool)}),
        DrawnCase("float32", narrow(score_inputs(rng, T, N, V, masked=True))),
        DrawnCase("scores around a thousand", score_inputs(rng, T, N, V, masked=True, scale=1000.0)),
        DrawnCase("scores at different levels, far below zero", at_levels(score_inputs(rng, T, N, V, masked=True))),
        DrawnCase("more than 256 words", many_words(score_inputs(rng, 2, 1, 300, masked=False))),
    ]


def many_words(inputs: Scores) -> Scores:
    """The right words are the last one and the first."""
    return inputs | {"targets": np.array([[inputs["y"].shape[-1] - 1], [0]])}


def worked_scores(rng: Generator, T: int, N: int, V: int, mask: list[list[bool]] | None) -> Scores:
    return {
        "y": small(rng, T, N, V),
        "targets": rng.integers(V, size=(T, N)),
        "mask": None if mask is None else np.array(mask),
    }


PADDED = [[True, True], [True, True], [True, False]]
WITH_GAPS = [[False, True], [True, False], [True, True]]


def worked_cross_entropy(rng: Generator) -> list[DrawnCase]:
    large, many = worked_scores(rng, 3, 2, 4, PADDED), worked_scores(rng, 2, 1, 260, None)
    large["y"] = 1000 * large["y"]
    return [
        DrawnCase("padded sequences, huge scores in the padding", huge_in_padding(worked_scores(rng, 3, 2, 4, PADDED))),
        DrawnCase("no mask", worked_scores(rng, 2, 3, 4, None)),
        DrawnCase("no step counts", worked_scores(rng, 2, 1, 3, [[False], [False]])),
        DrawnCase("scores around a thousand", large),
        DrawnCase(
            "scores at different levels, far below zero; padding in front",
            at_levels(worked_scores(rng, 3, 2, 4, WITH_GAPS)),
        ),
        DrawnCase("more than 256 words", many_words(many)),
    ]


CROSS_ENTROPY = Check(
    "loss.cross_entropy", loss.cross_entropy, draw_cross_entropy, worked_cross_entropy, axes="", task="scores and right words become a loss", points=3,
    section="rnn-loss: The loss",
    promises=ALWAYS | {
        "The loss of the batch is the sum over all steps of all sequences": "mean for sum",
        "Where it is false, the step adds nothing, wherever it stands": "mask read as lengths",
        "however large the scores are that stand there": "padding taken away again",
        "Without a mask, every step counts.": "word 0 taken for padding",
        "Softmax turns the scores of a step into probabilities.": "softmax over steps",
        "Take care with large scores": "largest score not subtracted",
        "a probability can be too small for a float": "probability rounded to zero",
        "Softmax does not change when the same number is subtracted from all scores of a step.": "one largest score for all",
        "The word that was right, from 0 to V - 1.": "best word for the right one",
        "True where a step counts, False where it is padding.": "mask inverted",
        "The loss; 0 if no step counts.": "masked array",
    },
)  # fmt: skip


def log_softmax(y: np.ndarray, axis: int = -1) -> np.ndarray:
    shifted = y - y.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def picked(log_p: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]


def counted(mask: np.ndarray | None, like: np.ndarray) -> np.ndarray:
    return np.ones(like.shape, dtype=bool) if mask is None else mask


@CROSS_ENTROPY.misconception("It is the mean over the steps that count; the sum is asked for.")
def mean_for_sum(y, targets, mask=None):
    m = counted(mask, targets)
    return -np.where(m, picked(log_softmax(y), targets), 0).sum() / max(1, m.sum())


@CROSS_ENTROPY.misconception(
    "It is the mean over all steps, padding included; the sum over those that count is asked for."
)
def mean_over_everything(y, targets, mask=None):
    return -np.where(counted(mask, targets), picked(log_softmax(y), targets), 0).mean()


@CROSS_ENTROPY.misconception("The mask was not used: steps where it is False must add nothing.")
def mask_ignored(y, targets, mask=None):
    return -picked(log_softmax(y), targets).sum()


@CROSS_ENTROPY.misconception(
    "The mask was multiplied into the scores: a score of 0 still has a loss. It belongs on the losses."
)
def mask_on_scores(y, targets, mask=None):
    return -picked(log_softmax(y * counted(mask, targets)[..., None]), targets).sum()


@CROSS_ENTROPY.misconception(
    "Softmax was taken over the steps; at each step the words compete, so it goes over the last axis."
)
def softmax_over_steps(y, targets, mask=None):
    return -np.where(counted(mask, targets), picked(log_softmax(y, axis=0), targets), 0).sum()


@CROSS_ENTROPY.misconception("The sign is missing: a log-probability is negative, a loss is not.")
def sign_missing(y, targets, mask=None):
    return np.where(counted(mask, targets), picked(log_softmax(y), targets), 0).sum()


@CROSS_ENTROPY.misconception(
    "exp overflows for large scores: subtract the largest score of each step first; softmax stays the same."
)
def largest_score_not_subtracted(y, targets, mask=None):
    p = np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)
    return -np.where(counted(mask, targets), np.log(picked(p, targets)), 0).sum()


@CROSS_ENTROPY.misconception("The probability itself was summed; the loss is its negative logarithm.")
def logarithm_left_out(y, targets, mask=None):
    return -np.where(counted(mask, targets), np.exp(picked(log_softmax(y), targets)), 0).sum()


@CROSS_ENTROPY.misconception("The logarithm has base 2; here it is the natural one.")
def logarithm_of_base_two(y, targets, mask=None):
    return -np.where(counted(mask, targets), picked(log_softmax(y), targets), 0).sum() / np.log(2)


@CROSS_ENTROPY.misconception(
    "A probability was rounded to 0, and its logarithm is infinite. Take the logarithm of softmax without softmax: the score, "
    "less the largest, less the logarithm of the sum."
)
def probability_rounded_to_zero(y, targets, mask=None):
    p = np.exp(y - y.max(axis=-1, keepdims=True))
    log_p = np.log(p / p.sum(axis=-1, keepdims=True))
    return -np.where(counted(mask, targets), picked(log_p, targets), 0).sum()


@CROSS_ENTROPY.misconception(
    "1e-12 was added in the logarithm, so no word has a loss above 27.6. Take the logarithm of softmax without softmax: the "
    "score, less the largest, less the logarithm of the sum."
)
def small_number_in_the_logarithm(y, targets, mask=None):
    p = np.exp(y - y.max(axis=-1, keepdims=True))
    log_p = np.log(p / p.sum(axis=-1, keepdims=True) + 1e-12)
    return -np.where(counted(mask, targets), picked(log_p, targets), 0).sum()


@CROSS_ENTROPY.misconception(
    "The largest score of all steps was subtracted, so exp is 0 for every word of a step far below it. Subtract at each step "
    "its own largest score."
)
def one_largest_score_for_all(y, targets, mask=None):
    shifted = y - y.max()
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.where(counted(mask, targets), picked(log_p, targets), 0).sum()


@CROSS_ENTROPY.misconception("The mask was used the wrong way round: it is True where a step counts.")
def mask_inverted(y, targets, mask=None):
    return -np.where(counted(mask, targets) ^ (mask is not None), picked(log_softmax(y), targets), 0).sum()


@CROSS_ENTROPY.misconception(
    "The steps that count were taken from the beginning of each sequence, as many as the mask has true values; but padding "
    "may stand anywhere."
)
def mask_read_as_lengths(y, targets, mask=None):
    lengths = counted(mask, targets).sum(axis=0)
    return -np.where(np.arange(len(y))[:, None] < lengths, picked(log_softmax(y), targets), 0).sum()


@CROSS_ENTROPY.misconception(
    "Steps whose right word is word 0 were left out, as if it were padding; the mask alone says what is padding."
)
def word_0_taken_for_padding(y, targets, mask=None):
    return -np.where(counted(mask, targets) & (targets != 0), picked(log_softmax(y), targets), 0).sum()


@CROSS_ENTROPY.misconception(
    "The losses of the padding were added and taken away again. Where they are huge, the digits of all others are lost: leave "
    "them out of the sum."
)
def padding_taken_away_again(y, targets, mask=None):
    losses = -picked(log_softmax(y), targets)
    return losses.sum() - losses[~counted(mask, targets)].sum()


@CROSS_ENTROPY.misconception("It is the loss of the word with the highest score; the right word is the one in targets.")
def best_word_for_the_right_one(y, targets, mask=None):
    return -np.where(counted(mask, targets), log_softmax(y).max(axis=-1), 0).sum()


def draw_perplexity(rng: Generator) -> list[DrawnCase]:
    T, N, V = sizes(rng, 3, range(3, 8))
    return [
        DrawnCase("padded sequences", score_inputs(rng, T, N, V, masked=True)),
        DrawnCase(
            "padding in front and in between, huge scores in it",
            with_gaps(score_inputs(rng, T, N, V, masked=False), rng),
        ),
        DrawnCase("no mask", score_inputs(rng, T, N, V, masked=False)),
        DrawnCase("one step", score_inputs(rng, 1, N, V, masked=False)),
        DrawnCase("a perfect prediction", all_foreseen(score_inputs(rng, T, N, V, masked=False))),
        DrawnCase("some steps without any loss", foreseen_at_times(score_inputs(rng, T, N, V, masked=False))),
        DrawnCase("a long text", score_inputs(rng, 300, 4, V, masked=False)),
        DrawnCase("all words equally likely", score_inputs(rng, T, N, V, masked=True, scale=0.0)),
        DrawnCase("unlikely words out of hundreds", score_inputs(rng, 2, 2, 300, masked=False, scale=8.0)),
        DrawnCase(
            "a single step of a single sequence counts", one_counts(score_inputs(rng, T, N, V, masked=False), rng)
        ),
        DrawnCase("float32", narrow(score_inputs(rng, T, N, V, masked=True))),
    ]


def foreseen_at_times(inputs: Scores) -> Scores:
    """In every other step the right word has by far the highest score."""
    y = inputs["y"].copy()
    y[::2] = all_foreseen(inputs)["y"][::2]
    return inputs | {"y": y}


def all_foreseen(inputs: Scores) -> Scores:
    """The right word has by far the highest score, which is so large that its exponential overflows."""
    V = inputs["y"].shape[-1]
    return inputs | {"y": inputs["y"] + 1000 * np.eye(V)[inputs["targets"]]}


def one_counts(inputs: Scores, rng: Generator) -> Scores:
    mask = np.zeros(inputs["targets"].shape, dtype=bool)
    mask.flat[rng.integers(mask.size)] = True
    return inputs | {"mask": mask}


def worked_perplexity(rng: Generator) -> list[DrawnCase]:
    unlikely = worked_scores(rng, 2, 3, 4, None)
    unlikely["y"] = 20 * unlikely["y"]
    return [
        DrawnCase("padded sequences, huge scores in the padding", huge_in_padding(worked_scores(rng, 3, 2, 4, PADDED))),
        DrawnCase(
            "scores at different levels, far below zero; padding in front",
            at_levels(worked_scores(rng, 3, 2, 4, WITH_GAPS)),
        ),
        DrawnCase("no mask", worked_scores(rng, 2, 3, 4, None)),
        DrawnCase("unlikely words", unlikely),
    ]


PERPLEXITY = Check(
    "loss.perplexity", loss.perplexity, draw_perplexity, worked_perplexity, axes="", task="the loss, as a number you can picture", points=1,
    section="rnn-perplexity: Perplexity", earlier=("cross_entropy",),
    promises=ALWAYS | {
        "It is the exponential of the mean loss over the $M$ steps that count": "mean left out",
        "as many as the mask has true values": "padding counted",
        "all `T * N` steps without a mask": "sequences not counted",
        "1 for a perfect prediction": "exponential left out",
        "V for one that finds all V words equally likely": "power of two",
    },
)  # fmt: skip


@PERPLEXITY.misconception(
    "It was divided by the number of all steps, padding included; only those that count belong in the mean."
)
def padding_counted(y, targets, mask=None):
    return np.exp(cross_entropy(y, targets, mask) / targets.size)


@PERPLEXITY.misconception("It is the mean loss; perplexity is its exponential.")
def exponential_left_out(y, targets, mask=None):
    return cross_entropy(y, targets, mask) / counted(mask, targets).sum()


@PERPLEXITY.misconception("It is the exponential of the whole loss; take the mean over the steps that count first.")
def mean_left_out(y, targets, mask=None):
    return np.exp(cross_entropy(y, targets, mask))


@PERPLEXITY.misconception("The power has base 2, but the loss is in natural logarithms: use exp.")
def power_of_two(y, targets, mask=None):
    return 2.0 ** (cross_entropy(y, targets, mask) / counted(mask, targets).sum())


@PERPLEXITY.misconception("It was divided by the number of steps T alone; each of the N sequences has its own steps.")
def sequences_not_counted(y, targets, mask=None):
    return np.exp(cross_entropy(y, targets, mask) / len(y))


@PERPLEXITY.misconception(
    "The mean was taken in each sequence first, and then over the sequences, so a step of a short one weighs more. Divide the "
    "whole loss by the number of all steps that count."
)
def mean_of_means(y, targets, mask=None):
    m = counted(mask, targets)
    means = [
        cross_entropy(y[:, n : n + 1], targets[:, n : n + 1], m[:, n : n + 1]) / m[:, n].sum()
        for n in range(m.shape[1]) if m[:, n].any()
    ]  # fmt: skip
    return np.exp(np.mean(means))


@PERPLEXITY.misconception("The exponential was taken at each step before the mean; take it once, of the mean loss.")
def mean_of_exponentials(y, targets, mask=None):
    places = np.argwhere(counted(mask, targets))
    losses = [cross_entropy(y[t : t + 1, n : n + 1], targets[t : t + 1, n : n + 1]) for t, n in places]
    return np.mean(np.exp(losses))


CROSS_ENTROPY.changes_nothing(
    {
        "np.take_along_axis(log_p, targets[..., None], axis=-1): axis left out": "-1 is the default of take_along_axis",
        "0: 0 to -1 (place 2)": "the axis has the length 1, so its last place is its first",
    }
)


NOT_ASKED = "the exercise says that the case in which no step counts is not asked for"
PERPLEXITY.changes_nothing(
    {
        "if count == 0: raise ValueError('perplexity: no step counts,: statement left out": NOT_ASKED,
        "ValueError('perplexity: no step counts, so there is nothing : call left out": NOT_ASKED,
        "0: 0 to -1": NOT_ASKED,
        "int(np.count_nonzero(mask)): call left out": "dividing by NumPy's integer gives the same as by Python's",
    }
)
