"""Where gradients vanish and explode: by lag, by matrix, at the cliff, with and without clipping, and cut short."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np

from experiments import learning, memory, models, tasks
from experiments.applications import characters
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, chosen, values
from solutions.with_numpy import initialisation, language_model, optimisers, recurrent, rnn
from solutions.with_numpy.affine import affine, affine_backward
from solutions.with_numpy.clipping import clip_by_global_norm, clip_by_value, global_norm
from solutions.with_numpy.embedding import embed
from solutions.with_numpy.gradient_lag import gradient_norm_by_lag
from solutions.with_numpy.heads import many_to_one, many_to_one_backward
from solutions.with_numpy.jacobians import singular_values, spectral_radius, step_jacobian
from solutions.with_numpy.loss import mean_cross_entropy_backward
from solutions.with_numpy.training import Weights
from solutions.with_numpy.truncated_bptt import truncated_segments, truncation_error

Array = np.ndarray
LENGTH = 100
SPAN = 200
MATRICES = ("random", "orthogonal", "non-normal")
CUTS = (1, 2, 5, 10, 20, 50, 100)
CLIPS = ("none", "by value", "by norm")
LIMITS = {"by value": 0.05, "by norm": 1.0}


def norms_by_lag(weights: Weights, cell: str, batch: models.Sequences) -> dict[str, list[float]]:
    """The norm of the loss's gradient with respect to each state, by lag, over that for the last h; median over sequences."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}  # float32 ends at 1e-45
    batch = batch._replace(x=batch.x.astype(np.float64))
    h, tape = models.states(weights, cell, batch)
    y = many_to_one(h, batch.mask, weights["W_y"], weights["b_y"])
    dy = 2 * (y - batch.targets[:, None])
    dh, _, _ = many_to_one_backward(dy, h, batch.mask, weights["W_y"])
    ends = (dh[-1], *(np.zeros_like(state) for state in tape.state_0[1:]))
    by_lag = gradient_norm_by_lag(ends, tape)
    last = by_lag["h"][0]
    return {state: [float(v) for v in np.median(norms / last, axis=1)] for state, norms in by_lag.items()}


def lag(settings: Settings, tell: Tell) -> Result:
    """Gradient norm against lag in the adding problem, before and after training."""
    rng, cell = np.random.default_rng(settings["seed"]), models.cell_of(settings["variant"])
    batch = tasks.adding(np.random.default_rng([1, settings["seed"]]), LENGTH, 64)
    weights = models.initial_weights(settings["variant"], 2, settings["H"], 1, rng, longest=LENGTH)
    before = norms_by_lag(weights, cell, batch)
    after, result = learning.learn(
        weights, lambda w, some: models.regress(w, cell, some),
        memory.batches({"task": "adding", "length": LENGTH, "N": settings["N"]}, rng), learning.budget_of(settings),
        lambda w: models.squared_error(w, cell, batch), tell, settings["learning_rate"], settings["clip"],
        settings["every"], 0.01,
    )  # fmt: skip
    return result | {"before": before, "after": norms_by_lag(after, cell, batch)}


def matrix(kind: str, H: int, rng: np.random.Generator) -> Array:
    """A recurrent matrix of spectral radius 0.9.

    random: independent normal numbers. orthogonal: 0.9 times a random orthogonal matrix, so that all singular values are 0.9.
    non-normal: 0.9 on the diagonal and normal numbers above it, whose singular values are far larger.
    """
    if kind == "orthogonal":
        return 0.9 * initialisation.orthogonal(H, rng)
    W = rng.normal(size=(H, H)) / np.sqrt(H)
    if kind == "non-normal":
        return 0.9 * np.eye(H) + 0.3 * np.triu(W, 1)
    return 0.9 * W / spectral_radius(W)


def matrices(settings: Settings, tell: Tell) -> Result:
    """The largest singular value of W^k, and of the product of k Jacobians of a tanh network with inputs."""
    rng, H = np.random.default_rng(settings["seed"]), settings["H"]
    W = matrix(settings["matrix"], H, rng)
    x = settings["input"] * rng.normal(size=(SPAN, 1, H))
    h = rnn.forward(x, np.zeros((1, H)), np.eye(H), W, np.zeros(H))[:, 0]
    power, product = np.eye(H), np.eye(H)
    linear, tanh = [1.0], [1.0]
    for t in range(SPAN):
        power, product = W @ power, step_jacobian(h[t : t + 1], W)[0] @ product
        linear.append(float(singular_values(power)[0]))
        tanh.append(float(singular_values(product)[0]))
    return {
        "spectral_radius": spectral_radius(W), "largest_singular_value": float(singular_values(W)[0]), "linear": linear,
        "tanh": tanh,
    }  # fmt: skip


