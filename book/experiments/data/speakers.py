"""Who is talking: utterances of two Japanese vowels by nine men, 12 numbers a step, of 7 to 29 steps.

Source: Kudo, Toyama and Shimbo, "Multidimensional curve classification using passing-through regions", 1999; UCI Machine
Learning Repository. The split into training and test set is the data set's own.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.data.fetch import path_to


@dataclass(frozen=True)
class Utterances:
    """x (T, N, 12) with zeros after the end, lengths (N,) and speakers (N,) from 0 to 8."""

    x: np.ndarray
    lengths: np.ndarray
    speakers: np.ndarray


def read(path: Path) -> Utterances:
    """One file: a line an utterance, its 12 channels and the speaker with colons between them."""
    lines = path.read_text(encoding="utf-8").partition("@data\n")[2].split()
    series = [np.array([channel.split(",") for channel in line.split(":")[:-1]], dtype=float).T for line in lines]
    lengths = np.array([len(one) for one in series])
    x = np.zeros((lengths.max(), len(series), series[0].shape[1]))
    for n, one in enumerate(series):
        x[: len(one), n] = one
    return Utterances(x, lengths, np.array([int(line.rpartition(":")[2]) - 1 for line in lines]))


def load() -> tuple[Utterances, Utterances]:
    """The training set (270 utterances) and the test set (370)."""
    return read(path_to("JapaneseVowels_TRAIN.ts")), read(path_to("JapaneseVowels_TEST.ts"))
