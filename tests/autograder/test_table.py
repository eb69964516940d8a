"""The grade table: one status a student, one line a student and check, and what a class found hard."""

import csv
import io
import itertools
from dataclasses import replace

import pytest
from rich.console import Console

from autograder.check import Verdict
from autograder.exercise import EXERCISES
from autograder.grading.gradebook import Outcome, Row
from autograder.grading.judge import STATUSES
from autograder.report import render, summary
from autograder.table import GRAVITY, csv_text, late_in_words, row_json, row_status, screen_table

EXERCISE = EXERCISES["01_vanilla_rnn"]
NAMES = [check.name for check in EXERCISE.checks]


def row(student: str, *statuses: str, mistake: str | None = None) -> Row:
    """A student with these statuses, and "right" for the checks that are left."""
    outcomes = []
    for check, status in itertools.zip_longest(EXERCISE.checks, statuses, fillvalue="right"):
        verdict = Verdict(check.name, status, f"{status} it is.", mistake if status == "wrong" else None)
        outcomes.append(Outcome(verdict, check.points if status == "right" else 0.0))
    return Row(student, tuple(outcomes), sum(o.points for o in outcomes), EXERCISE.points, ())


@pytest.mark.parametrize(("graver", "lighter"), list(itertools.combinations(GRAVITY, 2)))
def test_the_gravest_status_is_the_students(graver: str, lighter: str) -> None:
    assert row_status(row("a", graver, lighter)) == graver
    assert row_status(row("a", lighter, graver)) == graver


def test_the_stated_order_of_gravity_is_kept() -> None:
    assert list(GRAVITY) == [
        "malformed", "crashed", "out of memory", "timeout", "not reached", "error", "wrong", "not attempted", "right",
    ]  # fmt: skip
    assert sorted(GRAVITY) == sorted(STATUSES)


@pytest.mark.parametrize("status", STATUSES)
def test_a_student_with_one_status_has_it(status: str) -> None:
    assert row_status(row("a", *[status] * len(NAMES))) == status


def test_a_student_without_outcomes_attempted_nothing() -> None:
    assert row_status(Row("a", (), 0.0, EXERCISE.points, ())) == "not attempted"


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_one_line_a_student_and_check() -> None:
    rows = [row("ada"), row("bob", "wrong", "timeout", mistake="bias left out")]
    lines = read_csv(csv_text([(EXERCISE, rows)]))
    assert [(line["student"], line["check"]) for line in lines] == list(itertools.product(["ada", "bob"], NAMES))
    first, second = lines[len(NAMES)], lines[len(NAMES) + 1]
    assert first == {
        "student": "bob", "exercise": EXERCISE.slug, "check": "rnn.step", "status": "wrong", "points": "0", "most": "3",
        "total": "6", "mistake": "bias left out", "hours late": "", "taken off": "",
    }  # fmt: skip
    assert (second["status"], second["mistake"]) == ("timeout", "")
    assert {line["total"] for line in lines[: len(NAMES)]} == {f"{EXERCISE.points:g}"}
    assert sum(float(line["points"]) for line in lines[: len(NAMES)]) == EXERCISE.points


@pytest.mark.parametrize(("seconds", "off", "told", "hours"), [
    (0, 0, "", ""), (30, 0, "1 min", "0.01"), (3600, 1.2, "1 h, {}1.2", "1.00"), (5400, 0, "1 h 30 min", "1.50"),
    (86_400, 2, "1 d, {}2", "24.00"), (183_600, 6, "2 d 3 h, {}6", "51.00"),
])  # fmt: skip
def test_by_how_much_somebody_was_late_and_what_it_cost_stands_in_every_table(
    seconds: float, off: float, told: str, hours: str
) -> None:
    told = told.format("\N{MINUS SIGN}")
    late = replace(row("ada"), late=float(seconds), taken_off=float(off))
    assert late_in_words(late) == told
    lines = read_csv(csv_text([(EXERCISE, [late])]))
    assert (lines[0]["hours late"], lines[0]["taken off"]) == (hours, f"{off:g}" if hours else "")
    assert ("late" in [column.header for column in screen_table(EXERCISE, [late]).columns]) == bool(told)
    assert (f'<td class="s" data-sort="{seconds:.1f}">{told}</td>' in render([summary(EXERCISE, [late])])) == bool(told)


def test_the_csv_quotes_what_would_break_it() -> None:
    hostile = 'a, "b"\nc'
    lines = read_csv(csv_text([(EXERCISE, [row("ada", "wrong", mistake=hostile)])]))
    assert lines[0]["mistake"] == hostile
    assert len(lines) == len(NAMES)


