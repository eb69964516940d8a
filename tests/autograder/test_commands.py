"""Commands in any order: nothing that an instructor did by hand is lost, and the table, grades.csv and the report agree.

Hypothesis draws the sequences. The instructor's deeds are kept in a model beside the course and looked for after every command.
"""

import csv
import html
import io
import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from nbgrader.api import Gradebook

from autograder.course import Course, write_atomically
from autograder.exercise.cells import id_of_check
from autograder.settings import FILE
from tests.autograder.conftest import tree
from tests.autograder.lms_downloads import Person, laid_out, roster
from tests.autograder.toy_course import CHECKS, PLAIN, RIGHT, SHORTER, SLUG, SQUARED, run, work, write_toy

STUDENTS = ("s000", "s001")
CHANGED = " ✎"  # stands behind what a person changed
ANSWERS = ("It adds.", "It multiplies.", "Nobody knows.")
CHECK, ANSWER = id_of_check("toy.double"), "answer-why"
VERSIONS = (
    CHECKS,
    CHECKS.replace("points=4", "points=5"),
    CHECKS.replace("2.0 * a", "…").replace("a * a", "2.0 * a").replace("…", "a * a"),
)
DUE = datetime(2026, 10, 5, 0, 0, tzinfo=UTC)  # everyone who was collected is some hours late, and some by days
OWN = (
    "notes.md",
    "inbox/README",
    f"exercises/{SLUG}/ideas.txt",
    "feedback/letter.txt",
    "downloaded/old.zip",
    f"release/{SLUG}/extra.txt",
    f"source/{SLUG}/draft.txt",
)

students, cells = st.sampled_from(STUDENTS), st.sampled_from((CHECK, ANSWER))


