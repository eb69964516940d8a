"""What an experiment is: a question, runs that each have their settings and a seed, and what the results must show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Settings = Mapping[str, Any]
Result = dict[str, Any]
Tell = Callable[[str], None]
SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Row:
    """One finished run: its settings, and what came out."""

    settings: Settings
    result: Result


@dataclass(frozen=True)
class Experiment:
    """An experiment by name.

    ``perform`` takes the settings of a run and a function that is told how far it is, and returns what JSON can hold. The same
    settings give the same result on the same machine and versions. ``claims`` takes all rows, and says for each sentence
    that the book builds on whether it holds. ``quick`` are settings to put over those of a run, so that it takes a second or
    so and still begins as the whole run does: a test repeats ``trials`` of the runs with them.
    """

    name: str
    question: str
    runs: Sequence[Settings]
    perform: Callable[[Settings, Tell], Result]
    claims: Callable[[Sequence[Row]], dict[str, bool]]
    quick: Settings = field(default_factory=dict)


def chosen(rows: Sequence[Row], **settings: Any) -> list[Row]:
    """The rows that have these settings, in their order."""
    return [row for row in rows if all(row.settings[name] == value for name, value in settings.items())]


def values(rows: Sequence[Row], name: str, **settings: Any) -> list[Any]:
    """One figure of the results of the rows that have these settings."""
    return [row.result[name] for row in chosen(rows, **settings)]
