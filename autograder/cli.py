"""The command line: release, verify, intake, grade, report, doctor, and the sample class."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from autograder.course import Course, CourseError
from autograder.errors import UserError

# nbformat's validator imports this optional checker of web addresses, which builds a grammar for seconds; no notebook needs it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

COURSE = Path("_build/course")
USAGE, REFUSED = 2, 3

app = typer.Typer(
    name="autograder",
    help="Release exercises, prove their checks, and grade classes without trusting what students hand in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
CourseOption = Annotated[Path, typer.Option("--course", help="The course's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, for programs.")]
SlugsArgument = Annotated[
    list[str] | None, typer.Argument(help="Exercises, like 01_vanilla_rnn; all if none is named.", show_default=False)
]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, max=64, help="Sandboxes side by side.")]
UnprotectedOption = Annotated[
    bool,
    typer.Option(
        "--unprotected", help="Run submissions WITHOUT a sandbox. Only for notebooks that you wrote yourself."
    ),
]


class Progress:
    """Says on standard error what is being done and how far it is: a line that renews itself, or one every few seconds."""

    def __init__(self, every: float = 5.0) -> None:
        self.live = sys.stderr.isatty()
        self.every, self.said, self.what = every, 0.0, ""

    def __call__(self, what: str, done: int, of: int) -> None:
        now = time.monotonic()
        last = done >= of
        if not self.live and what == self.what and not last and now - self.said < self.every:
            return
        self.what, self.said = what, now
        text = f"{what}: {done} of {of}"
        if self.live:  # a line that is written over
            text = f"\r\x1b[K{text}"
        sys.stderr.write(text + ("" if self.live and not last else "\n"))
        sys.stderr.flush()


def names_of(slugs: Sequence[str] | None) -> list[str]:
    """The named exercises, or all. None is loaded, since that takes seconds where PyTorch is needed."""
    from autograder.authoring.release import known
    from autograder.checks import EXERCISES

    return known(slugs or EXERCISES)


def loaded(names: Sequence[str]) -> Iterator[Any]:
    """Each exercise when its turn comes."""
    from autograder.checks import EXERCISES

    return (EXERCISES[name] for name in names)


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def wide_console() -> Console:
    """A console on which the table has room where nobody sets a width."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


@app.command()
def release(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    exercises: Annotated[Path | None, typer.Option("--exercises", help="The folder of the exercises' texts.")] = None,
    packages: Annotated[Path | None, typer.Option("--packages", help="Write the students' zip files here.")] = None,
) -> None:
    """Make the students' notebooks from the texts and the reference, and enter their checks into the course's gradebook."""
    from autograder.authoring.release import EXERCISES_FOLDER, package, release_into, student_files, write_exercise

    folder = exercises or EXERCISES_FOLDER
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}; name the one with the exercises' texts with --exercises.")
    names = names_of(slugs)
    opened = Course.create(course)
    for exercise in loaded(names):
        released = release_into(opened, exercise, folder)
        files = student_files(exercise, released)
        changed = write_exercise(files, folder)
        if packages is not None:
            from autograder.course import write_atomically

            write_atomically(packages / f"{exercise.slug}.zip", package(exercise, files))
        what = f"{len(changed)} files written" if changed else "nothing changed"
        typer.echo(f"{exercise.slug}: {len(exercise.checks)} checks, {exercise.points:g} points; {what} in {folder}")


