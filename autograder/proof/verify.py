"""The proof of the grader: its own answer key, every known mistake and every other right version, graded like a class.

Everything goes through the path that grades students: notebooks made from the released one, an inbox, intake, sandboxes,
border, judge and gradebook.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.release import package, release_into, student_files
from autograder.check import Shown, difference
from autograder.course import Course
from autograder.exercise import Check, DrawnCase, Exercise, Misconception
from autograder.exercise.cells import notebook_bytes, question_id
from autograder.exercise.notebooks import (
    alternative_sources,
    fill_in,
    mistaken_sources,
    reference_sources,
    with_helpers,
)
from autograder.exercise.source import source_notebook
from autograder.exercise.stub import take_apart
from autograder.grading import challenge
from autograder.grading.class_run import Progress, grade_class
from autograder.grading.core import Settings
from autograder.grading.gradebook import Row
from autograder.grading.judge import composed, expected_values, outcomes

REFERENCE, BLANK = "reference", "blank"
SEED = hashlib.sha256(b"verify").digest()  # the same challenges each time: what is found can be found again


@dataclass
class ExerciseProof:
    """What was found for one exercise; ``problems`` is empty if all of it holds."""

    slug: str
    checks: int
    points: float
    reference_score: float = 0.0
    blank_score: float = 0.0
    misconceptions: int = 0
    rejected: int = 0
    diagnosed: int = 0
    alternatives: int = 0
    accepted: int = 0
    leaks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def take(self, part: ExerciseProof) -> None:
        """Add what was found without training."""
        self.reference_score, self.blank_score = part.reference_score, part.blank_score
        for name in ("misconceptions", "rejected", "diagnosed", "alternatives", "accepted"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.problems += part.problems


def body_lines(check: Check) -> set[str]:
    """The lines of a reference's body that say something of their own."""
    return telling_lines(take_apart(check.reference).secret)


def telling_lines(text: str) -> set[str]:
    lines = {" ".join(line.split()) for line in text.splitlines()}
    return {line for line in lines if len(line) > 20}


def rubric_lines(exercise: Exercise) -> set[str]:
    """What stands in the source of the cells that are answered in words: the rubric and a model answer."""
    if not exercise.questions:
        return set()
    answers = {question_id(question) for question in exercise.questions}
    cells = source_notebook(exercise, exercise.text()).cells
    return {line for cell in cells if cell.id in answers for line in telling_lines(cell.source)}


def find_leaks(exercise: Exercise, files: dict[str, bytes]) -> list[str]:
    """The released files in which a line of a solution, or a mark of one, stands."""
    secret = {line for check in exercise.checks for line in body_lines(check)} | {"BEGIN SOLUTION", "END SOLUTION"}
    secret |= rubric_lines(exercise)
    leaks = []
    for name, data in files.items():
        text = " ".join(data.decode("utf-8", "replace").replace("\\n", " ").replace('\\"', '"').split())
        if any(line in text for line in secret):
            leaks.append(name)
    return leaks


def should_fail(exercise: Exercise, check: Check, mistake: Misconception, student: str) -> set[str]:
    """The checks that a mistake should cost: its own, and those whose reference comes out wrong on top of it.

    A function may call the mistaken one, or one that does. What comes out wrong depends on the challenges of this student:
    drawn words can be the right ones by chance.
    """
    failing, resting = {check.name}, {check.function: mistake.function}
    for other in exercise.checks:
        if other.function not in resting and resting.keys() & set(other.earlier):
            resting[other.function] = composed(other, resting)
            if comes_out_wrong(other, resting[other.function], challenge.draw(other, SEED, exercise.slug, student)):
                failing.add(other.name)
    return failing


def comes_out_wrong(check: Check, function: Callable[..., Any], cases: list[DrawnCase]) -> bool:
    """Whether a function comes to another result than the reference."""
    shown = Shown.of(check.function, check.axes, check.tensors)
    results, wanted = outcomes(function, cases, check.tensors), expected_values(check, cases)
    return any(difference(r, w, check.tolerance, shown) is not None for r, w in zip(results, wanted, strict=True))


class Claim:
    """One notebook of the proof: who hands it in, what it is, and what its row must show."""

    def __init__(self, student: str, notebook: Any, judge: Callable[[Row], None]) -> None:
        self.student, self.notebook, self.judge = student, notebook, judge


def lost(row: Row) -> set[str]:
    return {outcome.verdict.check for outcome in row.outcomes if outcome.points < 1e-9}


