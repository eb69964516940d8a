"""Sentences from film reviews, each with the mean of the ratings that some twenty people gave it, from -4 to 4.

Source: Hutto and Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis of social media text", 2014; the
sentences are from Pang and Lee, "Seeing stars", 2005.
"""

from dataclasses import dataclass

import numpy as np

from experiments.data.fetch import path_to

SHARES = (0.8, 0.1)  # for training and for choosing; the rest is for the test
SEED = 20140601


@dataclass(frozen=True)
class Sentences:
    """Texts, and ratings (n,) from -4 to 4; above 0 is praise."""

    texts: list[str]
    ratings: np.ndarray


def load() -> tuple[Sentences, Sentences, Sentences]:
    """The sentences for training, for choosing a model, and for the test: 80, 10 and 10 parts of a hundred."""
    text = path_to("movieReviewSnippets_GroundTruth.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line]
    order = np.random.default_rng(SEED).permutation(len(rows))
    ends = [round(len(rows) * share) for share in np.cumsum(SHARES)]
    parts = []
    for indices in np.split(order, ends):
        chosen = [rows[index] for index in indices]
        parts.append(Sentences([row[2] for row in chosen], np.array([float(row[1]) for row in chosen])))
    return parts[0], parts[1], parts[2]
