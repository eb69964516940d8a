"""`cross_entropy` and `perplexity`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import sizes
from solutions.with_numpy import loss
from solutions.with_numpy.loss import cross_entropy

from .drawing import small

Generator = np.random.Generator


def score_inputs(
    rng: Generator, T: int, N: int, V: int, masked: bool, scale: float = 2.0
) -> dict[str, np.ndarray | None]:
    y = scale * rng.normal(size=(T, N, V))
    mask = None
    if masked:
        lengths = rng.integers(1, T + 1, size=N)
        lengths[0] = max(1, T - 1)
        mask = np.arange(T)[:, None] < lengths
    return {"y": y, "targets": rng.integers(V, size=(T, N)), "mask": mask}


def narrow(inputs: dict[str, np.ndarray | None]) -> dict[str, np.ndarray | None]:
    assert inputs["y"] is not None
    return inputs | {"y": inputs["y"].astype(np.float32)}


def draw_cross_entropy(rng: Generator) -> list[DrawnCase]:
    T, N, V = sizes(rng, 3, range(3, 8))
    return [
        DrawnCase("padded sequences", score_inputs(rng, T, N, V, masked=True)),
        DrawnCase("no mask", score_inputs(rng, T, N, V, masked=False)),
        DrawnCase("one step", score_inputs(rng, 1, N, V, masked=False)),
        DrawnCase("as many steps, sequences and words", score_inputs(rng, V, V, V, masked=True)),
        DrawnCase("no step counts", score_inputs(rng, T, N, V, masked=False) | {"mask": np.zeros((T, N), dtype=bool)}),
        DrawnCase("float32", narrow(score_inputs(rng, T, N, V, masked=True))),
        DrawnCase("scores around a thousand", score_inputs(rng, T, N, V, masked=True, scale=1000.0)),
    ]


def worked_scores(
    rng: Generator, T: int, N: int, V: int, mask: list[list[bool]] | None
) -> dict[str, np.ndarray | None]:
    return {
        "y": small(rng, T, N, V),
        "targets": rng.integers(V, size=(T, N)),
        "mask": None if mask is None else np.array(mask),
    }


PADDED = [[True, True], [True, True], [True, False]]


def worked_cross_entropy(rng: Generator) -> list[DrawnCase]:
    large = worked_scores(rng, 3, 2, 4, PADDED)
    assert large["y"] is not None
    large["y"] = 1000 * large["y"]
    return [
        DrawnCase("padded sequences", worked_scores(rng, 3, 2, 4, PADDED)),
        DrawnCase("no mask", worked_scores(rng, 2, 3, 4, None)),
        DrawnCase("no step counts", worked_scores(rng, 2, 1, 3, [[False], [False]])),
        DrawnCase("scores around a thousand", large),
    ]


CROSS_ENTROPY = Check(
    "loss.cross_entropy", loss.cross_entropy, draw_cross_entropy, worked_cross_entropy, axes="", task="scores and right words become a loss", points=3,
    section="rnn-loss: The loss",
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


def draw_perplexity(rng: Generator) -> list[DrawnCase]:
    T, N, V = sizes(rng, 3, range(3, 8))
    return [
        DrawnCase("padded sequences", score_inputs(rng, T, N, V, masked=True)),
        DrawnCase("no mask", score_inputs(rng, T, N, V, masked=False)),
        DrawnCase("one step", score_inputs(rng, 1, N, V, masked=False)),
        DrawnCase(
            "a single step of a single sequence counts", one_counts(score_inputs(rng, T, N, V, masked=False), rng)
        ),
        DrawnCase("float32", narrow(score_inputs(rng, T, N, V, masked=True))),
    ]


def one_counts(inputs: dict[str, np.ndarray | None], rng: Generator) -> dict[str, np.ndarray | None]:
    assert inputs["targets"] is not None
    mask = np.zeros(inputs["targets"].shape, dtype=bool)
    mask.flat[rng.integers(mask.size)] = True
    return inputs | {"mask": mask}


def worked_perplexity(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("padded sequences", worked_scores(rng, 3, 2, 4, PADDED)),
        DrawnCase("no mask", worked_scores(rng, 2, 3, 4, None)),
    ]


PERPLEXITY = Check(
    "loss.perplexity", loss.perplexity, draw_perplexity, worked_perplexity, axes="", task="the loss, as a number you can picture", points=1,
    section="rnn-perplexity: Perplexity", earlier=("cross_entropy",),
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
