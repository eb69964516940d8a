"""Whatever ends or hinders a grading, and whenever: the rerun comes to the same grades, and nothing is half done."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.exercise import Exercise
from autograder.grading import class_run
from autograder.grading.class_run import grade_class
from autograder.grading.pages import autograded_path, feedback_path
from tests.autograder.conftest import ROOT
from tests.autograder.sample_class import write_class
from tests.autograder.test_doors import FEW, outcome, stated

SEED = 20_261_128
# Who is killed, by the end of its command line; a sandbox's fork has that of the fork server, and a name space of its own.
VICTIMS = ("grader", "fork server", "sandbox", "page maker")
MOMENTS = [(number, VICTIMS[number % len(VICTIMS)]) for number in range(20)]
PROC = Path("/proc")
SECONDS_TO_END = 120.0


@pytest.fixture(scope="module")
def filled(released_course: Course, exercise: Exercise, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which some of the sample class have handed in."""
    folder = tmp_path_factory.mktemp("filled") / "course"
    shutil.copytree(released_course.root, folder)
    write_class(Course.open(folder), exercise, FEW)
    return folder


@pytest.fixture(scope="module")
def seconds_undisturbed(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long the command takes here, so that the moments fall all over it."""
    course = shutil.copytree(filled, tmp_path_factory.mktemp("undisturbed") / "course")
    begun = time.monotonic()
    assert subprocess.run(command(course), cwd=ROOT, capture_output=True, check=False).returncode == 0
    return time.monotonic() - begun


def command(course: Path) -> list[str]:
    return [sys.executable, "-m", "autograder", "grade", "--course", str(course)]


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    with suppress(OSError):
        for task in (PROC / f"{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def is_victim(pid: int, grader: int, who: str) -> bool:
    with suppress(OSError):
        line = (PROC / f"{pid}/cmdline").read_bytes()
        outside = os.readlink(PROC / f"{pid}/ns/pid") == os.readlink(PROC / "self/ns/pid")
        if who == "fork server":
            return outside and b"/fork_server.py" in line and b"bwrap" not in line
        if who == "sandbox":
            return not outside and b"/fork_server.py" in line
        if who == "page maker":
            return pid != grader and outside and b"-m\0autograder\0grade" in line
        return pid == grader
    return False


def complete(course: Course, exercise: Exercise) -> None:
    """Nothing is half written, lost or doubled; ``rows`` come of a rerun."""
    assert list(course.root.rglob("*.part")) == []
    for student in FEW:
        json.loads(autograded_path(course, exercise.slug, student).read_bytes())
        assert feedback_path(course, exercise.slug, student).read_bytes().rstrip().endswith(b"</html>")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "who"), MOMENTS)
def test_kill_9_at_any_moment_changes_no_grade(
    filled: Path, seconds_undisturbed: float, exercise: Exercise, tmp_path: Path, number: int, who: str
) -> None:
    root = shutil.copytree(filled, tmp_path / "course")
    moment = random.Random(SEED + number).uniform(0.05, 0.95) * seconds_undisturbed
    with subprocess.Popen(command(root), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        begun = time.monotonic()
        found: list[int] = []
        while process.poll() is None and time.monotonic() - begun < SECONDS_TO_END and not found:
            time.sleep(0.01)
            if time.monotonic() - begun >= moment:
                found = [pid for pid in family(process.pid) if is_victim(pid, process.pid, who)]
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        said = process.communicate(timeout=SECONDS_TO_END)[0].decode()
    assert "Traceback" not in said
    if who != "grader":
        assert process.returncode == 0, said
    course = Course.open(root)
    assert outcome(grade_class(course, exercise).rows) == stated(exercise)
    complete(course, exercise)


FULL = """
set -e
mount -t tmpfs -o size="$3" tmpfs "$1"
cp -r "$2" "$1/course"
grade() { "$4" -m autograder grade --course "$1/course" >/dev/null 2>"$5/$6"; }
if grade "$1" . . "$4" "$5" first; then echo done > "$5/code"; fi
mount -o remount,size=100m "$1"
grade "$1" . . "$4" "$5" second
cp -r "$1/course" "$5/course"
"""


@pytest.mark.parametrize("room", ["500k", "900k", "1300k"])
def test_a_full_disk_is_one_sentence_and_with_room_the_rerun_ends_as_ever(
    filled: Path, exercise: Exercise, tmp_path: Path, room: str
) -> None:
    mounted, kept = tmp_path / "mounted", tmp_path / "kept"
    mounted.mkdir()
    kept.mkdir()
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    words = [*own, "sh", "-c", FULL, "sh", str(mounted), str(filled), room, sys.executable, str(kept)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (kept / "code").exists(), "the disk was full"
    last = (kept / "first").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert "full" in last
    assert last.endswith(("what is done is kept.", "what is graded is kept."))
    course = Course.open(kept / "course")
    assert outcome(grade_class(course, exercise).rows) == stated(exercise)
    complete(course, exercise)


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0], ids=["back a day", "on a day"])
def test_a_clock_that_jumps_in_the_middle_costs_nobody_a_point(
    filled: Path, exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """The time of day as a machine sets it right; what measures durations is the clock that never does."""
    true, jumped = time.time, []
    monkeypatch.setattr(time, "time", lambda: true() + (jump if jumped else 0.0))
    course = Course.open(shutil.copytree(filled, tmp_path / "course"))
    result = grade_class(course, exercise, progress=lambda what, _done, _of: what == "grading" and jumped.append(what))
    assert jumped
    assert outcome(result.rows) == stated(exercise)
    complete(course, exercise)


def test_without_memory_for_a_process_the_one_student_is_named_and_the_rerun_grades_them(
    filled: Path, exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, grade_submission, failed = (
        Course.open(shutil.copytree(filled, tmp_path / "course")),
        class_run.grade_submission,
        [],
    )

    def short_once(*about, **options):
        if not failed:
            failed.append(about[2])
            raise OSError(12, "Cannot allocate memory")
        return grade_submission(*about, **options)

    monkeypatch.setattr(class_run, "grade_submission", short_once)
    first = grade_class(course, exercise)
    assert list(first.failed) == failed
    second = grade_class(course, exercise)
    assert second.graded == failed
    assert outcome(second.rows) == stated(exercise)
    complete(course, exercise)
