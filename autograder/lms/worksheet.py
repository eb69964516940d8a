"""Moodle's grading worksheet: who a participant's number is, when they handed in, and where marks go.

Source: Moodle 4.x, mod/assign/feedback/offline: the columns Identifier, Grade and Last modified (grade) are what is read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dateutil import parser

from autograder.lms.layouts import HandedIn
from autograder.lms.roster import RosterError, table_of

IDENTIFIER, MODIFIED = "identifier", "last modified (submission)"
WHAT = "Moodle's grading worksheet"


def read(path: Path, timezone: str) -> dict[str, dict[str, str]]:
    """The rows by participant's number. Raises RosterError if it is no worksheet."""
    rows = {}
    for number, row in enumerate(table_of(path, (IDENTIFIER,), WHAT), start=2):
        found = re.search(r"\d+$", row[IDENTIFIER].strip())
        if found is None:
            raise RosterError(f"{path}, line {number}: {row[IDENTIFIER]!r} is no participant's number.")
        when = row.get(MODIFIED, "").strip()
        if when and when != "-" and moment(when, timezone) is None:
            raise RosterError(
                f"{path}, line {number}: {when!r} cannot be read as a date; export it with Moodle in English."
            )
        rows[found[0]] = row | {"zone": timezone}
    return rows


def moment(text: str, timezone: str) -> datetime | None:
    try:
        found: datetime = parser.parse(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))


def complete(attempts: Iterable[HandedIn], rows: dict[str, dict[str, str]]) -> None:
    """Give each attempt the time and the address that the worksheet has for its number."""
    for one in attempts:
        row = rows.get(one.envelope.id)
        if row is not None:
            one.when = moment(row.get(MODIFIED, ""), row["zone"]) or one.when
            one.envelope = replace(one.envelope, email=row.get("email address", "").strip())
