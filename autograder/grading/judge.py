"""The judge: compares what came out of the sandbox with the reference, outside it, and names the mistake."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from autograder.check import (
    Case,
    Expected,
    Shown,
    Verdict,
    after,
    call,
    calls,
    difference,
    listed,
    named,
    observation,
    same_outcome,
    wrong_weights,
)
from autograder.exercise import Check, DrawnCase, Exercise, Misconception, Trained
from autograder.exercise.cells import train_id
from autograder.exercise.discovery import ExerciseError
from autograder.grading.transcript import Answer, CaseAnswer, TimeLimit, Transcript
from autograder.runner.calling import _, array_of, invoke, marked, ready, tolerance_for
from autograder.structure import near

STATUSES = (
    "right", "wrong", "error", marked("timeout"), marked("out of memory"), marked("crashed"), "malformed",
    marked("not reached"), "not attempted",
)  # fmt: skip
FOR_WANT_OF_A_CELL = ("error", "not reached")  # what may come of it that a cell of the student's own was left out
MOST_OWN_CELLS = 3
LONGEST_MESSAGE = 4000
ABSOLUTE = 1e-8  # how far apart two inputs of the same call may be, whatever their size
RIGHT_BUT_FOR = marked("{function} itself is right: it fails because of what {names} returns. Mend that first.")
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Submission:
    """What the judge must know of a notebook besides its run: which cells hold what, and what intake found wrong.

    ``solution_cells`` maps a function to the cell that should define it, ``unchanged`` names functions whose cell is as
    it was released, and ``malformed`` maps a function to what intake found wrong with its cell. ``own_cells`` says of the
    cells that the student added where they stand.
    """

    check_cells: dict[str, str]
    solution_cells: dict[str, str]
    unchanged: frozenset[str] = frozenset()
    malformed: dict[str, str] | None = None
    own_cells: dict[str, str] = field(default_factory=dict)


def expected_values(check: Check, cases: Sequence[DrawnCase]) -> list[Expected]:
    """The reference's results, computed here: of a call that is asked once more, once.

    Raises ExerciseError if they are of a type that no check compares.
    """
    asked = {id(case.inputs): case.inputs for case in cases}
    made = ((key, ready(inputs, check.tensors)) for key, inputs in asked.items())
    with np.errstate(all="ignore"):  # as submissions are called: what overflows on the way may be dropped
        found = {key: as_expected(invoke(check.reference, inputs), check.name) for key, inputs in made}
    return [found[id(case.inputs)] for case in cases]


def as_expected(result: Any, name: str) -> Expected:
    """A result of the check of that name with its numbers as arrays, in the containers in which it came."""
    if isinstance(result, dict):
        return {str(key): as_expected(part, name) for key, part in result.items()}
    if isinstance(result, tuple | list):
        return type(result)(as_expected(part, name) for part in result)
    array = np.asarray(array_of(result))
    if array.dtype.kind not in "fiub":
        kind = array.dtype if isinstance(result, np.ndarray) else type(result).__name__
        raise ExerciseError(
            f"The reference of {name} returns a value of type {kind}; "
            "a result may be a number, an array of numbers or truth values, or a tuple, a list or a dict of such."
        )
    return array


def shown_of(check: Check) -> Shown:
    return Shown.of(check.function, check.axes, check.tensors, check.new_arrays, check.apart)


def tolerances(check: Check, cases: Sequence[DrawnCase]) -> list[float]:
    """The error that each case allows."""
    return [tolerance_for(check.tolerance, case.inputs) for case in cases]


def as_case(answer: CaseAnswer, function: str, new_arrays: bool = False) -> Case:
    """An answer in the form that ``autograder.check`` compares."""
    if answer.error is not None:
        name, message = answer.error
        message = message.rstrip(": ")
        told = _("{function} raised {error}: {message}") if message else _("{function} raised {error}")
        return Case(error=told.format(function=function, error=name, message=message))
    return Case(answer.returned, None, answer.changed, answer.shared if new_arrays else (), answer.overwritten)


def composed(check: Check, replaced: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The reference with the earlier functions that it calls replaced: what a right function makes of wrong parts."""
    inner: Any = inspect.unwrap(check.reference)
    if not isinstance(inner, type):
        return with_names(inner, replaced)
    functions = {name: one for name, one in vars(inner).items() if isinstance(one, types.FunctionType)}
    return type(inner.__name__, (inner,), {name: with_names(one, replaced) for name, one in functions.items()})


def with_names(function: types.FunctionType, replaced: dict[str, Callable[..., Any]]) -> types.FunctionType:
    """A function that finds other things under some of the names that it uses."""
    names = {**function.__globals__, **replaced}
    return types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)


