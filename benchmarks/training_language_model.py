"""How exercise 06_language_model trains, and the best that is possible at the meals without memory or without order.

The notebook's own cell is run, from another seed each time. Beside it stands the better of two models, each fitted to the data
that it is judged on. One knows the word before the meal, which is always the same. The other knows which times of day the message
named, but not in which order.
"""

import io
from collections import Counter
from contextlib import redirect_stdout

import numpy as np

from autograder.exercise import EXERCISES
from autograder.exercise.cells import train_id
from autograder.exercise.discovery import part_of
from autograder.exercise.source import source_notebook
from solutions.with_numpy.gru_language_model import train
from solutions.with_numpy.text import streams

EXERCISE = EXERCISES["06_language_model"]
CHECK = part_of(EXERCISE, "checks.train")
SEED, TIMES = "seed = 0", ("morning", "afternoon", "evening")


def weights_from(seed: int) -> dict[str, np.ndarray]:
    """What the notebook's cell makes of the reference's functions, from this seed."""
    cell = next(one for one in source_notebook(EXERCISE, EXERCISE.text()).cells if one.id == train_id("weights"))
    assert cell.source.startswith(SEED)
    names = {"np": np, "vocabulary": CHECK.VOCABULARY, "streams": streams, "train": train}
    with redirect_stdout(io.StringIO()):
        exec(cell.source.replace(SEED, f"seed = {seed}", 1), names)  # noqa: S102 - our own text
    return names["weights"]


def fitted_perplexity(contexts: list, meals: list[int]) -> float:
    """The perplexity of a table of how often each meal follows each context, on the same meals."""
    pairs, alone = Counter(zip(contexts, meals, strict=True)), Counter(contexts)
    logs = [np.log(pairs[context, meal] / alone[context]) for context, meal in zip(contexts, meals, strict=True)]
    return float(np.exp(-np.mean(logs)))


def without_order(data: dict) -> float:
    """The lower perplexity of the two models."""
    words, times = data["text"], [CHECK.VOCABULARY.index(time) for time in TIMES]
    asked = np.argwhere(CHECK.at_the_meals(words))
    meals = [int(words[t + 1, n]) for t, n in asked]
    before = [int(words[t, n]) for t, n in asked]
    named = [frozenset([word for word in words[t::-1, n] if word in times][:2]) for t, n in asked]  # two in a message
    return min(fitted_perplexity(before, meals), fitted_perplexity(named, meals))


MEASURED = {"gru_language_model.train": (weights_from, without_order)}
