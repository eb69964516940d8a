"""Grading a class: intake, sandboxes side by side, one writer, pages; whatever ends it, it can be taken up again."""

from __future__ import annotations

import fcntl
import os
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from itertools import islice

from autograder.course import Course, CourseError, remove_parts
from autograder.errors import UserError
from autograder.exercise import Exercise
from autograder.grading import challenge, cluster, dates, intake, pages
from autograder.grading.core import RunTask, Settings, grade_submission, version_of
from autograder.grading.database import DatabaseError
from autograder.grading.executor import STOP, require_sandbox
from autograder.grading.gradebook import GradeWriter, Row, Run
from autograder.grading.inbox import Inbox
from autograder.grading.points import Graded
from autograder.sandbox import scratch

LOG = "autograder.log"

Progress = Callable[[str, int, int], None]  # told what is being done, how many are done, and how many there are


@dataclass
class ClassResult:
    """What a grading came to: the table, who was graded now, what could not be, and what lay in the inbox besides.

    ``seconds`` says how long each who was graded now took; ``unused`` why workers of a cluster that came meanwhile ran nothing;
    ``unlike_release`` the functions and questions whose points were changed since the release, which counts; ``by_other_checks``
    who was graded now and, before that, by another version of the checks.
    """

    rows: list[Row] = field(default_factory=list)
    graded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    inbox: Inbox = field(default_factory=Inbox)
    seconds: dict[str, float] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    unlike_release: dict[str, tuple[float, float]] = field(default_factory=dict)
    by_other_checks: list[str] = field(default_factory=list)


@contextmanager
def only_one(course: Course) -> Iterator[None]:
    """One grading a course at a time. The lock goes with the process that holds it, however that ends."""
    with open(course.root / ".autograder-lock", "ab", opener=partial(os.open, mode=0o600)) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CourseError(f"The course in {course.root} is being graded already; wait for that to end.") from error
        yield


def version_here(writer: GradeWriter, exercise: Exercise, version: str) -> str:
    """The version of the checks with the points that they have in the gradebook: those of a release still to come are others."""
    unlike = writer.unlike_release(exercise)
    return f"{version}-{sha256(repr(sorted(unlike.items())).encode()).hexdigest()[:8]}" if unlike else version


def waiting(writer: GradeWriter, course: Course, exercise: Exercise, run: Run | None, names: list[str]) -> list[str]:
    """The students still to grade: not graded in this run, or by these checks, or handed in something else since."""
    version = version_here(writer, exercise, version_of(exercise))
    done = writer.graded_in(run) if run is not None else writer.up_to_date(exercise.slug, version)
    records = {name: intake.read_record(course, name, exercise.slug) for name in names}
    return [name for name, record in records.items() if record is None or done.get(name) != record["signature"]]


@dataclass(frozen=True)
class Farm:
    """Where sandboxes run: how to run one, how many at most may be under way, and how many now.

    ``ready`` raises SandboxUnavailable if none starts there.
    """

    run: RunTask | None
    most: int
    ahead: Callable[[], int]
    ready: Callable[[], object] = bool
    unused: dict[str, str] = field(default_factory=dict)


@contextmanager
def farm(
    address: str | None, workers: int, exercise: Exercise, settings: Settings, *, at_once: bool = True
) -> Iterator[Farm]:
    """This machine with so many ``workers``, or the Dask cluster at an address.

    With ``at_once``, and in a cluster, it raises if no sandbox starts there.
    """
    if address is None:
        ready: Callable[[], object] = cache(partial(require_sandbox, exercise.packages)) if settings.protected else bool
        if at_once:
            ready()
        yield Farm(None, workers, lambda: workers, ready)
    else:
        with cluster.connected(address, exercise.packages, settings.protected) as there:
            yield Farm(there.run, cluster.MOST_AHEAD, there.ahead, unused=there.refused)


def completed(
    pool: Executor, work: Callable[[str], Graded], students: list[str], ahead: Callable[[], int]
) -> Iterator[tuple[str, Future[Graded], float]]:
    """Each student's future as it is done and how many seconds it took, with only ``ahead()`` of them under way."""
    todo = iter(students)
    running: dict[Future[Graded], tuple[str, float]] = {}

    def fill() -> None:
        for following in islice(todo, max(ahead() - len(running), 0)):
            running[pool.submit(work, following)] = following, time.monotonic()

    fill()
    while running:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            student, begun = running.pop(future)
            yield student, future, time.monotonic() - begun
            fill()


