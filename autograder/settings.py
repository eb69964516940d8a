"""A course's settings: what ``course.toml`` may say, and every mistake in it told with its line."""

import difflib
import json
import math
import os
import re
import tomllib
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from autograder.errors import UserError

FILE = "course.toml"
DATABASE = "AUTOGRADER_DATABASE"  # the variable that names another database than the file
LARGEST_FILE = 1_000_000
PART = r"""(?:[\w-]++|"(?:\\.|[^"\\\n])*+"|'[^'\n]*+')"""  # of a dotted key
KEY = rf"{PART}(?:[ \t]*\.[ \t]*{PART})*+"
# Headers, keys, and what is read only to be passed over: strings, comments and bare values; brackets.
TOKEN = re.compile(
    rf"(?ms)^[ \t]*\[(\[)?[ \t]*(?P<header>{KEY})[ \t]*\](?(1)\])[ \t]*(?=#|$)|(?P<key>{KEY})[ \t]*="
    r"""|"{3}(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\])*+"|'[^']*+'|#[^\n]*|[\w-]++|[][{}]"""
)


class SettingsError(UserError):
    """A mistake in a course's settings; the message says where it stands and what belongs there."""


@dataclass(frozen=True)
class Late:
    """What handing in late costs: a part of the points earned, for each day begun once the grace is over."""

    grace_hours: float = 0.0
    percent_per_day: float = 0.0
    most_percent: float = 100.0

    def penalty(self, seconds_late: float, score: float) -> float:
        """The points taken off, never more than there are."""
        days = math.ceil(max(seconds_late - self.grace_hours * 3600, 0) / 86400)
        return max(score, 0.0) * (min(days * self.percent_per_day, self.most_percent, 100) / 100)


@dataclass(frozen=True)
class ExerciseSettings:
    """One exercise's settings; of ``functions``, None stands for all."""

    functions: tuple[str, ...] | None = None
    points: Mapping[str, float] = field(default_factory=dict)
    due: datetime | None = None
    extensions: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class CourseSettings:
    """A course's settings; ``lines`` says where in the file at ``path`` each dotted key that it sets stands."""

    name: str = "course"
    language: str = "en"
    book: str = ""
    timezone: str = "UTC"
    workers: int = 2
    database: str | None = None
    cluster: str | None = None
    folders: tuple[Path, ...] = ()
    exercises: tuple[str, ...] | None = None
    follow_on_percent: float = 0.0
    late: Late = Late()
    by_exercise: Mapping[str, ExerciseSettings] = field(default_factory=dict)
    path: Path = Path(FILE)
    lines: Mapping[str, int] = field(default_factory=dict)

    def of(self, slug: str) -> ExerciseSettings:
        return self.by_exercise.get(slug, ExerciseSettings())


# ---- Checks give the value to keep, or raise ValueError, which may say what the value does wrong.
Check = Callable[[Any, CourseSettings], Any]


def must(hold: bool, wrong: str = "") -> None:
    if not hold:
        raise ValueError(wrong)


def matching(pattern: str, value: Any, _: CourseSettings) -> str:
    must(isinstance(value, str) and re.fullmatch(pattern, value) is not None)
    return str(value)


def number(least: int, most: int, kind: type[int] | type[float] = float) -> tuple[str, Check]:
    """What a number takes, in words, and its check."""

    def check(value: Any, _: CourseSettings) -> float:
        must(isinstance(value, (int, kind)) and not isinstance(value, bool) and least <= value <= most)
        return kind(value)

    return f"a {'whole ' if kind is int else ''}number from {least} to {most}", check


def address(value: Any, settings: CourseSettings) -> str:
    """A database's address. A wrong one is not shown: it may hold a password."""
    try:
        return matching(r"[a-z]\w*(\+\w+)?://[^\0-\x1f\x7f]*", value, settings)
    except ValueError as error:
        raise ValueError("is no address of a database") from error


def zone(value: Any, _: CourseSettings) -> str:
    known = zoneinfo.available_timezones()
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"is {shown(value)}, which is no time zone{nearest(str(value)[:80], known)}")
    return value


def names(value: Any, _: CourseSettings) -> tuple[str, ...]:
    must(isinstance(value, list))
    for place, item in enumerate(value):
        must(isinstance(item, str) and item != "" and item.isprintable(), f"holds {shown(item)}")
        must(item not in value[:place], f"holds {shown(item)} twice")
    return tuple(value)