def cliff(settings: Settings, tell: Tell) -> Result:
    """The loss of a network of one unit after 50 steps, over its recurrent weight and its bias, and the gradient's norm.

    h_t = tanh(w h_{t-1} + b), h_0 = 0.5, loss (h_50 - 0.5)^2: the landscape of Pascanu, Mikolov and Bengio, 2013, figure 6, with
    a tanh.
    """
    size, T = settings["points"], 50
    w, b = np.linspace(0.5, 5, size), np.linspace(-2, 1, size)
    x, h_0, one = np.zeros((T, 1, 1)), np.full((1, 1), 0.5), np.ones((1, 1))
    losses, gradient_norms = np.empty((2, size, size))
    for row, bias in enumerate(b):
        for column, weight in enumerate(w):
            W_h, difference = np.array([[weight]]), 0.0
            h = rnn.forward(x, h_0, one, W_h, np.array([bias]))
            difference = float(h[-1, 0, 0]) - 0.5
            dh = np.zeros_like(h)
            dh[-1] = 2 * difference
            _, _, _, dW_h, db = rnn.backward(dh, x, h_0, h, one, W_h)
            losses[row, column], gradient_norms[row, column] = difference**2, np.hypot(dW_h[0, 0], db[0])
        tell(f"row {row + 1} of {size}")
    return {"w": w, "b": b, "losses": losses, "gradient_norms": gradient_norms}


def letters_model(settings: Settings) -> tuple[Weights, Iterator[tuple[Array, Array, bool]], str]:
    """A model of the letters of film reviews, its batches, and its cell."""
    training, _ = characters.texts("reviews")
    letters = characters.alphabet(training)
    rng, V, D, cell = (
        np.random.default_rng(settings["seed"]),
        len(letters),
        settings["D"],
        models.cell_of(settings["variant"]),
    )
    weights = models.with_words(models.initial_weights(settings["variant"], D, settings["H"], V, rng), V, D, rng)
    weights["W_h"] = (settings["scale"] * weights["W_h"]).astype(np.float32)
    ids = np.roll(characters.numbers(training, letters), -int(rng.integers(len(training))))
    return weights, characters.pieces(ids, settings["N"], settings["T"]), cell


def clipped(gradients: Mapping[str, Array], clip: str) -> Weights:
    """The gradients as they are, or clipped in one of the two ways."""
    if clip == "by value":
        return clip_by_value(gradients, LIMITS[clip])
    return clip_by_global_norm(gradients, LIMITS[clip])[0] if clip == "by norm" else dict(gradients)


def train_letters(settings: Settings, tell: Tell) -> tuple[Weights, list[float], list[float]]:
    """Plain gradient descent on letters; the losses, and the norms before clipping, until the budget or the numbers end."""
    weights, pieces, cell = letters_model(settings)
    state: dict[str, Any] = {}
    losses, norms = [], []
    beginning = recurrent.initial_state(cell, settings["N"], settings["H"], np.float32)
    for read, write, _ in islice(pieces, settings["updates"]):
        with np.errstate(over="ignore", invalid="ignore"):
            loss, gradients, _ = language_model.loss_and_gradients(read, write, beginning, weights, cell)
            norm = global_norm(gradients)
        if not (np.isfinite(loss) and np.isfinite(norm)):
            break
        losses.append(loss)
        norms.append(norm)
        weights, state = optimisers.sgd(weights, clipped(gradients, settings["clip"]), state, settings["learning_rate"])
        tell(f"update {len(losses)} of {settings['updates']}, loss {loss:.3f}")
    return weights, losses, norms


