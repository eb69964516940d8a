"""The judge: compares what came out of the sandbox with the reference, outside it, and names the mistake."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.check import Case, Returned, Shown, Verdict, call, difference, same_outcome
from autograder.checks import Check, DrawnCase, Exercise, Misconception
from autograder.grading.transcript import Answer, CaseAnswer, Transcript

STATUSES = (
    "right", "wrong", "error", "timeout", "out of memory", "crashed", "malformed", "not reached", "not attempted",
)  # fmt: skip
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Submission:
    """What the judge must know of a notebook besides its run: which cells hold what, and what intake found wrong.

    ``solution_cells`` maps a function to the cell that should define it, ``unchanged`` names functions whose cell is as
    it was released, and ``malformed`` maps a function to what intake found wrong with its cell.
    """

    check_cells: dict[str, str]
    solution_cells: dict[str, str]
    unchanged: frozenset[str] = frozenset()
    malformed: dict[str, str] | None = None


def expected_values(check: Check, cases: Sequence[DrawnCase]) -> list[Array]:
    """The reference's results, computed here."""
    return [np.asarray(check.reference(*copied(case).values())) for case in cases]


def copied(case: DrawnCase) -> dict[str, Any]:
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in case.inputs.items()}


def as_case(answer: CaseAnswer, function: str) -> Case:
    """An answer in the form that ``autograder.check`` compares."""
    if answer.error is not None:
        name, message = answer.error
        return Case(error=f"{function} raised {name}: {message}".rstrip(": "))
    return Case(Returned(answer.type, answer.dtype, answer.shape, answer.array), changed=answer.changed)