def outcomes(check: Check, function: Callable[..., Any], cases: Sequence[DrawnCase]) -> list[Case]:
    """What one of our own functions comes to on the cases of a check."""
    return calls(function, [case.inputs for case in cases], check.tensors, check.new_arrays)


def matching(
    check: Check, drawn: Sequence[DrawnCase], cases: Sequence[Case], expected: Sequence[Expected]
) -> Misconception | None:
    """The misconception that comes to the same on every case; nothing is computed beyond the first that differs."""
    if all(case.error is not None for case in cases):
        return None

    def theirs(mistake: Misconception) -> Iterator[Case]:
        for one in drawn:
            case = call(mistake.function, one.inputs, check.tensors)
            yield case if check.new_arrays else replace(case, shared=())

    return named(cases, expected, tolerances(check, drawn), check.misconceptions, theirs, check.apart)


class Lookup:
    """A student's earlier function as a table of the calls that were recorded while a case was asked.

    A call with a result that is larger, or has more axes, than any of ``model`` is left out: the reference computes with
    these, and small arrays of shapes that do not belong together spread to huge ones.
    """

    def __init__(
        self, tensors: dict[str, Array], case: int, function: str, tolerance: float, model: Sequence[Array]
    ) -> None:
        self.tolerance = tolerance
        most = max((one.size for one in model), default=0), max((one.ndim for one in model), default=0)
        self.rows: dict[str, dict[str, Array]] = {}
        left_out: set[str] = set()
        beginning = f"{case}/{function}/"
        for name, array in tensors.items():
            if name.startswith(beginning):
                number, _, place = name.removeprefix(beginning).partition("/")
                self.rows.setdefault(number, {})[place] = array
                if place.startswith("out") and (array.size > most[0] or array.ndim > most[1]):
                    left_out.add(number)
        for number in left_out:
            del self.rows[number]

    def __call__(self, *inputs: Any) -> Any:
        for row in self.rows.values():
            if all(self.same(value, row.get(str(i))) for i, value in enumerate(inputs)):
                if "out" in row:
                    return row["out"]
                several = [row[f"out.{i}"] for i in range(len(row)) if f"out.{i}" in row]
                if several:
                    return tuple(several)
        raise LookupError("no such call was recorded")

    def same(self, value: Any, recorded: Array | None) -> bool:
        if not isinstance(value, np.ndarray | np.generic | float):
            return recorded is None
        if recorded is None or recorded.shape != np.shape(value):
            return False
        value = np.asarray(
            value
        )  # most rows belong to another call, which is seen sooner than NumPy's ``allclose`` does
        near_enough = near(recorded, value, ABSOLUTE + self.tolerance * np.abs(value))
        return near_enough and np.allclose(recorded, value, self.tolerance, ABSOLUTE)


def parts_of_reference(check: Check, drawn: DrawnCase) -> dict[str, list[Array]]:
    """What the earlier functions return when the reference itself calls them."""
    found: dict[str, list[Array]] = {name: [] for name in check.earlier}

    def noting(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*inputs: Any, **named: Any) -> Any:
            result = original(*inputs, **named)
            found[name] += [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]
            return result

        return noted

    names = inspect.unwrap(check.reference).__globals__
    call(composed(check, {name: noting(name, names[name]) for name in check.earlier if name in names}), drawn.inputs)
    return found


def rests_on_wrong_part(
    check: Check, drawn: Sequence[DrawnCase], cases: Sequence[Case], tensors: dict[str, Array]
) -> bool:
    """Whether a function is right but for the earlier functions that it calls: proved by every challenge.

    The reference is computed with each earlier function replaced by a table of the student's own recorded calls. If it
    finds its calls there and comes to the student's result, the mistake lies in the earlier function. The recording is
    the sandbox's word, so this decides what is said and never what is earned.
    """
    if check.tensors:
        return False
    for number, (one, case, allowed) in enumerate(zip(drawn, cases, tolerances(check, drawn), strict=True)):
        model = parts_of_reference(check, one)
        tables = {name: Lookup(tensors, number, name, allowed, model[name]) for name in check.earlier}
        again = call(composed(check, dict(tables)), one.inputs)
        if again.error is not None or not same_outcome(replace(case, shared=()), replace(again, shared=()), allowed):
            return False
    return True


