"""Follow-on errors: who is right but for an earlier function may keep a share of the points, if the course says so.

The notebook is run once more, in a sandbox of its own, with the earlier functions that are not right taken away. Where the
student's code calls one, the question goes to the grader, which answers from a table of the reference's own calls; it
computes nothing on what comes from the sandbox. A function whose results then agree with the reference on every challenge
is right. Neither a recorded call nor anything else that the sandbox says of itself earns a point.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.check import Returned, Verdict, call, difference, listed
from autograder.exercise import Check, DrawnCase, Exercise
from autograder.grading.executor import RunCell, Task
from autograder.grading.judge import as_case, composed, expected_values, shown_of, tolerances
from autograder.grading.reference_calls import Call, Calls
from autograder.grading.transcript import Answer, Transcript
from autograder.runner.calling import _, tolerance_for

NOT_ASKED_AGAIN = ("right", "not attempted", "malformed")
Drawn = dict[str, list[DrawnCase]]


def calls_of_reference(check: Check, names: Iterable[str], drawn: DrawnCase) -> dict[str, Calls]:
    """How the reference calls the earlier functions of these names while it is asked a challenge."""
    originals = inspect.unwrap(check.reference).__globals__
    made: dict[str, list[Call]] = {name: [] for name in names if name in originals}
    signatures = {name: inspect.signature(originals[name]) for name in made}

    def noting(name: str) -> Callable[..., Any]:
        def noted(*inputs: Any, **named: Any) -> Any:
            bound = signatures[name].bind(*inputs, **named)
            bound.apply_defaults()
            before = tuple(Returned.of(value) for value in bound.arguments.values())
            result = originals[name](*inputs, **named)
            made[name].append(Call(before, as_arrays(result)))
            return result

        return noted

    call(composed(check, {name: noting(name) for name in made}), drawn.inputs)
    allowed = tolerance_for(check.tolerance, drawn.inputs)
    return {name: Calls(*parameters_of(signatures[name]), tuple(calls), allowed) for name, calls in made.items()}


def as_arrays(result: Any) -> Any:
    """A result with NumPy's numbers as arrays without axes, which can be sent."""
    if isinstance(result, tuple | list):
        return type(result)(as_arrays(part) for part in result)
    return np.asarray(result) if isinstance(result, np.generic) else result


def parameters_of(signature: inspect.Signature) -> tuple[tuple[str, ...], dict[str, Returned]]:
    having = {name: one.default for name, one in signature.parameters.items() if one.default is not one.empty}
    return tuple(signature.parameters), {name: Returned.of(value) for name, value in having.items()}


def to_ask_again(exercise: Exercise, verdicts: Sequence[Verdict]) -> dict[str, tuple[str, ...]]:
    """The checks whose functions may be right but for earlier ones, and which of these are not right.

    Checks of PyTorch's tensors are left out: a gradient would have to pass through the grader.
    """
    wrong = {exercise.check(one.check).function for one in verdicts if not one.ok}
    found = {}
    for one in verdicts:
        check = exercise.check(one.check)
        earlier = tuple(name for name in check.earlier if name in wrong)
        if earlier and not (one.status in NOT_ASKED_AGAIN or check.tensors or check.trained):
            found[check.name] = earlier
    return found


def asking_again(exercise: Exercise, task: Task, drawn: Drawn, again: dict[str, tuple[str, ...]]) -> Task:
    """The run that asks these checks once more, without the earlier functions that are not right."""
    parts = {
        name: [calls_of_reference(exercise.check(name), earlier, case) for case in drawn[name]]
        for name, earlier in again.items()
    }
    cells: list[RunCell] = []
    for cell in task.cells:
        if cell.check is None:
            cells.append(cell)
        elif cell.check in again:
            cells.append(replace(cell, earlier=(), from_grader=again[cell.check]))
    last = max(place for place, cell in enumerate(cells) if cell.check)
    return replace(task, cells=tuple(cells[: last + 1]), cases={name: drawn[name] for name in again}, parts=parts)


def is_right(check: Check, drawn: Sequence[DrawnCase], answer: Answer | None) -> bool:
    """Whether all results agree with the reference's."""
    if answer is None or answer.missing or len(answer.cases) != len(drawn):
        return False
    cases = [as_case(case, check.function, check.new_arrays) for case in answer.cases]
    shown = [shown_of(check)] * len(cases)
    found = map(difference, cases, expected_values(check, drawn), tolerances(check, drawn), shown)
    return all(text is None for text in found)


def proved(
    exercise: Exercise, task: Task, drawn: Drawn, verdicts: Sequence[Verdict], run: Callable[[Task], Transcript]
) -> dict[str, tuple[str, ...]]:
    """The checks whose functions are right but for earlier ones, and for which; none if the course gives them nothing."""
    again = to_ask_again(exercise, verdicts) if exercise.follow_on else {}
    if not again:
        return {}
    transcript = run(asking_again(exercise, task, drawn, again))
    return {
        name: earlier
        for name, earlier in again.items()
        if is_right(exercise.check(name), drawn[name], transcript.answers.get(name))
    }


def said_of(exercise: Exercise, check: str, earlier: tuple[str, ...]) -> str:
    """What a function earns which is right but for ``earlier`` ones."""
    told = _("Were {names} right, {function} would pass every challenge: it earns {share} of its points.")
    function, share = exercise.check(check).function, f"{exercise.follow_on * 100:g} %"
    return told.format(function=function, names=listed(list(earlier)), share=share)


def with_share(one: Verdict, told: str | None) -> Verdict:
    """A verdict that says so, where there is something to say; no mistake of its own is named then."""
    return replace(one, message=f"{one.message.splitlines()[0]}\n{told}", mistake=None) if told else one
