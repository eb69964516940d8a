"""How exercise 08_applications trains, and the best that is possible there without order.

The notebook's own cells are run, from another seed each time. Without order, the direction of a film is found by a kernel
classifier on the mean of its own frames and their deviation. (None can be right more than half of the time on average, since
a film played backwards has the same frames and the opposite direction.) For dates no model is fitted: the letters of a text fit
a number of days, all equally likely, and no model that sees them without their order can do better than to guess one of these.
"""

import functools
import io
from contextlib import redirect_stdout

import numpy as np
import torch
from torch import nn

from autograder.exercise import EXERCISES
from autograder.exercise.cells import train_id
from autograder.exercise.source import source_notebook
from solutions.with_numpy import dates, moving_digit
from solutions.with_torch import applications

EXERCISE = EXERCISES["08_applications"]

FITTED, SEED = 4000, "seed = 0"


def pictures() -> np.ndarray:
    """What students train with."""
    with np.load(EXERCISE.folder / "data" / "digits.npz") as kept:
        return kept["images"] / 16


def weights_from(variable: str, seed: int) -> dict[str, np.ndarray]:
    """What the notebook's cell makes of the reference's functions, from this seed."""
    torch.set_num_threads(1)
    cell = next(one for one in source_notebook(EXERCISE, EXERCISE.text()).cells if one.id == train_id(variable))
    assert cell.source.startswith(SEED)
    names = {**vars(dates), **vars(moving_digit), **vars(applications), "np": np, "torch": torch, "nn": nn}
    names |= {"images": pictures(), "START": 11, "END": 12}
    with redirect_stdout(io.StringIO()):
        exec(cell.source.replace(SEED, f"seed = {seed}", 1), names)  # noqa: S102 - our own text
    return names[variable]


def film_features(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean of each film's own frames, and the deviation of each point."""
    counts, of = mask[..., None], mask.sum(axis=0)[:, None]
    mean = np.where(counts, x, 0).sum(axis=0) / of
    return np.hstack([mean, np.sqrt(np.where(counts, (x - mean) ** 2, 0).sum(axis=0) / of)])


@functools.cache
def film_classifier():
    from sklearn.svm import SVC

    x, mask, targets = moving_digit.moving_digits(pictures(), np.random.default_rng(0), FITTED)
    return SVC(C=10).fit(film_features(x, mask), targets)


def films_without_order(data: dict) -> float:
    """The share of right directions."""
    return film_classifier().score(film_features(data["x"], data["mask"]), data["targets"])


@functools.cache
def days_by_letters() -> dict[str, set[str]]:
    """All days that some letters may stand for: of so many draws that every day comes in each form."""
    found: dict[str, set[str]] = {}
    for held_out, draws in ((False, 600_000), (True, 100_000)):
        for text, iso in zip(*dates.some_dates(np.random.default_rng(0), draws, held_out), strict=True):
            found.setdefault("".join(sorted(text)), set()).add(iso)
    return found


def dates_without_order(data: dict) -> float:
    """The share of dates without a mistake that the best guesses come to on average."""
    by_letters = days_by_letters()
    texts = (data["source"][data["mask"][:, n], n] for n in range(data["source"].shape[1]))
    return float(np.mean([1 / len(by_letters["".join(map(chr, np.sort(text) + ord(" ")))]) for text in texts]))


MEASURED = {
    "applications.reading_loss": (functools.partial(weights_from, "reader_weights"), films_without_order),
    "applications.writing_loss": (functools.partial(weights_from, "translator_weights"), dates_without_order),
}