def judge_trained(check: Check, trained: Trained, drawn: Sequence[DrawnCase], answer: Answer) -> Verdict:
    """Run the trained weights that came out of the sandbox, here, on data that never went in."""
    variable = trained.variable
    if not answer.cases or answer.cases[0].returned is None:
        told = _("What the notebook handed over as {variable} could not be read.")
        return said(check, "malformed", told, variable=variable)
    returned = answer.cases[0].returned
    arrays = {name: part.array for name, part in returned.parts or () if part.array is not None}
    weights = {name: array for name, array in arrays.items() if name in trained.shapes}
    found = wrong_weights(returned, trained.shapes, variable)
    if found is not None:
        return verdict(check, *found, named_by_symptom(check, trained, weights, float("nan")))
    with np.errstate(all="ignore"):
        score = float(trained.score(weights, drawn[0].inputs))
    told = _("{measure}: {score}; asked for: at most {threshold}.")
    if trained.higher:
        told = _("{measure}: {score}; asked for: at least {threshold}.")
    told = told.format(measure=_(trained.measure), score=f"{score:.4g}", threshold=f"{trained.threshold:g}")
    if trained.enough(score):
        return verdict(check, "right", told)
    return verdict(check, "wrong", told, named_by_symptom(check, trained, weights, score))


def named_by_symptom(check: Check, trained: Trained, weights: dict[str, Array], score: float) -> Misconception | None:
    """The mistake whose symptom shows in trained weights, where there is every one of them."""
    if {name: array.shape for name, array in weights.items()} != trained.shapes:
        return None
    return next((one for one in check.misconceptions if one.symptom and one.symptom(weights, score)), None)


def judge_answer(
    check: Check,
    drawn: Sequence[DrawnCase],
    answer: Answer,
    recorded: dict[str, Array],
    faulty: dict[str, Sequence[str]],
) -> Verdict:
    """Compare an answer with the reference's.

    ``faulty`` are the functions that were found not to be right, each with those in which its mistake lies. Where a function
    is right but for them, it becomes one of them.
    """
    if check.trained is not None:
        return judge_trained(check, check.trained, drawn, answer)
    say = partial(said, check)
    if not answer.cases:
        return say("malformed", _("What the notebook handed over for this check could not be read."))
    own = ("", *vars(check.reference)) if isinstance(check.reference, type) else ("", check.function)
    for case in answer.cases:
        error, message = case.error or ("", "")
        not_written = case.raised_in if error == "NotImplementedError" else None
        absent = [name for name in check.earlier if error == "NameError" and f"'{name}'" in message]
        if not_written in own:
            return say("not attempted", _("{function} still raises NotImplementedError."))
        if not_written in check.earlier:
            return say("error", _("{function} calls {inner}, which is not written yet."), inner=not_written)
        if absent:
            return say("error", _("{function} calls {inner}, which is not defined."), inner=absent[0])
        if error == "MemoryError":
            return verdict(check, "out of memory", how_it_ended(check.function, "out of memory"))
    cases = [as_case(case, check.function, check.new_arrays) for case in answer.cases]
    shown, expected, allowed = shown_of(check), expected_values(check, drawn), tolerances(check, drawn)
    texts = list(map(difference, cases, expected, allowed, [shown] * len(cases)))
    wrong = [place for place, text in enumerate(texts) if text is not None]
    if not wrong:
        return say("right", _("All {count} challenges agree with the reference."), count=len(cases))
    place = min(wrong, key=lambda place: drawn[place].rank)
    status = "error" if cases[place].error else "wrong"
    told = _("{difference} (challenge: {title})").format(difference=texts[place], title=_(drawn[place].title))
    mistake = matching(check, drawn, cases, expected)
    blamed = sorted({root for name in check.earlier for root in faulty.get(name, ())})
    if mistake is None and blamed and rests_on_wrong_part(check, drawn, cases, recorded):
        faulty[check.function] = blamed
        why = _(RIGHT_BUT_FOR)
        return verdict(check, status, f"{told}\n{why.format(function=check.function, names=listed(blamed))}")
    seen = None if mistake else observation(cases, expected, allowed, shown)
    return verdict(check, status, told, mistake, seen)


def verdict(
    check: Check, status: str, message: str, mistake: Misconception | None = None, seen: str | None = None
) -> Verdict:
    """A verdict with the hint at a known mistake, or what else was seen, and with what to reread unless the check is right."""
    read = "" if status == "right" else to_reread(check.section)
    message += after(_(mistake.message) if mistake else None, seen)
    return Verdict(check.name, status, message, mistake.name if mistake else None, read)


def said(check: Check, status: str, told: str, **names: Any) -> Verdict:
    """A verdict in one sentence, with the function's name and other names filled in."""
    return verdict(check, status, told.format(function=check.function, **names))


def to_reread(section: str) -> str:
    """Where the book explains what a check asks for, if the check says it."""
    label, _colon, title = section.partition(": ")
    return _("To reread: the book, section '{title}' ({label}).").format(title=title, label=label) if title else ""


