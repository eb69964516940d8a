"""A course's settings: what is written is what is read, and every mistake is one sentence with its line."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.settings import (
    FILE,
    SETTINGS,
    CourseSettings,
    ExerciseSettings,
    Late,
    SettingsError,
    described,
    lines_of,
    read,
    template,
    unknown,
    with_database,
    without_password,
)

EVERYTHING = """\
name = "rnn"
language = "de"
book = "https://example.org/rnn/"
timezone = "Europe/Berlin"
workers = 4
database = "postgresql://ada:secret@localhost/rnn"
folders = ["../shared"]
exercises = [
    "01_first",  # the first
    "02_bptt",
]

[late]
grace_hours = 0.5
percent_per_day = 10
most_percent = 50

[exercise.01_first]
functions = ["step", "forward"]
due = 2026-12-01T23:59:00+01:00
points = { step = 5 }
extensions = { ada = 2026-12-08, "grace.hopper" = 2026-07-01T12:00:00 }

[exercise.02_bptt.points]
step_backward = 2.5
"""
STEADY = settings(deadline=None, derandomize=True, max_examples=150, database=None)
IN_A_FOLDER = settings(STEADY, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    (tmp_path / "course").mkdir()
    return tmp_path / "course"


def written(root: Path, content: str | bytes) -> CourseSettings:
    (root / FILE).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(root)


def told(root: Path, content: str | bytes) -> str:
    """What is said of a mistake, without the name of the file."""
    with pytest.raises(SettingsError) as caught:
        written(root, content)
    said = str(caught.value)
    assert said.startswith(str(root / FILE))
    assert said.endswith(".")
    assert said.isprintable()
    assert len(said) < 1000
    return said.removeprefix(str(root / FILE)).removeprefix(", ")


# ---- what is read


def test_a_course_without_a_file_has_the_defaults(root: Path) -> None:
    assert read(root) == CourseSettings(path=root / FILE)
    assert read(root).of("01_first") == ExerciseSettings()


@pytest.mark.parametrize("content", ["", "\n# nothing\n", "[late]\n", "\ufeff", "[exercise.a]\npoints = {}\n"])
def test_a_file_that_sets_nothing_leaves_the_defaults(root: Path, content: str) -> None:
    read_settings = written(root, content)
    assert (read_settings.late, read_settings.of("a")) == (Late(), ExerciseSettings())
    assert read_settings.workers == 2


def test_everything_that_is_written_is_read(root: Path) -> None:
    course = written(root, EVERYTHING)
    assert (course.name, course.language, course.book) == ("rnn", "de", "https://example.org/rnn/")
    assert (course.timezone, course.workers) == ("Europe/Berlin", 4)
    assert course.database == "postgresql://ada:secret@localhost/rnn"
    assert course.folders == (root.parent / "shared",)
    assert course.exercises == ("01_first", "02_bptt")
    assert course.late == Late(0.5, 10.0, 50.0)
    assert set(course.by_exercise) == {"01_first", "02_bptt"}
    assert course.of("01_first").functions == ("step", "forward")
    assert course.of("01_first").points == {"step": 5.0}
    assert course.of("02_bptt").points == {"step_backward": 2.5}
    assert course.of("02_bptt").functions is None


def test_times_have_the_zone_they_name_else_that_of_the_course_and_a_date_counts_to_its_end(root: Path) -> None:
    exercise = written(root, EVERYTHING).of("01_first")
    assert exercise.due == datetime(2026, 12, 1, 22, 59, tzinfo=UTC)
    assert exercise.extensions["ada"] == datetime(2026, 12, 8, 22, 59, 59, 999999, tzinfo=UTC)
    assert exercise.extensions["grace.hopper"] == datetime(2026, 7, 1, 10, tzinfo=UTC)  # Berlin's summer


def test_times_are_of_utc_where_the_course_names_no_zone(root: Path) -> None:
    content = "exercise.a.due = 2026-07-01T12:00:00"
    assert written(root, content).of("a").due == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_the_zone_counts_wherever_in_the_file_it_stands(root: Path) -> None:
    content = 'exercise.a.due = 2026-07-01T12:00:00\ntimezone = "Asia/Tokyo"'
    assert written(root, content).of("a").due == datetime(2026, 7, 1, 3, tzinfo=UTC)


def test_times_are_subtracted_as_they_pass_though_the_clocks_change_between_them(root: Path) -> None:
    content = (
        'timezone = "Europe/Berlin"\n[exercise.a]\ndue = 2026-10-25T00:00:00\nextensions.ada = 2026-10-26T00:00:00'
    )
    exercise = written(root, content).of("a")
    assert exercise.due is not None
    assert exercise.extensions["ada"] - exercise.due == timedelta(hours=25)


# ---- what handing in late costs


@pytest.mark.parametrize(
    ("seconds", "points"),
    [(-5, 0), (0, 0), (1800, 0), (1801, 1), (1800 + 86400, 1), (1801 + 86400, 2), (1800 + 5 * 86400, 5), (10**9, 5)],
)
def test_each_day_begun_after_the_grace_costs_its_percentage_up_to_the_most(seconds: float, points: float) -> None:
    assert Late(0.5, 10, 50).penalty(seconds, 10.0) == points


def test_late_costs_nothing_by_default() -> None:
    assert Late().penalty(10**9, 10.0) == 0


@STEADY
@example(0, 100, 100, 1, 164.7150748392355)  # times 100 and over 100, this is more
@given(*[st.floats(0, 1e4)] * 3, st.floats(-1e9, 1e9), st.floats(0, 1e4))
def test_late_never_costs_more_than_the_score(
    grace: float, per_day: float, most: float, late: float, score: float
) -> None:
    assert 0 <= Late(grace, per_day, most).penalty(late, score) <= score


# ---- lines


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("a = 1\n\n# b = 2\nc = 3", {"a": 1, "c": 4}),
        ("\na.b.c = 1\na . d = 2", {"a": 2, "a.b": 2, "a.b.c": 2, "a.d": 3}),
        ('"a" = 1\n"b\\u0063.d" = 2\n\'e = f\'=3', {"a": 1, "bc.d": 2, "e = f": 3}),
        ("[a.b]\nc = 1\n  [ d . 'e' ] # [x]\nf = 1", {"a": 1, "a.b": 1, "a.b.c": 2, "d": 3, "d.e": 3, "d.e.f": 4}),
        ("[t]\na = { b = 1, c.d = { e = 2 } }\nf = 1", {"t": 1, "t.a": 2, "t.a.b": 2, "t.a.c": 2, "t.a.c.d": 2,
                                                       "t.a.c.d.e": 2, "t.f": 3}),
        ("a = [\n1, # b = 2\n'c = 3',\n['d']\n]\ne = [\n[ 1 ],\n]\nf = 1", {"a": 1, "e": 6, "f": 9}),
        ("a = { b = [\n1,\n], c = 2 }", {"a": 1, "a.b": 1, "a.c": 3}),
        ("a = [{b = 1}, {b = 2},\n{c = 3}]", {"a": 1, "a.b": 1, "a.c": 2}),
        ("[[a]]\nb = 1\n[[a]]\nc = 1", {"a": 1, "a.b": 2, "a.c": 4}),
        ('a = """\nb = 1\n[c]\n\\""" = 4"""""\nd = 1', {"a": 1, "d": 5}),
        ("a = '''\nb = 1\n[c]\n''''\nd = '#'\ne = 1", {"a": 1, "d": 5, "e": 6}),
        ('a = "=[{"\nb = "\\"]#="\nc = 1.5e3', {"a": 1, "b": 2, "c": 3}),
        ("a = 2026-12-01T23:59:00+01:00\nb = 2026-12-01 00:00:00\nc = -inf", {"a": 1, "b": 2, "c": 3}),
    ],
)  # fmt: skip
def test_a_key_is_found_on_the_line_where_it_stands(content: str, lines: dict[str, int]) -> None:
    assert lines_of(content) == lines


