"""The one writer of grades: nbgrader's gradebook, and beside it the outcome of every check.

A student is graded when one transaction says so: points, outcomes and the mark of completion stand in the database together
or not at all. Whether a folder exists says nothing.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from autograder.check import Verdict
from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, id_of_check, question_id
from autograder.grading import database
from autograder.grading.database import opened
from autograder.grading.marks import Marks, read_marks
from autograder.grading.points import Graded, enter, enter_arrivals, enter_dates
from autograder.nbgrader_parts import part

Result = TypeVar("Result")


class NotAgreed(Exception):
    """What would be written is not what was agreed to."""


class Base(DeclarativeBase):
    """Our tables; they live in the same database as nbgrader's."""

    id: Mapped[int] = mapped_column(primary_key=True)


class Run(Base):
    """One grading of one exercise: its secret seed, and whether it came to its end."""

    __tablename__ = "autograder_run"
    assignment: Mapped[str] = mapped_column(sa.String(128), index=True)
    seed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    version: Mapped[str] = mapped_column(sa.String(64))
    finished: Mapped[bool] = mapped_column(default=False)


class GradedRow(Base):
    """A student whose submission is graded: by which run, of which bytes, and whether the feedback page is written."""

    __tablename__ = "autograder_graded"
    assignment: Mapped[str] = mapped_column(sa.String(128))
    student: Mapped[str] = mapped_column(sa.String(128))
    run: Mapped[int] = mapped_column(sa.ForeignKey("autograder_run.id"))
    signature: Mapped[str] = mapped_column(sa.String(64))
    notes: Mapped[str] = mapped_column(sa.Text)
    notebook: Mapped[bytes] = mapped_column(sa.LargeBinary)
    pages_written: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (sa.UniqueConstraint("assignment", "student"),)


class OutcomeRow(Base):
    """How one check of one student ended."""

    __tablename__ = "autograder_outcome"
    assignment: Mapped[str] = mapped_column(sa.String(128), index=True)
    student: Mapped[str] = mapped_column(sa.String(128), index=True)
    check: Mapped[str] = mapped_column("check_name", sa.String(128))
    place: Mapped[int] = mapped_column()
    status: Mapped[str] = mapped_column(sa.String(32))
    points: Mapped[float] = mapped_column()
    message: Mapped[str] = mapped_column(sa.Text)
    mistake: Mapped[str | None] = mapped_column(sa.String(128))
    read: Mapped[str] = mapped_column("read_again", sa.Text)


class PageRow(Base):
    """A feedback page that is written: a digest of the marks that it shows, which people may change at any time."""

    __tablename__ = "autograder_page"
    assignment: Mapped[str] = mapped_column(sa.String(128))
    student: Mapped[str] = mapped_column(sa.String(128))
    shows: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (sa.UniqueConstraint("assignment", "student"),)


@dataclass(frozen=True)
class Outcome:
    """One check of one student, with its points as the gradebook has them.

    ``judged`` is what the judge gave, where a person gave something else.
    """

    verdict: Verdict
    points: float
    judged: float | None = None


@dataclass(frozen=True)
class Row:
    """One student's line in the grade table.

    ``by_hand`` holds what people gave each question that is answered in words; None where nobody has looked yet. ``late`` is by
    how many seconds the hand-in came after its date, and ``taken_off`` what that cost.
    """

    student: str
    outcomes: tuple[Outcome, ...]
    points: float
    most: float
    notes: tuple[str, ...]
    by_hand: dict[str, float | None] = field(default_factory=dict)
    signature: str = ""
    late: float = 0.0
    taken_off: float = 0.0


def begin_gradebook(engine: sa.Engine) -> None:
    """Write the number of nbgrader's newest migration into a database that has no tables yet.

    nbgrader would start the program alembic for it, which takes seconds; it asks only where there is no table.
    """
    with engine.begin() as connection:
        if not sa.inspect(connection).get_table_names():
            stamp(connection)


def migrations() -> Any:
    """nbgrader's migrations, as alembic reads them."""
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return ScriptDirectory(ALEMBIC_DIR)


def stamp(connection: sa.Connection) -> None:
    """Write the number of the newest migration."""
    from alembic.runtime.migration import MigrationContext

    MigrationContext.configure(connection).stamp(migrations(), "head")


@contextmanager
def only_one_begins(engine: sa.Engine) -> Iterator[None]:
    """Where several may begin one gradebook at once, on a server, let one make its tables while the others wait."""
    if engine.dialect.name == "sqlite":  # a lock here would keep nbgrader's own connection out
        yield
    else:
        with engine.begin() as connection:
            database.alone(connection)
            yield


