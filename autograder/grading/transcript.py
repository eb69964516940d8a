"""What is known of one run of a notebook, as plain data: it travels from the executor to the judge."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.check import Returned

MOST_TEXT, MOST_TEXT_BYTES = 64 * 1024, 512 * 1024
MOST_PICTURES = 8
MOST_PICTURE_BYTES = 4 << 20


@dataclass
class CellOutput:
    """What a cell printed and drew, and the exception it ended with."""

    text: str = ""
    pictures: list[bytes] = field(default_factory=list)
    error: tuple[str, str] | None = None


@dataclass(frozen=True)
class CaseAnswer:
    """What the sandbox says came of one call: forged until compared."""

    returned: Returned | None = None
    error: tuple[str, str] | None = None
    raised_in: str = ""
    changed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    overwritten: bool = False


@dataclass(frozen=True)
class Answer:
    """The first frame for a check."""

    missing: bool
    cases: tuple[CaseAnswer, ...]


@dataclass(frozen=True)
class TimeLimit:
    """A limit that was reached: so many seconds of the processor or by the clock, for a cell or for the whole notebook."""

    seconds: float
    processor: bool
    whole_notebook: bool = False


@dataclass
class Transcript:
    """Everything that came over the border, and how each culprit cell ended.

    ``ended`` maps the id of a cell to 'timeout', 'crashed' or 'malformed': the sandbox ended while that cell ran; where it
    was for a limit of time, ``limits`` says which. Bytes and seconds are counted over all reruns: the budget is the
    submission's. ``waited`` maps cells that took longer by the clock than a cell may take of the processor to these seconds.
    ``disturbed`` says that the grader was stopped, or the machine too busy to run the sandbox.
    """

    outputs: dict[str, CellOutput] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    calls: dict[str, dict[str, np.ndarray[Any, Any]]] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    limits: dict[str, TimeLimit] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)
    disturbed: bool = False
    bytes_read: int = 0
    processor_seconds: float = 0.0
    clock_seconds: float = 0.0
    text_bytes: int = 0
    picture_bytes: int = 0
    malformed: list[str] = field(default_factory=list)

    def output(self, cell: str) -> CellOutput:
        return self.outputs.setdefault(cell, CellOutput())