def whole_claims(exercise: Exercise, released: Any, proof: ExerciseProof) -> list[Claim]:
    """The two notebooks that are run as they are, with their pictures: all of it right, and untouched."""
    return [
        Claim(REFERENCE, fill_in(exercise, released, reference_sources(exercise)), lambda row: reference(row, proof)),
        Claim(BLANK, nbformat.from_dict(released), lambda row: blank(row, proof)),
    ]


def claims(exercise: Exercise, released: Any, proof: ExerciseProof) -> list[Claim]:
    """Every mistake and every other right version, with what must come of it."""
    made = []
    for number, together in enumerate(spread(exercise), start=1):
        made.append(claim_of_mistakes(exercise, released, f"mistakes-{number:03d}", together, proof))
    for path in exercise.alternatives:
        sources, helpers = alternative_sources(exercise, path)
        notebook = with_helpers(exercise, released, sources, helpers)
        made.append(Claim(f"alternative-{path.stem}", notebook, alternative_claim(path.stem, proof)))
    return made


Mistake = tuple[Check, Misconception]


def family(exercise: Exercise, check: Check) -> set[str]:
    """A check with all that rest on its function, directly or through each other: what a mistake in it can cost."""
    found, functions = {check.name}, {check.function}
    while True:
        more = [one for one in exercise.checks if one.name not in found and functions & set(one.earlier)]
        if not more:
            return found
        found |= {one.name for one in more}
        functions |= {one.function for one in more}


def spread(exercise: Exercise) -> list[list[Mistake]]:
    """All mistakes, in as few notebooks as it takes: in one notebook no mistake can cost a check that another one can."""
    notebooks: list[tuple[list[Mistake], set[str]]] = []
    for check in exercise.checks:
        touched = family(exercise, check)
        for mistake in check.misconceptions:
            place = next((one for one in notebooks if not one[1] & touched), None)
            if place is None:
                place = ([], set())
                notebooks.append(place)
            place[0].append((check, mistake))
            place[1].update(touched)
    return [mistakes for mistakes, _ in notebooks]


def claim_of_mistakes(
    exercise: Exercise, released: Any, student: str, together: list[Mistake], proof: ExerciseProof
) -> Claim:
    """A notebook with several mistakes that do not meet: each costs what it should, and all else is right."""
    sources, helpers, judges, touched = reference_sources(exercise), [], [], set()
    for check, mistake in together:
        wrong, needed = mistaken_sources(exercise, check, mistake.function)
        sources[check.function] = wrong[check.function]
        helpers.append(needed)
        judges.append(mistaken_claim(exercise, check, mistake, proof, family(exercise, check)))
        touched |= family(exercise, check)

    def judge(row: Row) -> None:
        for one in judges:
            one(row)
        if lost(row) - touched:
            proof.problems.append(
                f"{student}: {sorted(lost(row) - touched)} is lost, which no mistake there should cost"
            )

    notebook = with_helpers(exercise, released, sources, "\n\n\n".join(filter(None, helpers)))
    return Claim(student, notebook, judge)


def reference(row: Row, proof: ExerciseProof) -> None:
    proof.reference_score = row.points
    if row.points != proof.points:
        proof.problems.append(f"the reference gets {row.points:g} of {proof.points:g} points")


def blank(row: Row, proof: ExerciseProof) -> None:
    proof.blank_score = row.points
    if row.points or any(outcome.verdict.status != "not attempted" for outcome in row.outcomes):
        proof.problems.append(f"the untouched notebook gets {row.points:g} points, or is not 'not attempted'")


def mistaken_claim(
    exercise: Exercise, check: Check, mistake: Misconception, proof: ExerciseProof, among: set[str] | None = None
) -> Callable[[Row], None]:
    """What a mistake must cost, of all checks or ``among`` those that it can cost."""

    def judge(row: Row) -> None:
        proof.misconceptions += 1
        verdict = next(outcome.verdict for outcome in row.outcomes if outcome.verdict.check == check.name)
        expected = should_fail(exercise, check, mistake, row.student)
        cost = lost(row) if among is None else lost(row) & among
        proof.rejected += cost == expected
        proof.diagnosed += verdict.mistake == mistake.name
        if cost != expected:
            proof.problems.append(f"{check.name}, {mistake.name}: it costs {sorted(cost)}, not {sorted(expected)}")
        if verdict.mistake != mistake.name:
            proof.problems.append(f"{check.name}, {mistake.name}: the diagnosis is {verdict.mistake}")

    return judge


