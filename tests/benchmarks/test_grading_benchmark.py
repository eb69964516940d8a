"""The benchmark of grading measures two sides that grade the same class alike. Nothing here asserts on time."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from autograder.exercise import EXERCISES

FOLDER = Path(__file__).parents[2] / "benchmarks"
ROW = {
    "exercise", "side", "submissions", "processor_s", "wall_s", "how", "graded", "full_marks", "peak_mb", "peak_of", "each_s",
}  # fmt: skip
# A child that nobody waits for: it works, and its parent ends first.
LEAVES_A_CHILD = """
import os, time
if os.fork() == 0:
    begun = time.process_time()
    while time.process_time() - begun < 0.3: pass
    os._exit(0)
os._exit(0)
"""


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("meter")


@pytest.fixture
def grading(meter: ModuleType) -> ModuleType:
    return importlib.import_module("grading")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "grading.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=FOLDER.parent)


def test_both_sides_grade_the_same_class_alike() -> None:
    done = run("--json", "--sizes", "2", "--exercises", "numpy", "--first", "2")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"cost_1000_vs_50", "cluster_vs_local", "peak_mb", "counted", "notes", "machine"} <= set(result)
    for name in ("speedup", "throughput", "nothing_new_s", "first_student_s"):
        assert list(result[name]) == ["numpy"]
        assert result[name]["numpy"] > 0
    assert all(set(row) == ROW for row in result["rows"])
    rows = {row["side"]: row for row in result["rows"]}
    assert {"ours", "nothing new", "stock", "first student"} <= set(rows)
    for side in ("ours", "stock"):  # the first student's notebook has one function wrong
        assert (rows[side]["graded"], rows[side]["full_marks"]) == (2, 1), side
    assert result["speedup"]["numpy"] == pytest.approx(rows["stock"]["each_s"] / rows["ours"]["each_s"])
    assert result["peak_mb"] == rows["ours"]["peak_mb"] > 0
    assert result["cost_1000_vs_50"] is None
    assert "cost_1000_vs_50 needs the sizes 50 and 1000." in result["notes"]


def row(grading: ModuleType, side: str, count: int, seconds: float) -> Any:
    return grading.Row("numpy", side, count, seconds, seconds, peak_mb=1.0)


def test_stock_is_extrapolated_along_a_line_and_the_row_says_so(grading: ModuleType) -> None:
    measured = [row(grading, "stock", 12, 5 + 2 * 12), row(grading, "stock", 50, 5 + 2 * 50)]
    larger = grading.extrapolated(measured, 1000)
    assert larger.processor_s == pytest.approx(5 + 2 * 1000)
    assert larger.how == "extrapolated linearly from 12 and 50 submissions"
    assert larger.graded is None
    assert grading.extrapolated(measured[:1], 24).processor_s == pytest.approx(2 * measured[0].processor_s)


def test_the_cost_at_1000_is_compared_with_that_at_50(grading: ModuleType) -> None:
    rows = [row(grading, side, count, count * each) for count, each in ((50, 0.1), (1000, 0.2))
            for side in ("ours", "stock", "nothing new")]  # fmt: skip
    result = grading.result_of(rows, [50, 1000], [])
    assert result["cost_1000_vs_50"] == pytest.approx(2)
    assert result["first_student_s"] == {"numpy": None}
    assert result["notes"] == []


def test_a_class_is_the_beginning_of_a_larger_one_and_no_two_notebooks_are_alike(
    grading: ModuleType,
) -> None:
    room = object.__new__(grading.Classroom)  # without the courses, which take seconds to make
    room.exercise, room.ours = EXERCISES["01_vanilla_rnn"], Path("ours")
    room.released = {room.ours: room.exercise.released / "01_vanilla_rnn.ipynb"}
    books = [room.notebook(room.ours, number) for number in range(6)]
    assert books == [room.notebook(room.ours, number) for number in range(6)]
    assert len(set(books)) == len(books)


def spent(meter: ModuleType, code: str) -> Any:
    command = [sys.executable, "-c", code]
    with meter.measured(command, FOLDER, dict(os.environ), subprocess.DEVNULL, subprocess.DEVNULL) as running:
        pass
    return running


def test_a_child_that_nobody_waited_for_is_counted_where_a_control_group_can_be_made(meter: ModuleType) -> None:
    if meter.PLACE is None:
        pytest.skip("No control group can be made here.")
    running = spent(meter, LEAVES_A_CHILD)
    assert running.processor_s > 0.3
    assert not running.group.exists()


def test_without_a_control_group_children_that_were_waited_for_are_counted(
    meter: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "PLACE", None)
    work = "import time\nwhile time.process_time() < 0.3: pass"
    assert spent(meter, work).processor_s > 0.3


def test_memory_is_that_of_processes_outside_of_sandboxes(meter: ModuleType) -> None:
    held = "import time; held = bytearray(100 * 2**20); time.sleep(0.5)"
    running = spent(meter, held)
    assert running.peak_mb > 100
    assert running.peak_of[0].endswith(held)
    assert meter.is_own(os.getpid())


def test_a_command_that_fails_ends_the_benchmark_in_one_sentence(grading: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"ended with 3: too bad$"):
        grading.finished([sys.executable, "-c", "print('too bad'); raise SystemExit(3)"], tmp_path)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--sizes", "0"), "--sizes must be at least 1"), (("--exercises", "jax"), "--exercises takes numpy and torch")],
    ids=["sizes", "exercises"],
)
def test_what_it_cannot_measure_is_refused(
    arguments: tuple[str, ...], told: str, grading: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        grading.parsed(list(arguments))
    assert told in capsys.readouterr().err
