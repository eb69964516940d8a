"""Films of a moving digit: one frame says nothing about the direction, and neither do all frames without their order."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray, IntArray


@takes(images="K P P")
def moving_digits(images: FloatArray, rng: np.random.Generator, N: int) -> tuple[FloatArray, BoolArray, IntArray]:
    """Films of 3 to 8 frames, in each of which a digit moves a point a frame: up, down, left or right.

    The field has 12 by 12 points, and what leaves it at one edge comes in at the opposite one. Every point of every frame has
    noise of its own. Behind the end of a film stand frames of another one, as in a store that is used again.

    Parameters
    ----------
    images : (K, P, P)
        Pictures of digits, from 0 to 1, of at most 12 by 12 points.
    rng : numpy.random.Generator
        Where the numbers come from.
    N : int
        How many films.

    Returns
    -------
    x : (8, N, 144) float32
        The frames.
    mask : (8, N) booleans
        True where a frame belongs to the film.
    targets : (N,) integers
        The direction: 0 up, 1 down, 2 left, 3 right.
    """
    t, n, P = np.arange(8)[:, None], np.arange(N), images.shape[1]
    lengths = rng.integers(3, 9, size=N)
    film = np.where(t < lengths, 0, 1)  # each film, and the one that stands behind its end
    picture, way = rng.integers(len(images), size=(2, N)), rng.integers(4, size=(2, N))
    row, column = rng.integers(12, size=(2, 2, N))
    step = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])[way[film, n]]
    fields = np.zeros((len(images), 12, 12))
    fields[:, :P, :P] = images
    rows = (np.arange(12) - (row[film, n] + t * step[..., 0])[..., None]) % 12
    columns = (np.arange(12) - (column[film, n] + t * step[..., 1])[..., None]) % 12
    x = fields[picture[film, n][..., None, None], rows[..., :, None], columns[..., None, :]]
    x = x + 0.3 * rng.normal(size=x.shape)
    return x.reshape(8, N, 144).astype(np.float32), t < lengths, way[0]
