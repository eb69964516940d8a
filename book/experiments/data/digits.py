"""Handwritten digits as images of 8 by 8 points.

Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998, the test part,
as scikit-learn brings it.
"""

from dataclasses import dataclass

import numpy as np

SEED = 19980701
TRAINING, CHOOSING = 1200, 200  # of 1,797; the rest is for the test


@dataclass(frozen=True)
class Images:
    """images (n, 8, 8) from 0 to 1, and digits (n,) from 0 to 9."""

    images: np.ndarray
    digits: np.ndarray


def load() -> tuple[Images, Images, Images]:
    """The images for training, for choosing a model, and for the test."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(SEED).permutation(len(bunch.target))
    parts = np.split(order, [TRAINING, TRAINING + CHOOSING])
    first, second, third = (Images(bunch.images[part] / 16, bunch.target[part]) for part in parts)
    return first, second, third
