"""Exercise 1: the checks of the vanilla recurrent network, and what learners get wrong about it."""

# A misconception takes what the reference takes, whether it uses it or not.

from pathlib import Path

import numpy as np

from autograder.checks.declaration import Check, DrawnCase, Exercise
from autograder.checks.drawing import sizes
from solutions.with_numpy import affine as affine_module
from solutions.with_numpy import embedding, loss, rnn
from solutions.with_numpy.loss import cross_entropy
from solutions.with_numpy.rnn import step

Generator = np.random.Generator
PAGE = "vanilla_rnn.html"


def small(rng: Generator, *shape: int) -> np.ndarray:
    """Normal numbers with two decimals: as exact on every machine as they are easy to read."""
    return np.round(rng.normal(size=shape), 2)


# ---- step ------------------------------------------------------------------------------------------------------------


def cell_inputs(rng: Generator, N: int, D: int, H: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    arrays = {"x": (N, D), "h_prev": (N, H), "W_x": (H, D), "W_h": (H, H), "b": (H,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in arrays.items()}


def draw_step(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3)
    return [
        DrawnCase("several sequences", cell_inputs(rng, N, D, H)),
        DrawnCase("one sequence", cell_inputs(rng, 1, D, H)),
        DrawnCase("as many sequences, inputs and hidden units", cell_inputs(rng, H, H, H)),
        DrawnCase("float32", cell_inputs(rng, N, D, H, np.float32)),
    ]


def worked_step(rng: Generator) -> list[DrawnCase]:
    def inputs(N: int, D: int, H: int) -> dict[str, np.ndarray]:
        return {name: np.round(array, 2) for name, array in cell_inputs(rng, N, D, H).items()}

    narrow = {name: array.astype(np.float32) for name, array in inputs(2, 3, 4).items()}
    return [
        DrawnCase("two sequences", inputs(2, 3, 4)),
        DrawnCase("as many sequences, inputs and hidden units", inputs(3, 3, 3)),
        DrawnCase("float32", narrow),
    ]


STEP = Check(
    "rnn.step", rnn.step, draw_step, worked_step, axes="N H", points=3, section="rnn-step: One step"
)  # fmt: skip


@STEP.misconception("It is what you get when the bias b is left out.")
def bias_left_out(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + h_prev @ W_h.T)


@STEP.misconception("It is what you get when tanh is taken of each term; it belongs around their sum.")
def tanh_of_each_term(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T) + np.tanh(h_prev @ W_h.T) + np.tanh(b)


@STEP.misconception("It is what you get without tanh: the sum alone is a linear map.")
def tanh_left_out(x, h_prev, W_x, W_h, b):
    return x @ W_x.T + h_prev @ W_h.T + b


@STEP.misconception("It is what you get with a sigmoid in place of tanh: values from 0 to 1 instead of -1 to 1.")
def sigmoid_for_tanh(x, h_prev, W_x, W_h, b):
    return 1 / (1 + np.exp(-(x @ W_x.T + h_prev @ W_h.T + b)))


@STEP.misconception("It is what you get when the bias is added after tanh; it belongs inside.")
def bias_outside_tanh(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + h_prev @ W_h.T) + b


@STEP.misconception("It is what you get when the old state h_prev is left out: the network then has no memory.")
def state_left_out(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + b)


@STEP.misconception(
    "It is what you get from W_h without its transpose: weights are (out, in), so each product needs .T."
)
def recurrent_weights_transposed(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + h_prev @ W_h + b)


@STEP.misconception("The new state was written over h_prev; whoever called step still needs the old one.")
def old_state_overwritten(x, h_prev, W_x, W_h, b):
    h_prev[:] = np.tanh(x @ W_x.T + h_prev @ W_h.T + b)
    return h_prev


# ---- forward ---------------------------------------------------------------------------------------------------------


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    arrays = {"x": (T, N, D), "h_0": (N, H), "W_x": (H, D), "W_h": (H, H), "b": (H,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in arrays.items()}


def draw_forward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence", sequence_inputs(rng, T, 1, D, H)),
        DrawnCase("as many steps as sequences", sequence_inputs(rng, T, T, D, H)),
        DrawnCase("float32", sequence_inputs(rng, T, N, D, H, np.float32)),
    ]


def worked_forward(rng: Generator) -> list[DrawnCase]:
    def inputs(T: int, N: int, D: int, H: int) -> dict[str, np.ndarray]:
        return {name: np.round(array, 2) for name, array in sequence_inputs(rng, T, N, D, H).items()}

    narrow = {name: array.astype(np.float32) for name, array in inputs(3, 2, 2, 3).items()}
    return [
        DrawnCase("four steps", inputs(4, 2, 3, 2)),
        DrawnCase("one step", inputs(1, 2, 3, 2)),
        DrawnCase("as many steps as sequences", inputs(3, 3, 2, 2)),
        DrawnCase("float32", narrow),
    ]


FORWARD = Check(
    "rnn.forward", rnn.forward, draw_forward, worked_forward, axes="T N H", points=3,
    section="rnn-unrolling: Unrolling", earlier=("step",),
)  # fmt: skip


@FORWARD.misconception(
    "It is what you get when every step starts from h_0: each step should take the state of the one before."
)
def state_not_carried(x, h_0, W_x, W_h, b):
    return np.stack([step(x_t, h_0, W_x, W_h, b) for x_t in x])


@FORWARD.misconception("It is what you get when the first step starts from zeros instead of h_0.")
def initial_state_ignored(x, h_0, W_x, W_h, b):
    h, out = np.zeros_like(h_0), []
    for x_t in x:
        h = step(x_t, h, W_x, W_h, b)
        out.append(h)
    return np.stack(out)


@FORWARD.misconception("It is the state after the last step alone; the states after every step are asked for.")
def last_state_only(x, h_0, W_x, W_h, b):
    h = h_0
    for x_t in x:
        h = step(x_t, h, W_x, W_h, b)
    return h


@FORWARD.misconception("h_0 stands in front of the result; the states after each step are asked for, without h_0.")
def initial_state_included(x, h_0, W_x, W_h, b):
    out = [h_0]
    for x_t in x:
        out.append(step(x_t, out[-1], W_x, W_h, b))
    return np.stack(out)


@FORWARD.misconception("The sequences come first in your result; here time comes first: (T, N, H).")
def batch_first(x, h_0, W_x, W_h, b):
    h, out = h_0, []
    for x_t in x:
        h = step(x_t, h, W_x, W_h, b)
        out.append(h)
    return np.stack(out, axis=1)


@FORWARD.misconception("It is what you get when the sequence is read from its end to its beginning.")
def read_backwards(x, h_0, W_x, W_h, b):
    h, out = h_0, []
    for x_t in x[::-1]:
        h = step(x_t, h, W_x, W_h, b)
        out.append(h)
    return np.stack(out)


@FORWARD.misconception("The last step is missing: the loop ends one step early.")
def last_step_missing(x, h_0, W_x, W_h, b):
    h = np.zeros((len(x), *h_0.shape), dtype=h_0.dtype)
    h_prev = h_0
    for t in range(len(x) - 1):
        h[t] = h_prev = step(x[t], h_prev, W_x, W_h, b)
    return h


@FORWARD.misconception("The result is float64 though the inputs are float32: np.zeros and np.empty need dtype=.")
def dtype_lost(x, h_0, W_x, W_h, b):
    h = np.zeros((len(x), *h_0.shape))
    h_prev = h_0
    for t in range(len(x)):
        h[t] = h_prev = step(x[t], h_prev, W_x, W_h, b)
    return h


# ---- embed -----------------------------------------------------------------------------------------------------------


def draw_embed(rng: Generator) -> list[DrawnCase]:
    T, N, D, V = sizes(rng, 4)
    V += 4

    def inputs(T: int, N: int, D: int, V: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
        return {"ids": rng.integers(V, size=(T, N)), "W_e": rng.normal(size=(V, D)).astype(dtype)}

    return [
        DrawnCase("several steps", inputs(T, N, D, V)),
        DrawnCase("one step", inputs(1, N, D, V)),
        DrawnCase("one sequence", inputs(T, 1, D, V)),
        DrawnCase("as many steps as sequences, as many words as dimensions", inputs(T, T, V, V)),
        DrawnCase("float32", inputs(T, N, D, V, np.float32)),
    ]


def worked_embed(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", {"ids": np.array([[2, 0], [1, 3], [4, 4]]), "W_e": small(rng, 5, 2)}),
        DrawnCase(
            "as many steps as sequences, as many words as dimensions",
            {"ids": np.array([[1, 2], [0, 2]]), "W_e": small(rng, 3, 3)},
        ),
        DrawnCase("float32", {"ids": np.array([[1], [0]]), "W_e": small(rng, 2, 3).astype(np.float32)}),
    ]


EMBED = Check(
    "embedding.embed", embedding.embed, draw_embed, worked_embed, axes="T N D", points=1,
    section="rnn-embedding: Words as vectors",
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


# ---- affine ----------------------------------------------------------------------------------------------------------


def affine_inputs(rng: Generator, T: int, N: int, H: int, V: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    arrays = {"h": (T, N, H), "W_y": (V, H), "b_y": (V,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in arrays.items()}


def draw_affine(rng: Generator) -> list[DrawnCase]:
    T, N, H, V = sizes(rng, 4)
    return [
        DrawnCase("several steps", affine_inputs(rng, T, N, H, V)),
        DrawnCase("one step", affine_inputs(rng, 1, N, H, V)),
        DrawnCase("one sequence", affine_inputs(rng, T, 1, H, V)),
        DrawnCase("as many words as hidden units", affine_inputs(rng, T, N, H, H)),
        DrawnCase("float32", affine_inputs(rng, T, N, H, V, np.float32)),
    ]


def worked_affine(rng: Generator) -> list[DrawnCase]:
    def inputs(T: int, N: int, H: int, V: int) -> dict[str, np.ndarray]:
        return {name: np.round(array, 2) for name, array in affine_inputs(rng, T, N, H, V).items()}

    narrow = {name: array.astype(np.float32) for name, array in inputs(2, 1, 2, 3).items()}
    return [
        DrawnCase("three steps", inputs(3, 2, 2, 4)),
        DrawnCase("as many words as hidden units", inputs(2, 1, 3, 3)),
        DrawnCase("float32", narrow),
    ]


AFFINE = Check(
    "affine.affine", affine_module.affine, draw_affine, worked_affine, axes="T N V", points=1,
    section="rnn-output: The output",
)  # fmt: skip


@AFFINE.misconception("It is what you get when the bias b_y is left out.")
def output_bias_left_out(h, W_y, b_y):
    return h @ W_y.T


@AFFINE.misconception(
    "It is what you get from W_y without its transpose: weights are (out, in), so the product needs .T."
)
def output_weights_transposed(h, W_y, b_y):
    return h @ W_y + b_y


@AFFINE.misconception("These are the scores after the last step alone; the scores after every step are asked for.")
def last_scores_only(h, W_y, b_y):
    return h[-1] @ W_y.T + b_y


@AFFINE.misconception("The scores went through tanh; an affine map ends with the sum.")
def tanh_of_scores(h, W_y, b_y):
    return np.tanh(h @ W_y.T + b_y)


@AFFINE.misconception("These are probabilities; softmax belongs to the loss, and the scores themselves are asked for.")
def softmax_of_scores(h, W_y, b_y):
    p = np.exp(h @ W_y.T + b_y)
    return p / p.sum(axis=-1, keepdims=True)


# ---- cross_entropy and perplexity ------------------------------------------------------------------------------------


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
    "loss.cross_entropy", loss.cross_entropy, draw_cross_entropy, worked_cross_entropy, axes="", points=3,
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
    "loss.perplexity", loss.perplexity, draw_perplexity, worked_perplexity, axes="", points=1,
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


EXERCISE = Exercise(
    slug="01_vanilla_rnn",
    title="The vanilla recurrent network",
    checks=(STEP, FORWARD, EMBED, AFFINE, CROSS_ENTROPY, PERPLEXITY),
    packages=("numpy", "matplotlib"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "vanilla_rnn").glob("[!_]*.py"))),
)