def folders(value: Any, settings: CourseSettings) -> tuple[Path, ...]:
    found: list[Path] = []
    for name in names(value, settings):
        folder = settings.path.parent / name
        must(os.path.isdir(folder), f"holds {shown(name)}, which is no folder")  # unlike Path.is_dir, it raises nothing
        must(folder.resolve() not in found, f"holds the folder {shown(name)} twice")
        found.append(folder.resolve())
    return tuple(found)


def moment(value: Any, settings: CourseSettings) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.max)
    must(isinstance(value, datetime) and 2000 <= value.year < 3000)
    value = value if value.tzinfo else value.replace(tzinfo=zoneinfo.ZoneInfo(settings.timezone))
    # With a fixed offset: times of one zone are subtracted as if its clocks never changed.
    return datetime.fromisoformat(value.isoformat())


@dataclass(frozen=True)
class Setting:
    """A setting: * in its key is any name; ``unset`` says what None means, ``example`` stands for it in the template."""

    key: str
    takes: str
    check: Check
    meaning: str
    unset: str = "none"
    example: str = ""

    @property
    def table(self) -> str:
        return self.key.partition(".")[0] if "." in self.key else ""

    @property
    def name(self) -> str:
        return self.key.removesuffix(".*").rpartition(".")[2]

    def covers(self, key: tuple[str, ...]) -> bool:
        """Whether the key is this setting's, or that of a table that holds it."""
        parts = self.key.split(".")
        pairs = zip(parts, key, strict=False)
        return len(key) <= len(parts) and all(name.isprintable() and part in (name, "*") for part, name in pairs)


# fmt: off
TABLES = {"late": "[late]", "exercise": "[exercise.NAME]"}
PLAIN = "write each setting once, as name = value, with text in quotes"
TIME = ("a date such as 2026-12-01 (its end counts) or a time such as 2026-12-01T12:00:00+01:00, "
        "unquoted, of 2000 to 2999")
CLUSTER = r"(tcp|tls)://[\w.:\[\]-]+:\d{1,5}"
CLUSTER_TAKES = 'an address such as "tcp://10.0.0.1:8786"'
SETTINGS = (
    Setting("name", "1 to 64 letters, digits, . _ + - and single spaces between them",
            partial(matching, r"(?=.{1,64}$)\w[\w.+-]*( [\w.+-]+)*"), "nbgrader's id of the course"),
    Setting("language", '"en", "de" or "es"', partial(matching, "en|de|es"), "The language that students read"),
    Setting("book", "an address that begins with http:// or https://",
            partial(matching, r"(https?://[\w.-]+(:\d{1,5})?([/?#][!-~]*)?)?"), "Where the book is published"),
    Setting("timezone", 'the name of a time zone, such as "Europe/Berlin"', zone, "The zone of times that name none"),
    Setting("workers", *number(1, 64, int), "How many sandboxes run side by side"),
    Setting("database", 'an address such as "sqlite:////srv/g.db" or "postgresql://USER@HOST/DATABASE"', address,
            "Where grades are kept",
            "gradebook.db in the course's folder", '"sqlite:////srv/g.db"'),
    Setting("cluster", CLUSTER_TAKES, partial(matching, CLUSTER), "The scheduler of a Dask cluster on which sandboxes run",
            "none, they run here", '"tcp://10.0.0.1:8786"'),
    Setting("folders", 'a list of folders that are there, each once, such as ["../shared"]', folders,
            "More folders of exercises, relative to this one"),
    Setting("exercises", 'a list of names, each once (settings of one exercise stand in "[exercise.NAME]")', names,
            "Which exercises are released and graded", "all that are found", '["01_first"]'),
    Setting("follow_on_percent", *number(0, 100),
            "What a function earns, of its points, that fails only because an earlier one is wrong"),
    Setting("late.grace_hours", *number(0, 10000), "How many hours late cost nothing"),
    Setting("late.percent_per_day", *number(0, 100), "What each day begun costs, of the points earned"),
    Setting("late.most_percent", *number(0, 100), "What handing in late costs at most"),
    Setting("exercise.*.functions", 'a list of names, each once, such as ["step"]', names,
            "Which functions students write, the others being given", "all", '["step", "forward"]'),
    Setting("exercise.*.due", TIME, moment, "Until when to hand in", example="2026-12-01T23:59:00+01:00"),
    Setting("exercise.*.points.*", *number(0, 1000), "Points by function or question", "as the exercise declares",
            "{ step = 5 }"),
    Setting("exercise.*.extensions.*", f"{TIME} (a student's name with a dot in it is quoted)", moment,
            "Who may hand in until when", example='{ ada = 2026-12-08, "grace.hopper" = 2026-12-09 }'),
)
# fmt: on


