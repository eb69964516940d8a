"""How learning management systems lay out what they give to download: whose each file is, when it came, and if it was late.

Sources: Moodle 4.1 and later, mod/assign/locallib.php and feedback/file/importziplib.php (name_number_plugintype_plugin, with
a last underscore before 4.1, and in the files' own names where folders are switched off); Canvas, the file names of "Download
Submissions"; Gradescope, submission_metadata.yml of "Export Submissions"; Brightspace, "number-number - name - date" of
"Download" in Assignments; Blackboard Learn, title_user_attempt_date of "Assignment File Download".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from autograder.lms.roster import Envelope

METADATA = "submission_metadata.yml"
LARGEST_METADATA = 16 << 20


@dataclass
class HandedIn:
    """One attempt of one student. ``when`` is the system's own time; of ``late``, None is not known.

    ``prefix`` is what the system reads to know whose a file is that comes back; ``files`` are paths below the download, each
    with the name that it had for the student.
    """

    envelope: Envelope
    files: dict[str, str] = field(default_factory=dict)
    when: datetime | None = None
    late: bool | None = None
    attempt: int = 0
    prefix: str = ""


class Download:
    """What a layout makes of the files of a download: attempts by a key of the layout's own, and what belongs to nobody."""

    def __init__(self) -> None:
        self.found: dict[Any, HandedIn] = {}
        self.unread: dict[str, str] = {}

    def add(self, key: Any, one: HandedIn, path: str, name: str) -> None:
        self.found.setdefault(key, one).files[path] = name


Names = list[str]
Layout = Callable[[Names, Path, ZoneInfo], Download]

MOODLE = re.compile(
    r"(?P<name>[^/_]*)_(?P<id>\d+)_(?P<type>assignsubmission)_(?P<plugin>file|onlinetext)(?:_(?P<rest>.*))?", re.DOTALL
)
CANVAS = re.compile(
    r"(?P<name>[^/_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<attachment>\d+|text)(?:_(?P<rest>.+)|(?P<text>\.html))",
    re.DOTALL,
)
AGAIN = re.compile(r"-(\d+)(\.[^.]+)$")  # Canvas numbers a file that is handed in once more
BRIGHTSPACE = re.compile(
    r"(?P<id>\d+)-(?P<folder>\d+)? ?- (?P<name>.+?) - (?P<when>[^/]+?\d{3,4}\s?[AP]M)(?: - (?P<rest>.+))?"
)
BLACKBOARD = re.compile(
    r"(?P<title>.+?)_(?P<id>[^_/]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|(?P<text>\.txt))", re.DOTALL
)
GRADESCOPE = re.compile(r"submission_\d+")


def moodle(names: Names, _folder: Path, _zone: ZoneInfo) -> Download:
    """A folder for each student, or each file with the folder's name before its own; texts written online come as HTML."""
    found = Download()
    for path in names:
        parts = PurePosixPath(path).parts
        place, match = first_match(MOODLE, parts)
        if match is None:
            found.unread[path] = "its name does not say whose it is"
            continue
        inside = [match["rest"] or "", *parts[place + 1 :]]
        name = "/".join(filter(None, inside)) or parts[-1]
        prefix = f"{match['name']}_{match['id']}"
        found.add(match["id"], HandedIn(Envelope(match["name"].strip(), match["id"]), prefix=prefix), path, name)
    return found


def canvas(names: Names, _folder: Path, _zone: ZoneInfo) -> Download:
    """Files side by side: name_LATE_user_attachment_file, and -1, -2 … before the ending of one that came once more."""
    found = Download()
    for path in names:
        match = CANVAS.fullmatch(PurePosixPath(path).name)
        if match is None:
            found.unread[path] = "its name does not say whose it is"
            continue
        rest = match["rest"] or "text.html"
        again = AGAIN.search(rest)
        attempt = int(again[1]) if again else 0
        late = "LATE_" if match["late"] else ""
        one = HandedIn(
            Envelope(match["name"], match["id"]), late=bool(match["late"]), attempt=attempt,
            prefix=f"{match['name']}_{late}{match['id']}_{match['attachment']}",
        )  # fmt: skip
        found.add((match["id"], attempt), one, path, AGAIN.sub(r"\2", rest))
    return found