VALUES = st.recursive(
    st.sampled_from(
        ["1", "1.5", "true", '"x = 1"', "'[y]'", '"""\nz = 1\n[t]\n"""', "'''\n# '' = 1\n'''", "2026-12-01", '"\\"#"']
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ", # ] =\n".join([*items, "]"]))
        | st.lists(inner, max_size=3).map(lambda i: "{ " + ", ".join(f"k{n} = {v}" for n, v in enumerate(i)) + " }")
    ),
    max_leaves=6,
)


@STEADY
@given(st.lists(st.tuples(st.sampled_from(["k{}", '"k{}"', "'k{}'", "[k{}]\nx", "k{} . 'y' "]), VALUES)))
def test_keys_are_found_whatever_the_values_around_them_hold(statements: list[tuple[str, str]]) -> None:
    content, expected, table = "", {}, ""
    for number, (form, value) in enumerate(statements):
        table = f"t{number}." if form[0] == "[" else table
        key = form.replace("[k{}]", f"[t{number}]").format(f"{number}_")
        name = "x" if form[0] == "[" else f"k{number}_"
        expected[table + name] = content.count("\n") + 1 + key.count("\n")
        content += f"{key} = {value}\n"
    found = lines_of(content)
    assert {name: found[name] for name in expected} == expected


