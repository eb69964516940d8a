"""The proof of the grader: its own answer key, every known mistake and every other right version, graded like a class.

Everything goes through the path that grades students: notebooks made from the released one, an inbox, intake, sandboxes,
border, judge and gradebook.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from autograder.authoring.release import package, release_into, student_files
from autograder.course import KEY_FILE, Course, write_atomically
from autograder.exercise import Check, Exercise, Misconception, notebooks
from autograder.exercise.cells import notebook_bytes, question_id
from autograder.exercise.source import source_notebook
from autograder.exercise.stub import take_apart
from autograder.grading import challenge
from autograder.grading.class_run import ClassResult, Progress, grade_class
from autograder.grading.core import Settings
from autograder.grading.gradebook import Row
from autograder.grading.judge import RIGHT_BUT_FOR, composed
from autograder.proof import resting, structural
from autograder.proof.mutants import comes_out_wrong
from autograder.proof.promises import Promise, broken, promises

SEED = hashlib.sha256(b"verify").digest()  # the same challenges each time: what is found can be found again

ITSELF_RIGHT = re.compile(re.sub(r"\\{\w+\\}", "(.+)", re.escape(RIGHT_BUT_FOR)))

Mistake = tuple[Check, Misconception]
Judge = Callable[[Row], None]


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
    structural: int = 0
    structural_rejected: int = 0
    resting: int = 0
    shared: int = 0
    promises: list[Promise] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Claim(NamedTuple):
    """One notebook of the proof: who hands it in, what it is, and what its row must show."""

    student: str
    notebook: Any
    judge: Judge


def find_leaks(exercise: Exercise, files: dict[str, bytes]) -> list[str]:
    """The released files in which a line of a solution or of a rubric stands, or a mark of a solution."""
    hidden = [take_apart(check.reference).secret for check in exercise.checks]
    if exercise.questions:  # in the source, the cells that are answered in words hold the rubric and a model answer
        answers = {question_id(question) for question in exercise.questions}
        cells = source_notebook(exercise, exercise.text()).cells
        hidden += [cell.source for cell in cells if cell.id in answers]
    lines = {" ".join(line.split()) for text in hidden for line in text.splitlines()}
    secret = {line for line in lines if len(line) > 20} | {"BEGIN SOLUTION", "END SOLUTION"}
    leaks = []
    for name, data in files.items():
        text = " ".join(data.decode("utf-8", "replace").replace("\\n", " ").replace('\\"', '"').split())
        if any(line in text for line in secret):
            leaks.append(name)
    return leaks


def family(exercise: Exercise, check: Check) -> set[str]:
    """A check with all that rest on its function, directly or through each other: what a mistake in it can cost."""
    found, functions = {check.name}, {check.function}
    for one in exercise.checks:
        if functions & set(one.earlier):
            found.add(one.name)
            functions.add(one.function)
    return found


def should_fail(exercise: Exercise, check: Check, mistake: Misconception, student: str, hand_in: str = "") -> set[str]:
    """The checks that a mistake should cost: its own, and those whose reference comes out wrong on top of it.

    A function may call the mistaken one, or one that does. What comes out wrong depends on the challenges of this hand-in:
    drawn words can be the right ones by chance.
    """
    failing, resting = {check.name}, {check.function: mistake.function}
    for other in exercise.checks:
        if other.function not in resting and resting.keys() & set(other.earlier):
            resting[other.function] = composed(other, resting)
            cases = challenge.draw(other, SEED, exercise.slug, student, hand_in)
            if comes_out_wrong(other, resting[other.function], cases):
                failing.add(other.name)
    return failing


def lost(row: Row) -> set[str]:
    return {outcome.verdict.check for outcome in row.outcomes if outcome.points < 1e-9}


def reference(row: Row, proof: ExerciseProof) -> None:
    proof.reference_score = row.points
    if row.points != proof.points:
        proof.problems.append(f"the reference gets {row.points:g} of {proof.points:g} points")


def blank(row: Row, proof: ExerciseProof) -> None:
    proof.blank_score = row.points
    if row.points or any(outcome.verdict.status != "not attempted" for outcome in row.outcomes):
        proof.problems.append(f"the untouched notebook gets {row.points:g} points, or is not 'not attempted'")


def alternative(row: Row, proof: ExerciseProof, name: str) -> None:
    proof.alternatives += 1
    proof.accepted += row.points == proof.points
    for verdict in (outcome.verdict for outcome in row.outcomes if not outcome.verdict.ok):
        proof.problems.append(f"alternative {name}: {verdict.check} is {verdict.message}")


def mistaken_claim(exercise: Exercise, check: Check, mistake: Misconception, proof: ExerciseProof) -> Judge:
    """What a mistake must cost, of the checks that it can cost."""

    def judge(row: Row) -> None:
        diagnosis = next(one.verdict.mistake for one in row.outcomes if one.verdict.check == check.name)
        expected = should_fail(exercise, check, mistake, row.student, row.signature)
        cost = lost(row) & family(exercise, check)
        proof.misconceptions += 1
        proof.rejected += cost == expected
        proof.diagnosed += diagnosis == mistake.name
        if cost != expected:
            proof.problems.append(f"{check.name}, {mistake.name}: it costs {sorted(cost)}, not {sorted(expected)}")
        if diagnosis != mistake.name:
            proof.problems.append(f"{check.name}, {mistake.name}: the diagnosis is {diagnosis}")

    return judge


def untrue(row: Row, wrong: set[str]) -> list[str]:
    """What is said of functions that are right but for others and is not so: ``wrong`` are those with a mistake in them."""
    problems = []
    for verdict in (one.verdict for one in row.outcomes):
        for function, names in ITSELF_RIGHT.findall(verdict.message):
            if function in wrong or not set(re.split(r", | and ", names)) <= wrong:
                problems.append(f"{row.student}: '{function} itself is right' is not true, or not for {names}")
    return problems


def spread(exercise: Exercise) -> list[list[Mistake]]:
    """All mistakes, in as few notebooks as it takes: in one notebook no mistake can cost a check that another one can."""
    places: list[tuple[list[Mistake], set[str]]] = []
    for check in exercise.checks:
        touched = family(exercise, check)
        for mistake in check.misconceptions:
            place = next((one for one in places if not one[1] & touched), None)
            if place is None:
                place = ([], set())
                places.append(place)
            place[0].append((check, mistake))
            place[1].update(touched)
    return [mistakes for mistakes, _ in places]


def claim_of_mistakes(
    exercise: Exercise, released: Any, student: str, together: list[Mistake], proof: ExerciseProof
) -> Claim:
    """A notebook with mistakes that do not meet: each costs what it should, and all else is right."""
    sources, helpers = notebooks.reference_sources(exercise), []
    for check, mistake in together:
        wrong, needed = notebooks.mistaken_sources(exercise, check, mistake.function)
        sources[check.function] = wrong[check.function]
        helpers.append(needed)

    def judge(row: Row) -> None:
        proof.problems += untrue(row, {check.function for check, _mistake in together})
        rest = lost(row)
        for check, mistake in together:
            mistaken_claim(exercise, check, mistake, proof)(row)
            rest -= family(exercise, check)
        if rest:
            proof.problems.append(f"{student}: {sorted(rest)} is lost, which no mistake there should cost")

    notebook = notebooks.with_helpers(exercise, released, sources, "\n\n\n".join(filter(None, helpers)))
    return Claim(student, notebook, judge)


def claims(exercise: Exercise, released: Any, mistakes: dict[str, list[Mistake]], proof: ExerciseProof) -> list[Claim]:
    """The mistakes, by who hands them in, and every other right version."""
    made = [claim_of_mistakes(exercise, released, student, together, proof) for student, together in mistakes.items()]
    for path in exercise.alternatives:
        notebook = notebooks.with_helpers(exercise, released, *notebooks.alternative_sources(exercise, path))
        made.append(Claim(f"alternative-{path.stem}", notebook, partial(alternative, proof=proof, name=path.stem)))
    return made


def answer_key(exercise: Exercise, released: Any, proof: ExerciseProof) -> Claim:
    notebook = notebooks.fill_in(exercise, released, notebooks.reference_sources(exercise))
    return Claim("reference", notebook, partial(reference, proof=proof))


def claims_of_resting(exercise: Exercise, released: Any, proof: ExerciseProof) -> list[Claim]:
    """Of each check that rests on others: these wrong and it right, which earns its share; then it wrong too, which does not."""
    made = []
    for number, check in enumerate(resting.resting(exercise)):
        wrong = resting.in_its_parts(exercise, check, SEED)
        if not wrong:
            proof.problems.append(f"{check.name}: no known mistake of an earlier function makes it come out wrong")
            continue

        def judge(row: Row, check: Check, earns: float) -> None:
            problem = resting.problem_of(row, check, earns)
            proof.resting += 1
            proof.shared += problem is None
            proof.problems += [problem] if problem else []

        share = partial(judge, check=check, earns=check.points * resting.SHARE)
        made.append(Claim(f"resting-{number}-right", resting.notebook_with(exercise, released, wrong), share))
        if check.misconceptions:
            also = wrong | {check.function: check.misconceptions[0]}
            notebook = resting.notebook_with(exercise, released, also)
            made.append(Claim(f"resting-{number}-wrong", notebook, partial(judge, check=check, earns=0.0)))
    return made


@contextmanager
def course_with(exercise: Exercise) -> Iterator[tuple[Course, Path]]:
    """A course made for the proof, and the notebook that is released into it."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        course = Course.create(Path(folder) / "course")
        write_atomically(course.root / KEY_FILE, SEED, mode=0o600)  # the same signatures, and so challenges, each time
        yield course, release_into(course, exercise)