def grade_class(
    course: Course,
    exercise: Exercise,
    *,
    students: tuple[str, ...] = (),
    workers: int = 2,
    anew: bool = False,
    settings: Settings | None = None,
    progress: Progress = lambda what, done, of: None,
    write_pages: bool = True,
    seed: bytes | None = None,
    scheduler: str | None = None,
    agreed: bool = False,
) -> ClassResult:
    """Grade every hand-in of an exercise that is not graded yet; where ``students`` are named, these alone.

    ``workers`` sandboxes run side by side. With ``anew``, everyone is graded, on new challenges. They are drawn
    from ``seed``, by default a new secret. With ``write_pages``, graded notebooks and feedback pages are written too.
    With a ``scheduler``, the address of a Dask cluster's, they run there, as many as it has room for. Unless it is ``agreed``,
    no date may take every mark away.

    Raises CourseError if such a date does, the exercise is not released into the course, or the course is being graded already,
    SandboxUnavailable if no sandbox starts, and ClusterError if the cluster cannot be used; no mark is changed then.
    """
    settings = settings or Settings()
    course.require_released(exercise.slug)
    new = not course.has_secret  # nothing was ever taken in
    with (
        farm(scheduler, workers, exercise, settings, at_once=new) as there,
        only_one(course),
        GradeWriter(course) as writer,
        pages.PageMaker() as maker,
    ):
        remove_parts(course.submitted, course.autograded, course.feedback)
        scratch.remove_leftovers()
        inbox = intake.take_in_all(course, exercise, students, progress, there.ready)
        names = [hand_in.student for hand_in in inbox.hand_ins]
        came = intake.arrivals(course, exercise.slug, names)
        if not agreed:
            dates.require_marks_left(course, writer, exercise.slug, came)
        if anew or waiting(writer, course, exercise, None, names):
            there.ready()
        version = version_here(writer, exercise, version_of(exercise))
        before = {student: by for student, (by, _seed, _signature) in writer.graded_by(exercise.slug).items()}
        run = writer.begin(exercise.slug, version, seed or challenge.new_seed(), anew)
        result = ClassResult(inbox=inbox, unlike_release=writer.unlike_release(exercise))
        todo = waiting(writer, course, exercise, run if anew else None, names)
        work = partial(grade_submission, course, exercise, seed=run.seed, settings=settings, run=there.run)
        feedback = pages.PageWriter(course, exercise.slug, writer, maker)
        if todo and write_pages:
            maker.start()
        # Each sandbox is a process of its own.
        with ThreadPoolExecutor(there.most, thread_name_prefix="sandbox") as pool, stopping_runs():
            for student, future, result.seconds[student] in completed(pool, work, todo, there.ahead):
                try:
                    graded = future.result()
                    writer.write(exercise, run, graded)
                    result.graded.append(student)
                    result.by_other_checks += [student] * (before.get(student, version) != version)
                    if write_pages:
                        feedback.begin(student, graded.notebook)
                except (cluster.ClusterError, DatabaseError):  # nobody can be graded, or no grade be written
                    raise
                except Exception as error:  # one student never holds up another
                    result.failed[student] = why_failed(course, student, error)
                progress("grading", len(result.graded) + len(result.failed), len(todo))
        if not result.failed:
            writer.finish(run)
        writer.apply_dates(exercise.slug, came)
        if write_pages:
            feedback.wait()
            write_missing_pages(course, exercise, writer, feedback, result, progress)
        result.rows = writer.rows(exercise)
        result.unused = dict(there.unused)
    return result


@contextmanager
def stopping_runs() -> Iterator[None]:
    """Let an interruption (Ctrl-C), or the loss of the cluster or the gradebook, end the runs under way: nobody waits."""
    STOP.clear()
    try:
        yield
    except (KeyboardInterrupt, cluster.ClusterError, DatabaseError):
        STOP.set()
        raise


def why_failed(course: Course, student: str, error: Exception) -> str:
    """One sentence for the screen. What was not foreseen is kept whole in the course's log."""
    if isinstance(error, UserError):
        return str(error)
    with open(course.root / LOG, "a", encoding="utf-8", errors="replace") as log:
        log.write(f"{student}\n{''.join(traceback.format_exception(error))}\n")
    return f"an error that was not foreseen ({type(error).__name__}); it stands in {course.root / LOG}."


def write_missing_pages(
    course: Course, exercise: Exercise, writer: GradeWriter, feedback: pages.PageWriter, result: ClassResult,
    progress: Progress,
) -> None:  # fmt: skip
    """Write the graded notebook and feedback page of everyone who has none since they were graded."""
    todo = [
        student
        for student, written in writer.pages_written(exercise.slug).items()
        if not (written and pages.are_there(course, exercise.slug, student))
    ]
    for number, student in enumerate(todo, start=1):
        try:
            feedback.make(student)
        except DatabaseError:
            raise
        except Exception as error:  # one student never holds up another
            why = why_failed(course, student, error)
            result.failed[student] = f"graded, but the pages could not be written: {why}"
        progress("writing feedback", number, len(todo))
    feedback.mark()
