"""The sample class: every submission gets its stated grade and status, and no cheat gains, changes or sees anything."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from autograder.grading.judge import STATUSES
from autograder.grading.pages import autograded_path, feedback_path
from autograder.table import row_status
from tests.autograder.conftest import ROOT, GradedClass, tree
from tests.autograder.sample_class import SAMPLES, Sample

pytestmark = pytest.mark.xdist_group("sample class")
CHEATS = [sample for sample in SAMPLES if sample.cheat]


def test_the_class_has_at_least_28_submissions_with_different_names() -> None:
    assert len({sample.student for sample in SAMPLES}) == len(SAMPLES) >= 28


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.student)
def test_each_submission_gets_its_stated_grade_and_status(sample: Sample, graded_class: GradedClass, exercise) -> None:
    row = graded_class.rows[sample.student]
    statuses = {exercise.check(o.verdict.check).function: o.verdict.status for o in row.outcomes}
    messages = {o.verdict.check: o.verdict.message for o in row.outcomes}
    assert statuses == {check.function: sample.status(check.function) for check in exercise.checks}, messages
    assert row.points == sample.points(exercise)
    assert set(statuses.values()) <= set(STATUSES)


@pytest.mark.parametrize("sample", CHEATS, ids=lambda sample: sample.student)
def test_no_cheat_gains_a_point(sample: Sample, graded_class: GradedClass) -> None:
    assert graded_class.rows[sample.student].points == 0


def test_nobody_is_left_ungraded(graded_class: GradedClass) -> None:
    assert graded_class.result.failed == {}
    assert sorted(graded_class.rows) == sorted(sample.student for sample in SAMPLES)


def test_the_inbox_is_as_it_was(graded_class: GradedClass) -> None:
    assert tree(graded_class.course.inbox) == graded_class.tree_before


def test_the_course_holds_no_link_or_pipe_beyond_the_inbox(graded_class: GradedClass) -> None:
    course = graded_class.course
    found = [
        p
        for p in course.root.rglob("*")
        if course.inbox not in p.parents and (p.is_symlink() or not (p.is_file() or p.is_dir()))
    ]
    assert found == []


def test_only_the_files_that_we_write_are_in_the_course(graded_class: GradedClass, exercise) -> None:
    slug = exercise.slug
    for folder, allowed in (
        ("submitted", {f"{slug}.ipynb", "timestamp.txt", "intake.json"}),
        ("autograded", {f"{slug}.ipynb"}),
        ("feedback", {f"{slug}.html"}),
    ):
        for path in (graded_class.course.root / folder).rglob("*"):
            assert path.is_dir() or path.name in allowed, path


@pytest.mark.parametrize("student", ["cheat-read-reference", "cheat-read-gradebook", "cheat-read-others"])
def test_a_cheat_that_looks_around_finds_nothing(student: str, graded_class: GradedClass, exercise) -> None:
    notebook = nbformat.read(autograded_path(graded_class.course, exercise.slug, student), as_version=4)
    printed = "".join(
        o.text for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs if "text" in o
    )
    assert "loot: []" in printed
    assert str(ROOT) not in printed


def test_hidden_memory_is_refused_in_every_way(graded_class: GradedClass) -> None:
    """The function reports what it could take as the message of its MemoryError; the judge shows its own words instead."""
    row = graded_class.rows["cheat-hidden-memory"]
    assert {o.verdict.status for o in row.outcomes} == {"out of memory"}


def test_a_fork_bomb_stops_at_its_limit(graded_class: GradedClass) -> None:
    message = graded_class.rows["cheat-fork-bomb"].outcomes[0].verdict.message
    children = int(message.split("RuntimeError: ")[1].split()[0])
    assert children <= 2, message


def test_no_process_outlives_its_sandbox(graded_class: GradedClass) -> None:
    """What is being killed takes a moment to go; what outlives stays."""
    assert graded_class.rows
    for _ in range(50):
        if not left_over():
            break
        time.sleep(0.2)
    assert left_over() == []


def left_over() -> list[tuple[str, list[bytes]]]:
    """The processes of sandboxes that descend from this process, or from none of this run: other tests run sandboxes too.

    They are known by a sandbox's own user (as root), and by the runner on their command line.
    """
    from autograder.sandbox.bubblewrap import FIRST_UID, RUNNER

    found, ours, run = [], str(os.getpid()), str(os.getppid())
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if words and (entry.stat().st_uid >= FIRST_UID or f"{RUNNER}/run.py".encode() in words):
                above = ancestors(entry)
                if ours in above or run not in above:
                    found.append((entry.name, words[:5]))
        except OSError:  # it has ended
            continue
    return found


def test_a_process_that_outlives_would_be_found() -> None:
    orphan = f"{sys.executable} -c 'import time; time.sleep(60)' /runner/run.py > /dev/null 2>&1 & echo $!"
    number = subprocess.run(["/bin/sh", "-c", orphan], capture_output=True, text=True, check=True).stdout.strip()
    try:
        assert number in [found for found, _ in left_over()]
    finally:
        os.kill(int(number), signal.SIGKILL)


def ancestors(entry: Path) -> set[str]:
    """The numbers of all processes above one, up to the first of all."""
    above: set[str] = set()
    number = entry.name
    while number not in ("0", "1"):
        number = (Path("/proc") / number / "stat").read_bytes().rpartition(b")")[2].split()[1].decode()
        above.add(number)
    return above


def test_the_time_of_handing_in_is_ours(graded_class: GradedClass, exercise) -> None:
    with sqlite3.connect(graded_class.course.root / "gradebook.db") as database:
        query = "SELECT timestamp FROM submitted_assignment WHERE student_id = 'cheat-forged-time'"
        (timestamp,) = database.execute(query).fetchone()
    database.close()
    assert not timestamp.startswith("1999")


def test_the_gradebook_has_explicit_points_for_every_check(graded_class: GradedClass, exercise) -> None:
    with sqlite3.connect(graded_class.course.root / "gradebook.db") as database:
        rows = database.execute("SELECT auto_score, manual_score, needs_manual_grade FROM grade").fetchall()
    database.close()
    assert len(rows) == len(SAMPLES) * len(exercise.checks)
    assert all(auto is not None and manual is None and not needs for auto, manual, needs in rows)


def test_every_student_has_a_feedback_page_without_script_or_foreign_address(
    graded_class: GradedClass, exercise
) -> None:
    for sample in SAMPLES:
        page = feedback_path(graded_class.course, exercise.slug, sample.student).read_text(encoding="utf-8")
        assert "<script" not in page.lower().replace("&lt;script", ""), sample.student
        assert "javascript:" not in page.lower(), sample.student
        assert 'src="http' not in page, sample.student
        assert "default-src 'none'" in page, sample.student


def test_feedback_names_the_mistake_and_what_rests_on_it(graded_class: GradedClass, exercise) -> None:
    page = feedback_path(graded_class.course, exercise.slug, "mistake-bias").read_text(encoding="utf-8")
    assert "It is what you get when the bias b is left out." in page
    assert "forward itself is right: it fails because of what step returns. Mend that first." in page


def test_printing_a_gigabyte_leaves_a_short_notebook(graded_class: GradedClass, exercise) -> None:
    path = autograded_path(graded_class.course, exercise.slug, "prints-1-GB")
    assert path.stat().st_size < 400_000
    assert "more characters were printed" in path.read_text(encoding="utf-8")


def test_the_second_grading_changes_nothing_and_the_command_prints_the_table(
    graded_class: GradedClass, autograder
) -> None:
    before = tree(graded_class.course.autograded)
    result = autograder("grade", "--course", str(graded_class.course.root))
    assert result.returncode == 0, result.stderr
    assert "0 graded now, 40 unchanged." in result.stdout
    for sample in SAMPLES:
        line = next(line for line in result.stdout.splitlines() if f" {sample.student} " in line)
        cells = [cell.strip() for cell in line.strip("│").split("│")]
        row = graded_class.rows[sample.student]
        assert cells[-2:] == [f"{row.points:g}", row_status(row)]
    assert tree(graded_class.course.autograded) == before


def test_grades_csv_and_json_say_the_same_as_the_table(graded_class: GradedClass, autograder, exercise) -> None:
    result = autograder("report", "--course", str(graded_class.course.root), "--json")
    assert result.returncode == 0, result.stderr
    (found,) = (one for one in json.loads(result.stdout)["exercises"] if one["slug"] == exercise.slug)
    by_student = {row["student"]: row["points"] for row in found["rows"]}
    assert by_student == {student: row.points for student, row in graded_class.rows.items()}
    with open(graded_class.course.root / "grades.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(SAMPLES) * len(exercise.checks)
    assert {line["student"]: float(line["total"]) for line in lines} == by_student


def test_a_page_that_is_gone_is_written_again(graded_class: GradedClass, autograder, exercise) -> None:
    path = feedback_path(graded_class.course, exercise.slug, "full")
    before = path.read_bytes()
    path.unlink()
    result = autograder("grade", "--course", str(graded_class.course.root), "--student", "full")
    assert result.returncode == 0, result.stderr
    assert path.read_bytes() == before
