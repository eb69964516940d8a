"""A grading that is ended in the middle, by kill -9, is taken up again and comes to the same grades."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from autograder.course import Course, CourseError
from autograder.exercise import DrawnCase, Exercise
from autograder.grading.class_run import grade_class, only_one
from autograder.grading.intake import take_in_all
from autograder.grading.pages import autograded_path, feedback_path
from tests.autograder.conftest import ROOT
from tests.autograder.sample_class import SAMPLES, write_class, write_sample
from tests.autograder.test_doors import FEW, outcome, stated

pytestmark = pytest.mark.xdist_group("resume")


def graded(course: Course) -> dict[str, tuple[int, bytes]]:
    """Each graded student's run and its seed, read as an outsider would."""
    database = sqlite3.connect(f"file:{course.root / 'gradebook.db'}?mode=ro", uri=True, timeout=30)
    try:
        query = "SELECT student, r.id, seed FROM autograder_graded g JOIN autograder_run r ON r.id = g.run"
        return {student: (run, seed) for student, run, seed in database.execute(query)}
    except sqlite3.OperationalError:
        return {}
    finally:
        database.close()


def sandboxes_of(pid: int) -> list[str]:
    """The processes whose command line holds the course's worker's parent; none may be left after a kill."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:
                    if int(file.read().rpartition(b")")[2].split()[1]) == pid:
                        found.append(entry)
            except OSError:
                continue
    return found


@pytest.mark.parametrize("after", [2])
def test_kill_9_in_the_middle_then_grade_again(course: Course, exercise: Exercise, after: int) -> None:
    write_class(course, exercise, FEW)
    command = [sys.executable, "-m", "autograder", "grade", "--course", str(course.root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while len(graded(course)) < after and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        children = sandboxes_of(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    before = graded(course)
    (course.root / "feedback").mkdir(exist_ok=True)
    (course.root / "feedback" / ".page.html.0123.part").write_text(
        "half", encoding="utf-8"
    )  # as a kill while writing leaves it
    assert after <= len(before) < len(FEW), "the kill came in the middle"
    time.sleep(0.5)
    assert [child for child in children if alive_and_ours(child)] == [], "sandboxes end with the grader"

    result = grade_class(course, exercise)
    assert outcome(result.rows) == stated(exercise)
    assert set(result.graded) == set(FEW) - set(before), "who was graded is not graded again"
    runs = graded(course)
    assert len(set(runs.values())) == 1, "the resumed run has the seed of the run that was killed"
    for student in FEW:
        assert autograded_path(course, exercise.slug, student).is_file()
        assert feedback_path(course, exercise.slug, student).is_file()
    assert list(course.root.rglob("*.part")) == []


def alive_and_ours(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"bwrap" in file.read()
    except OSError:
        return False


def test_a_regrade_draws_new_challenges(course: Course, exercise: Exercise) -> None:
    write_class(course, exercise, frozenset({"full"}))
    grade_class(course, exercise)
    first = graded(course)["full"][1]
    grade_class(course, exercise)
    assert graded(course)["full"][1] == first, "nothing changed, nothing is graded"
    grade_class(course, exercise, anew=True)
    assert graded(course)["full"][1] != first


def test_who_hands_in_again_is_graded_again_and_nobody_else(course: Course, exercise: Exercise) -> None:
    write_class(course, exercise, frozenset({"full", "blank"}))
    grade_class(course, exercise)
    half = next(sample for sample in SAMPLES if sample.student == "half")
    write_sample(half, exercise, course)
    shutil_move(course.inbox / "half", course.inbox / "blank")
    result = grade_class(course, exercise)
    assert result.graded == ["blank"]
    assert {row.student: row.points for row in result.rows} == {"full": 12.0, "blank": 7.0}


def shutil_move(source, target) -> None:
    import shutil

    shutil.rmtree(target)
    source.rename(target)


def test_two_gradings_at_once_are_refused_in_one_sentence(course: Course, exercise: Exercise, autograder) -> None:
    with only_one(course):
        with pytest.raises(CourseError, match="being graded already"):
            grade_class(course, exercise)
        result = autograder("grade", "--course", str(course.root))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.strip().endswith("wait for that to end.")


SEED = bytes(range(32))


def drawn_numbers(cases: list[DrawnCase]) -> set[bytes]:
    """The inputs of challenges that were drawn: arrays of several numbers that differ."""
    arrays = [value for case in cases for value in case.inputs.values() if isinstance(value, np.ndarray)]
    return {array.tobytes() for array in arrays if array.dtype.kind == "f" and len(np.unique(array)) > 3}


def test_while_a_run_stays_open_a_second_hand_in_is_asked_other_things(
    course: Course, exercise: Exercise, monkeypatch
) -> None:
    """A table of the answers to what the first hand-in was asked, and carried out, earned full marks once."""
    from autograder.grading import core

    asked: list[dict] = []
    run = core.execute

    def watched(task):
        asked.append(task.cases)
        return run(task)

    monkeypatch.setattr(core, "execute", watched)
    for student in ("full", "half"):
        write_class(course, exercise, frozenset({student}))
        if student == "half":
            shutil_move(course.inbox / "half", course.inbox / "full")
        take_in_all(course, exercise)
        core.grade_submission(course, exercise, "full", SEED, core.Settings())
    first, second = ({name: drawn_numbers(cases) for name, cases in one.items()} for one in asked)
    for name, numbers in first.items():
        assert numbers, name
        assert not numbers & second[name], name
    core.grade_submission(course, exercise, "full", SEED, core.Settings())
    again = {name: drawn_numbers(cases) for name, cases in asked[-1].items()}
    assert again == second, "the same hand-in is asked the same in a resumed run"