def grade_claims(
    course: Course, exercise: Exercise, made: list[Claim], grade: Callable[..., ClassResult], proof: ExerciseProof
) -> None:
    """Hand in every notebook of the proof, grade them as a class, and look at each row."""
    for claim in made:
        path = course.inbox / claim.student / exercise.slug / f"{exercise.slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook_bytes(claim.notebook))
        for name in exercise.files:
            write_atomically(path.with_name(name), (exercise.folder / name).read_bytes())
    result = grade(course, exercise)
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
    """Grade every notebook of the proof in courses made for it, and say what holds.

    Only the notebooks that concern a trained model train one; with ``training`` false, none does and its check is left out.
    """
    untrained = exercise.without_training()
    proof = ExerciseProof(exercise.slug, len(untrained.checks), untrained.points)
    grade = partial(grade_class, workers=workers, progress=progress, write_pages=False, seed=SEED)
    quick = replace(settings, training=False)
    with course_with(exercise) as (course, released), course_with(exercise) as (_, released_again):
        files = student_files(exercise, released)
        proof.leaks = find_leaks(exercise, files)
        if package(exercise, files) != package(exercise, student_files(exercise, released_again)):
            proof.problems.append("releasing twice does not give the same bytes")
        notebook = nbformat.read(released, as_version=4)
        # These two are run as they are, with their pictures.
        whole = [answer_key(untrained, notebook, proof), Claim("blank", notebook, partial(blank, proof=proof))]
        grade_claims(course, exercise, whole, partial(grade, settings=quick), proof)
        mistakes = {f"mistakes-{number:03d}": one for number, one in enumerate(spread(untrained), start=1)}
        made = claims(untrained, notebook, mistakes, proof)
        grade_claims(course, exercise, made, partial(grade, settings=replace(quick, pictures=False)), proof)
    with course_with(exercise) as (course, released):
        giving = replace(untrained, follow_on=resting.SHARE)
        made = claims_of_resting(giving, nbformat.read(released, as_version=4), proof)
        if made:
            grade_claims(course, giving, made, partial(grade, settings=replace(quick, pictures=False)), proof)
    if training and len(exercise.checks) > len(untrained.checks):
        proof.checks, proof.points = len(exercise.checks), exercise.points
        proof.alternatives = proof.accepted = 0  # they are graded again, with all checks
        alone = [(check, one) for check in exercise.checks if check.trained for one in check.misconceptions]
        mistakes = {
            f"mistake-{check.function}-{one.name}".replace(" ", "_")[:64]: [(check, one)] for check, one in alone
        }
        with course_with(exercise) as (course, released):
            notebook = nbformat.read(released, as_version=4)
            made = [answer_key(exercise, notebook, proof), *claims(exercise, notebook, mistakes, proof)]
            grade_claims(course, exercise, made, partial(grade, settings=settings), proof)
    proof.problems += [f"{name} holds text of a solution" for name in proof.leaks]
    by_structure(untrained, proof, progress)
    proof.promises = promises(untrained)
    proof.problems += broken(untrained, proof.promises)
    return proof


def by_structure(exercise: Exercise, proof: ExerciseProof, progress: Progress) -> None:
    """Judge the wrong versions that structure gives, in this process: they are the reference, wrapped."""
    for number, check in enumerate(exercise.checks, start=1):
        found = structural.prove(exercise, check)
        proof.structural += found.versions
        proof.structural_rejected += found.versions - len({name.partition(" (")[0] for name in found.passed})
        proof.problems += [f"{check.name}, {name}: it passes" for name in found.passed]
        progress("versions by structure", number, len(exercise.checks))
