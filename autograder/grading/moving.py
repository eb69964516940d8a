"""Moving a course's gradebook into another database: all of it or nothing, and the old one stays as it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from autograder import settings
from autograder.course import Course, CourseError, write_atomically
from autograder.grading import database
from autograder.grading.class_run import only_one
from autograder.grading.gradebook import Base, GradeWriter, migrations, stamp

AT_ONCE = 50  # rows that are held in memory; one may hold a notebook
NUMBERED = "alembic_version"


@dataclass(frozen=True)
class Moved:
    """Where the gradebook was and is now, how many rows each table has, and tables beside it that were left behind."""

    before: str
    after: str
    rows: dict[str, int]
    left: tuple[str, ...]


def move(course: Course, address: str) -> Moved:
    """Copy the course's gradebook into an empty database, compare both, and have ``course.toml`` name the new one.

    A target that holds just the same is a move that was broken off before its last step: that step is done.
    """
    require_own_setting(course)
    target = Course(course.root)
    target.db_url = absolute(address)
    require_lasting(target)
    text = settings.with_database(course.root, target.db_url)
    with only_one(course), GradeWriter(course) as writer, empty_left_as_it_was(target):
        with database.opened(target):
            engine = database.engine_for(target)
            engine.connect().close()
        try:
            with writer.engine.begin() as source, engine.begin() as into:
                database.alone(source)
                if into.dialect.name == "sqlite":  # else it would make tables outside of any transaction
                    database.alone(into)
                wanted = transfer(course, source, target, into)
                others = {*sa.inspect(source).get_table_names()} - {*wanted, NUMBERED}
        except sa.exc.SQLAlchemyError as error:
            told = f"{database.named(target)} does not take the grades over: {database.reason(error)}"
            raise database.DatabaseError(f"{told}. Nothing was moved.") from error
        finally:
            engine.dispose()
    name_in_settings(course, target.db_url, text)
    rows = {name: count for name, (count, _total) in wanted.items()}
    return Moved(course.db_url, target.db_url, rows, tuple(sorted(others)))


def copy_all(course: Course, target: Course) -> None:
    """Copy the course's gradebook, as it is at one moment, into an empty database; CourseError if that cannot be done."""
    with GradeWriter(course) as writer, database.opened(target):
        engine = database.engine_for(target)
        one_moment = writer.engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            with one_moment.begin() as source, engine.begin() as into:
                database.alone(into)  # else SQLite would make tables outside of any transaction
                transfer(course, source, target, into)
        finally:
            engine.dispose()


def transfer(course: Course, source: sa.Connection, target: Course, into: sa.Connection) -> dict[str, tuple[int, int]]:
    """Have all of the source in the target too; return what both hold, as ``digest`` says it."""
    numbers: sa.Select[tuple[str]] = sa.select(sa.column("version_num")).select_from(sa.table(NUMBERED))
    if sorted(source.scalars(numbers)) != sorted(migrations().get_heads()):
        fix = f"run 'nbgrader db upgrade' in {course.root} first"
        raise CourseError(f"{database.named(course)} was made by another version of nbgrader; {fix}.")
    wanted, there = digest(source), {*sa.inspect(into).get_table_names()}
    if not there:
        copy(source, into)
        if digest(into) != wanted:
            fix = "end what else uses it (formgrader, say), and run the same command again"
            raise CourseError(f"{database.named(course)} changed while it was copied; {fix}. Nothing was moved.")
    elif not there >= {*wanted, NUMBERED} or digest(into) != wanted:
        raise CourseError(f"{database.named(target)} is not empty; name one that is. Nothing was moved.")
    return wanted


def tables() -> list[sa.Table]:
    """nbgrader's tables and ours, those first that others refer to."""
    from nbgrader import api

    return [*api.Base.metadata.sorted_tables, *Base.metadata.sorted_tables]


def parts(connection: sa.Connection, table: sa.Table) -> Iterator[Any]:
    """A table's rows, a few at a time."""
    return connection.execute(sa.select(table), execution_options={"yield_per": AT_ONCE}).partitions()


def digest(connection: sa.Connection) -> dict[str, tuple[int, int]]:
    """How many rows each table has, and a sum over them that does not depend on their order."""
    found = {}
    for table in tables():
        count = total = 0
        for part in parts(connection, table):
            count += len(part)
            total += sum(int.from_bytes(hashlib.sha256(repr(tuple(row)).encode()).digest()) for row in part)
        found[table.name] = (count, total % 2**256)
    return found


def copy(source: sa.Connection, into: sa.Connection) -> None:
    """Make the tables in an empty database and fill them."""
    from nbgrader import api

    stamp(into)
    for base in (api.Base, Base):
        base.metadata.create_all(into)
    for table in tables():
        for part in parts(source, table):
            into.execute(table.insert(), [dict(row._mapping) for row in part])
        number = table.autoincrement_column
        if into.dialect.name == "postgresql" and number is not None:  # it goes on counting after what was copied
            following = sa.select(sa.func.coalesce(sa.func.max(number), 0) + 1).scalar_subquery()
            into.execute(sa.select(sa.func.setval(f"{table.name}_{number.name}_seq", following, False)))


def absolute(address: str) -> str:
    """An address of a file that means the same wherever a command is run."""
    kind, slashes, file = address.partition(":///")
    is_file = kind.startswith("sqlite") and file not in ("", ":memory:") and "?" not in file
    return f"{kind}{slashes}{Path(file).resolve()}" if is_file else address


def require_lasting(target: Course) -> None:
    """Refuse a database that ends with the process."""
    url = database.address(target)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise CourseError("A gradebook in memory would be lost; name a file, such as sqlite:////srv/gradebook.db.")


def require_own_setting(course: Course) -> None:
    """Refuse a course whose gradebook is named elsewhere: what ``course.toml`` says would not hold."""
    if settings.DATABASE in os.environ:
        raise CourseError(f"The variable {settings.DATABASE} names the gradebook; take it away first.")
    if course.config.CourseDirectory.get("db_url") != course.settings.database:
        config = course.root / "nbgrader_config.py"
        raise CourseError(f"{config} names the gradebook (db_url), not course.toml; take that line away first.")


@contextmanager
def empty_left_as_it_was(target: Course) -> Iterator[None]:
    """Leave no new file of SQLite behind if nothing was moved into it."""
    url = database.address(target)
    file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    new = file is not None and not file.exists()
    try:
        yield
    except BaseException:
        if new and file is not None:
            file.unlink(missing_ok=True)
        raise


def name_in_settings(course: Course, address: str, text: str) -> None:
    """Have ``course.toml`` hold ``text``. With a password in this address, it is no longer for everyone to read."""
    path = course.root / settings.FILE
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    write_atomically(path, text.encode(), mode & 0o770 if settings.without_password(address) != address else mode)