def without_answer(check: Check, submission: Submission, transcript: Transcript) -> Verdict:
    """The verdict where no answer came, or no function of that name was there to ask."""
    say, function = partial(said, check), check.function
    cell = submission.solution_cells.get(function, "")
    the_cell = _("The cell that defines {function}").format(function=function)
    for where, what in ((submission.check_cells[check.name], function), (cell, the_cell)):
        ended = transcript.ended.get(where)
        if ended is not None:
            return verdict(check, ended, how_it_ended(what, ended, transcript.limits.get(where)))
    if check.trained is not None and function not in submission.unchanged:
        return without_weights(check, check.trained.variable, transcript)
    if check.name not in transcript.answers:
        return say("not reached", _("The notebook's time was used up, or it ended, before this check."))
    error = transcript.output(cell).error
    if error is not None:
        told = _("The cell that should define {function} ended with {error}: {message}")
        return say(status_of(error), told, error=error[0], message=error[1])
    if function in submission.unchanged:
        return say("not attempted", _("{function} is as it was released."))
    return say("error", _("No function named {function} is defined."))


def without_weights(check: Check, variable: str, transcript: Transcript) -> Verdict:
    """The verdict where no trained weights came: what the cell that trains ended with."""
    cell, what = train_id(variable), _("The cell that makes {variable}").format(variable=variable)
    ended, error = transcript.ended.get(cell), transcript.output(cell).error
    if ended is not None:
        return verdict(check, ended, how_it_ended(what, ended, transcript.limits.get(cell)))
    if error is None:
        return said(check, "not reached", _("{what} was not run to its end."), what=what)
    if error[0] == "NotImplementedError":
        return said(check, "not attempted", _("{what} needs a function that is not written yet."), what=what)
    told = _("{what} ended with {error}: {message}")
    return said(check, status_of(error), told, what=what, error=error[0], message=error[1])


def status_of(error: tuple[str, str]) -> str:
    return "out of memory" if error[0] == "MemoryError" else "error"


def how_it_ended(what: str, ended: str, limit: TimeLimit | None = None) -> str:
    """What is said of a cell or a function that the run ended with; of a limit of time, where it is known, which."""
    reasons = {
        "timeout": _("{what} did not come to an end within its time. Is there a loop that never ends?"),
        "crashed": _(
            "{what} ended the whole notebook (as os._exit does, a process without memory, or a library that may not start "
            "one more thread)."
        ),
        "out of memory": _("{what} asked for more memory than there is."),
        "malformed": _("{what} sent more than a notebook may send, or something that cannot be read."),
    }
    told = reasons[ended].format(what=what)
    return told if limit is None else f"{told} {_(which_limit(limit)).format(seconds=f'{limit.seconds:g}')}"


def which_limit(limit: TimeLimit) -> str:
    if limit.whole_notebook:
        if limit.processor:
            return marked("(The limit for the whole notebook: {seconds} seconds of processor time.)")
        return marked("(The limit for the whole notebook: {seconds} seconds by the clock.)")
    if limit.processor:
        return marked("(The limit for a cell: {seconds} seconds of processor time.)")
    return marked("(The limit for a cell: {seconds} seconds by the clock.)")


def own_cells_ended(submission: Submission, transcript: Transcript) -> str:
    """What is said of cells of the student's own that were left out in the end; later cells may miss what they define."""
    told = [
        how_it_ended(what, transcript.ended[cell], transcript.limits.get(cell))
        for cell, what in submission.own_cells.items()
        if cell in transcript.ended
    ]
    return "\n".join(told[:MOST_OWN_CELLS])


def judge(
    exercise: Exercise, drawn: dict[str, list[DrawnCase]], submission: Submission, transcript: Transcript
) -> list[Verdict]:
    """One verdict for each check, in the exercise's order."""
    verdicts: list[Verdict] = []
    faulty: dict[str, Sequence[str]] = {}
    for check in exercise.checks:
        answer = transcript.answers.get(check.name)
        malformed = (submission.malformed or {}).get(check.function)
        if malformed is not None:
            verdicts.append(verdict(check, "malformed", malformed))
        elif answer is None or answer.missing:
            verdicts.append(without_answer(check, submission, transcript))
        else:
            recorded = transcript.calls.get(check.name, {})
            verdicts.append(judge_answer(check, drawn[check.name], answer, recorded, faulty))
        if not verdicts[-1].ok:
            faulty.setdefault(check.function, [check.function])
    missing = own_cells_ended(submission, transcript)
    return [shortened(one, missing if one.status in FOR_WANT_OF_A_CELL else "") for one in verdicts]


def shortened(one: Verdict, more: str) -> Verdict:
    """A verdict with something more to say, and a message of a bounded length: names in it come from the sandbox."""
    message = one.message if len(one.message) <= LONGEST_MESSAGE else f"{one.message[:LONGEST_MESSAGE]} …"
    return replace(one, message=f"{message}\n{more}" if more else message)
