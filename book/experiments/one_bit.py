"""How does a network keep one bit over a thousand steps? First-step memory once more: looked into, and tried at other lags."""

from collections.abc import Sequence

import numpy as np

from experiments import memory, models, tasks
from experiments.experiment import Experiment, Result, Row, Settings, Tell, values
from solutions.with_numpy.jacobians import spectral_radius
from solutions.with_numpy.training import Weights

LAG = 1000
LAGS = (900, 990, *range(994, 1007), 1010, 1100)
VARIANTS = ("rnn", "lstm_lag")
LAST = 31  # so many of the last states are looked at


def all_runs() -> list[Settings]:
    """The runs of first-step memory at this lag, with the same settings."""
    return [
        one
        for one in memory.all_runs()
        if one["task"] == "first_step" and one["length"] == LAG and one["variant"] in VARIANTS
    ]


def error_at(weights: Weights, cell: str, lag: int, settings: Settings) -> float:
    """The share of wrong answers on new sequences of this lag."""
    rng = np.random.default_rng([98, settings["seed"], lag])
    return models.error_rate(weights, cell, tasks.first_step(rng, lag, settings.get("held_out", memory.HELD_OUT)))


def last_states(weights: Weights, cell: str, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """The last hidden states (LAST, N, H) of new sequences, and the bit (N,) that each has to keep."""
    rng = np.random.default_rng([97, settings["seed"]])
    batch = tasks.first_step(rng, settings["length"], settings.get("held_out", memory.HELD_OUT))
    return models.states(weights, cell, batch)[0][-LAST:], batch.targets


def two_swings(h: np.ndarray, targets: np.ndarray) -> dict[str, list[float]]:
    """The unit that moves most, in the first sequence of each bit."""
    unit = int(h.std(axis=0).mean(axis=0).argmax())
    firsts = {"minus": targets == 0, "plus": targets == 1}
    return {bit: h[:, np.flatnonzero(its)[0], unit].tolist() for bit, its in firsts.items() if its.any()}


def perform(settings: Settings, tell: Tell) -> Result:
    """Train as in ``memory``; then try the network at other lags, and see what its units do in the end."""
    weights, result = memory.trained(settings, tell)
    cell = models.cell_of(settings["variant"])
    lags = [lag + settings["length"] - LAG for lag in LAGS]
    h, targets = last_states(weights, cell, settings)
    result |= {
        "by_lag": {str(lag): error_at(weights, cell, lag, settings) for lag in lags},
        "keep_their_sign": float(np.mean(np.abs(np.sign(h).sum(axis=0)) == len(h))),
        "swings": two_swings(h, targets),
    }
    if cell == "rnn":
        W_h = weights["W_h"]
        result |= {"largest_self_weight": float(W_h.diagonal().max()), "spectral_radius": spectral_radius(W_h)}
    return result


def beside(rows: Sequence[Row], variant: str) -> list[float]:
    """Each seed's smaller error of those one step before and one step after the lag of the training."""
    return [min(by_lag[str(LAG - 1)], by_lag[str(LAG + 1)]) for by_lag in values(rows, "by_lag", variant=variant)]


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    tanh, gated = (values(rows, "by_lag", variant=variant) for variant in VARIANTS)
    return {
        "Every tanh network is right at the lag that it was trained on": all(one[str(LAG)] <= 0.01 for one in tanh),
        "One step before it and one step after it, each of them is wrong in at least a fifth of the answers": (
            min(beside(rows, "rnn")) >= 0.2
        ),
        "No unit of them feeds itself enough to latch": max(values(rows, "largest_self_weight", variant="rnn")) < 1,
        "Hardly any unit of them keeps its sign": max(values(rows, "keep_their_sign", variant="rnn")) < 0.05,
        "The LSTMs with their bias set for the lag are right one step beside it, too": (
            max(max(one[str(LAG - 1)], one[str(LAG + 1)]) for one in gated) <= 0.01
        ),
    }


EXPERIMENT = Experiment(
    "one_bit", "How does a network keep one bit over 1000 steps?", all_runs(), perform, claims,
    {"updates": 3, "held_out": 8},
)  # fmt: skip