def read(root: Path) -> CourseSettings:
    """The settings of the course in a folder: the defaults where its file says nothing, or is not there."""
    path = root.resolve() / FILE
    if not os.path.lexists(path):
        return CourseSettings(path=path)
    text, data = parsed(path)
    settings = CourseSettings(path=path, lines=lines_of(text))
    if "timezone" in data:  # first: the times depend on it
        settings = replace(settings, timezone=checked(settings, ("timezone",), data["timezone"]))
    values = {name: checked(settings, (name,), value) for name, value in data.items()}
    late = Late(**values.pop("late", {}))
    by_exercise = {slug: ExerciseSettings(**one) for slug, one in values.pop("exercise", {}).items()}
    return replace(settings, late=late, by_exercise=by_exercise, **values)


def parsed(path: Path) -> tuple[str, dict[str, Any]]:
    """The file's text, and what it holds."""
    try:
        if not path.is_file():
            raise SettingsError(f"{path} is no file; write the course's settings there, or remove it.")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise SettingsError(f"{path} is larger than 1 MB; leave nothing in it but the course's settings.")
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        return text, tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}); make it readable, or remove it.") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: this is not UTF-8; save the file in that encoding.") from error
    except tomllib.TOMLDecodeError as error:
        problem, _, place = str(error).rpartition(" (at ")
        lines = text.split("\n")
        line, column = map(int, re.findall(r"\d+", place) or (len(lines), len(lines[-1]) + 1))
        name, equals, _ = lines[line - 1][: column - 1].partition("=")
        setting = next((one for one in SETTINGS if equals and one.name == name.rpartition(".")[2].strip()), None)
        subject, remedy = (f"the setting {setting.name}", f"it takes {setting.takes}") if setting else ("this", PLAIN)
        wrong = f"is not TOML ({problem[:1].lower()}{problem[1:200]})"
        raise SettingsError(f"{path}, line {line}, column {column}: {subject} {wrong}; {remedy}.") from error
    except (ValueError, RecursionError) as error:  # thousands of digits or of brackets
        raise SettingsError(f"{path} holds a value that is too long or too deep to be read; remove it.") from error


def lines_of(text: str) -> dict[str, int]:
    """The line of each dotted key in a text that tomllib has read."""
    found, opened = dict[str, int](), list[tuple[str, ...]]()  # opened: whose value each open bracket belongs to
    header = path = tuple[str, ...]()
    line, last = 1, 0
    for match in TOKEN.finditer(text):
        line, last = line + text.count("\n", last, match.start()), match.start()
        of_header = match["header"] if not opened else None  # in an array, a line ["a"] looks like one
        if key := of_header or match["key"]:
            table = opened[-1] if opened else () if of_header else header
            path = (*table, *(name for part in re.findall(PART, key) for name in tomllib.loads(f"{part} = 0")))
            header = path if of_header else header
            for depth in range(1, min(len(path), 5) + 1):
                found.setdefault(".".join(path[:depth]), line)
        elif match[0] in ("[", "{"):
            opened.append(path)
        elif match[0] in ("]", "}"):
            path = opened.pop()
    return found


def checked(settings: CourseSettings, key: tuple[str, ...], value: Any) -> Any:
    """What to keep of a value, or of the values in a table."""
    setting, dotted = next((one for one in SETTINGS if one.covers(key)), None), ".".join(key)
    if setting is None:
        known = {one.name: one.key.removesuffix(".*").replace("*", "NAME") for one in SETTINGS} | TABLES
        near = difflib.get_close_matches(key[-1], known, 1)
        remedy = f"the nearest is {known[near[0]]}" if near else f"the settings are {', '.join(known.values())}"
        raise mistake(settings, dotted, "is unknown", remedy)
    if len(key) == setting.key.count(".") + 1:
        try:
            return setting.check(value, settings)
        except ValueError as error:
            wrong = str(error) or f"is {shown(value)}"
            raise mistake(settings, dotted, wrong, f"it takes {setting.takes}") from error
    if not isinstance(value, dict):
        like = setting.example if len(key) > 2 else TABLES[key[0]]
        raise mistake(settings, dotted, f"is {shown(value)}", f"it takes a table, such as {like}")
    return {name: checked(settings, (*key, name), item) for name, item in value.items()}


def shown(value: Any) -> str:
    """A value in a message: short, and in one line whatever it holds."""
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of more than 64 bits"
    plain = isinstance(value, (date, time))
    text = str(value) if plain else json.dumps(value, ensure_ascii=not str(value).isprintable())
    return text if len(text) <= 80 else f"{text[:80]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    return "".join(f" (the nearest is {near})" for near in difflib.get_close_matches(name, known, 1))


