"""The command line: writing, releasing and proving exercises, and grading what is handed in."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.errors import UserError

if TYPE_CHECKING:  # what a command needs is loaded by the command, so that the others start at once
    from rich.console import Console

    from autograder.course import Course
    from autograder.exercise import Exercise

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
OptionalCourse = Annotated[
    Path, typer.Option("--course", help="The course whose exercises are meant; without one, those that came along.")
]
ChosenWorkers = Annotated[
    int | None, typer.Option("--workers", min=1, max=64, help="Sandboxes side by side; by default as course.toml says.")
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


def course_at(folder: Path, create: bool = False) -> Course:
    """The course in a folder, with its language spoken from here on."""
    from autograder import languages
    from autograder.course import Course

    course = Course.create(folder) if create else Course.open(folder)
    languages.use(course.settings.language)
    return course


def exercises_of(folder: Path, slugs: Sequence[str] | None) -> tuple[list[str], Callable[[str], Exercise]]:
    """The named exercises of a course, or of those that came along where there is none; and how to load one."""
    from autograder.course import CONFIG
    from autograder.exercise import EXERCISES

    if not (folder / CONFIG).is_file():
        return EXERCISES.known(list(slugs or EXERCISES)), EXERCISES.__getitem__
    course = course_at(folder)
    return named(course, slugs), course.exercise


def named(course: Course, slugs: Sequence[str] | None) -> list[str]:
    """The named exercises, or all that the course gives. None is loaded, since that takes seconds where PyTorch is needed."""
    return course.exercises.known(list(slugs)) if slugs else course.chosen


def counted(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def wide_console() -> Console:
    """A console on which the table has room where nobody sets a width."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


@app.command()
def new(
    slug: Annotated[str, typer.Argument(help="The exercise's name, like 09_attention.")], course: CourseOption = COURSE
) -> None:
    """Make the folder of a new exercise in the course: one function, one mistake, one other right way, ready to change."""
    from autograder.authoring.new import new_exercise

    opened = course_at(course, create=True)
    folder = new_exercise(opened.root / "exercises", slug)
    typer.echo(f"{folder} is made. Change what lies in it, then run:")
    for verb in ("release", "verify"):
        typer.echo(f"  autograder {verb} {slug} --course {course}")


@app.command()
def adopt(
    notebook: Annotated[Path, typer.Argument(help="An nbgrader source notebook.")],
    course: CourseOption = COURSE,
    name: Annotated[str | None, typer.Option("--name", help="The exercise's name; by default the notebook's.")] = None,
) -> None:
    """Make an exercise of an nbgrader source notebook, and list what could not be turned."""
    from autograder.authoring import adopt as adopting

    adopted = adopting.adopt(notebook, course_at(course, create=True).root / "exercises", name)
    typer.echo(f"{adopted.folder} is made.")
    for note in adopted.notes:
        typer.echo(f"  {note}")


@app.command()
def settings(course: CourseOption = COURSE, as_json: JsonOption = False) -> None:
    """Print what holds for a course, and where each setting comes from."""
    from autograder.settings import described

    rows = described(course_at(course).settings)
    if as_json:
        print_json({key: {"value": value, "from": place} for key, value, place in rows})
        return
    width = max(len(key) for key, _, _ in rows)
    for key, value, place in rows:
        typer.echo(f"{key:{width}}  {value}  ({place})")


@app.command()
def release(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    packages: Annotated[Path | None, typer.Option("--packages", help="Write the students' zip files here.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Also keep what students get in each exercise's folder, in released/.")
    ] = False,
) -> None:
    """Make the students' notebooks from the texts and the reference, and enter their checks into the course's gradebook."""
    from autograder.authoring import release as releasing
    from autograder.course import write_atomically

    opened = course_at(course, create=True)
    for slug in named(opened, slugs):
        exercise = opened.exercise(slug)
        files = releasing.student_files(exercise, releasing.release_into(opened, exercise))
        changed = releasing.write_files(files, opened.released(slug).parent)
        if keep:
            changed += releasing.keep(exercise, files)
        if packages is not None:
            write_atomically(packages / f"{slug}.zip", releasing.package(exercise, files))
        what = f"{len(changed)} files written" if changed else "nothing changed"
        typer.echo(f"{slug}: {counted(len(exercise.checks), 'check')}, {counted(exercise.points, 'point')}; {what}")


