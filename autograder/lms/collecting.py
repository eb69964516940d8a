"""Collecting: a system's download, the roster and the released notebooks decide whose work on what goes into the inbox.

Nothing that was handed in is lost or passed over: all of it is kept in ``collected/``, and what is not graded is named.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import nbformat

from autograder import envelopes
from autograder.course import Course, CourseError, write_atomically
from autograder.errors import UserError
from autograder.exercise import Exercise
from autograder.grading import attempts
from autograder.grading.files import LARGEST_FILE, Unreadable, is_sweeping, shown
from autograder.grading.reading import defined_functions, parse
from autograder.lms import layouts, roster, worksheet
from autograder.lms.layouts import HandedIn
from autograder.sandbox import scratch

UNKNOWN = "nobody"
MOST_BYTES, MOST_FILES, DEEPEST = 4 << 30, 50_000, 3
MOST_OF_ONE = 256 << 20  # what the archives of one hand-in may hold together
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json", ".json")

Progress = Callable[[str, int, int], None]


class CollectError(UserError):
    """A download that cannot be collected; nothing was changed."""


@dataclass
class Collected:
    """What became of a download, by student or file: a line each."""

    system: str
    taken: dict[tuple[str, str], str] = field(default_factory=dict)  # (exercise, student): what there is to say
    late: set[tuple[str, str]] = field(default_factory=set)
    earlier: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)


@contextmanager
def opened(source: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """The folder of a download, the files in it, and the names of what is not read. Raises CollectError."""
    if source.is_dir():
        yield source, *listed(source)
        return
    if not source.exists():
        raise CollectError(
            f"{source} is not there; name the download, a zip file or the folder that it was unpacked into."
        )
    with scratch.folder("collect") as place:
        folder = Path(place)
        try:
            left_out = envelopes.unpack(source, folder, MOST_BYTES, MOST_FILES)
        except envelopes.BAD as error:
            said = str(error).splitlines()[0].rstrip(":") if str(error) else type(error).__name__
            raise CollectError(f"{source} cannot be unpacked ({said}); download it again.") from error
        names, links = listed(folder)
        yield folder, names, [*left_out, *links]


def listed(folder: Path) -> tuple[list[str], list[str]]:
    """The regular files below a folder, and what is a link or a device, by their paths in it."""
    files, others = [], []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(is_sweeping(part) for part in parts):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            others.append("/".join(parts))
        elif path.is_file():
            files.append("/".join(parts))
    return files, others


def collect(
    course: Course, source: Path, class_list: Path, system: str = "auto", slug: str | None = None,
    sheet: Path | None = None, progress: Progress = lambda what, done, of: None,
) -> Collected:  # fmt: skip
    """Take a download into the inbox.

    ``slug`` names the exercise that was handed in; without it, each notebook says so itself. ``sheet`` is Moodle's grading
    worksheet, which has the times and the addresses. Raises CollectError or RosterError, with nothing changed.
    """
    known = roster.read(class_list)
    sheet_rows = worksheet.read(sheet, course.settings.timezone) if sheet is not None else {}
    names_of = released_names(course)
    if slug is not None and slug not in names_of:
        course.require_released(slug)
    if not names_of:
        raise CourseError(
            f"No exercise is released into {course.root}; run 'autograder release --course {course.root}'."
        )
    with opened(source) as (folder, names, left_out):
        zone = ZoneInfo(course.settings.timezone)
        if system == "auto":
            found = layouts.recognised(names, folder, zone)
            if found is None:
                raise CollectError(
                    f"{source} is laid out like no system's download that is known here; say which with --from, or put the "
                    "files into inbox/STUDENT/EXERCISE/ yourself."
                )
            system = found
        try:
            download = layouts.LAYOUTS[system](names, folder, zone)
        except ValueError as error:
            raise CollectError(f"{source}: {error}; download it again.") from error
        if not download.found:
            raise CollectError(f"{source} holds nothing that {system} would have laid out so; is --from right?")
        if sheet_rows:
            worksheet.complete(download.found.values(), sheet_rows)
        who = known.everyone([one.envelope for one in download.found.values()], system)
        desk = Desk(course, folder, known, who, system, slug, names_of, Collected(system))
        everyone = sorted(download.found.values(), key=lambda one: (one.when is not None, one.when or 0, one.attempt))
        for number, one in enumerate(everyone, start=1):
            desk.take(one)
            progress("collecting", number, len(everyone))
        for path, why in download.unread.items():
            desk.keep_unknown(path)
            desk.told.unread.append(f"{shown_path(path)}: {why}")
        desk.told.unread += [f"{shown_path(path)}: it is a link, or would leave its folder" for path in left_out]
    write_atomically(course.root / roster.FILE, class_list.read_bytes())
    desk.say_missing()
    return desk.told


def released_names(course: Course) -> dict[str, frozenset[str]]:
    """The names of the cells that each released exercise asks to fill or checks."""
    found = {}
    for path in sorted((course.root / "release").glob("*/*.ipynb")):
        if path.stem == path.parent.name:
            cells = nbformat.read(path, as_version=4).cells
            named = (cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells)
            found[path.stem] = frozenset(name for name in named if name)
    return found


@dataclass
class Desk:
    """Where one download is taken in."""

    course: Course
    folder: Path
    known: roster.Roster
    who: dict[roster.Envelope, roster.Student | str]
    system: str
    slug: str | None
    names_of: dict[str, frozenset[str]]
    told: Collected
    left: int = 0  # bytes that may still come out of this hand-in's archives

    def take(self, one: HandedIn) -> None:
        """Find out whose an attempt is and what it is work on, keep all of it, and put the newest into the inbox."""
        student, self.left = self.who[one.envelope], MOST_OF_ONE
        files = {name: (self.folder / path).read_bytes() for path, name in one.files.items() if self.fits(path)}
        files = self.without_archives(files)
        if isinstance(student, str):
            for name, data in files.items():
                self.write_unknown(str(one.envelope), name, data)
            names = ", ".join(map(shown_path, one.files.values())) or "no file"
            self.told.unknown.append(f"{shown_path(str(one.envelope))}: {names}: {student}")
            return
        work = self.work_in(files)
        if not work:
            names = ", ".join(map(shown_path, files)) or "no file"
            self.told.unread.append(f"{student.id}: {names}: no notebook of an exercise")
            self.keep(student.id, self.slug or UNKNOWN, files)
        for slug, name in work.items():
            self.place(student.id, slug, one, files, name)
        beside = [name for name in files if name not in work.values() and not self.belongs(name, work)]
        if work and beside:
            self.told.unread.append(
                f"{student.id}: {', '.join(map(shown_path, beside))}: not read, beside the notebook"
            )

    def fits(self, path: str) -> bool:
        """Whether a file is small enough to be read; one that is not is named."""
        small = (self.folder / path).stat().st_size <= LARGEST_FILE
        if not small:
            self.told.unread.append(f"{shown_path(path)}: it has more than {LARGEST_FILE >> 20} MB")
        return small

    def without_archives(self, files: dict[str, bytes], deepest: int = DEEPEST) -> dict[str, bytes]:
        """A student's own archives with what is in them in their place; one that cannot be unpacked stays what it is."""
        found: dict[str, bytes] = {}
        for name, data in files.items():
            inner = self.unpacked(name, data) if deepest and envelopes.is_archive(Path(name)) else None
            if inner is None:
                found[name] = data
            else:
                found |= self.without_archives(inner, deepest - 1)
        return found

    def unpacked(self, name: str, data: bytes) -> dict[str, bytes] | None:
        with scratch.folder("collect") as place:
            archive, into = Path(place) / "archive.zip", Path(place) / "files"
            archive.write_bytes(data)
            try:
                left_out = envelopes.unpack(archive, into, self.left)
            except envelopes.BAD as error:
                self.told.unread.append(f"{shown_path(name)}: it cannot be unpacked ({error})")
                return None
            names, links = listed(into)
            self.told.unread += [f"{shown_path(path)}: it would leave its folder" for path in (*left_out, *links)]
            found = {f"{envelopes.bare(Path(name))}/{path}": (into / path).read_bytes() for path in names}
            self.left -= sum(map(len, found.values()))
            return found

    def work_in(self, files: dict[str, bytes]) -> dict[str, str]:
        """The exercises that an attempt has notebooks of, each with the one that counts: by its cells, not by its name."""
        said: dict[str, list[tuple[bool, int, str]]] = {}
        for place, (name, data) in enumerate(files.items()):
            if name.lower().endswith(NOTEBOOKS):
                slug = self.exercise_of(name, data)
                if slug is not None:
                    said.setdefault(slug, []).append((Path(name).name == f"{slug}.ipynb", -place, name))
        return {slug: max(ways)[2] for slug, ways in said.items()}

    def exercise_of(self, name: str, data: bytes) -> str | None:
        """The exercise whose cells a notebook has most of; else the one that was named, or that its name begins with."""
        try:
            cells = parse(data)
        except Unreadable:
            cells = []  # grading says what is wrong with it
        have = {cell.grade_id or cell.id for cell in cells}
        for cell in cells:  # where an editor left neither: cells to fill in have the names of their functions
            have |= defined_functions(cell.source) if cell.kind == "code" else set()
        shared = Counter({slug: len(names & have) for slug, names in self.names_of.items()})
        if self.slug is not None and shared[self.slug] >= max(shared.values()):
            return self.slug if name.lower().endswith(NOTEBOOKS[:3]) or shared[self.slug] else None
        best, count = shared.most_common(1)[0]
        if count:
            return best
        return next((slug for slug in self.names_of if Path(name).name.startswith(slug)), None)

    def belongs(self, name: str, work: dict[str, str]) -> bool:
        """Whether a file is handed in with one of the notebooks, or is one that students were given."""
        last = Path(name).name
        given = {path.name for slug in work for path in self.course.released(slug).parent.rglob("*") if path.is_file()}
        return last in given or any(last in self.exercise(slug).files for slug in work)

    def exercise(self, slug: str) -> Exercise:
        return self.course.exercise(slug)

    def place(self, student: str, slug: str, one: HandedIn, files: dict[str, bytes], name: str) -> None:
        """Keep an attempt; if it is the newest, it goes into the inbox, and what lay there is kept too."""
        data = files[name]
        before = attempts.read(self.course, slug, student) or {}
        was = before.get("when"), before.get("attempt", 0)
        now = (one.when.astimezone(UTC).isoformat() if one.when else None), one.attempt
        older = (was[0] and now[0] and now[0] < was[0]) or (was[0] == now[0] and now[1] < was[1])
        self.keep(student, slug, files)
        if older:
            self.told.earlier.append(f"{student}: {slug}: an earlier attempt is kept; the newest counts")
            return
        if (slug, student) in self.told.taken:
            self.told.earlier.append(f"{student}: {slug}: came more than once; the newest counts")
        target = self.course.inbox / student / slug / f"{slug}.ipynb"
        same = target.is_file() and target.read_bytes() == data
        if not same:
            self.keep_what_lies(target.parent, slug, student)
            write_atomically(target, data)
        for wanted in self.exercise(slug).files:
            own = next((content for path, content in files.items() if Path(path).name == Path(wanted).name), None)
            if own is not None:
                write_atomically(target.parent / wanted, own)
        about = {"from": self.system, "when": now[0], "late": one.late, "attempt": one.attempt, "prefix": one.prefix,
                 "name": one.envelope.name, "id": one.envelope.id, "email": one.envelope.email}  # fmt: skip
        attempts.write(self.course, slug, student, {**about, "digest": attempts.digest(data), "file": name})
        self.told.taken[slug, student] = "unchanged" if same else ""
        if one.late:
            self.told.late.add((slug, student))

    def keep_what_lies(self, folder: Path, slug: str, student: str) -> None:
        """Move what somebody laid into the inbox by hand out of the way; what was collected is kept already."""
        if folder.is_dir() and any(folder.iterdir()):
            name = datetime.now(UTC).strftime("replaced-%Y%m%d-%H%M%S-%f")
            kept = attempts.folder_of(self.course, slug, student) / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, kept)

    def keep(self, student: str, slug: str, files: dict[str, bytes]) -> None:
        """Keep an attempt whole, in a folder named by what is in it: the same attempt twice is kept once."""
        whole = attempts.digest(b"".join(f"{key}\0".encode() + data for key, data in sorted(files.items())))[:16]
        folder = attempts.folder_of(self.course, slug, student) / f"attempt-{whole}"
        for number, (key, data) in enumerate(sorted(files.items()), start=1):
            write_once(folder / f"{number:02}-{kept_as(key)}", data)

    def keep_unknown(self, path: str) -> None:
        if self.fits(path):
            self.write_unknown(self.system, path, (self.folder / path).read_bytes())

    def write_unknown(self, whose: str, name: str, data: bytes) -> None:
        folder = self.course.root / attempts.FOLDER / UNKNOWN / kept_as(whose)
        write_once(folder / f"{attempts.digest(data)[:8]}-{kept_as(name)}", data)

    def say_missing(self) -> None:
        """Who of the roster handed in nothing, for each exercise that anybody handed in."""
        for slug in sorted({slug for slug, _student in self.told.taken} | ({self.slug} if self.slug else set())):
            have = {student for other, student in self.told.taken if other == slug}
            here = {one.id for one in self.known.students if (self.course.inbox / one.id / slug).is_dir()}
            self.told.missing[slug] = sorted({one.id for one in self.known.students} - have - here)


def kept_as(name: str) -> str:
    """The name under which we keep something that was called so: one that a file can have, in no other folder."""
    return shown(name.replace("/", "_")).lstrip(".") or "_"


def write_once(path: Path, data: bytes) -> None:
    if not path.exists():
        write_atomically(path, data)


def shown_path(path: str) -> str:
    return "/".join(map(shown, path.split("/")))
