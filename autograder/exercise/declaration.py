"""How a check is declared: once, with everything that grading, the student's side and the proof of both need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

Inputs = dict[str, Any]
Function = Callable[..., Any]
Weights = dict[str, np.ndarray]
Symptom = Callable[[Weights, float], bool]


@dataclass(frozen=True)
class DrawnCase:
    """One call that a check asks for: a few words on what is special about it, and the inputs by name.

    Calls are made in an order that is drawn; of those that go wrong, the one of the lowest ``rank`` is spoken of.
    """

    title: str
    inputs: Inputs
    rank: int = 0


Draw = Callable[[np.random.Generator], list[DrawnCase]]


@dataclass(frozen=True)
class Misconception:
    """A wrong version that learners write. It is a mutant to reject, a message to show, and a record of the mistake.

    What training came to differs from run to run. So a mistake in a function that trains has a ``symptom``: it takes the
    weights and the score and says whether this mistake shows in them.
    """

    name: str
    message: str
    function: Function
    symptom: Symptom | None = None


@dataclass(frozen=True)
class Trained:
    """A trained model that a notebook hands over as weights: the judge runs it on data made for the run.

    Attributes
    ----------
    variable : the name in the notebook that holds the weights, a dict of arrays
    shapes : the shape of each array
    score : takes the weights and the inputs of the drawn case, which never enter the sandbox; returns a number
    threshold : the score that is asked for
    higher : whether a higher score is better
    measure : what the score is, as in "perplexity on 200 new messages"
    """

    variable: str
    shapes: dict[str, tuple[int, ...]]
    score: Callable[[Weights, Inputs], float]
    threshold: float
    higher: bool
    measure: str

    def enough(self, score: float) -> bool:
        return bool(score >= self.threshold if self.higher else score <= self.threshold)


@dataclass(frozen=True)
class Question:
    """A question that is answered in words and graded by hand; its rubric stands in the exercise's text."""

    name: str
    title: str
    points: float
    section: str = ""


@dataclass
class Check:
    """One graded function.

    Attributes
    ----------
    name : what students call it by: a word for the group and the function's name, as in ``check("text.count", count)``
    reference : the tested function; its name is the name that students define
    draw : challenge cases from a random generator; never the same twice
    worked : the small cases that students see, drawn once from a fixed seed
    axes : the names of the result's axes, "" for a single number; of several arrays, "dx: T N D; db: H"
    points : what a right answer earns; anything else earns nothing
    task : what the function does, in a few words, for the table of points
    section : the label and title of the book's section to reread, if there is one
    earlier : the functions of the same notebook that the reference calls
    tolerance : the largest error allowed in double precision, relative to the largest expected value
    apart : how many last axes of a result make a part whose errors are measured by its own largest number, where the text
        promises as much of each part; without it, the largest number of the whole array counts
    rename : the name that students define, where two references of a notebook have the same name
    tensors : whether arrays become PyTorch's tensors before the call, and tensors are returned
    trained : where weights are judged and not the function's results; the reference is then the function that trains
    only_float64 : whether single precision makes no sense here, as for differences of a function: no challenge has it
    new_arrays : whether the text promises that what is returned are new arrays, and no input or view of one
    promises : words of the text or of the docstring, each with the wrong version that breaks just this promise: a
        misconception's name, or one of those that ``proof.structural`` makes for every check
    equivalent : mutants of the reference that change nothing a check could ask for and so survive, with the reason
    """

    name: str
    reference: Function
    draw: Draw
    worked: Draw
    axes: str
    points: float
    task: str = ""
    section: str = ""
    earlier: tuple[str, ...] = ()
    tolerance: float = 1e-9
    apart: int | None = None
    rename: str = ""
    tensors: bool = False
    trained: Trained | None = None
    only_float64: bool = False
    new_arrays: bool = False
    promises: dict[str, str] = field(default_factory=dict)
    misconceptions: list[Misconception] = field(default_factory=list)
    equivalent: dict[str, str] = field(default_factory=dict)

    @property
    def function(self) -> str:
        return self.rename or self.reference.__name__

    def misconception(self, message: str, symptom: Symptom | None = None) -> Callable[[Function], Function]:
        """Declare a wrong version of the reference, named after the decorated function."""

        def declare(function: Function) -> Function:
            name = function.__name__.replace("_", " ")
            self.misconceptions.append(Misconception(name, message, function, symptom))
            return function

        return declare

    def changes_nothing(self, reasons: dict[str, str]) -> None:
        """Declare mutants that survive, by the description that ``proof.mutants`` gives, with the reason for each."""
        self.equivalent.update(reasons)


@dataclass(frozen=True)
class Exercise:
    """A notebook's worth of checks, and what its code may import.

    ``files`` are handed in with the notebook; ``data`` are ours, in the exercise's folder, and lie beside the notebook wherever
    it runs. ``limits`` are bounds of its sandboxes that differ from the usual ones, by the names of ``sandbox.limits.Limits``.
    ``samples`` names the module of its sample class, where it has one. ``slug`` and ``folder`` are those of the folder in which
    it was found; ``left_out`` are checks that a course does not ask for, and ``follow_on`` is the share of the points that a
    function earns there which is right but for earlier ones.
    """

    TUPLES: ClassVar[dict[str, type]] = {
        "checks": Check, "questions": Question, "packages": str, "files": str, "data": str,
    }  # fmt: skip

    title: str
    checks: tuple[Check, ...]
    packages: tuple[str, ...]
    files: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    samples: str = ""
    slug: str = ""
    folder: Path = Path()
    left_out: tuple[Check, ...] = ()
    follow_on: float = 0.0

    @property
    def alternatives(self) -> tuple[Path, ...]:
        """Other right ways to write the functions."""
        return tuple(sorted((self.folder / "alternatives").glob("[!_]*.py")))

    @property
    def released(self) -> Path:
        """The folder of what students get, made by a release."""
        return self.folder / "released"

    def text(self, language: str = "en") -> Path:
        """What the author wrote, in that language if there is such a text."""
        translated = self.folder / f"{self.slug}.{language}.md"
        return translated if translated.is_file() else self.folder / f"{self.slug}.md"

    @property
    def points(self) -> float:
        """What the checks are worth."""
        return sum(check.points for check in self.checks)

    @property
    def most(self) -> float:
        """What the whole exercise is worth, with what is graded by hand."""
        return self.points + sum(question.points for question in self.questions)

    def sentences(self) -> list[str]:
        """What students read of the exercise besides its text: what a catalogue of another language translates."""
        said = [self.title, *(question.title for question in self.questions)]
        for check in self.checks:
            said += [check.task, *(mistake.message for mistake in check.misconceptions)]
            said += [case.title for draw in (check.draw, check.worked) for case in draw(np.random.default_rng(0))]
            said += [check.trained.measure] if check.trained else []
        return [sentence for sentence in dict.fromkeys(said) if sentence]

    def without_training(self) -> Exercise:
        """The same exercise without the checks that need a model to be trained."""
        return replace(self, checks=tuple(check for check in self.checks if check.trained is None))

    def check(self, name: str) -> Check:
        return next(check for check in (*self.checks, *self.left_out) if check.name == name)

    def check_of(self, function: str) -> Check | None:
        return next((check for check in self.checks if check.function == function), None)