@app.command()
def verify(
    slugs: SlugsArgument = None,
    course: OptionalCourse = COURSE,
    workers: WorkersOption = 2,
    training: Annotated[
        bool, typer.Option("--training/--no-training", help="Also prove the checks for which models are trained.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Prove the grader: answer key full, blank zero, every known mistake rejected and named, every other right way accepted."""
    from autograder.grading.core import Settings
    from autograder.proof.verify import verify_exercise

    progress, (names, load) = Progress(), exercises_of(course, slugs)
    proofs = [verify_exercise(load(name), Settings(), workers, progress, training) for name in names]
    if as_json:
        print_json({"exercises": [proof.as_json() for proof in proofs]})
    else:
        for proof in proofs:
            typer.echo(
                f"{proof.slug}: {counted(proof.checks, 'check')}, {counted(proof.points, 'point')}; "
                f"reference {proof.reference_score:g}, blank {proof.blank_score:g}; mistakes "
                f"rejected {proof.rejected} and named {proof.diagnosed} of "
                f"{proof.misconceptions}; other right ways accepted {proof.accepted} of {proof.alternatives}; "
                f"files with solution text {len(proof.leaks)}"
            )
            for problem in proof.problems:
                typer.echo(f"  not so: {problem}")
    if any(proof.problems for proof in proofs):
        raise typer.Exit(1)


@app.command()
def mutants(slugs: SlugsArgument = None, course: OptionalCourse = COURSE, as_json: JsonOption = False) -> None:
    """Change every asked-for function in one place at a time, and see that its check rejects what comes of it."""
    from autograder.proof.mutants import score

    progress, scores, (names, load) = Progress(), [], exercises_of(course, slugs)
    for exercise in map(load, names):
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

    opened = course_at(course)
    for exercise in map(opened.exercise, released_names(opened, slugs)):
        inbox = take_in_all(opened, exercise)
        typer.echo(f"{exercise.slug}: {len(inbox.hand_ins)} hand-ins taken in")
        say_refused(inbox.refused)


def released_names(course: Course, slugs: Sequence[str] | None) -> list[str]:
    """The named exercises, which must be released into the course; all that are released there if none is named."""
    names = named(course, slugs)
    if not slugs:
        names = [name for name in names if course.released(name).is_file()] or names
    for name in names:
        require_released(course, name)
    return names


def require_released(course: Course, slug: str) -> None:
    from autograder.course import CourseError

    if not course.released(slug).is_file():
        raise CourseError(
            f"{slug} is not released into {course.root}; run 'autograder release --course {course.root}'."
        )


def say_refused(names: Sequence[str]) -> None:
    for name in names:
        typer.echo(f"left out: the folder {name} in inbox/ cannot be a student's name, or is a link", err=True)


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="A student's notebook.")], course: OptionalCourse = COURSE
) -> None:
    """Run the checks that a notebook shows, in the sandbox where there is one, and print what they say."""
    from autograder.grading.visible import look_at

    looked = look_at(notebook, *exercises_of(course, None))
    if not looked.protected:
        typer.echo("There is no sandbox on this machine: the notebook ran without one.", err=True)
    for text in looked.said:
        typer.echo(text)
    if not looked.right:
        raise typer.Exit(1)


@app.command()
def grade(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    student: Annotated[
        list[str] | None, typer.Option("--student", help="Grade this student alone; may be repeated.")
    ] = None,
    workers: ChosenWorkers = None,
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

    opened = course_at(course)
    names = released_names(opened, slugs)
    waiting = names if slugs or as_json else [name for name in names if ever_handed_in(opened, name)] or names
    settings, progress = Settings(protected=not unprotected), Progress()
    results = []
    for exercise in map(opened.exercise, waiting):
        result = grade_class(
            opened,
            exercise,
            students=tuple(student or ()),
            workers=workers or opened.settings.workers,
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
    from autograder.course import CourseError
    from autograder.grading.gradebook import GradeWriter
    from autograder.report import write_report
    from autograder.table import summary

    opened = course_at(course)
    names = named(opened, slugs)
    with GradeWriter(opened) as writer:
        with_grades = writer.graded_names()
        graded = [name for name in names if name in with_grades]
        if not graded:
            raise CourseError(f"Nobody is graded in {opened.root} yet; run 'autograder grade --course {opened.root}'.")
        tables = [(exercise, writer.rows(exercise)) for exercise in map(opened.exercise, names if as_json else graded)]
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

    findings = examine(None if course is None else course_at(course), workers)
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
def sample_class(slugs: SlugsArgument = None, course: CourseOption = COURSE) -> None:
    """Fill the course's inbox with the sample class of an exercise: honest work, accidents and cheats."""
    from autograder.exercise.samples import samples_of, write_samples

    opened = course_at(course)
    for exercise in map(opened.exercise, released_names(opened, slugs)):
        samples = samples_of(exercise)
        write_samples(samples, exercise, opened.released(exercise.slug), opened.inbox)
        if samples:
            typer.echo(f"{exercise.slug}: {len(samples)} submissions written to {opened.inbox}")


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
