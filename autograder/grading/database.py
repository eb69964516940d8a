"""The database below a gradebook: its address without the password, and transactions that outlive a restart of its server."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa

from autograder.course import Course, CourseError
from autograder.settings import without_password

Result = TypeVar("Result")

# Seconds between the tries to reach a server that went away, and after how many that is said.
PAUSES = (0.1, 0.2, 0.4, 0.8, *(2.0,) * 30)
SAID_AFTER = 4
CONNECT_SECONDS = 10
ADDRESS = "an address such as postgresql://USER@HOST/DATABASE, in which %40 stands for an @ in a name or a password"
# Who holds this number in PostgreSQL writes grades. Any will do that no other program takes.
WRITING = 0x6772616465
# Two transactions came in each other's way: serialization_failure, deadlock_detected.
TRY_AGAIN = ("40001", "40P01")


class DatabaseError(CourseError):
    """The gradebook's database cannot be used: nothing that needs it can go on."""


def named(course: Course) -> str:
    """The gradebook in a sentence."""
    return f"The gradebook {without_password(course.db_url)}"


def address(course: Course) -> sa.URL:
    """The parts of the gradebook's address. One that cannot be read is not shown, since any part may be a password."""
    try:
        url = sa.make_url(course.db_url)
        divided = "@" in (url.host or "") or (url.host is not None and "@" in (url.database or ""))
    except (sa.exc.ArgumentError, ValueError):
        divided = True
    if divided:
        raise DatabaseError(
            f"The gradebook's address (database in course.toml, or --db) cannot be read; it takes {ADDRESS}."
        )
    return url


def engine_for(course: Course) -> sa.Engine:
    """A pool of connections that tries each one before it is used."""
    url = address(course)
    connect = {}
    if url.get_backend_name() == "postgresql" and url.get_driver_name().startswith("psycopg"):
        connect = {"connect_timeout": url.query.get("connect_timeout", CONNECT_SECONDS)}
    return sa.create_engine(url, connect_args=connect, pool_pre_ping=url.get_backend_name() != "sqlite")


def reason(error: BaseException) -> str:
    """What the database or its driver says, in one line."""
    lines = [line.strip() for line in str(error.__cause__ or error).splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith("- ")), lines[0] if lines else type(error).__name__)
    return re.sub(r"^(- .*?)?connection (failed|is bad): ", "", said).rstrip(".")


def remedy(said: str) -> str:
    """What to do about why a connection could not be made."""
    if "password" in said:
        return "put the right password into ~/.pgpass or the variable PGPASSWORD"
    if "database" in said and "not exist" in said:
        return "make it ('createdb' does), or name another in course.toml"
    return "see that it is there and may be used, or name another (database in course.toml, or --db)"


@contextmanager
def opened(course: Course) -> Iterator[None]:
    """Say in one sentence why a gradebook cannot be opened."""
    try:
        yield
    except ImportError as error:
        raise DatabaseError(f"{named(course)} needs the package {error.name}; install it.") from error
    except sa.exc.NoSuchModuleError as error:
        raise DatabaseError(f"{named(course)} is of a kind that is not known here; it takes {ADDRESS}.") from error
    except sa.exc.SQLAlchemyError as error:
        said = reason(error)
        raise DatabaseError(f"{named(course)} cannot be opened: {said}; {remedy(said)}.") from error


def passes(error: sa.exc.DBAPIError) -> bool:
    """Whether the same work may succeed in a moment: the server went away, or two transactions met."""
    at_connecting = error.statement is None and isinstance(error, sa.exc.OperationalError)
    return error.connection_invalidated or at_connecting or getattr(error.orig, "sqlstate", None) in TRY_AGAIN


def patiently(course: Course, work: Callable[[], Result]) -> Result:
    """What ``work`` comes to, done again while a server that went away has time to come back.

    Whether a commit was done before its answer was lost is not known: what is done twice must come to the same.
    """
    for tried, pause in enumerate((*PAUSES, None)):
        try:
            return work()
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            said, what_to_do = reason(error), "run the same command again: what is graded is kept"
            if "full" in said:
                raise DatabaseError(f"{named(course)} cannot grow ({said}); make room, and {what_to_do}.") from error
            if course.db_url.startswith("sqlite") or not passes(error):
                what_to_do = "if another program holds it (formgrader, say), end that, and run the same command again"
                raise DatabaseError(f"{named(course)} cannot be used now ({said}); {what_to_do}.") from error
            if pause is None:
                gone = f"{named(course)} went away and did not come back ({said})"
                raise DatabaseError(f"{gone}; start its server, and {what_to_do}.") from error
        if tried == SAID_AFTER:
            sys.stderr.write(f"{named(course)} does not answer; waiting a minute for it to come back.\n")
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def alone(connection: sa.Connection) -> None:
    """Let no other grader write until this transaction ends: what is read in it is still so when it is written."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITING)))
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
