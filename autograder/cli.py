"""The command line: writing, releasing and proving exercises, and grading what is handed in."""

import errno
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.errors import UserError

if TYPE_CHECKING:  # what a command needs is loaded by the command, so that the others start at once
    from autograder.course import Course
    from autograder.exercise import Exercise
    from autograder.grading.inbox import Inbox
    from autograder.grading.regrading import Regrading
    from autograder.proof.verify import ExerciseProof

# nbformat's validator imports these optional checkers of web addresses, which build grammars; no notebook needs them.
for checker in ("rfc3987_syntax", "rfc3986_validator"):
    sys.modules.setdefault(checker, None)  # type: ignore[arg-type]

# The products of an exercise are small, and sandboxes run beside this process: threads of the libraries would only wait
# for one another (PyTorch's took thirty times as long while other programs ran).
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

COURSE = Path("_build/course")
USAGE, REFUSED, INTERRUPTED = 2, 3, 130
UNCUT = 10_000  # columns
SECONDS_BETWEEN = 5.0  # lines on progress
LONG = 5.0  # seconds that are worth a word
SECONDS_OF_A_PACE = 2.0  # after which it says how long the rest will take

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
SlugsArgument = Annotated[list[str] | None, typer.Argument(
    help="Exercises, like 09_attention; all if none is named.", show_default=False)]  # fmt: skip
OptionalCourse = Annotated[Path, typer.Option(
    "--course", help="The course whose exercises are meant; without one, those that came along.")]  # fmt: skip
DatabaseOption = Annotated[str | None, typer.Option("--db", metavar="URL", show_default=False,
    help="The gradebook's database for this once, instead of the one that course.toml names.")]  # fmt: skip
WorkersOption = Annotated[int, typer.Option("--workers", min=1, max=64, help="Sandboxes side by side.")]


