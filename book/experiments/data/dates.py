"""Dates as people of several languages write them, with the same date as ISO 8601 writes it.

Source: the Unicode Common Locale Data Repository, through Babel. The shortest form is left out: it gives two digits of the
year, and day and month in an order that the text alone does not tell.
"""

import datetime

import numpy as np
from babel.dates import format_date

LANGUAGES = ("en_GB", "en_US", "de", "fr", "es", "it", "nl", "sv", "fi", "pl", "cs", "hu")
FORMS = ("full", "long", "medium")
FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)


def draw(rng: np.random.Generator, count: int) -> tuple[list[str], list[str]]:
    """As many dates as asked for: as a language writes them, and as YYYY-MM-DD."""
    days = rng.integers((LAST - FIRST).days + 1, size=count)
    languages, forms = rng.integers(len(LANGUAGES), size=count), rng.integers(len(FORMS), size=count)
    dates = [FIRST + datetime.timedelta(days=int(day)) for day in days]
    written = [
        format_date(date, FORMS[form], LANGUAGES[language])
        for date, form, language in zip(dates, forms, languages, strict=True)
    ]
    return written, [date.isoformat() for date in dates]


def held_out(iso: str) -> bool:
    """Whether a date is for the test alone: every tenth day of the calendar, in whatever language it is written."""
    return datetime.date.fromisoformat(iso).toordinal() % 10 == 0


def load(rng: np.random.Generator, count: int, test: bool) -> tuple[list[str], list[str]]:
    """As many dates for training, or for the test; no date is ever in both."""
    written: list[str] = []
    iso: list[str] = []
    while len(iso) < count:
        pairs = zip(*draw(rng, count), strict=True)
        chosen = [(text, date) for text, date in pairs if held_out(date) == test]
        written += [text for text, _ in chosen]
        iso += [date for _, date in chosen]
    return written[:count], iso[:count]
