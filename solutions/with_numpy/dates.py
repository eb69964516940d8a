"""Dates as people write them in English, the same dates as ISO 8601 writes them, and both as numbers."""

import datetime
from collections.abc import Sequence

import numpy as np

from solutions.with_numpy.arrays import BoolArray, IntArray


def some_dates(rng: np.random.Generator, N: int, held_out: bool = False) -> tuple[list[str], list[str]]:
    """Days from 2000 to 2049, each written in one of three ways, and as year, month and day.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    N : int
        How many dates.
    held_out : bool
        Every tenth day of the calendar is kept apart: these days come with True, all others with False.

    Returns
    -------
    texts : N strings
        As in "3 September 2012", "September 3, 2012" or "2012 Sep 3".
    isos : N strings
        As in "2012-09-03".

    Source: the standard ISO 8601.
    """
    months = "January February March April May June July August September October November December".split()  # noqa: SIM905
    first, last = datetime.date(2000, 1, 1).toordinal() // 10 + 1, datetime.date(2049, 12, 31).toordinal() // 10
    numbers = 10 * rng.integers(first, last, size=N) + (0 if held_out else rng.integers(1, 10, size=N))
    days = [datetime.date.fromordinal(int(number)) for number in numbers]
    ways = ("{0} {1} {2}", "{1} {0}, {2}", "{2} {1:.3} {0}")
    texts = [
        ways[way].format(day.day, months[day.month - 1], day.year)
        for day, way in zip(days, rng.integers(3, size=N), strict=True)
    ]
    return texts, [day.isoformat() for day in days]


def letters_to_read(texts: Sequence[str]) -> tuple[IntArray, BoolArray]:
    """Texts as numbers: the place of each letter behind the space in the list of all letters (ASCII).

    Parameters
    ----------
    texts : N strings
        Of letters from the space to z.

    Returns
    -------
    ids : (S, N) integers
        From 0 to 90. Shorter texts are padded with 0 at their end.
    mask : (S, N) booleans
        True where a letter stands.
    """
    lengths = np.array([len(text) for text in texts])
    ids = np.zeros((lengths.max(), len(texts)), dtype=np.int64)
    for n, text in enumerate(texts):
        ids[: len(text), n] = [ord(letter) - ord(" ") for letter in text]
    return ids, np.arange(len(ids))[:, None] < lengths


def letters_to_write(isos: Sequence[str], end: int) -> IntArray:
    """ISO dates as numbers: each digit as itself, 10 for the hyphen, and at last the sign for the end.

    Parameters
    ----------
    isos : N strings
        As in "2012-09-03".
    end : int
        The number of the sign for the end.

    Returns
    -------
    target : (11, N) integers
    """
    return np.array([["0123456789-".index(letter) for letter in iso] + [end] for iso in isos]).T