class Progress:
    """Says on standard error what is being done, how far it is, and how long it will still take.

    On a terminal that is a line that renews itself, else one every few seconds.
    """

    def __init__(self, quiet: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self.now, self.live = quiet, now, sys.stderr.isatty()
        self.said, self.what = 0.0, ""
        self.since, self.begun = 0.0, 0  # when the first was done, and how many were then

    def __call__(self, what: str, done: int, of: int) -> None:
        now, last, new = self.now(), done >= of, what != self.what
        if new:
            self.what, self.since, self.begun = what, now, done
        if not self.quiet and (self.live or last or new or now - self.said >= SECONDS_BETWEEN):
            self.said = now
            text = f"{what}: {done} of {of}{self.left(now, done, of)}"
            typer.echo(f"\r\x1b[K{text}" if self.live else text, err=True, nl=last or not self.live)

    def left(self, now: float, done: int, of: int) -> str:
        """How long the rest takes at the pace so far, once there is a pace."""
        if done >= of or done <= self.begun or now - self.since < SECONDS_OF_A_PACE:
            return ""
        return f", about {in_words((now - self.since) / (done - self.begun) * (of - done))} left"


def in_words(seconds: float) -> str:
    """A time that is waited for, as exact as anybody needs it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def course_at(folder: Path, create: bool = False, database: str | None = None) -> "Course":
    """The course in a folder, with its language spoken from here on."""
    from autograder import languages
    from autograder.course import Course

    course = Course.create(folder) if create else Course.open(folder)
    use_database(database)
    languages.use(course.settings.language)
    return course


def use_database(address: str | None) -> None:
    """Have every course from here on, in the processes that we start too, keep its gradebook in this database."""
    from autograder.settings import DATABASE

    if address is not None:
        os.environ[DATABASE] = address


def exercises_of(folder: Path, slugs: Sequence[str] | None) -> tuple[list[str], "Callable[[str], Exercise]"]:
    """The named exercises of a course, or of those that came along where there is none; and how to load one."""
    from autograder.course import CONFIG
    from autograder.exercise import Exercises
    from autograder.exercise.discovery import OWN

    if not (folder / CONFIG).is_file():
        exercises = Exercises(folder / "exercises", OWN)
        return exercises.known(list(slugs or exercises)), exercises.__getitem__
    course = course_at(folder)
    return named(course, slugs), course.exercise


def named(course: "Course", slugs: Sequence[str] | None) -> list[str]:
    """The named exercises, or all that the course gives. None is loaded, since that takes seconds where PyTorch is needed."""
    return course.exercises.known(list(slugs)) if slugs else course.chosen


def counted(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"


def finish(lines: Iterable[str], right: bool = True, value: Any = None) -> None:
    """End a command with its lines, or one JSON object in their place, and with a code that says if all is right."""
    typer.echo("\n".join(lines) if value is None else json.dumps(value, ensure_ascii=False))
    if not right:
        raise typer.Exit(1)


@app.command()
def new(
    slug: Annotated[str, typer.Argument(help="The exercise's name, like 09_attention.")], course: CourseOption = COURSE
) -> None:
    """Make the folder of a new exercise in the course: one function, one mistake, one other right way, ready to change."""
    from autograder.authoring.new import new_exercise

    new_exercise(course_at(course, create=True).root / "exercises", slug)
    typer.echo(f"{course / 'exercises' / slug} is made. Change what lies in it, then run:")
    typer.echo("\n".join(f"  autograder {verb} {slug} --course {course}" for verb in ("release", "verify", "mutants")))


@app.command()
def adopt(
    notebook: Annotated[Path, typer.Argument(help="An nbgrader source notebook.")],
    course: CourseOption = COURSE,
    name: Annotated[str | None, typer.Option("--name", help="The exercise's name; by default the notebook's.")] = None,
) -> None:
    """Make an exercise of an nbgrader source notebook, and list what could not be turned."""
    from autograder.authoring import adopt as adopting

    adopted = adopting.adopt(notebook, course_at(course, create=True).root / "exercises", name)
    typer.echo("\n  ".join([f"{adopted.folder} is made.", *adopted.notes]))


@app.command()
def settings(course: CourseOption = COURSE, as_json: JsonOption = False) -> None:
    """Print what holds for a course, and where each setting comes from."""
    from autograder.settings import described

    opened = course_at(course)
    rows = described(opened.settings)
    for slug in opened.chosen if opened.settings.by_exercise else ():
        if slug in opened.settings.by_exercise:
            opened.exercise(slug)  # says which function is not there
    width = max(len(key) for key, _, _ in rows)
    lines = [f"{key:{width}}  {value}  ({place})" for key, value, place in rows]
    finish(lines, value={key: {"value": value, "from": place} for key, value, place in rows} if as_json else None)


@app.command()
def translate(
    slug: Annotated[str, typer.Argument(help="The exercise's name.")],
    language: Annotated[str, typer.Argument(help="The language, as de or es.")],
    course: OptionalCourse = COURSE,
) -> None:
    """Make the catalogue of an exercise's sentences in a language, or bring it in step; what is translated stays."""
    from autograder import languages

    (slug,), load = exercises_of(course, [slug])
    exercise = load(slug)
    path = exercise.folder / "locale" / f"{language}.po"
    languages.catalogue(language)  # refuses a language that is not spoken
    languages.update(path, {sentence: [] for sentence in exercise.sentences()})
    left = len(exercise.sentences()) - len(languages.translated(path))
    typer.echo(f"{path}: {left} of {len(exercise.sentences())} sentences are still to be translated.")


@app.command()
def release(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    packages: Annotated[Path | None, typer.Option("--packages", help="Write the students' zip files here.")] = None,
    keep: Annotated[bool, typer.Option(
        "--keep", help="Also keep what students get in each exercise's folder, in released/.")] = False,
    database: DatabaseOption = None,
) -> None:  # fmt: skip
    """Make the students' notebooks from the texts and the reference, and enter their checks into the course's gradebook."""
    from autograder.authoring import release as releasing
    from autograder.course import write_atomically

    if slugs:
        exercises_of(course, slugs)  # a name that is none makes no course
    opened = course_at(course, create=True, database=database)
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
    training: Annotated[bool, typer.Option(
        "--training/--no-training", help="Also prove the checks for which models are trained.")] = True,
    table: Annotated[bool, typer.Option("--promises", help="List each promise with the challenges that ask for it.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Prove the grader: answer key full, blank zero, every known mistake rejected and named, every other right way accepted."""
    from dataclasses import asdict

    names, _load = exercises_of(course, slugs)
    proofs = proofs_of(course, names, workers, training)
    lines = []
    for proof in proofs:
        lines.append(
            f"{proof.slug}: {counted(proof.checks, 'check')}, {counted(proof.points, 'point')}; "
            f"reference {proof.reference_score:g}, blank {proof.blank_score:g}; "
            f"mistakes rejected {proof.rejected} and named {proof.diagnosed} of {proof.misconceptions}; other right "
            f"ways accepted {proof.accepted} of {proof.alternatives}; wrong by structure rejected {proof.structural_rejected} "
            f"of {proof.structural}; promises asked for {len(proof.promises)}; files with solution text {len(proof.leaks)}; "
            f"follow-on points as they should be {proof.shared} of {proof.resting}"
        )
        lines += [f"  not so: {problem}" for problem in proof.problems]
        for one in proof.promises if table else ():
            lines.append(
                f"  {one.check}: '{one.words}'; '{one.version}' fails: {', '.join(one.challenges) or 'nowhere'}"
            )
    right = not any(proof.problems for proof in proofs)
    finish(lines, right, {"exercises": [asdict(proof) for proof in proofs]} if as_json else None)


def proofs_of(course: Path, names: list[str], workers: int, training: bool) -> "list[ExerciseProof]":
    """The proofs of exercises; of several, each in a process of its own, since judging takes the processor of this one."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    progress, side_by_side = Progress(), min(workers, len(names))
    if side_by_side <= 1:
        return [proof_of(course, name, workers, training, progress) for name in names]
    progress("proving exercises", 0, len(names))
    # Begun anew, not forked: a copy of this process would hold its threads' locks without the threads.
    with ProcessPoolExecutor(side_by_side, get_context("spawn")) as pool:
        proofs = [pool.submit(proof_of, course, name, workers // side_by_side, training) for name in names]
        try:
            for done, proof in enumerate(as_completed(proofs), start=1):
                proof.result()
                progress("proving exercises", done, len(names))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [proof.result() for proof in proofs]


def proof_of(
    course: Path, name: str, workers: int, training: bool, progress: "Progress | None" = None
) -> "ExerciseProof":
    """The proof of one exercise, loaded here."""
    from autograder.grading.core import Settings
    from autograder.proof.verify import verify_exercise

    _names, load = exercises_of(course, [name])
    return verify_exercise(load(name), Settings(), workers, progress or (lambda what, done, of: None), training)


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
    changing = sum(one.mutants - len(one.equivalent) for one in scores)
    share = sum(one.rejected for one in scores) / changing if changing else 1.0
    lines = []
    for one in scores:
        lines.append(f"{one.check}: {one.rejected} of {one.mutants} rejected, {len(one.equivalent)} change nothing")
        lines += [f"  not rejected: {survivor}" for survivor in one.survivors]
    lines.append(f"Rejected: {share:.1%} of {changing} changed versions.")
    value = {"score": share, "checks": [vars(one) | {"share": one.share} for one in scores]}
    finish(lines, not any(one.survivors for one in scores), value if as_json else None)


@app.command()
def intake(slugs: SlugsArgument = None, course: CourseOption = COURSE) -> None:
    """Take hand-ins from inbox/ into nbgrader's submitted/, so that formgrader's button can grade them."""
    from autograder.grading.intake import take_in_all

    opened = course_at(course)
    inboxes = []
    for exercise in map(opened.exercise, released_names(opened, slugs)):
        inboxes.append(take_in_all(opened, exercise))
        typer.echo(f"{exercise.slug}: {len(inboxes[-1].hand_ins)} hand-ins taken in")
    if not say_unread(inboxes):
        raise typer.Exit(1)


def released_names(course: "Course", slugs: Sequence[str] | None) -> list[str]:
    """The named exercises, which must be released into the course; all that are released there if none is named."""
    names = named(course, slugs)
    if not slugs:
        names = [name for name in names if course.released(name).is_file()] or names
    for name in names:
        course.require_released(name)
    return names


def say_unread(inboxes: "Sequence[Inbox]") -> bool:
    """Say what lies in the inbox and was not read, and whether there was nothing of that kind."""
    unread = {path: why for inbox in inboxes for path, why in inbox.refused.items()}
    for path, why in sorted(unread.items()):
        typer.echo(f"not read: inbox/{path}: {why}", err=True)
    for one, other in sorted({pair for inbox in inboxes for pair in inbox.alike}):
        typer.echo(f"read as two students, who differ in upper and lower case alone: {one} and {other}", err=True)
    return not unread


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="A student's notebook.")], course: OptionalCourse = COURSE
) -> None:
    """Run the checks that a notebook shows, in the sandbox where there is one, and print what they say."""
    from autograder.grading.visible import look_at

    looked = look_at(notebook, *exercises_of(course, None))
    if not looked.protected:
        typer.echo("There is no sandbox on this machine: the notebook ran without one.", err=True)
    finish(looked.said, looked.right)


@app.command()
def grade(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    student: Annotated[list[str] | None, typer.Option(
        "--student", help="Grade this student alone; may be repeated.")] = None,
    workers: Annotated[int | None, typer.Option(
        "--workers", min=1, max=64, help="Sandboxes side by side; by default as course.toml says.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Draw new challenges and grade everyone again.")] = False,
    unprotected: Annotated[bool, typer.Option("--unprotected",
        help="Run submissions WITHOUT a sandbox. Only for notebooks that you wrote yourself.")] = False,
    scheduler: Annotated[str | None, typer.Option("--cluster", metavar="ADDRESS",
        help="Run the sandboxes on the Dask cluster whose scheduler is there, as tcp://10.0.0.1:8786; none: here.")] = None,
    database: DatabaseOption = None,
    agreed: Annotated[bool, typer.Option("--yes", help="Write marks even if a date takes all of them away.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing of how far it is.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Grade every hand-in that is not graded yet, and end with the table."""
    from rich.console import Console

    from autograder.grading.class_run import grade_class
    from autograder.grading.core import Settings
    from autograder.grading.intake import ever_handed_in
    from autograder.grading.settled import remember, settled, whole_course
    from autograder.report import summary, write_report
    from autograder.table import screen_table

    opened = course_at(course, database=database)
    names = released_names(opened, slugs)
    waiting = names if slugs or as_json else [name for name in names if ever_handed_in(opened, name)] or names
    grade_one = partial(
        grade_class, opened, students=tuple(student or ()), workers=workers or opened.settings.workers, anew=anew,
        settings=Settings(protected=not unprotected), progress=Progress(quiet), agreed=agreed,
        scheduler=opened.settings.cluster if scheduler is None else address_of(scheduler),
    )  # fmt: skip
    results = []
    for name in waiting:
        known = None if anew else settled(opened, name, tuple(student or ()), agreed)
        if known is None:
            exercise = opened.exercise(name)
            known = exercise, grade_one(exercise)
            if not known[1].failed:
                remember(opened, exercise)
        results.append(known)
    tables = whole_course(opened, [(exercise, result.rows) for exercise, result in results if result.rows])
    report_path = write_report(opened, tables)
    summaries = []
    for exercise, result in results:
        about = {"graded_now": result.graded, "failed": result.failed, "refused": result.inbox.refused}
        summaries.append(summary(exercise, result.rows) | about)
        if not as_json and result.rows:
            on_terminal = sys.stdout.isatty()  # else nothing is cut: a line is as long as it is
            console = Console(highlight=False, width=None if on_terminal else UNCUT)
            console.print(screen_table(exercise, result.rows, console.width if on_terminal else None))
            typer.echo(f"{len(result.graded)} graded now, {len(result.rows) - len(result.graded)} unchanged.")
            if result.by_other_checks:
                typer.echo(
                    f"{len(result.by_other_checks)} of these had been graded by another version of the checks; "
                    "'autograder regrade' shows what that changes before it is written."
                )
            if (told := slowest(result.seconds)) is not None:
                typer.echo(told)
        say_points_of_release(opened, exercise.slug, result.unlike_release)
        for name, why in result.failed.items():
            typer.echo(f"not graded: {name}: {why}", err=True)
        for why in result.unused.values():
            typer.echo(f"not used: {why}", err=True)
    handed_in = {exercise.slug for exercise, result in results if result.rows or result.failed}
    lines = [f"{name}: nobody handed in; 0 graded now." for name in names if name not in handed_in]
    lines += [f"Grades: {opened.root / 'grades.csv'}", f"Feedback: {opened.feedback}", f"Report: {report_path}"]
    right = say_unread([result.inbox for _, result in results]) and not any(result.failed for _, result in results)
    finish(lines, right, {"exercises": summaries} if as_json else None)


def say_points_of_release(course: "Course", slug: str, unlike: dict[str, tuple[float, float]]) -> None:
    """Say that points were changed since the release, whose points count until the next one."""
    told = ", ".join(f"{name} {released:g}, not {declared:g}" for name, (released, declared) in unlike.items())
    if told:
        fix = f"run 'autograder release {slug} --course {course.root}' and grade again to have the new ones count"
        typer.echo(f"{slug}: graded with the points of the last release ({told}); {fix}.", err=True)


def slowest(seconds: dict[str, float]) -> str | None:
    """Who took much longer than most, in one sentence; None where nobody did."""
    usual = statistics.median(seconds.values()) if seconds else 0.0
    long = sorted(((took, who) for who, took in seconds.items() if took >= max(LONG, 3 * usual)), reverse=True)
    named = ", ".join(f"{who} {in_words(took)}" for took, who in long[:5])
    more = f", and {len(long) - 5} more" if len(long) > 5 else ""
    return f"Took longest: {named}{more}; half of the class took {usual:.1f} s or less." if long else None


@app.command()
def regrade(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    yes: Annotated[bool, typer.Option("--yes", help="Write the changes without asking.")] = False,
    workers: Annotated[int | None, typer.Option(
        "--workers", min=1, max=64, help="Sandboxes side by side; by default as course.toml says.")] = None,
    unprotected: Annotated[bool, typer.Option("--unprotected",
        help="Run submissions WITHOUT a sandbox. Only for notebooks that you wrote yourself.")] = False,
    database: DatabaseOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing of how far it is.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Grade again by checks that were changed: show what changes, for whom and why, and write it once you agree."""
    from autograder.grading.core import Settings
    from autograder.grading.gradebook import GradeWriter
    from autograder.grading.regrading import prepare
    from autograder.table import change_json

    opened, progress = course_at(course, database=database), Progress(quiet)
    with GradeWriter(opened) as writer:
        graded = writer.graded_names()
    names = [name for name in named(opened, slugs) if slugs or name in graded]
    if not graded & set(names):
        raise UserError(f"Nobody is graded in {opened.root} yet; run 'autograder grade --course {opened.root}'.")
    settings = Settings(protected=not unprotected)
    prepared = [
        prepare(opened, opened.exercise(name), workers or opened.settings.workers, settings, progress) for name in names
    ]
    for one in prepared:
        say_changes(opened, one, not as_json)
    todo = [one for one in prepared if one.anew]
    agreed = bool(todo) and (yes or agrees(as_json))
    if agreed:
        write_regraded(opened, todo, progress)
    lines = ["Written." if agreed else "Nothing is written." if todo else "There is nothing to write."]
    about = [
        {"exercise": one.exercise.slug, "version": one.version, "graded_again": one.students, "failed": one.failed,
         "changes": [change_json(change) for change in one.changes], "written": agreed and bool(one.anew)}
        for one in prepared
    ]  # fmt: skip
    right = agreed == bool(todo) and not any(one.failed for one in prepared)
    finish(lines, right, {"exercises": about} if as_json else None)


def say_changes(course: "Course", regrading: "Regrading", table: bool) -> None:
    """Say who was graded by what, and what would become otherwise."""
    from rich.console import Console

    from autograder.table import changes_table

    slug, changes = regrading.exercise.slug, regrading.changes
    say_points_of_release(course, slug, regrading.unlike_release)
    for name, why in regrading.failed.items():
        typer.echo(f"not graded again: {name}: {why}", err=True)
    if not table:
        return
    if not regrading.anew:
        typer.echo(f"{slug}: everyone is graded by these checks, version {short(regrading.version)}.")
        return
    many, before = len(regrading.anew), ", ".join(map(short, regrading.versions_before))
    typer.echo(
        f"{slug}: {counted(many, 'student')} graded again: version {before} before, now {short(regrading.version)}."
    )
    in_words = [one for one in changes if one.in_words_alone]
    if len(in_words) < len(changes):
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
        console.print(changes_table(changes))
    totals = {one.student: one.totals for one in changes}.values()
    up, down = sum(old < new for old, new in totals), sum(old > new for old, new in totals)
    other = f"; {counted(len(in_words), 'message')} worded otherwise" if in_words else ""
    typer.echo(f"Totals: {up} rise, {down} fall, {many - up - down} stay{other}. What people gave by hand stays.")


def short(version: str) -> str:
    """Of a version as many letters as tell it from others."""
    return version.removeprefix("autograder-")[:8]


def agrees(silent: bool) -> bool:
    """Whether whoever sits at the terminal wants it written; who does not sit there cannot."""
    if silent or not sys.stdin.isatty():
        typer.echo("This is no terminal to ask at; add --yes to have it written.", err=True)
        return False
    return typer.confirm("Write this?")


def write_regraded(course: "Course", todo: "Sequence[Regrading]", progress: Progress) -> None:
    """Write what was agreed to, and the table and the report of the whole course."""
    from autograder.grading.regrading import write
    from autograder.grading.settled import remember, whole_course
    from autograder.report import write_report

    for one in todo:
        result = write(course, one, progress)
        if not result.failed:
            remember(course, one.exercise)
        for name, why in result.failed.items():
            typer.echo(f"{name}: {why}", err=True)
    write_report(course, whole_course(course, []))


def address_of(scheduler: str) -> str | None:
    """What --cluster names; None if that is this machine."""
    from autograder.settings import CLUSTER, CLUSTER_TAKES

    if scheduler != "none" and not re.fullmatch(CLUSTER, scheduler):
        raise UserError(f"--cluster is {scheduler!r}; it takes {CLUSTER_TAKES}, or none.")
    return None if scheduler == "none" else scheduler


@app.command()
def report(
    slugs: SlugsArgument = None,
    course: CourseOption = COURSE,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the class found hard, and write the report page and grades.csv anew."""
    from autograder.course import CourseError
    from autograder.grading.gradebook import GradeWriter
    from autograder.grading.marks import number
    from autograder.grading.settled import whole_course
    from autograder.report import summary, write_report

    opened = course_at(course, database=database)
    names = named(opened, slugs)
    with GradeWriter(opened) as writer:
        with_grades = writer.graded_names()
        graded = [name for name in names if name in with_grades]
        if not graded:
            raise CourseError(f"Nobody is graded in {opened.root} yet; run 'autograder grade --course {opened.root}'.")
        tables = [(exercise, writer.rows(exercise)) for exercise in map(opened.exercise, names if as_json else graded)]
    path = write_report(opened, whole_course(opened, [(exercise, rows) for exercise, rows in tables if rows]))
    summaries = [summary(exercise, rows) for exercise, rows in tables]
    lines = []
    for found in (one for one in summaries if one["students"]):
        students = f"{found['students']} students, median {number(found['median'])}"
        lines.append(f"{found['slug']}: {students} of {number(found['compared'])} points")
        for check in found["checks"]:
            counts = ", ".join(f"{count} {status}" for status, count in check["statuses"].items())
            lines.append(f"  {check['check']}: {counts}")
            lines += [f"    {one['students']} x {one['name']}: {one['message']}" for one in check["mistakes"]]
    finish([*lines, f"Report: {path}"], value={"exercises": summaries} if as_json else None)


@app.command()
def collect(
    source: Annotated[Path, typer.Argument(help="The system's download: a zip file, or the folder it was unpacked into.")],
    slug: Annotated[str | None, typer.Argument(
        help="The exercise that was handed in; without it, each notebook says so itself.", show_default=False)] = None,
    system: Annotated[str, typer.Option(
        "--from", help="moodle, canvas, gradescope, brightspace or blackboard; auto finds out.")] = "auto",
    class_list: Annotated[Path | None, typer.Option(
        "--roster", help="The class: a CSV file with the columns id, name, and perhaps email, moodle, canvas …; "
        "by default the course's class.csv.", show_default=False)] = None,
    sheet: Annotated[Path | None, typer.Option(
        "--worksheet", help="Moodle's grading worksheet, which has the times.", show_default=False)] = None,
    course: CourseOption = COURSE,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing while it runs.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take a learning management system's download into the inbox; who is unknown or missing, and what is not read, is named."""
    from autograder.lms import collecting, roster

    opened = course_at(course)
    if system not in ("auto", *roster.SYSTEMS):
        raise UserError(f"--from is {system!r}; it takes {', '.join(roster.SYSTEMS)} or auto.")
    listed = class_list or opened.root / roster.FILE
    told = collecting.collect(opened, source, listed, system, slug, sheet, Progress(quiet))
    lines = [f"late: {student}: {name}" for name, student in sorted(told.late)]
    lines += told.earlier
    lines += [f"not in the class: {line}" for line in told.unknown]
    lines += [f"not read: {line}" for line in told.unread]
    for name, absent in told.missing.items():
        lines += [f"nothing handed in: {student}: {name}" for student in absent]
    for name in sorted({name for name, _ in told.taken}):
        these = [said for (other, _), said in told.taken.items() if other == name]
        new = len(these) - these.count("unchanged")
        lines.append(
            f"{name}: {counted(new, 'hand-in')} from {told.system} in the inbox, {len(these) - new} unchanged."
        )
    right = not (told.unknown or told.unread)
    about = {
        "from": told.system, "taken": [{"exercise": e, "student": s, "unchanged": bool(w)} for (e, s), w in told.taken.items()],
        "late": sorted(map(list, told.late)), "earlier": told.earlier, "unknown": told.unknown, "unread": told.unread,
        "missing": told.missing,
    }  # fmt: skip
    finish(lines or ["Nothing was handed in."], right, about if as_json else None)


@app.command()
def export(
    slugs: SlugsArgument = None,
    system: Annotated[str, typer.Option("--to", help="moodle, canvas or gradescope.")] = "moodle",
    template: Annotated[Path | None, typer.Option(
        "--into", help="The system's own file, to be filled in; all in it but the marks stays.", show_default=False)] = None,
    course: CourseOption = COURSE,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write the marks in the file that a learning management system imports, and the feedback pages as it takes them back."""
    from autograder.grading.gradebook import GradeWriter
    from autograder.lms import exporting

    opened = course_at(course, database=database)
    if system not in exporting.TARGETS:
        raise UserError(f"--to is {system!r}; it takes {', '.join(exporting.TARGETS)}.")
    with GradeWriter(opened) as writer:
        graded = writer.graded_names()
    names = [name for name in named(opened, slugs) if slugs or name in graded]
    if not names:
        raise UserError(f"Nobody is graded in {opened.root} yet; run 'autograder grade --course {opened.root}'.")
    if template is not None and len(names) > 1:
        raise UserError(f"--into takes the marks of one exercise; name one of {', '.join(names)}.")
    written = {name: exporting.export(opened, opened.exercise(name), system, template) for name in names}
    lines = []
    for name, one in written.items():
        lines += [f"{name}: {one.marks}", f"{name}: {counted(one.count, 'page')} in {one.pages}"]
        for student in one.without_number:
            lines.append(f"no number: {student}: {system} gave none; add a column {system!r} to the class list")
        lines += [
            f"not in the class: {student}: graded on {name}, but in no line of class.csv" for student in one.not_listed
        ]
    about = {name: vars(one) | {"marks": str(one.marks), "pages": str(one.pages)} for name, one in written.items()}
    finish(lines, value=about if as_json else None)


@app.command()
def similar(slugs: SlugsArgument = None, course: CourseOption = COURSE, as_json: JsonOption = False) -> None:
    """List submissions that are the same but for names, comments and annotations, for you to look at: it is no verdict."""
    from dataclasses import asdict

    from autograder.grading.intake import ever_handed_in
    from autograder.grading.similarity import compare

    opened, found, lines = course_at(course), {}, []
    for name in released_names(opened, slugs):
        if ever_handed_in(opened, name):
            found[name] = compare(opened, opened.exercise(name))
    for name, one in found.items():
        for pair in one.pairs:
            rare = f"; like hardly anybody else: {', '.join(pair.rare)}" if pair.rare else ""
            lines.append(f"{name}: {' and '.join(pair.students)}: {len(pair.same)} of {pair.of} the same{rare}")
        for student, functions in sorted(one.as_reference.items()):
            lines.append(f"{name}: {student}: as the reference: {', '.join(functions)}")
        for student, functions in sorted(one.unread.items()):
            lines.append(f"{name}: {student}: no Python, so not compared: {', '.join(functions)}")
        lines.append(
            f"{name}: {counted(len(one.pairs), 'pair')} to look at among {counted(one.students, 'submission')}."
        )
    about = {name: asdict(one) for name, one in found.items()}
    finish(lines or ["Nobody handed in."], value=about if as_json else None)


@app.command("move-gradebook")
def move_gradebook(
    to: Annotated[str, typer.Option("--to", metavar="URL",
        help="An empty database, as postgresql://USER@HOST/DATABASE or sqlite:////srv/gradebook.db.")],
    course: CourseOption = COURSE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Move the gradebook, with all that people entered, into another database: all of it or nothing. The old one stays."""
    from autograder.grading.moving import move
    from autograder.settings import without_password

    moved = move(course_at(course), to)
    before, after = without_password(moved.before), without_password(moved.after)
    rows = counted(sum(moved.rows.values()), "row")
    lines = [f"Moved to {after}: {rows} in {len(moved.rows)} tables, compared. {course / 'course.toml'} names it now."]
    lines.append(f"The old gradebook, {before}, is as it was; nothing reads it any more.")
    if moved.left:
        lines.append(f"Left there, since they are no part of a gradebook: {', '.join(moved.left)}.")
    value = {"from": before, "to": after, "rows": moved.rows, "left": moved.left}
    finish(lines, value=value if as_json else None)


@app.command()
def archive(
    file: Annotated[Path, typer.Argument(help="The archive, such as course-2026.zip.")],
    course: CourseOption = COURSE,
    opening: Annotated[bool, typer.Option("--open", help="Make the course's folder of the archive.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing of how far it is.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put a course with its grades, exercises and grader into one file; --open makes a course of it again, to be graded.

    Opening runs nothing of it, but what it holds is code: grade with an archive only if you trust whoever made it.
    """
    if opening:
        open_archive(file, course, quiet, as_json)
        return
    from autograder.archive.making import make

    made = make(course_at(course), file, force, Progress(quiet))
    lines = [f"left out: {name}: {why}" for name, why in sorted(made.left_out.items())]
    lines.append(
        f"{file}: {counted(len(made.manifest.files), 'file')}, {counted(len(made.manifest.exercises), 'exercise')}. "
        "It holds the course's key and what students handed in; keep it as you keep these."
    )
    about = {"exercises": made.manifest.exercises, "versions": made.manifest.versions, "left_out": made.left_out}
    finish(lines, value=about if as_json else None)


def open_archive(file: Path, course: Path, quiet: bool, as_json: bool) -> None:
    """Make a course's folder of an archive, and say what differs here from what graded it."""
    from autograder.archive.making import OPENED
    from autograder.archive.opening import open_archive

    opened = open_archive(file, course, Progress(quiet))
    said = opened.manifest
    lines = [f"{course}: the course {said.course} as it was on {said.made[:10]}, {counted(len(said.files), 'file')}."]
    differing = [f"{name} {here} (then {then})" for name, (then, here) in opened.packages.items()]
    if differing:
        more = f" and {len(differing) - 5} more" if len(differing) > 5 else ""
        lines.append(
            f"Other versions here than those that graded it: {', '.join(differing[:5])}{more}; "
            f"'autograder regrade --course {course}' shows what that changes."
        )
    if opened.other_program:
        run = f"PYTHONPATH={course / OPENED} python -m autograder"
        lines.append(f"The grader itself is another here; the one of then lies in the course: '{run}' runs it.")
    about = {"packages": {name: {"then": then, "here": here} for name, (then, here) in opened.packages.items()},
             "other_program": opened.other_program, "exercises": said.exercises, "made": said.made}  # fmt: skip
    finish(lines, value=about if as_json else None)


@app.command()
def doctor(
    course: Annotated[Path | None, typer.Option("--course", help="Look at this course's gradebook too.")] = None,
    workers: WorkersOption = 2,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether this machine is fit to grade: versions, database, and a real sandbox that something tries to get out of."""
    from autograder.doctor import examine

    use_database(database)
    findings = examine(None if course is None else course_at(course), workers)
    fit = all(finding.ok for finding in findings)
    lines = [f"{'ok  ' if one.ok else 'BAD '} {one.name}: {one.message}" for one in findings]
    lines.append("Fit to grade." if fit else "Not fit to grade.")
    finish(lines, fit, {"fit": fit, "findings": [vars(finding) for finding in findings]} if as_json else None)


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


def what_failed(error: OSError) -> str:
    """One sentence about a file that cannot be used; a disk that is full is no file's fault."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" ({error.filename})" if error.filename else ""
        return f"The disk is full{where}; make room and run the same command again: what is done is kept."
    return f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."


def main() -> None:
    """Run the command line. A user's mistake ends in one sentence and a code, never in a traceback."""
    try:
        app()
    except UserError as error:
        refused = type(error).__name__ == "SandboxUnavailable"
        sys.stderr.write(f"{'Not graded: ' if refused else ''}{error}\n")
        sys.exit(REFUSED if refused else USAGE)
    except OSError as error:
        sys.stderr.write(f"{what_failed(error)}\n")
        sys.exit(USAGE)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stderr.write("\nStopped. What is graded is kept; the same command goes on from there.\n")
        raise