def gradescope(names: Names, folder: Path, _zone: ZoneInfo) -> Download:
    """A folder for each submission, and a file that says of each who, and when."""
    found = Download()
    told = [path for path in names if PurePosixPath(path).name == METADATA]
    about = metadata(folder / told[0]) if told else {}
    for path in names:
        parts = PurePosixPath(path).parts
        place, match = first_match(GRADESCOPE, parts)
        said = about.get(match[0]) if match else None
        if path in told:
            continue
        if match is None or not isinstance(said, dict):
            found.unread[path] = f"{METADATA} does not say whose it is"
            continue
        for number, submitter in enumerate(said.get(":submitters") or ()):
            if isinstance(submitter, dict):
                who = Envelope(*(str(submitter.get(key) or "") for key in (":name", ":sid", ":email")))
                one = HandedIn(who, when=moment(said.get(":created_at")), prefix=match[0])
                found.add((match[0], number), one, path, "/".join(parts[place + 1 :]))
    return found


def metadata(path: Path) -> dict[str, Any]:
    """Gradescope's file. Raises ValueError if it is none."""
    if path.stat().st_size > LARGEST_METADATA:
        raise ValueError(f"{METADATA} is too large")
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{METADATA} cannot be read: {' '.join(str(error).split())}") from error
    return read if isinstance(read, dict) else {}


def brightspace(names: Names, _folder: Path, zone: ZoneInfo) -> Download:
    """A folder for each attempt, whose name ends with the date, beside an index.html."""
    found = Download()
    for path in names:
        parts = PurePosixPath(path).parts
        place, match = first_match(BRIGHTSPACE, parts)
        if match is None:
            if parts[-1] != "index.html":
                found.unread[path] = "its name does not say whose it is"
            continue
        when = dated(match["when"], zone)
        name = "/".join(filter(None, [match["rest"], *parts[place + 1 :]]))
        one = HandedIn(Envelope(match["name"].strip(), match["id"]), when=when, prefix=match[0])
        found.add((match["id"], match["when"]), one, path, name)
    return found


def blackboard(names: Names, _folder: Path, zone: ZoneInfo) -> Download:
    """Files side by side: title_user_attempt_date_file, and for each attempt a text without the file's name."""
    found = Download()
    for path in names:
        match = BLACKBOARD.fullmatch(PurePosixPath(path).name)
        if match is None:
            found.unread[path] = "its name does not say whose it is"
            continue
        when = read_as(match["when"], zone, "%Y-%m-%d-%H-%M-%S")
        one = HandedIn(Envelope("", match["id"]), when=when, prefix=f"{match['title']}_{match['id']}")
        if match["rest"]:
            found.add((match["id"], match["when"]), one, path, match["rest"])
        else:
            found.found.setdefault((match["id"], match["when"]), one)
    return found


LAYOUTS: dict[str, Layout] = {
    "moodle": moodle, "canvas": canvas, "gradescope": gradescope, "brightspace": brightspace, "blackboard": blackboard,
}  # fmt: skip


def first_match(pattern: re.Pattern[str], parts: tuple[str, ...]) -> tuple[int, re.Match[str] | None]:
    """The outermost name of a path that a pattern fits: who handed in never depends on what lies inside."""
    for place, part in enumerate(parts):
        match = pattern.fullmatch(part)
        if match:
            return place, match
    return 0, None


def recognised(names: Names, folder: Path, zone: ZoneInfo) -> str | None:
    """The system whose layout fits most of the files, if it fits any."""
    if any(PurePosixPath(path).name == METADATA for path in names):
        return "gradescope"
    fits = {
        system: len(names) - len(LAYOUTS[system](names, folder, zone).unread)
        for system in ("moodle", "blackboard", "brightspace", "canvas")
    }
    best = max(fits, key=fits.__getitem__)
    return best if fits[best] and any(LAYOUTS[best](names, folder, zone).found) else None


def moment(said: Any) -> datetime | None:
    """A time with its zone; YAML reads some as times, and leaves others as text."""
    if isinstance(said, str):
        try:
            said = datetime.fromisoformat(said.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(said, datetime):
        return None
    return said if said.tzinfo else said.replace(tzinfo=ZoneInfo("UTC"))


def dated(text: str, zone: ZoneInfo) -> datetime | None:
    """Brightspace's date, "Nov 3, 2025 1130 AM", in the course's zone."""
    pressed = re.sub(r"(\d{1,2})(\d\d)\s?([AP]M)$", r"\1:\2 \3", text.replace(",", "").strip())
    return read_as(pressed, zone, "%b %d %Y %I:%M %p", "%B %d %Y %I:%M %p")


def read_as(text: str, zone: ZoneInfo, *forms: str) -> datetime | None:
    """A time in one of these forms; None if it is in none."""
    for form in forms:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    return None
