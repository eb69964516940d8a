"""Which value came with this key? Networks of equal size read pairs, each in one step, and are then asked for one of them."""

from collections.abc import Sequence

import numpy as np

from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values

VARIANTS = {
    "rnn": "tanh RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "min_gru": "minGRU",
    "diagonal": "linear, diagonal",
    "attention": "attention",
}
KEYS, VALUES = 8, 4
PAIRS = (1, 2, 4, 6, 8)  # of the test
TRAINING = {"most_parameters": 1500, "N": 64, "learning_rate": 0.01, "updates": 600}
TEST = 2000  # sequences of each number of pairs
GUESS = 1 / VALUES


def sequences(rng: np.random.Generator, pairs: int, N: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a key and a value, (T, N, 12) with T = pairs + 1, and the value (N,) of the key that stands alone at the end.

    A step is a one-hot vector of the key and one of the value, side by side. No key comes twice before the question.
    """
    keys = rng.permuted(np.tile(np.arange(KEYS), (N, 1)), axis=1)[:, :pairs].T
    chosen, asked = rng.integers(VALUES, size=(pairs, N)), rng.integers(pairs, size=N)
    columns = np.arange(N)
    x = np.zeros((pairs + 1, N, KEYS + VALUES), np.float32)
    x[:pairs, :, :KEYS], x[:pairs, :, KEYS:] = np.eye(KEYS)[keys], np.eye(VALUES)[chosen]
    x[pairs, :, :KEYS] = np.eye(KEYS)[keys[asked, columns]]
    return x, chosen[asked, columns]


def last_is_right(pairs: int) -> float:
    """How often a network is right that knows the last pair and guesses the others."""
    return 1 / pairs + (1 - 1 / pairs) * GUESS


def perform(settings: Settings, tell: Tell) -> Result:
    """Train on sequences of 1 to 8 pairs and one question each; test each number of pairs by itself."""
    import torch

    from experiments import learning_in_torch as in_torch

    torch.set_num_threads(1)
    H = in_torch.units(settings["variant"], KEYS + VALUES, VALUES, settings["most_parameters"])
    torch.manual_seed(settings["seed"])
    rng = np.random.default_rng(settings["seed"])

    def batch(pairs: int, N: int) -> in_torch.Batch:
        x, asked = sequences(rng, pairs, N)
        counts = np.broadcast_to(np.arange(len(x))[:, None] == pairs, x.shape[:2]).copy()
        return torch.from_numpy(x), torch.from_numpy(np.tile(asked, (len(x), 1))), torch.from_numpy(counts)

    model = in_torch.Model(settings["variant"], KEYS + VALUES, H, VALUES)
    result = in_torch.learn(
        model, lambda: batch(int(rng.integers(1, KEYS + 1)), settings["N"]), settings["updates"],
        settings["learning_rate"], tell,
    )  # fmt: skip
    rng = np.random.default_rng([99, settings["seed"]])
    by_pairs = {str(pairs): in_torch.right(model, batch(pairs, settings.get("test", TEST))) for pairs in PAIRS}
    return result | {"units": H, "by_pairs": by_pairs}


def at(rows: Sequence[Row], variant: str, pairs: int) -> list[float]:
    """The share of right answers of each seed, for so many pairs."""
    return [by_pairs[str(pairs)] for by_pairs in values(rows, "by_pairs", variant=variant)]


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    recurrent = [variant for variant in VARIANTS if variant != "attention"]
    return {
        "Attention is right about every pair": min(at(rows, "attention", KEYS)) > 0.99,
        "No recurrent network is as good as the worst attention model at eight pairs": (
            max(max(at(rows, variant, KEYS)) for variant in recurrent) < min(at(rows, "attention", KEYS))
        ),
        "All have nearly the same number of parameters": (
            max(values(rows, "parameters")) < 1.2 * min(values(rows, "parameters"))
        ),
    }


RUNS: list[Settings] = [{"variant": variant, "seed": seed, **TRAINING} for variant in VARIANTS for seed in SEEDS]
EXPERIMENT = Experiment(
    "recall", "Which value came with this key, when the state is small?", RUNS, perform, claims,
    {"updates": 10, "test": 8},  # the rate falls in the last half, behind the losses that are compared
)  # fmt: skip