def mistake(settings: CourseSettings, key: str, wrong: str, remedy: str) -> SettingsError:
    place = f"{settings.path}, line {settings.lines[key]}" if key in settings.lines else settings.path
    name = key if key.isprintable() and 0 < len(key) <= 160 else shown(key)
    return SettingsError(f"{place}: the setting {name} {wrong}; {remedy}.")


def unknown(settings: CourseSettings, key: str, name: str, known: Iterable[str]) -> SettingsError:
    """The mistake that a setting names an exercise, a function or a student that there is not."""
    there = sorted(known)
    listed = ", ".join(there[:20]) + (f" and {len(there) - 20} more" if len(there) > 20 else "")
    wrong = f"names {shown(name)}, which is unknown{nearest(name, there)}"
    return mistake(settings, key, wrong, f"known are {listed}" if there else "none is known yet")


def in_words(setting: Setting, value: Any) -> str:
    if value is None or value == {}:
        return setting.unset
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M %Z}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    text = f"{value:g}" if isinstance(value, float) else str(value) or "none"
    return without_password(text)


def without_password(address: str) -> str:
    """A database's address as it may be shown: with what may be a password left out."""
    shown_user = re.sub(r"://([^/:@]*)[:@].*@", r"://\1:…@", address)
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1…", shown_user)


def described(settings: CourseSettings) -> list[tuple[str, str, str]]:
    """Every setting, its value in words, and where that comes from."""
    rows = []
    exercises = [("exercise", f"exercise.{slug}.", one) for slug, one in settings.by_exercise.items()]
    for table, prefix, holder in (("", "", settings), ("late", "late.", settings.late), *exercises):
        for setting in (one for one in SETTINGS if one.table == table):
            key, value = prefix + setting.name, getattr(holder, setting.name)
            items = {f"{key}.{name}": item for name, item in value.items()} if isinstance(value, dict) else {}
            for name, item in (items or {key: value}).items():
                line = settings.lines.get(name)
                rows.append((name, in_words(setting, item), f"{FILE}, line {line}" if line else "default"))
    return rows


def with_database(root: Path, address: str) -> str:
    """The text of the course's file with another database in it, and nothing else changed."""
    said = read(root)
    text, data = parsed(said.path) if said.path.exists() else ("", {})
    lines = text.split("\n")
    commented = (number for number, line in enumerate(lines, 1) if line.startswith("# database ="))
    number, line = (
        said.lines.get("database") or next(commented, None),
        f"database = {json.dumps(address, ensure_ascii=False)}",
    )
    lines = [line, *lines] if number is None else [*lines[: number - 1], line, *lines[number:]]
    changed = "\n".join(lines)
    try:
        right = tomllib.loads(changed) == data | {"database": address}
    except tomllib.TOMLDecodeError:
        right = False
    if not right:
        raise mistake(said, "database", "cannot be changed by program as it stands", "write it on one line of its own")
    return changed


def without(root: Path, names: Sequence[str]) -> str:
    """The text of the course's file with some settings taken out, and nothing else changed."""
    said = read(root)
    text, data = parsed(said.path) if said.path.exists() else ("", {})
    for name in data.keys() & {*names}:
        wanted = {key: value for key, value in data.items() if key != name}
        lines, first = text.split("\n"), lines_of(text)[name] - 1
        for last in range(first + 1, len(lines) + 1):  # a value may go over several lines
            text = "\n".join([*lines[:first], f"# {name} stood here; it is taken out.", *lines[last:]])
            try:
                if tomllib.loads(text) == wanted:
                    break
            except tomllib.TOMLDecodeError:
                continue
        else:
            raise mistake(said, name, "cannot be taken out by program as it stands", "write it on lines of its own")
        data = wanted
    return text


def template(name: str, database: str | None = None) -> str:
    """The file that a new course gets: its name, and every other setting as a comment."""
    given, table = {"name": name, "database": database}, ""
    defaults = {"": CourseSettings(), "late": Late(), "exercise": ExerciseSettings()}
    lines = ["# The course's settings: remove the # before one to set it."]
    for setting in SETTINGS:
        if setting.table != table:
            table = setting.table
            lines += ["", "[late]" if table == "late" else "# [exercise.01_first]"]
        default, value = getattr(defaults[table], setting.name), given.get(setting.key)
        text = f"# {setting.name} = {setting.example or json.dumps(default)}"
        if value is not None:
            kept = checked(CourseSettings(), (setting.key,), value)
            text = f"{setting.name} = {json.dumps(kept, ensure_ascii=False)}"
        lines += [f"# {setting.meaning}; default: {in_words(setting, default)}.", text]
    return "\n".join(lines) + "\n"