def test_the_lines_are_those_of_the_file_whatever_ends_them(root: Path) -> None:
    expected = {"workers": 5, "exercises": 8, "late": 13, "late.most_percent": 16, "exercise.01_first.points.step": 21,
                "exercise.01_first.extensions.grace.hopper": 22, "exercise.02_bptt.points": 24}  # fmt: skip
    for content in (EVERYTHING, EVERYTHING.replace("\n", "\r\n"), "\ufeff" + EVERYTHING):
        found = written(root, content).lines
        assert {key: found[key] for key in expected} == expected


# ---- mistakes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('\nname = "a/b"', 'line 2: the setting name is "a/b"; it takes 1 to 64 letters, digits, . _ + - and single spaces'),
        ('name = "a "', 'the setting name is "a "; it takes'),
        ('name = ""', 'line 1: the setting name is ""'),
        ('name = "a\\u0007"', 'the setting name is "a\\u0007"; it takes'),
        (f'name = "{"a" * 500}"', "aaa…; it takes"),
        ('language = "fr"', 'the setting language is "fr"; it takes "en", "de" or "es".'),
        ("language = []", "the setting language is a list"),
        ('book = "ftp://example.org"', "it takes an address that begins with http:// or https://."),
        ('book = "https://"', "it takes an address"),
        ('book = "https://example.org/a b"', "it takes an address"),
        ('timezone = "Europe/Berln"', 'is "Europe/Berln", which is no time zone (the nearest is Europe/Berlin)'),
        ('timezone = "Europe"', "which is no time zone"),
        ('timezone = "../../etc/passwd"', "which is no time zone"),
        ("timezone = {}", "the setting timezone is a table"),
        ("workers = 0", "line 1: the setting workers is 0; it takes a whole number from 1 to 64."),
        ("workers = 65", "is 65;"),
        ("workers = 2.0", "is 2.0;"),
        ("workers = true", "is true;"),
        ('workers = "2"', 'is "2";'),
        ("workers = 0x" + "f" * 5000, "is a number of more than 64 bits;"),
        ("workers = 1" + "0" * 5000, "holds a value that is too long or too deep"),
        ("workers = " + "[" * 5000, "holds a value that is too long or too deep"),
        ('database = "gradebook.db"', "the setting database"),
        ('folders = "../shared"', 'is "../shared"; it takes a list of folders'),
        ('folders = ["../shard"]', 'holds "../shard", which is no folder; it takes'),
        ('folders = ["../shared", "../shared/"]', 'holds the folder "../shared/" twice'),
        (f'folders = ["{"a" * 5000}"]', "which is no folder"),
        ('folders = ["\\u0000"]', 'holds "\\u0000";'),
        ('exercises = ["a",\n"b",\n"a"]', 'line 1: the setting exercises holds "a" twice'),
        ("exercises = [1]", "holds 1;"),
        ('exercises = [""]', 'holds "";'),
        ("[exercises.a]\ndue = 2026-12-01", 'exercises is a table; it takes a list of names, each once (settings of one'),
        ("late = 3", "line 1: the setting late is 3; it takes a table, such as [late]."),
        ("[late]\n\ngrace_hours = -1", "line 3: the setting late.grace_hours is -1; it takes a number from 0 to 10000."),
        ("late = { grace_hours = nan }", "is NaN;"),
        ("late.percent_per_day = 101", "line 1: the setting late.percent_per_day is 101; it takes a number from 0 to 100."),
        ("late.most_percent = inf", "is Infinity;"),
        ("[exercise]\ndue = 2026-12-01", "line 2: the setting exercise.due is 2026-12-01; it takes a table, such as [exer"),
        ('exercise.a.due = "2026-12-01"', 'the setting exercise.a.due is "2026-12-01"; it takes a date such as'),
        ("exercise.a.due = 12:00:00", "is 12:00:00;"),
        ("exercise.a.due = 1026-12-01", "is 1026-12-01;"),
        ("exercise.a.due = 0001-01-01T00:00:00+23:59", "; it takes a date"),
        ("exercise.a.due = 9999-12-31T23:59:59-23:59", "; it takes a date"),
        ("exercise.a.functions = [[]]", "holds a list; it takes"),
        ("exercise.a.points = 3", "is 3; it takes a table, such as { step = 5 }."),
        ("[exercise.a.points]\nstep = 1\nforward = -1", "line 3: the setting exercise.a.points.forward is -1; it takes"),
        ("[exercise.a]\nextensions = { ada = 1 }", "line 2: the setting exercise.a.extensions.ada is 1; it takes a date"),
        ("[exercise.a]\nextensions.ada.l = 2026-12-01", "extensions.ada is a table; it takes a date such as"),
        ("\n\nwokers = 2", "line 3: the setting wokers is unknown; the nearest is workers."),
        ("[lat]", "line 1: the setting lat is unknown; the nearest is [late]."),
        ("[late]\ndue = 2026-12-01", "line 2: the setting late.due is unknown; the nearest is exercise.NAME.due."),
        ("[exercise.a]\nlanguage_ = 1", "the setting exercise.a.language_ is unknown; the nearest is language."),
        ("xyzzy = 1", "the setting xyzzy is unknown; the settings are name, language,"),
        ('"a\\nb" = 1', 'the setting "a\\nb" is unknown;'),
        ('"" = 1', 'the setting "" is unknown;'),
        (f"{'a' * 5000} = 1", "is unknown;"),
        (".".join("a" * 3000) + " = 1", "line 1: the setting a is unknown;"),
        ("[[late]]\ngrace_hours = 1", "line 1: the setting late is a list; it takes a table"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_a_mistake_is_one_sentence_that_says_where_it_is_and_what_belongs_there(
    root: Path, content: str, words: str
) -> None:
    assert words in told(root, content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("workers 2", "line 1, column 9: this is not TOML (expected '='"),
        ("\nworkers = two\n", "line 2, column 11: the setting workers is not TOML (invalid value); it takes a whole number"),
        ("[exercise.a]\ndue = 2026-13-01", "line 2, column 11: the setting due is not TOML"),
        ("exercise.a.due = 2026-02-30T10:00:00", "line 1, column 18: the setting due is not TOML (invalid date or datetime)"),
        ("workers = 1\nworkers = 2", "line 2, column 12: the setting workers is not TOML (cannot overwrite a value)"),
        ("[late]\n[late]", "line 2, column 6: this is not TOML (cannot declare ('late',) twice)"),
        ('name = "rnn', "line 1, column 12: the setting name is not TOML"),
        ("exercises = [\n'a',", "line 2, column 5: this is not TOML"),
        ("a" * 200_000 + "\n", "line 1, column 200001: this is not TOML"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_is_not_toml_is_told_with_line_and_column(root: Path, content: str, words: str) -> None:
    assert words in told(root, content)


def test_a_file_that_is_not_utf_8_is_told_with_its_line(root: Path) -> None:
    assert told(root, b'name = "rnn"\nbook = "\xe9"').startswith("line 2: this is not UTF-8;")
    assert told(root, EVERYTHING.encode("utf-16")).startswith("line 1: this is not UTF-8;")


def test_a_file_that_is_too_large_is_not_read(root: Path) -> None:
    assert "larger than 1 MB" in told(root, "#" * 1_000_001)
    assert written(root, "#" * 1_000_000).workers == 2


def test_what_is_no_file_or_cannot_be_read_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / FILE).symlink_to("nowhere")
    with pytest.raises(SettingsError, match="is no file; write"):
        read(root)
    (root / FILE).unlink()
    os.mkfifo(root / FILE)
    with pytest.raises(SettingsError, match="is no file; write"):
        read(root)
    (root / FILE).unlink()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (root / FILE).touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SettingsError, match=r"cannot be read \(Permission denied\); make it readable"):
        read(root)


def test_long_values_and_names_are_read_in_no_time(root: Path) -> None:
    people = "".join(f"student_{number} = 2026-12-01\n" for number in range(5000))
    content = f"[exercise.a]\nfunctions = [\n'{'x' * 200_000}']\n[exercise.a.extensions]\n{people}# {'=' * 200_000}"
    course = written(root, content)
    assert course.lines["exercise.a.extensions.student_4999"] == 5004
    assert "more than 64 bits" in told(root, "workers = 0x" + "f" * 900_000)


def settles(root: Path, content: bytes) -> None:
    """Reading gives settings or one sentence, and settings can be told."""
    try:
        cells = [cell for row in described(written(root, content)) for cell in row]
    except SettingsError as error:
        cells = [str(error)]
    assert all(cell.isprintable() for cell in cells)


@IN_A_FOLDER
@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf\xef\xbb\xbf")
def test_random_bytes_raise_nothing_else(root: Path, content: bytes) -> None:
    settles(root, content)


KEYS = st.sampled_from(
    [
        *(setting.key.replace("*", "a") for setting in SETTINGS),
        "late",
        "exercise",
        "exercise.a",
        "exercise.a.points",
        "x",
    ]
)
NAMED = st.sampled_from(['"Europe/Berlin"', '"en"', "2026-12-01", "2999-12-31T23:59:59-23:59", '"sqlite://"', '["."]'])
WORDS = st.sampled_from(["[", "]", "{", "}", "=", ",", ".", "\n", '"', "'", "#", "late", "due", "1", "nan", '"""', " "])
RANDOM_VALUES = VALUES | NAMED | st.integers().map(str) | st.floats().map(str) | st.lists(WORDS).map("".join)


@IN_A_FOLDER
@given(st.lists(st.tuples(KEYS, RANDOM_VALUES).map(" = ".join) | KEYS.map("[{}]".format), max_size=6))
def test_random_settings_raise_nothing_else(root: Path, statements: list[str]) -> None:
    settles(root, "\n".join(statements).encode())


@IN_A_FOLDER
@given(st.lists(WORDS).map("".join))
def test_random_marks_raise_nothing_else(root: Path, content: str) -> None:
    settles(root, content.encode())


# ---- what names something that the file does not know


def test_an_unknown_name_is_told_with_the_line_of_its_key(root: Path) -> None:
    course = written(root, EVERYTHING)
    said = str(unknown(course, "exercise.01_first.functions", "stpe", {"step", "forward"}))
    assert said == (
        f"{root / FILE}, line 19: the setting exercise.01_first.functions names \"stpe\", which is unknown "
        "(the nearest is step); known are forward, step."
    )  # fmt: skip
    assert "line 21: " in str(unknown(course, "exercise.01_first.points.step", "step", ["forward"]))


def test_of_many_known_names_few_are_told_and_of_none_that_there_is_none(root: Path) -> None:
    assert "and 80 more." in str(unknown(read(root), "exercises", "x", (f"student{number}" for number in range(100))))
    assert str(unknown(read(root), "exercises", "x", [])).endswith("which is unknown; none is known yet.")


# ---- what is told and what a new course gets


def test_every_setting_is_described_with_where_it_comes_from(root: Path) -> None:
    told_of = {key: (value, source) for key, value, source in described(written(root, EVERYTHING))}
    assert told_of["language"] == ("de", "course.toml, line 2")
    assert told_of["database"] == ("postgresql://ada:…@localhost/rnn", "course.toml, line 6")
    assert told_of["exercises"] == ("01_first, 02_bptt", "course.toml, line 8")
    assert told_of["late.most_percent"] == ("50", "course.toml, line 16")
    assert told_of["exercise.01_first.due"] == ("2026-12-01 23:59 UTC+01:00", "course.toml, line 20")
    assert told_of["exercise.01_first.points.step"] == ("5", "course.toml, line 21")
    assert told_of["exercise.02_bptt.functions"] == ("all", "default")
    assert told_of["exercise.02_bptt.extensions"] == ("none", "default")


def test_the_defaults_are_described_as_such(root: Path) -> None:
    rows = described(read(root))
    assert [key for key, _, _ in rows] == [setting.key for setting in SETTINGS if setting.table != "exercise"]
    assert {source for _, _, source in rows} == {"default"}


def test_the_template_parses_to_the_defaults(root: Path) -> None:
    course = written(root, template("Netze 1"))
    assert (course.name, course.late, course.by_exercise) == ("Netze 1", Late(), {})
    assert described(course)[1:] == described(CourseSettings())[1:]
    assert set(course.lines) == {"name", "late"}


def test_the_template_names_every_setting_in_a_form_that_can_be_read(root: Path) -> None:
    lines = template("rnn", "sqlite:////tmp/grüße.db").splitlines()
    bare = [line.removeprefix("# ") for line in lines if " = " in line or line.endswith("]")]
    course = written(root, "\n".join(bare))
    assert course.database == "sqlite:////tmp/grüße.db"
    assert (course.workers, course.late, course.folders) == (2, Late(), ())
    assert course.of("01_first").points == {"step": 5.0}
    assert {row[0].split(".")[-1] for row in described(course)} >= {"name", "most_percent", "due", "step", "hopper"}
    assert all(source.startswith(FILE) for _, _, source in described(course))


def test_the_template_refuses_a_name_that_could_not_be_read() -> None:
    with pytest.raises(SettingsError, match=r'course.toml: the setting name is "a\\nb"; it takes 1 to 64 letters'):
        template("a\nb")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ada:secret@host/rnn", "postgresql://ada:…@host/rnn"),
        ("postgresql://ada:se@cr/et@host/rnn", "postgresql://ada:…@host/rnn"),
        (
            "postgresql://ada@host/rnn?password=secret&sslmode=require",
            "postgresql://ada@host/rnn?password=…&sslmode=require",
        ),
        ("postgresql://ada@host/rnn", "postgresql://ada@host/rnn"),
        ("sqlite:////srv/a@b/g.db", "sqlite:////srv/a@b/g.db"),
    ],
)
def test_a_password_is_never_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_a_wrong_address_is_not_shown_at_all(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text('database = "ada:secret@host"\n', encoding="utf-8")
    with pytest.raises(
        SettingsError, match="line 1: the setting database is no address of a database; it takes"
    ) as told:
        read(tmp_path)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, 'database = "NEW"\n'),
        ('name = "a"\n', 'database = "NEW"\nname = "a"\n'),
        ('name = "a"\ndatabase = "sqlite:////srv/g.db"  # old\n[late]\n', 'name = "a"\ndatabase = "NEW"\n[late]\n'),
        ('name = "a"\n# database = "sqlite:///"\n', 'name = "a"\ndatabase = "NEW"\n'),
    ],
)
def test_another_database_changes_that_line_alone(before: str | None, after: str, tmp_path: Path) -> None:
    address = 'postgresql://ada:a"b\\c@host/grüße'
    if before is not None:
        (tmp_path / "course.toml").write_text(before, encoding="utf-8")
    text = with_database(tmp_path, address)
    (tmp_path / "course.toml").write_text(text, encoding="utf-8")
    assert text.rstrip() == after.replace('"NEW"', json.dumps(address, ensure_ascii=False)).rstrip()
    assert read(tmp_path).database == address


def test_a_setting_over_several_lines_is_left_to_the_user(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text('database = """\nsqlite:////srv/g.db"""\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="line 1: the setting database cannot be changed"):
        with_database(tmp_path, "sqlite:////srv/new.db")