def clipping(settings: Settings, tell: Tell) -> Result:
    """The loss of the next letter with and without clipping, all else equal."""
    _, losses, norms = train_letters(settings, tell)
    means = [float(np.mean(losses[start : start + 10])) for start in range(0, len(losses), 10)]
    return {
        "first_losses": losses[: learning.FIRST], "losses": means, "largest_norm": max(norms),
        "last": float(np.mean(losses[-50:])),
        "worst_of_last": max(losses[len(losses) // 2 :]), "finished": len(losses) == settings["updates"],
    }  # fmt: skip


def truncation(settings: Settings, tell: Tell) -> Result:
    """How much of the gradient of W_h is lost when it goes back k steps at most, before and after training on letters."""
    weights, _, _ = letters_model(settings)
    trained, losses, _ = train_letters(settings, tell)
    _, pieces, cell = letters_model({**settings, "T": LENGTH})
    read, write, _ = next(pieces)
    return {
        "first_losses": losses[: learning.FIRST], "before": errors_of_cuts(weights, cell, read, write),
        "after": errors_of_cuts(trained, cell, read, write),
    }  # fmt: skip


def errors_of_cuts(weights: Weights, cell: str, read: Array, write: Array) -> dict[str, float]:
    """The relative error of the gradient of W_h, for blocks of each length."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    x, of_cell = embed(read, weights["W_e"]), language_model.of_the_cell(weights)
    state_0 = recurrent.initial_state(cell, read.shape[1], weights["W_h"].shape[1])

    def loss(h: Array, steps: slice) -> tuple[float, Array]:
        dy = mean_cross_entropy_backward(affine(h, weights["W_y"], weights["b_y"]), write[steps])
        share = (steps.stop - steps.start) / len(read)
        return 0.0, share * affine_backward(dy, h, weights["W_y"])[0]

    def gradient(k: int) -> Array:
        parts = [dw["W_h"] for _, dw, _ in truncated_segments(cell, x, state_0, of_cell, k, loss)]
        total: Array = np.sum(parts, axis=0)
        return total

    full = gradient(len(read))
    return {str(k): truncation_error(gradient(k), full) for k in CUTS}


KINDS: dict[str, Callable[[Settings, Tell], Result]] = {
    "lag": lag, "matrices": matrices, "cliff": cliff, "clipping": clipping, "truncation": truncation,
}  # fmt: skip


def perform(settings: Settings, tell: Tell) -> Result:
    """One of the five kinds, from one seed."""
    return KINDS[settings["kind"]](settings, tell)


def runs() -> list[Settings]:
    training = {"H": 32, "N": 20, "learning_rate": 0.01, "clip": 1.0, "updates": 800, "seconds": 30, "every": 50}
    letters = {"H": 64, "D": 24, "N": 32, "T": 40, "learning_rate": 2.0, "updates": 600, "scale": 4.0}
    found: list[Settings] = [{"kind": "cliff", "points": 61}]
    for seed in SEEDS:
        found += [{"kind": "lag", "variant": variant, "seed": seed, **training} for variant in models.VARIANTS]
        found += [{"kind": "matrices", "matrix": kind, "seed": seed, "H": 64, "input": 0.5} for kind in MATRICES]
        found += [{"kind": "clipping", "variant": "rnn", "clip": clip, "seed": seed, **letters} for clip in CLIPS]
        found += [
            {
                "kind": "truncation",
                "variant": variant,
                "clip": "by norm",
                "seed": seed,
                **letters,
                "learning_rate": 1.0,
                "scale": 1.0,
            }
            for variant in ("rnn", "lstm_1")
        ]
    return found


def reach(rows: Sequence[Row], variant: str, when: str) -> list[float]:
    """What is left of the gradient 100 steps back, in each seed; of an LSTM the larger of its two states'."""
    found = chosen(rows, kind="lag", variant=variant)
    return [max(norms[-1] for norms in row.result[when].values()) for row in found]


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    odd = chosen(rows, kind="matrices", matrix="non-normal")
    worst = {clip: values(rows, "last", kind="clipping", clip=clip) for clip in CLIPS}
    cuts = [row.result["after"] for row in chosen(rows, kind="truncation")]
    steep = np.array(chosen(rows, kind="cliff")[0].result["gradient_norms"])
    return {
        "Before training, a tanh RNN keeps less than a millionth of the gradient over 100 steps": max(
            reach(rows, "rnn", "before")
        )
        < 1e-6,
        "Before training, an LSTM with its bias set for the lag keeps over a thousand times more than a tanh RNN": (
            min(reach(rows, "lstm_lag", "before")) > 1e3 * max(reach(rows, "rnn", "before"))
        ),
        "A largest singular value above 1 does not make gradients explode: powers of non-normal matrices of spectral radius 0.9 "
        "grow at first": all(row.result["largest_singular_value"] > 1 < max(row.result["linear"][:30]) for row in odd),
        "At the cliff the gradient is over a thousand times its median": steep.max() > 1000 * np.median(steep),
        "With clipping by norm the loss ends lower than without, in every seed": all(
            a < b for a, b in zip(worst["by norm"], worst["none"], strict=True)
        ),
        "A longer block never leaves much more of the gradient's error": all(
            cut[str(b)] <= cut[str(a)] + 0.1 for cut in cuts for a, b in pairwise(CUTS)
        ),
    }


EXPERIMENT = Experiment(
    "gradients", "Where do gradients vanish and explode?", runs(), perform, claims, {"updates": 3, "points": 5}
)
