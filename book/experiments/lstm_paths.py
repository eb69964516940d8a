"""Does an LSTM need the paths through its hidden state? First-step memory with them, without their gradient, and without them."""

from collections.abc import Sequence
from functools import partial
from itertools import repeat

import numpy as np

from experiments import learning, models, tasks
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences
from solutions.with_numpy import cell_path, lstm
from solutions.with_numpy.heads import many_to_one, many_to_one_backward
from solutions.with_numpy.loss import mean_cross_entropy, mean_cross_entropy_backward
from solutions.with_numpy.training import Weights

Array = np.ndarray
WHOLE, CUT, WITHOUT = "whole gradient", "gradient through h cut", "recurrent weights zero"
PATHS = (WHOLE, CUT, WITHOUT)
LAG = 50
TRAINING = {
    "lag": LAG,
    "H": 32,
    "N": 20,
    "learning_rate": 0.01,
    "clip": 1.0,
    "updates": 300,
    "seconds": 120,
    "every": 5,
}
FOR_DERIVATIVES = 4  # sequences


def cell_gradients(weights: Weights, x: Array, dh: Array, made: tuple[Array, Array, Array], through_h: bool) -> Weights:
    """Gradients of W_x, W_h and b from those of h at each step, passed back from step to step along c, and along h or not.

    Without h it is the gradient that the LSTM was first trained with: what arrives at a gate changes its weights and goes no
    further back. Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997, appendix A.1.
    """
    h, c, gates = made
    zero = np.zeros_like(h[0])
    dh_next, dc_next, total = zero, zero, [np.zeros_like(weights[name]) for name in ("W_x", "W_h", "b")]
    for t in reversed(range(len(x))):
        h_prev, c_prev = (h[t - 1], c[t - 1]) if t else (zero, zero)
        _, dh_prev, dc_next, *own = lstm.step_backward(
            dh[t] + dh_next, dc_next, x[t], h_prev, c_prev, c[t], gates[:, t], weights["W_x"], weights["W_h"]
        )
        dh_next = dh_prev if through_h else zero
        total = [sum_ + one for sum_, one in zip(total, own, strict=True)]
    return dict(zip(("W_x", "W_h", "b"), total, strict=True))


def classify(weights: Weights, batch: Sequences, paths: str) -> tuple[float, Weights]:
    """The mean cross-entropy of one class for each sequence, and its gradients along the paths that there are."""
    zero = np.zeros((batch.x.shape[1], weights["W_h"].shape[1]), batch.x.dtype)
    made = lstm.forward(batch.x, zero, zero, weights["W_x"], weights["W_h"], weights["b"])
    y = many_to_one(made[0], batch.mask, weights["W_y"], weights["b_y"])[None]
    dy = mean_cross_entropy_backward(y, batch.targets[None])[0]
    dh, dW_y, db_y = many_to_one_backward(dy, made[0], batch.mask, weights["W_y"])
    gradients = cell_gradients(weights, batch.x, dh, made, through_h=paths == WHOLE)
    if paths == WITHOUT:
        gradients["W_h"] = np.zeros_like(gradients["W_h"])
    return float(mean_cross_entropy(y, batch.targets[None])), {**gradients, "W_y": dW_y, "b_y": db_y}


def derivatives(weights: Weights, batch: Sequences) -> dict[str, float]:
    """The largest singular value of the direct path, and of the full derivative, over the whole lag; medians."""
    W_x, W_h, b, x = (array.astype(np.float64) for array in (*(weights[n] for n in ("W_x", "W_h", "b")), batch.x))
    zero = np.zeros((x.shape[1], W_h.shape[1]))
    _, c, gates = lstm.forward(x[:-1], zero, zero, W_x, W_h, b)
    full = np.linalg.norm(cell_path.full_derivative(zero, c, gates, W_h), 2, axis=(1, 2))
    return {"direct": float(np.median(cell_path.direct_path(gates[1]).max(axis=1))), "full": float(np.median(full))}


def perform(settings: Settings, tell: Tell) -> Result:
    """Train along the paths that there are; then measure both derivatives along the cell state."""
    seed, lag, paths = settings["seed"], settings["lag"], settings["paths"]
    weights = models.initial_weights("lstm_lag", 2, settings["H"], 2, np.random.default_rng(seed), longest=lag)
    if paths == WITHOUT:
        weights["W_h"] = np.zeros_like(weights["W_h"])
    rng, test = np.random.default_rng([2, seed]), np.random.default_rng([3, seed])
    held_out = tasks.first_step(test, lag, settings.get("held_out", 256))
    trained, result = learning.learn(
        weights, partial(classify, paths=paths), (tasks.first_step(rng, lag, settings["N"]) for _ in repeat(None)),
        learning.budget_of(settings), lambda w: models.error_rate(w, "lstm", held_out), tell, settings["learning_rate"],
        settings["clip"], settings["every"], 0.01,
    )  # fmt: skip
    return result | derivatives(trained, tasks.first_step(np.random.default_rng([1, seed]), lag, FOR_DERIVATIVES))


def solved(rows: Sequence[Row], paths: str) -> list[int]:
    """The numbers of updates of the seeds that solved it."""
    ends = zip(values(rows, "ended", paths=paths), values(rows, "updates", paths=paths), strict=True)
    return [updates for end, updates in ends if end == learning.SOLVED]


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    of_cut = {name: values(rows, name, paths=CUT) for name in ("direct", "full")}
    return {
        "With the whole gradient, every seed learns to say what came first, 50 steps back": len(solved(rows, WHOLE))
        == 5,
        "Without the gradient through the hidden state, every seed learns it too": len(solved(rows, CUT)) == 5,
        "Without recurrent weights, every seed learns it, but in more updates than any of these took": (
            len(solved(rows, WITHOUT)) == 5 and min(solved(rows, WITHOUT)) > max(solved(rows, CUT))
        ),
        "Trained without the gradient through the hidden state, the full derivative still is larger than the direct path": all(
            full > direct for direct, full in zip(*of_cut.values(), strict=True)
        ),
    }


RUNS: list[Settings] = [{"paths": paths, "seed": seed, **TRAINING} for paths in PATHS for seed in SEEDS]
EXPERIMENT = Experiment(
    "lstm_paths", "Does an LSTM need the paths through its hidden state?", RUNS, perform, claims,
    {"updates": 3, "held_out": 8},
)  # fmt: skip