@app.command()
def verify(
    slugs: SlugsArgument = None,
    workers: WorkersOption = 2,
    training: Annotated[
        bool, typer.Option("--training/--no-training", help="Also prove the checks for which models are trained.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Prove the grader: answer key full, blank zero, every known mistake rejected and named, every other right way accepted."""
    from autograder.grading.core import Settings
    from autograder.verify import verify_exercise

    progress = Progress()
    proofs = [verify_exercise(one, Settings(), workers, progress, training) for one in loaded(names_of(slugs))]
    if as_json:
        print_json({"exercises": [proof.as_json() for proof in proofs]})
    else:
        for proof in proofs:
            typer.echo(
                f"{proof.slug}: {proof.checks} checks, {proof.points:g} points; reference {proof.reference_score:g}, "
                f"blank {proof.blank_score:g}; mistakes rejected {proof.rejected} and named {proof.diagnosed} of "
                f"{proof.misconceptions}; other right ways accepted {proof.accepted} of {proof.alternatives}; "
                f"files with solution text {len(proof.leaks)}"
            )
            for problem in proof.problems:
                typer.echo(f"  not so: {problem}")
    if any(proof.problems for proof in proofs):
        raise typer.Exit(1)


@app.command()
def mutants(slugs: SlugsArgument = None, as_json: JsonOption = False) -> None:
    """Change every asked-for function in one place at a time, and see that its check rejects what comes of it."""
    from autograder.mutants import score

    progress, scores = Progress(), []
    for exercise in loaded(names_of(slugs)):
        checks = exercise.without_training().checks
        for number, check in enumerate(checks):
            progress(f"changing the functions of {exercise.slug}", number, len(checks))
            scores.append(score(exercise, check))
    counted = sum(one.mutants - len(one.equivalent) for one in scores)
    share = sum(one.rejected for one in scores) / counted if counted else 1.0
    if as_json:
        print_json({"score": share, "checks": [vars(one) | {"share": one.share} for one in scores]})
    else:
        for one in scores:
            typer.echo(f"{one.check}: {one.rejected} of {one.mutants} rejected, {len(one.equivalent)} change nothing")
            for survivor in one.survivors:
                typer.echo(f"  not rejected: {survivor}")
        typer.echo(f"Rejected: {share:.1%} of {counted} changed versions.")
    if any(one.survivors for one in scores):
        raise typer.Exit(1)


@app.command()
def intake(slugs: SlugsArgument = None, course: CourseOption = COURSE) -> None:
    """Take hand-ins from inbox/ into nbgrader's submitted/, so that formgrader's button can grade them."""
    from autograder.grading.intake import take_in_all

    opened = Course.open(course)
    for exercise in loaded(released_names(opened, slugs)):
        inbox = take_in_all(opened, exercise)
        typer.echo(f"{exercise.slug}: {len(inbox.hand_ins)} hand-ins taken in")
        say_refused(inbox.refused)


def released_names(course: Course, slugs: Sequence[str] | None) -> list[str]:
    """The named exercises, which must be released into the course; all that are released there if none is named."""
    names = names_of(slugs)
    if not slugs:
        names = [name for name in names if course.released(name).is_file()] or names
    for name in names:
        require_released(course, name)
    return names


def require_released(course: Course, slug: str) -> None:
    if not course.released(slug).is_file():
        raise CourseError(
            f"{slug} is not released into {course.root}; run 'autograder release --course {course.root}'."
        )


def say_refused(names: Sequence[str]) -> None:
    for name in names:
        typer.echo(f"left out: the folder {name} in inbox/ cannot be a student's name, or is a link", err=True)


@app.command()
def grade(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    student: Annotated[
        list[str] | None, typer.Option("--student", help="Grade this student alone; may be repeated.")
    ] = None,
    workers: WorkersOption = 2,
    anew: Annotated[bool, typer.Option("--anew", help="Draw new challenges and grade everyone again.")] = False,
    unprotected: UnprotectedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Grade every hand-in that is not graded yet, and end with the table."""
    from autograder.grading.class_run import grade_class
    from autograder.grading.core import Settings
    from autograder.grading.intake import ever_handed_in
    from autograder.report import write_report
    from autograder.table import screen_table, summary

    opened = Course.open(course)
    names = released_names(opened, slugs)
    waiting = names if slugs or as_json else [name for name in names if ever_handed_in(opened, name)] or names
    settings, progress = Settings(protected=not unprotected), Progress()
    results = []
    for exercise in loaded(waiting):
        result = grade_class(
            opened,
            exercise,
            students=tuple(student or ()),
            workers=workers,
            anew=anew,
            settings=settings,
            progress=progress,
        )
        results.append((exercise, result))
    tables = [(exercise, result.rows) for exercise, result in results]
    report_path = write_report(opened, [(exercise, rows) for exercise, rows in tables if rows])
    if as_json:
        print_json(
            {
                "exercises": [
                    summary(e, r.rows) | {"graded_now": r.graded, "failed": r.failed, "refused": r.refused}
                    for e, r in results
                ]
            }
        )
    for exercise, result in results:
        if not as_json and result.rows:
            wide_console().print(screen_table(exercise, result.rows))
            typer.echo(f"{len(result.graded)} graded now, {len(result.rows) - len(result.graded)} unchanged.")
        say_refused(result.refused)
        for name, why in result.failed.items():
            typer.echo(f"not graded: {name}: {why}", err=True)
    if not as_json:
        handed_in = {exercise.slug for exercise, result in results if result.rows or result.failed}
        for name in (one for one in names if one not in handed_in):
            typer.echo(f"{name}: nobody handed in; 0 graded now.")
        typer.echo(f"Grades: {opened.root / 'grades.csv'}\nFeedback: {opened.feedback}\nReport: {report_path}")
    if any(result.failed for _, result in results):
        raise typer.Exit(1)


@app.command()
def report(slugs: SlugsArgument = None, course: CourseOption = COURSE, as_json: JsonOption = False) -> None:
    """Say what the class found hard, and write the report page and grades.csv anew."""
    from autograder.grading.gradebook import GradeWriter
    from autograder.report import write_report
    from autograder.table import summary

    names, opened = names_of(slugs), Course.open(course)
    with GradeWriter(opened) as writer:
        with_grades = writer.graded_names()
        graded = [name for name in names if name in with_grades]
        if not graded:
            raise CourseError(f"Nobody is graded in {opened.root} yet; run 'autograder grade --course {opened.root}'.")
        tables = [(exercise, writer.rows(exercise)) for exercise in loaded(names if as_json else graded)]
    path = write_report(opened, [(exercise, rows) for exercise, rows in tables if rows])
    summaries = [summary(exercise, rows) for exercise, rows in tables]
    if as_json:
        print_json({"exercises": summaries})
        return
    for found in (one for one in summaries if one["students"]):
        typer.echo(
            f"{found['slug']}: {found['students']} students, median {found['median']:g} of {found['points']:g} points"
        )
        for check in found["checks"]:
            counts = ", ".join(f"{count} {status}" for status, count in check["statuses"].items())
            typer.echo(f"  {check['check']}: {counts}")
            for mistake in check["mistakes"]:
                typer.echo(f"    {mistake['students']} x {mistake['name']}: {mistake['message']}")
    typer.echo(f"Report: {path}")


@app.command()
def doctor(
    course: Annotated[Path | None, typer.Option("--course", help="Look at this course's gradebook too.")] = None,
    workers: WorkersOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Say whether this machine is fit to grade: versions, database, and a real sandbox that something tries to get out of."""
    from autograder.doctor import examine

    findings = examine(None if course is None else Course.open(course), workers)
    fit = all(finding.ok for finding in findings)
    if as_json:
        print_json({"fit": fit, "findings": [vars(finding) for finding in findings]})
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.ok else 'BAD '} {finding.name}: {finding.message}")
        typer.echo("Fit to grade." if fit else "Not fit to grade.")
    if not fit:
        raise typer.Exit(1)


@app.command("sample-class")
def sample_class(course: CourseOption = COURSE) -> None:
    """Fill the course's inbox with the sample class: honest work, accidents and cheats, made from the released notebook."""
    from autograder.sample_class import SAMPLES, write_class
    from autograder.sample_class.samples import SLUG

    opened = Course.open(course)
    (exercise,) = loaded([SLUG])
    require_released(opened, SLUG)
    write_class(opened, exercise)
    typer.echo(f"{len(SAMPLES)} submissions written to {opened.inbox}")


def main() -> None:
    """Run the command line. A user's mistake ends in one sentence and a code, never in a traceback."""
    try:
        app()
    except UserError as error:
        refused = type(error).__name__ == "SandboxUnavailable"
        sys.stderr.write(f"{'Not graded: ' if refused else ''}{error}\n")
        sys.exit(REFUSED if refused else USAGE)
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.\n")
        sys.exit(USAGE)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What is graded is kept; the same command goes on from there.\n")
        sys.exit(130)