class GradeWriter(AbstractContextManager["GradeWriter"]):
    """One session on the gradebook; every write of grades in the project goes through here."""

    def __init__(self, course: Course) -> None:
        self.course = course
        with ExitStack() as undo, opened(course):
            self.engine = database.engine_for(course)
            undo.callback(self.engine.dispose)
            with only_one_begins(self.engine):
                begin_gradebook(self.engine)
                self.gradebook = part("nbgrader.api").Gradebook(course.db_url, course.course_id)
                undo.callback(self.gradebook.close)
                Base.metadata.create_all(self.engine)
            self.closing = undo.pop_all()

    def __exit__(self, *exception: object) -> None:
        self.closing.close()

    def transaction(self, work: Callable[[Session], Result], writing: bool = False) -> Result:
        """What ``work`` comes to, with all that it writes or nothing; CourseError if the gradebook cannot be used.

        It may be done twice, if the database goes away meanwhile. No other grader writes while ``writing``.
        """

        def once() -> Result:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                if writing:
                    database.alone(session.connection())
                return work(session)

        return self.patiently(once)

    def patiently(self, work: Callable[[], Result]) -> Result:
        """What ``work`` comes to, done again if the database goes away and comes back."""
        return database.patiently(self.course, work)

    def begin(self, slug: str, version: str, seed: bytes, anew: bool) -> Run:
        """Go on with the run that did not come to its end, or start one with the given seed."""

        def begun(session: Session) -> Run:
            open_run = sa.select(Run).where(Run.assignment == slug, Run.finished.is_(False))
            run = None if anew else session.scalars(open_run.order_by(Run.id.desc())).first()
            if run is None or run.version != version:
                session.execute(sa.update(Run).where(Run.assignment == slug).values(finished=True))
                run = Run(assignment=slug, seed=seed, version=version, finished=False)
                session.add(run)
            return run

        return self.transaction(begun, writing=True)

    def unfinished(self, slug: str) -> bool:
        """Whether a run did not come to its end."""
        runs = sa.select(Run.id).where(Run.assignment == slug, Run.finished.is_(False))
        return self.transaction(lambda session: session.scalars(runs).first() is not None)

    def finish(self, run: Run) -> None:
        finished = sa.update(Run).where(Run.id == run.id).values(finished=True)
        self.transaction(lambda session: session.execute(finished), writing=True)

    def up_to_date(self, slug: str, version: str) -> dict[str, str]:
        """The signature that each student was graded on, by this version of the exercise's checks."""
        return self._signatures(GradedRow.assignment == slug, Run.version == version)

    def graded_in(self, run: Run) -> dict[str, str]:
        """The signature of each student that this run has graded."""
        return self._signatures(GradedRow.run == run.id)

    def _signatures(self, *wanted: Any) -> dict[str, str]:
        query = sa.select(GradedRow.student, GradedRow.signature).join(Run, GradedRow.run == Run.id).where(*wanted)
        return self.transaction(lambda session: dict(session.execute(query).all()))

    def write(self, exercise: Exercise, run: Run, graded: Graded) -> None:
        """Write a student's points, outcomes and completion, in one transaction."""

        self.transaction(partial(self._write, exercise, run, graded), writing=True)

    def _write(self, exercise: Exercise, run: Run, graded: Graded, session: Session) -> None:
        key = {"assignment": exercise.slug, "student": graded.student}
        before = session.scalars(sa.select(GradedRow.notebook).filter_by(**key)).one_or_none()
        points = enter(session, self.course, exercise, graded, before)
        for kind in (OutcomeRow, GradedRow):
            session.execute(sa.delete(kind).filter_by(**key))
        session.execute(sa.insert(OutcomeRow), [
            key | asdict(verdict) | {"place": place, "points": points[verdict.check]}
            for place, verdict in enumerate(graded.verdicts)
        ])  # fmt: skip
        about = {"signature": graded.signature, "notes": json.dumps(graded.notes), "notebook": graded.notebook}
        session.execute(sa.insert(GradedRow).values(**key, **about, run=run.id))

    def graded_by(self, slug: str) -> dict[str, tuple[str, bytes, str]]:
        """Of each graded student: by which version of the checks, on which challenges (their seed), and the signature."""
        query = sa.select(GradedRow.student, Run.version, Run.seed, GradedRow.signature)
        query = query.join(Run, GradedRow.run == Run.id).where(GradedRow.assignment == slug)
        return self.transaction(
            lambda session: {name: (version, seed, proof) for name, version, seed, proof in session.execute(query)}
        )

    def regrade(
        self, exercise: Exercise, version: str, anew: Sequence[tuple[Graded, bytes]],
        agreed: tuple[list[Row], list[Row]] | None = None,
    ) -> tuple[list[Row], list[Row]]:  # fmt: skip
        """The tables before and after these are graded, each on challenges of a seed: written only if they are as ``agreed``."""
        tables: tuple[list[Row], list[Row]] = [], []

        def done(session: Session) -> None:
            nonlocal tables
            before = self._rows(exercise, session)
            seeds = dict.fromkeys(seed for _graded, seed in anew)
            runs = {seed: Run(assignment=exercise.slug, seed=seed, version=version, finished=True) for seed in seeds}
            session.add_all(runs.values())
            session.flush()
            for graded, seed in anew:
                self._write(exercise, runs[seed], graded, session)
            if self.course.settings.of(exercise.slug).due is not None:
                enter_dates(session, self.course, exercise.slug)
            tables = before, self._rows(exercise, session)
            if tables != agreed:
                raise NotAgreed

        with suppress(NotAgreed):  # it undoes the transaction
            self.transaction(done, writing=True)
        return tables

    def apply_dates(self, slug: str, arrivals: Mapping[str, str]) -> None:
        """Have the dates of the settings, and when hand-ins came, hold for those who are graded already, without grading anew."""

        def entered(session: Session) -> None:
            if enter_arrivals(session, slug, arrivals) or self.course.settings.of(slug).due is not None:
                enter_dates(session, self.course, slug)

        self.transaction(entered, writing=True)

    def graded_names(self) -> set[str]:
        """The exercises in which anybody is graded."""
        query = sa.select(GradedRow.assignment).distinct()
        return self.transaction(lambda session: set(session.scalars(query)))

    def rows(self, exercise: Exercise) -> list[Row]:
        """The grade table: a line for each graded student, by name."""

        return self.transaction(partial(self._rows, exercise))

    def _rows(self, exercise: Exercise, session: Session) -> list[Row]:
        outcomes, rows = defaultdict[str, list[Outcome]](list), []
        marks = read_marks(session, exercise.slug)
        of_exercise = sa.select(OutcomeRow).filter_by(assignment=exercise.slug)
        for one in session.scalars(of_exercise.order_by(OutcomeRow.place)):
            verdict = Verdict(one.check, one.status, one.message, one.mistake, one.read)
            theirs, cell = marks[one.student], id_of_check(one.check)
            changed = (theirs.points[cell][0], one.points) if cell in theirs.judged else (one.points, None)
            outcomes[one.student].append(Outcome(verdict, *changed))
        graded = sa.select(GradedRow.student, GradedRow.notes, GradedRow.signature)
        for student, notes, signature in sorted(session.execute(graded.filter_by(assignment=exercise.slug)).all()):
            theirs, said = marks[student], tuple(json.loads(notes))
            scores = {one.name: theirs.by_hand(question_id(one)) for one in exercise.questions}
            about = (student, tuple(outcomes[student]), theirs.score, theirs.most, said, scores, signature)
            rows.append(Row(*about, theirs.late, theirs.penalty))
        return rows

    def unlike_release(self, exercise: Exercise) -> dict[str, tuple[float, float]]:
        """The functions and questions whose points in the gradebook are not those declared: both, by their names."""
        api = part("nbgrader.api")
        query = sa.select(api.GradeCell.name, api.GradeCell.max_score).join(api.GradeCell.notebook)
        query = query.join(api.Notebook.assignment).where(api.Assignment.name == exercise.slug)
        entered: dict[str, float] = self.transaction(lambda session: dict(session.execute(query).all()))
        declared = [(one.function, check_id(one), one.points) for one in exercise.checks]
        declared += [(one.name, question_id(one), one.points) for one in exercise.questions]
        return {name: (entered[cell], points) for name, cell, points in declared if entered.get(cell, points) != points}

    def pages_written(self, slug: str) -> dict[str, bool]:
        """Whether each graded student's notebook and feedback page are written, and show today's marks, by name."""
        query = sa.select(GradedRow.student, GradedRow.pages_written).filter_by(assignment=slug)
        pages = sa.select(PageRow.student, PageRow.shows).filter_by(assignment=slug)

        def read(session: Session) -> dict[str, bool]:
            shown, marks = dict(session.execute(pages).all()), read_marks(session, slug)
            rows = sorted(session.execute(query).all())
            return {name: done and shown.get(name) == self._shows(marks[name]) for name, done in rows}

        return self.transaction(read)

    def notebook(self, slug: str, student: str) -> bytes:
        """A student's graded notebook."""
        theirs = sa.select(GradedRow.notebook).filter_by(assignment=slug, student=student)
        return self.transaction(lambda session: session.scalars(theirs).one())

    def marks(self, slug: str, student: str) -> Marks:
        """What a student's feedback page shows of the gradebook."""
        return self.transaction(lambda session: read_marks(session, slug, student)[student])

    def all_taken(self, slug: str) -> bool:
        """Whether lateness has taken all that anybody earned."""
        marks = self.transaction(lambda session: read_marks(session, slug)).values()
        return any(one.penalty for one in marks) and all(one.score <= 0 for one in marks)

    def pages_are_written(self, slug: str, shown: Mapping[str, Marks]) -> None:
        """Enter whose pages are written, and the marks that they show."""

        def write(session: Session) -> None:
            theirs = sa.update(GradedRow).where(GradedRow.assignment == slug, GradedRow.student.in_(shown))
            session.execute(theirs.values(pages_written=True))
            session.execute(sa.delete(PageRow).where(PageRow.assignment == slug, PageRow.student.in_(shown)))
            session.execute(sa.insert(PageRow), [
                {"assignment": slug, "student": student, "shows": self._shows(marks)} for student, marks in shown.items()
            ])  # fmt: skip

        self.transaction(write, writing=True)

    def _shows(self, marks: Marks) -> str:
        return marks.digest(self.course.settings.book)