@dataclass
class Deeds:
    """What the instructor did by hand: scores and comments by student and cell, extensions, files; and what was collected."""

    scores: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    comments: dict[tuple[str, str], str] = field(default_factory=dict)
    extensions: dict[str, datetime] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    attempts: set[bytes] = field(default_factory=set)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of two students, both collected and graded."""
    root = tmp_path_factory.mktemp("begun") / "course"
    write_toy(root)
    assert run("release", SLUG, "--course", root).exit_code == 0
    write_settings(root, {})
    write_atomically(root / "class.csv", roster(class_of(), "canvas"))
    collect(root, class_of(root))
    assert run("grade", SLUG, "--course", root).exit_code == 0
    return root


def class_of(root: Path | None = None) -> list[Person]:
    """The class; with a course, each has handed in something right."""
    everyone = [Person(id, f"Name {id}", 4000 + number) for number, id in enumerate(STUDENTS)]
    for one in everyone if root else ():
        one.files.append({f"{SLUG}.ipynb": work(released(root), answer=ANSWERS[0])})
    return everyone


def released(root: Path | None) -> Path:
    assert root is not None
    return root / "release" / SLUG / f"{SLUG}.ipynb"


def collect(root: Path, everyone: list[Person]) -> None:
    folder = root.parent / "download"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    told = run("collect", laid_out(folder, "canvas", everyone), SLUG, "--course", root, "--from", "canvas")
    assert told.exit_code == 0, told.output


def write_settings(root: Path, extensions: dict[str, datetime]) -> None:
    said = ", ".join(f"{student} = {until.isoformat()}" for student, until in extensions.items())
    text = f'name = "toys"\n[late]\npercent_per_day = 10\n[exercise.{SLUG}]\ndue = {DUE.isoformat()}\nextensions = {{ {said} }}\n'
    write_atomically(root / FILE, text.encode())


class Commands(RuleBasedStateMachine):
    """A course, and the commands and deeds that may come in any order."""

    begun: Path
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.root, self.number = self.folder / "course", 0
        shutil.copytree(self.begun, self.root)
        write_toy(self.root)
        self.deeds, self.everyone = Deeds(), class_of(self.root)
        self.deeds.attempts |= {data for one in self.everyone for files in one.files for data in files.values()}
        self.settings_text = (self.root / FILE).read_bytes()

    def command(self, *arguments: str | Path, fine: tuple[int, ...] = (0,)) -> str:
        told = run(*arguments, "--course", self.root)
        assert told.exit_code in fine, (arguments, told.output, told.exception)
        return str(told.stdout)

    # ---- commands

    @rule()
    def release(self) -> None:
        self.command("release", SLUG)

    @rule(
        student=students,
        double=st.sampled_from((RIGHT, SQUARED, PLAIN)),
        answer=st.sampled_from(ANSWERS),
        graded=st.booleans(),
    )
    def hand_in_and_collect(self, student: str, double: str, answer: str, graded: bool) -> None:
        person = self.everyone[STUDENTS.index(student)]
        data = work(released(self.root), double, answer=answer)
        person.files.append({f"{SLUG}.ipynb": data})
        self.deeds.attempts.add(data)
        collect(self.root, self.everyone)
        if graded:
            self.grade(False)

    @rule(anew=st.booleans())
    def grade(self, anew: bool) -> None:
        self.everything_agrees(self.command("grade", SLUG, *["--anew"] * anew))

    @rule(student=students)
    def grade_one(self, student: str) -> None:
        self.command("grade", SLUG, "--student", student)
        self.everything_agrees()

    @rule()
    def intake(self) -> None:
        self.command("intake", SLUG, fine=(0, 1))

    @rule()
    def report(self) -> None:
        self.command("report", SLUG)
        self.everything_agrees()

    @rule()
    def a_release_that_is_refused(self) -> None:
        before, now = tree(self.root / "release"), (self.root / "exercises" / SLUG / "checks.py").read_text("utf-8")
        write_toy(self.root, *SHORTER)
        self.command("release", SLUG, fine=(1,))
        assert tree(self.root / "release") == before
        write_toy(self.root, now)

    @rule(version=st.sampled_from(VERSIONS))
    def correct_the_checks(self, version: str) -> None:
        write_toy(self.root, version)

    @rule()
    def look_at_a_regrade(self) -> None:
        before = self.gradebook(), (self.root / "grades.csv").read_bytes()
        told = self.command("regrade", SLUG, fine=(0, 1))
        assert "Written" not in told
        assert (self.gradebook(), (self.root / "grades.csv").read_bytes()) == before

    @rule()
    def regrade(self) -> None:
        self.command("regrade", SLUG, "--yes")
        self.command("report")
        self.everything_agrees()

    @rule()
    def feedback(self) -> None:
        assert Course.open(self.root).nbgrader().generate_feedback(SLUG, force=True)["success"]

    @rule(system=st.sampled_from(("moodle", "canvas", "gradescope")))
    def export(self, system: str) -> None:
        self.command("export", SLUG, "--to", system)

    @rule()
    def archive_and_go_on_with_what_was_opened(self) -> None:
        self.number += 1
        file, before, csv_before = self.folder / "course.zip", self.gradebook(), self.root / "grades.csv"
        self.command("archive", file, "--force", "--quiet")
        kept = csv_before.read_bytes()
        self.root = self.folder / f"course{self.number}"
        self.command("archive", "--open", file, "--quiet")
        assert (self.gradebook(), (self.root / "grades.csv").read_bytes()) == (before, kept)
        write_toy(self.root, (self.root / "exercises" / SLUG / "checks.py").read_text(encoding="utf-8"))

    # ---- what an instructor does by hand

    @rule(student=students, cell=cells, score=st.sampled_from((0.0, 1.5, 3.0)), said=st.booleans())
    def score(self, student: str, cell: str, score: float, said: bool) -> None:
        with Gradebook(Course.open(self.root).db_url, "toys") as gradebook:
            gradebook.find_grade(cell, SLUG, SLUG, student).manual_score = score
            gradebook.db.commit()
        self.deeds.scores[student, cell] = score, self.answer_graded(student)
        if said and cell == ANSWER:
            self.comment(student, cell)

    @rule(student=students, cell=st.sampled_from(("double", ANSWER)))
    def comment(self, student: str, cell: str) -> None:
        self.number += 1
        text = f"comment {self.number}."
        with Gradebook(Course.open(self.root).db_url, "toys") as gradebook:
            comment = gradebook.find_comment(cell, SLUG, SLUG, student)
            if comment.manual_comment is not None:  # it is written over, as in formgrader
                del self.deeds.comments[student, comment.manual_comment]
            comment.manual_comment = text
            gradebook.db.commit()
        self.deeds.comments[student, text] = cell

    @rule(student=students, days=st.integers(1, 20))
    def extend(self, student: str, days: int) -> None:
        self.deeds.extensions[student] = DUE + timedelta(days=days)
        write_settings(self.root, self.deeds.extensions)
        self.settings_text = (self.root / FILE).read_bytes()

    @rule(name=st.sampled_from(OWN))
    def write_a_file(self, name: str) -> None:
        self.number += 1
        self.deeds.files[name] = f"{self.number}".encode()
        write_atomically(self.root / name, self.deeds.files[name])

    # ---- what must hold after each

    @invariant()
    def nothing_is_lost(self) -> None:
        grades, comments, _totals = self.gradebook()
        for (student, cell), (score, answer) in self.deeds.scores.items():
            other = cell == ANSWER and self.answer_graded(student) != answer
            if not (other and grades[student, cell] is None):
                assert grades[student, cell] == score, (student, cell)
            elif other:
                assert f"given {score:g}" in comments[student, cell]
        for (student, text), cell in self.deeds.comments.items():
            assert text in comments[student, cell]
        for name, data in self.deeds.files.items():
            assert (self.root / name).read_bytes() == data
        kept = {path.read_bytes() for path in (self.root / "collected").rglob("*.ipynb")}
        assert self.deeds.attempts <= kept
        assert (self.root / FILE).read_bytes() == self.settings_text

    def gradebook(self) -> tuple[dict[Any, Any], dict[Any, str], list[Any]]:
        """Scores by hand, comments, and everything else that decides marks, as the database has them."""
        whose = "FROM {} x JOIN base_cell c ON x.cell_id = c.id JOIN submitted_notebook n ON x.notebook_id = n.id " \
            "JOIN submitted_assignment a ON n.assignment_id = a.id"  # fmt: skip
        with closing(sqlite3.connect(self.root / "gradebook.db")) as database:
            grades = database.execute(f"SELECT a.student_id, c.name, manual_score {whose.format('grade')}")
            scores = {(student, cell): score for student, cell, score in grades}
            said = database.execute(
                f"SELECT a.student_id, c.name, auto_comment, manual_comment {whose.format('comment')}"
            )
            comments = {(student, cell): "\n".join(filter(None, texts)) for student, cell, *texts in said}
            auto = (
                f"SELECT a.student_id, c.name, auto_score, late_submission_penalty, extension {whose.format('grade')}"
            )
            return scores, comments, sorted(database.execute(auto).fetchall(), key=repr)

    def answer_graded(self, student: str) -> str:
        with closing(sqlite3.connect(self.root / "gradebook.db")) as database:
            query = "SELECT notebook FROM autograder_graded WHERE student = ?"
            (notebook,) = database.execute(query, (student,)).fetchone()
        return next("".join(cell["source"]) for cell in json.loads(notebook)["cells"] if cell["id"] == ANSWER)

    def everything_agrees(self, table: str | None = None) -> None:
        """The gradebook's points, grades.csv, the report and, if one was printed, the table say the same."""
        with Gradebook(Course.open(self.root).db_url, "toys") as gradebook:
            totals = {one.student.id: one for one in gradebook.assignment_submissions(SLUG)}
            marks = {name: f"{one.score - (one.late_submission_penalty or 0):g}" for name, one in totals.items()}
            off = {name: one.late_submission_penalty or 0 for name, one in totals.items()}
        lines = list(csv.DictReader(io.StringIO((self.root / "grades.csv").read_text(encoding="utf-8"))))
        assert {line["student"]: line["total"] for line in lines} == marks
        for student, total in marks.items():
            parts = sum(float(line["points"] or 0) for line in lines if line["student"] == student)
            assert parts - off[student] == pytest.approx(float(total), abs=1e-4)
        page = (self.root / "report.html").read_text(encoding="utf-8")
        rows = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in re.findall(r"<tr.*?</tr>", page, re.S)]
        said = {
            html.unescape(re.sub("<.*?>", "", row[0])).strip(): [
                re.sub("<.*?>", "", one).removesuffix(CHANGED) for one in row
            ]
            for row in rows
        }
        assert all(total in said[student] for student, total in marks.items())
        if table is not None:
            shown = {
                row[0]: [one.removesuffix("*") for one in row]
                for row in (re.findall(r"[^│\s][^│]*?(?=\s*│)", line) for line in table.splitlines())
                if row
            }
            assert all(total in shown[student] for student, total in marks.items())


def lived(begun: Path, folder: Path, examples: int, steps: int) -> None:
    machine = type("Commands", (Commands,), {"begun": begun, "folder": folder})
    run_state_machine_as_test(machine, settings=settings(
        max_examples=examples, stateful_step_count=steps, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=False, phases=(Phase.generate,),  # what fails is short enough
    ))  # fmt: skip


def test_nothing_done_by_hand_is_lost_in_a_few_orders_of_commands(begun: Path, tmp_path: Path) -> None:
    lived(begun, tmp_path / "life", 3, 8)


@pytest.mark.slow
def test_nothing_done_by_hand_is_lost_in_many_orders_of_commands(begun: Path, tmp_path: Path) -> None:
    lived(begun, tmp_path / "life", 20, 25)