def test_the_csv_of_nobody_is_its_first_line() -> None:
    assert csv_text([]) == "student,exercise,check,status,points,most,total,mistake,hours late,taken off\n"
    assert csv_text([(EXERCISE, [])]) == csv_text([])


def test_the_json_of_a_row_says_what_the_row_says() -> None:
    one = row_json(row("ada", "wrong", mistake="bias left out"))
    assert (one["student"], one["points"], one["most"], one["status"]) == ("ada", 9.0, 12, "wrong")
    assert [check["check"] for check in one["checks"]] == NAMES
    assert one["checks"][0] == {
        "check": "rnn.step", "status": "wrong", "points": 0.0, "message": "wrong it is.", "mistake": "bias left out",
        "judged": None,
    }  # fmt: skip


def test_the_screen_shows_points_by_check_the_total_and_the_status() -> None:
    console = Console(width=200, file=io.StringIO(), no_color=True)
    console.print(screen_table(EXERCISE, [row("ada"), row("bob", "crashed")]))
    text = console.file.getvalue()
    lines = {
        line.split()[1]: line.replace("│", " ").split() for line in text.splitlines() if "ada" in line or "bob" in line
    }
    assert lines["ada"] == ["ada", "3", "3", "1", "1", "3", "1", "12", "right"]
    assert lines["bob"] == ["bob", "0", "3", "1", "1", "3", "1", "9", "crashed"]
    for check in EXERCISE.checks:
        assert check.function in text


@pytest.mark.parametrize(
    ("width", "told"), [(200, "cross_entropy"), (80, "5:cross_entropy/3"), (40, "do not"), (24, "do not")]
)
def test_names_and_totals_are_whole_however_narrow_the_terminal(width: int, told: str) -> None:
    console = Console(width=width, file=io.StringIO(), no_color=True)
    console.print(screen_table(EXERCISE, [row("maximiliana", "crashed"), row("bob")], console.width))
    text = console.file.getvalue()
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert "".join(name for name, *_ in cells) == "maximilianabob"
    assert [total for *_, total, _status in cells if total] == ["9", "12"]
    assert [status for *_, status in cells if status] == ["crashed", "right"]
    assert told in text
    assert max(map(len, text.splitlines())) <= width


def test_a_line_that_is_piped_is_as_long_as_it_is() -> None:
    console = Console(width=10_000, file=io.StringIO(), no_color=True)
    console.print(screen_table(EXERCISE, [row("a" * 300, "crashed")]))
    assert "a" * 300 in console.file.getvalue()
    assert "crashed" in console.file.getvalue()


def test_points_that_a_person_changed_are_marked_where_they_are_and_in_the_total() -> None:
    one = row("ada", "wrong")
    first = replace(one.outcomes[0], points=1.5, judged=0.0)
    changed = replace(one, outcomes=(first, *one.outcomes[1:]), points=10.5)
    console = Console(width=200, file=io.StringIO(), no_color=True)
    console.print(screen_table(EXERCISE, [changed, row("bob")]))
    text = console.file.getvalue()
    lines = [line.replace("│", " ").split() for line in text.splitlines() if "ada" in line or "bob" in line]
    assert lines == [
        ["ada", "1.5*", "3", "1", "1", "3", "1", "10.5*", "wrong"], ["bob", "3", "3", "1", "1", "3", "1", "12", "right"],
    ]  # fmt: skip
    assert "* changed by hand" in text
    assert row_json(changed)["checks"][0]["judged"] == 0.0


def test_the_summary_counts_statuses_and_mistakes_most_common_first() -> None:
    rows = [row(f"s{n}", "wrong", mistake="tanh left out") for n in range(3)]
    rows += [row("t", "wrong", mistake="bias left out"), row("u"), row("v", "crashed")]
    found = summary(EXERCISE, rows)
    step = found["checks"][0]
    assert step["statuses"] == {"right": 1, "wrong": 4, "crashed": 1}
    assert [(m["name"], m["students"]) for m in step["mistakes"]] == [("tanh left out", 3), ("bias left out", 1)]
    messages = {mistake.name: mistake.message for mistake in EXERCISE.checks[0].misconceptions}
    assert all(m["message"] == messages[m["name"]] for m in step["mistakes"])
    assert found["checks"][1]["statuses"] == {"right": 6}
    assert found["students"] == 6


@pytest.mark.parametrize(
    ("rows", "median"),
    [
        ([], 0.0),
        ([row("a")], 12.0),
        ([row("a"), row("b", "wrong")], 10.5),
        ([row("a"), row("b", "wrong"), row("c", "wrong", "wrong")], 9.0),
    ],
)
def test_the_median_is_the_middle_one_or_the_mean_of_two(rows: list[Row], median: float) -> None:
    assert summary(EXERCISE, rows)["median"] == median
