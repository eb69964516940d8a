"""The calls that a reference makes of the functions on which it rests: what a sandbox may ask for, and is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.check import Returned, same_result


@dataclass(frozen=True)
class Call:
    """A call of an earlier function by the reference: its arguments in order, and what came of it."""

    arguments: tuple[Returned, ...]
    result: Any


@dataclass(frozen=True)
class Calls:
    """All calls of one function in one challenge; ``defaults`` are those of its parameters that have one."""

    parameters: tuple[str, ...]
    defaults: dict[str, Returned]
    made: tuple[Call, ...]
    tolerance: float

    def result_of(self, question: Returned) -> Call | None:
        """The call with these arguments, which are (positional, by name); None if the reference made none such."""
        if question.parts is None or len(question.parts) != 2:
            return None
        (_place, positional), (_place, by_name) = question.parts
        places = zip(self.parameters, (part for _place, part in positional.parts or ()), strict=False)
        given = {**self.defaults, **dict(places), **dict(by_name.parts or ())}
        if set(given) != set(self.parameters) or len(positional.parts or ()) > len(self.parameters):
            return None
        arguments = [given[name] for name in self.parameters]
        return next((one for one in self.made if self.same(one.arguments, arguments)), None)

    def same(self, ours: Sequence[Returned], theirs: Sequence[Returned]) -> bool:
        return all(agrees(one, other, self.tolerance) for one, other in zip(ours, theirs, strict=True))


def agrees(ours: Returned, theirs: Returned, tolerance: float) -> bool:
    """Whether an argument is the reference's: the same numbers; what holds none, a function say, is not looked at."""
    if ours.parts is not None:
        return theirs.parts is not None and len(ours.parts) == len(theirs.parts) and all(
            agrees(one, other, tolerance) for (_n, one), (_m, other) in zip(ours.parts, theirs.parts, strict=True)
        )  # fmt: skip
    if ours.array is None:
        return theirs.array is None and theirs.parts is None
    return same_result(ours, theirs, tolerance, dtype=False)