def alternative_claim(name: str, proof: ExerciseProof) -> Callable[[Row], None]:
    def judge(row: Row) -> None:
        proof.alternatives += 1
        proof.accepted += row.points == proof.points
        for outcome in row.outcomes:
            if not outcome.verdict.ok:
                proof.problems.append(f"alternative {name}: {outcome.verdict.check} is {outcome.verdict.message}")

    return judge


def trained_claims(exercise: Exercise, released: Any, proof: ExerciseProof) -> list[Claim]:
    """The notebooks in which models are trained: the reference, every other right version, and what trains wrongly."""
    reference_notebook = fill_in(exercise, released, reference_sources(exercise))
    made = [Claim(REFERENCE, reference_notebook, lambda row: reference(row, proof))]
    for check in (one for one in exercise.checks if one.trained):
        for mistake in check.misconceptions:
            sources, helpers = mistaken_sources(exercise, check, mistake.function)
            student = f"mistake-{check.function}-{mistake.name}".replace(" ", "_")[:64]
            notebook = with_helpers(exercise, released, sources, helpers)
            made.append(Claim(student, notebook, mistaken_claim(exercise, check, mistake, proof)))
    for path in exercise.alternatives:
        sources, helpers = alternative_sources(exercise, path)
        notebook = with_helpers(exercise, released, sources, helpers)
        made.append(Claim(f"alternative-{path.stem}", notebook, trained_alternative_claim(path.stem, proof)))
    return made


def trained_alternative_claim(name: str, proof: ExerciseProof) -> Callable[[Row], None]:
    def judge(row: Row) -> None:
        for outcome in row.outcomes:
            if not outcome.verdict.ok:
                proof.problems.append(f"alternative {name}: {outcome.verdict.check} is {outcome.verdict.message}")

    return judge


def grade_claims(
    course: Course, exercise: Exercise, made: list[Claim], settings: Settings, workers: int, progress: Progress,
    proof: ExerciseProof,
) -> None:  # fmt: skip
    """Hand in every notebook of the proof, grade them as a class, and look at each row."""
    for claim in made:
        path = course.inbox / claim.student / exercise.slug / f"{exercise.slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook_bytes(claim.notebook))
    result = grade_class(
        course, exercise, workers=workers, settings=settings, progress=progress, write_pages=False, seed=SEED
    )
    rows = {row.student: row for row in result.rows}
    for claim in made:
        if claim.student in rows:
            claim.judge(rows[claim.student])
        else:
            why = result.failed.get(claim.student, "no reason given")
            proof.problems.append(f"{claim.student} was not graded: {why}")


def verify_exercise(
    exercise: Exercise, settings: Settings, workers: int, progress: Progress, training: bool = True
) -> ExerciseProof:
    """Grade every notebook of the proof in a course made for it, and say what holds.

    Only the notebooks that concern a trained model train one; with ``training`` false, none does and its check is left out.
    """
    untrained = exercise.without_training()
    proven = exercise if training else untrained
    proof = ExerciseProof(exercise.slug, len(proven.checks), proven.points)
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        course = Course.create(Path(folder) / "course")
        released = release_into(course, exercise)
        files = student_files(exercise, released)
        proof.leaks = find_leaks(exercise, files)
        another = Course.create(Path(folder) / "another")
        again = student_files(exercise, release_into(another, exercise))
        if package(exercise, files) != package(exercise, again):
            proof.problems.append("releasing twice does not give the same bytes")
        notebook = nbformat.read(released, as_version=4)
        first = ExerciseProof(exercise.slug, len(untrained.checks), untrained.points)
        quick = replace(settings, training=False)
        grade_claims(course, exercise, whole_claims(untrained, notebook, first), quick, workers, progress, first)
        made = claims(untrained, notebook, first)
        grade_claims(course, exercise, made, replace(quick, pictures=False), workers, progress, first)
        proof.take(first)
    if training and proven is not untrained and len(proven.checks) > len(untrained.checks):
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            course = Course.create(Path(folder) / "course")
            notebook = nbformat.read(release_into(course, exercise), as_version=4)
            made = trained_claims(exercise, notebook, proof)
            grade_claims(course, exercise, made, settings, workers, progress, proof)
    proof.problems += [f"{name} holds text of a solution" for name in proof.leaks]
    return proof
