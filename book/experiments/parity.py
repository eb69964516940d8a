"""Was the number of ones so far odd? Networks of equal size learn it on short sequences and are asked on long ones."""

from collections.abc import Sequence

import numpy as np

from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values

VARIANTS = {
    "rnn": "tanh RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "min_gru": "minGRU",
    "diagonal_positive": "linear, factors 0 to 1",
    "diagonal": "linear, factors -1 to 1",
    "attention": "attention",
}
TRAINED = 32  # bits of the longest sequence in training
LENGTHS = (16, 32, 64, 128, 256)
TRAINING = {"most_parameters": 600, "N": 64, "learning_rate": 0.01, "updates": 600}
TEST = 1000  # sequences of each length
SOLVED, GUESS = 0.99, 0.5


def sequences(rng: np.random.Generator, T: int, N: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits as one-hot vectors (T, N, 2), and at each step (T, N) whether the number of ones so far is odd."""
    bits = rng.integers(2, size=(T, N))
    return np.eye(2, dtype=np.float32)[bits], bits.cumsum(axis=0) % 2


def perform(settings: Settings, tell: Tell) -> Result:
    """Train on sequences of 1 to 32 bits, with an answer at each step; test the last answer of longer ones."""
    import torch

    from experiments import learning_in_torch as in_torch

    torch.set_num_threads(1)
    H = in_torch.units(settings["variant"], 2, 2, settings["most_parameters"])
    torch.manual_seed(settings["seed"])
    rng = np.random.default_rng(settings["seed"])

    def batch(T: int, N: int, last: bool = False) -> in_torch.Batch:
        x, odd = sequences(rng, T, N)
        counts = np.arange(T)[:, None] == T - 1 if last else np.ones((T, 1), dtype=bool)
        return torch.from_numpy(x), torch.from_numpy(odd), torch.from_numpy(np.broadcast_to(counts, (T, N)).copy())

    model = in_torch.Model(settings["variant"], 2, H, 2)
    result = in_torch.learn(
        model, lambda: batch(int(rng.integers(1, TRAINED + 1)), settings["N"]), settings["updates"],
        settings["learning_rate"], tell,
    )  # fmt: skip
    rng = np.random.default_rng([99, settings["seed"]])
    by_length = {str(T): in_torch.right(model, batch(T, settings.get("test", TEST), last=True)) for T in LENGTHS}
    return result | {"units": H, "by_length": by_length} | lowest_factor(settings["variant"], model)


def lowest_factor(variant: str, model: object) -> Result:
    """Of a linear recurrence the lowest factor of its units when it reads a one."""
    if not variant.startswith("diagonal"):
        return {}
    import torch

    weights = {name: array.detach() for name, array in model.cell.named_parameters()}  # type: ignore[attr-defined]
    s_a = (weights["W_x"][:, 1] + weights["b"]).chunk(3)[1]
    factors = torch.tanh(s_a / 2) if variant == "diagonal" else torch.sigmoid(s_a)
    return {"lowest_factor": float(factors.min())}


def solved(rows: Sequence[Row], variant: str, T: int) -> int:
    """How many seeds are right nearly always at this length."""
    return sum(by_length[str(T)] >= SOLVED for by_length in values(rows, "by_length", variant=variant))


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    def worst(variant: str, T: int) -> float:
        return float(min(one[str(T)] for one in values(rows, "by_length", variant=variant)))

    def best(variant: str, T: int) -> float:
        return float(max(one[str(T)] for one in values(rows, "by_length", variant=variant)))

    return {
        "With factors from 0 to 1 no linear recurrence does better than a guess at 32 bits": (
            max(best(variant, TRAINED) for variant in ("min_gru", "diagonal_positive")) < 0.6
        ),
        "With factors from -1 to 1 each is right at twice the length of the training": worst("diagonal", 64) >= SOLVED,
        "At eight times that length none of them is": best("diagonal", 256) < 0.9,
        "Every LSTM and every GRU is right at eight times the length of the training": (
            min(worst("lstm", 256), worst("gru", 256)) > 0.98
        ),
        "The small attention model guesses at 32 bits": best("attention", TRAINED) < 0.6,
        "All have nearly the same number of parameters": (
            max(values(rows, "parameters")) < 1.4 * min(values(rows, "parameters"))
        ),
    }


RUNS: list[Settings] = [{"variant": variant, "seed": seed, **TRAINING} for variant in VARIANTS for seed in SEEDS]
EXPERIMENT = Experiment(
    "parity", "Can it count ones modulo two, beyond the length it learned on?", RUNS, perform, claims,
    {"updates": 10, "test": 8},  # the rate falls in the last half, behind the losses that are compared
)  # fmt: skip