def composed(check: Check, replaced: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The reference with the earlier functions that it calls replaced: what a right function makes of wrong parts."""
    inner = check.reference
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    assert isinstance(inner, types.FunctionType)
    return types.FunctionType(inner.__code__, {**inner.__globals__, **replaced}, inner.__name__, inner.__defaults__)


def outcomes(function: Callable[..., Any], cases: Sequence[DrawnCase]) -> list[Case]:
    """What one of our own functions comes to on the cases."""
    return [call(function, case.inputs) for case in cases]


def matching(check: Check, drawn: Sequence[DrawnCase], cases: Sequence[Case]) -> Misconception | None:
    """The misconception that comes to the same on every case."""
    if all(case.error is not None for case in cases):
        return None
    for misconception in check.misconceptions:
        theirs = outcomes(misconception.function, drawn)
        if all(same_outcome(a, b, check.tolerance) for a, b in zip(cases, theirs, strict=True)):
            return misconception
    return None


class Lookup:
    """A student's earlier function as a table of the calls that were recorded."""

    def __init__(self, tensors: dict[str, Array], function: str, tolerance: float) -> None:
        self.tolerance = tolerance
        self.rows: dict[str, dict[str, Array]] = {}
        for name, array in tensors.items():
            of, _, rest = name.partition("/")
            number, _, place = rest.partition("/")
            if of == function and place:
                self.rows.setdefault(number, {})[place] = array

    def __call__(self, *inputs: Any) -> Array:
        for row in self.rows.values():
            if "out" in row and all(self.same(value, row.get(str(i))) for i, value in enumerate(inputs)):
                return row["out"]
        raise LookupError("no such call was recorded")

    def same(self, value: Any, recorded: Array | None) -> bool:
        if not isinstance(value, np.ndarray):
            return recorded is None
        return (
            recorded is not None
            and recorded.shape == value.shape
            and bool(np.allclose(recorded, value, self.tolerance))
        )


def rests_on_wrong_part(check: Check, drawn: DrawnCase, case: Case, tensors: dict[str, Array]) -> bool:
    """Whether a function is right but for the earlier functions that it calls.

    The reference is computed with each earlier function replaced by a table of the student's own recorded calls. If it
    finds its calls there and comes to the student's result, the mistake lies in the earlier function. The recording is
    the sandbox's word, so this decides what is said and never what is earned.
    """
    tables = {name: Lookup(tensors, name, check.tolerance) for name in check.earlier}
    if not all(table.rows for table in tables.values()):
        return False
    again = call(composed(check, dict(tables)), drawn.inputs)
    return again.error is None and same_outcome(case, again, check.tolerance)


def judge_answer(check: Check, drawn: Sequence[DrawnCase], answer: Answer, calls: dict[str, Array]) -> Verdict:
    """Compare an answer with the reference's."""
    say = functools.partial(verdict, check)
    if not answer.cases:
        return say("malformed", "What the notebook handed over for this check could not be read.")
    errors = [case for case in answer.cases if case.error is not None]
    for case in errors:
        assert case.error is not None
        if case.error[0] == "NotImplementedError" and case.raised_in in ("", check.function):
            return say("not attempted", f"{check.function} still raises NotImplementedError.")
        if case.error[0] == "NotImplementedError" and case.raised_in in check.earlier:
            return say("error", f"{check.function} calls {case.raised_in}, which is not written yet.")
        if case.error[0] == "NameError":
            absent = [name for name in check.earlier if f"'{name}'" in case.error[1]]
            if absent:
                return say("error", f"{check.function} calls {absent[0]}, which is not defined.")
        if case.error[0] == "MemoryError":
            return say("out of memory", f"{check.function} asked for more memory than there is.")
    cases = [as_case(case, check.function) for case in answer.cases]
    expected = expected_values(check, drawn)
    shown = Shown(check.function, tuple(check.axes.split()))
    for one, value, wanted in zip(drawn, cases, expected, strict=True):
        text = difference(value, wanted, check.tolerance, shown)
        if text is None:
            continue
        status = "error" if value.error else "wrong"
        text += f" (challenge: {one.title})"
        found = matching(check, drawn, cases)
        if found is not None:
            return say(status, f"{text}\nLikely mistake: {found.message}", found.name)
        if check.earlier and rests_on_wrong_part(check, drawn[0], cases[0], calls):
            names = " and ".join(check.earlier)
            return say(
                status, f"{text}\n{check.function} itself is right: it fails because {names} is wrong. Mend that first."
            )
        return say(status, text)
    return say("right", f"All {len(cases)} challenges agree with the reference.")


def verdict(check: Check, status: str, message: str, mistake: str | None = None) -> Verdict:
    label, _, title = check.section.partition(": ")
    read = "" if status == "right" else f"To reread: the book, section '{title}' ({label})."
    return Verdict(check.name, status, message, mistake, read)


def without_answer(check: Check, submission: Submission, transcript: Transcript) -> Verdict:
    """The verdict where no answer came, or no function of that name was there to ask."""
    say = functools.partial(verdict, check)
    ended = transcript.ended.get(submission.check_cells[check.name])
    if ended is not None:
        return say(ended, how_it_ended(check.function, ended))
    cell = submission.solution_cells.get(check.function, "")
    ended = transcript.ended.get(cell)
    if ended is not None:
        return say(ended, how_it_ended(f"The cell that defines {check.function}", ended))
    if check.name not in transcript.answers:
        return say("not reached", "The notebook's time was used up, or it ended, before this check.")
    error = transcript.output(cell).error
    if error is not None:
        status = "out of memory" if error[0] == "MemoryError" else "error"
        return say(status, f"The cell that should define {check.function} ended with {error[0]}: {error[1]}")
    if check.function in submission.unchanged:
        return say("not attempted", f"{check.function} is as it was released.")
    return say("error", f"No function named {check.function} is defined.")


def how_it_ended(what: str, ended: str) -> str:
    reasons = {
        "timeout": f"{what} did not come to an end within its time. Is there a loop that never ends?",
        "crashed": f"{what} ended the whole notebook (as os._exit does, or a process without memory).",
        "out of memory": f"{what} asked for more memory than there is.",
    }
    return reasons[ended]


def judge(
    exercise: Exercise, drawn: dict[str, list[DrawnCase]], submission: Submission, transcript: Transcript
) -> list[Verdict]:
    """One verdict for each check, in the exercise's order."""
    verdicts = []
    for check in exercise.checks:
        answer = transcript.answers.get(check.name)
        malformed = (submission.malformed or {}).get(check.function)
        if malformed is not None:
            verdicts.append(verdict(check, "malformed", malformed))
        elif answer is None or answer.missing:
            verdicts.append(without_answer(check, submission, transcript))
        else:
            verdicts.append(judge_answer(check, drawn[check.name], answer, transcript.calls.get(check.name, {})))
    return verdicts
