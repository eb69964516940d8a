"""What grading costs: our grader beside stock nbgrader, on the same class, in turn in the same run.

    python benchmarks/grading.py [--json] [--keep] [--sizes 12,50] [--exercises numpy,torch] [--workers N] [--first 300]

The class. Each student hands in the solved notebook with a comment of their own; every third has one function wrong, with
one of the mistakes that the exercise knows. The seed is fixed, so the first 12 of 50 students are a class of 12. In both
notebooks the functions are the same, and so are the cells between them. The cell that trains a model is left out on both
sides, with its check: the function that trains is given, not asked for.

Ours is `autograder grade NAME --workers N` on a course with the class in its inbox: intake, one sandbox a student, the judge
on challenges drawn for each student, gradebook, graded notebooks and feedback pages.

Stock is nbgrader without our plug-in, one process as it comes: `nbgrader autograde NAME`, then `nbgrader generate_feedback
NAME`, on a course made by `nbgrader generate_assignment` from a source whose solutions stand between nbgrader's marks. Its
test cells are `assert check("rnn.step", step).status == "right"`: what the student's visible check does, on its worked cases,
made to raise where it is not right. check.py and the worked cases lie beside the notebook. It isolates nothing.

Processor time counts every process that a command started, killed ones too (meter.py says how, and how memory is counted).
Up to 50 submissions both sides are measured. Beyond that stock, which does one notebook after the other, is extrapolated
linearly from what was measured, and its rows say so. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, which make NumPy take slower
products than the processor can, are unset for both.

The object that --json prints:

- speedup: by exercise, stock's processor time a submission divided by ours, at the largest size
- throughput: the same of time on the clock, with as many sandboxes as there are cores
- cost_1000_vs_50: our processor time a submission at 1000 divided by that at 50, of the exercise where it is worse
- cluster_vs_local: submissions a second with as many Dask workers, divided by those without a cluster
- peak_mb: the grader's own memory, sandboxes not counted, the most of all rows
- nothing_new_s: by exercise, processor time of a `grade` that finds nothing to grade, in the largest class
- first_student_s: by exercise, time on the clock from starting `grade` to the first graded student of a new class
- counted: where processor time was read; "rusage" misses children that nobody waited for
- notes: why a figure is null; rows: everything that was measured; machine: on what

`--keep` writes it to grading.json beside this file.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import meter
import nbformat
import numpy as np
from cells import MISLEADING, machine

from autograder.authoring.release import release_into, student_files, write_files
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.cells import check_id, notebook_bytes, solution_id, train_id
from autograder.exercise.notebooks import mistaken_sources, reference_sources, with_helpers
from autograder.exercise.source import source_notebook

SLUGS = {"numpy": "01_vanilla_rnn", "torch": "07_pytorch"}
SIZES, STOCK_MOST, CLUSTER_MOST, FIRST = (12, 50, 200, 1000), 50, 200, 300
SEED, ONE_WRONG_IN = 20_260_101, 3
KEPT = Path(__file__).with_suffix(".json")
GRADED_ONE = re.compile(rb"grading\D*[1-9]\d* of \d")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in MISLEADING} | {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # nbgrader calls alembic
}


@dataclass
class Row:
    """One measurement; ``graded`` students have points and a feedback page, ``full_marks`` of them all points.

    ``peak_of`` names the processes that made up the most memory.
    """

    exercise: str
    side: str  # ours, stock, nothing new, first student, cluster
    submissions: int
    processor_s: float
    wall_s: float
    how: str = "measured"
    graded: int | None = None
    full_marks: int | None = None
    peak_mb: float | None = None
    peak_of: list[str] = field(default_factory=list)
    each_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.each_s = self.processor_s / self.submissions


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Classroom:
    """One exercise as both sides give it, and the class that hands it in."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.slug, self.folder = name, SLUGS[name], folder
        self.ours, self.stock = folder / "ours", folder / "stock"
        Course.create(self.ours)
        untrained = [check.function for check in EXERCISES[self.slug].without_training().checks]
        with open(self.ours / "course.toml", "a", encoding="utf-8") as settings:
            settings.write(f"\n[exercise.{self.slug}]\nfunctions = {json.dumps(untrained)}\n")
        course = Course.open(self.ours)
        self.exercise: Exercise = course.exercise(self.slug)
        self.released = {self.ours: release_into(course, self.exercise), self.stock: self.release_stock()}

    def release_stock(self) -> Path:
        """Make the course of stock nbgrader: its source, and what it releases."""
        source = self.stock / "source" / self.slug
        notebook = source_notebook(self.exercise, self.exercise.text())
        notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith(train_id(""))]
        tests = {check_id(check) for check in self.exercise.checks}
        for cell in notebook.cells:
            if cell.id in tests:
                cell.source = f'assert {cell.source}.status == "right"'
        path = source / f"{self.slug}.ipynb"
        write_files(student_files(self.exercise, self.exercise.released / path.name), source)
        path.write_bytes(notebook_bytes(notebook))
        finished([sys.executable, "-m", "nbgrader", "generate_assignment", self.slug], self.stock)
        return self.stock / "release" / self.slug / path.name

    def notebook(self, side: Path, number: int) -> bytes:
        """What a student hands in."""
        rng = np.random.default_rng([SEED, number])
        released = nbformat.read(self.released[side], as_version=4)
        released.cells = [cell for cell in released.cells if not cell.id.startswith(train_id(""))]
        sources, helpers = reference_sources(self.exercise), ""
        if number % ONE_WRONG_IN == 0:
            checks = [check for check in self.exercise.checks if check.misconceptions]
            check = checks[number // ONE_WRONG_IN % len(checks)]
            mistake = check.misconceptions[rng.integers(len(check.misconceptions))]
            sources, helpers = mistaken_sources(self.exercise, check, mistake.function)
        notebook = with_helpers(self.exercise, released, sources, helpers)
        commented = solution_id(self.exercise.checks[rng.integers(len(self.exercise.checks))])
        for cell in notebook.cells:
            if cell.id == commented:
                cell.source += f"\n# Student {number}, draft {rng.integers(2, 10)}."
        return notebook_bytes(notebook)

    @contextmanager
    def handed_in(self, side: Path, count: int) -> Iterator[Path]:
        """A fresh copy of a side's course, in which a class has handed in."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            course = Path(folder) / "course"
            shutil.copytree(side, course)
            for number in range(count):
                path = course / ("inbox" if side is self.ours else "submitted") / f"s{number:04}" / self.slug
                path.mkdir(parents=True)
                (path / f"{self.slug}.ipynb").write_bytes(self.notebook(side, number))
            yield course

    def outcome(self, course: Path) -> dict[str, int]:
        """How many students the gradebook has graded, with a feedback page, and how many of them have all points."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
            points = {
                one.student.id: [(grade.auto_score, grade.max_score) for book in one.notebooks for grade in book.grades]
                for one in gradebook.assignment_submissions(self.slug)
            }
        pages = {path.parts[-3] for path in course.glob(f"feedback/*/{self.slug}/*.html")}
        graded = [grades for student, grades in points.items() if student in pages and grades]
        full = [grades for grades in graded if all(score == most for score, most in grades)]
        return {"graded": len(graded), "full_marks": len(full)}

    def row(self, side: str, count: int, runs: list[meter.Running], **more: Any) -> Row:
        """A row of commands that ran one after the other."""
        used, wall = sum(run.processor_s for run in runs), sum(run.wall_s for run in runs)
        largest = max(runs, key=lambda run: run.peak_mb)
        return Row(self.name, side, count, used, wall, peak_mb=largest.peak_mb, peak_of=largest.peak_of, **more)

    def announce(self, side: str, count: int) -> None:
        say(f"{self.name}: {side}, {count} submissions")

    def measure_stock(self, count: int) -> Row:
        self.announce("stock", count)
        with self.handed_in(self.stock, count) as course:
            verbs = ("autograde", "generate_feedback")
            runs = [finished([sys.executable, "-m", "nbgrader", verb, self.slug], course) for verb in verbs]
            return self.row("stock", count, runs, **self.outcome(course))

    def grade_command(self, workers: int, *more: str) -> list[str]:
        """Our command, in the course's folder."""
        of_course = ["--course", ".", "--workers", str(workers)]
        return [sys.executable, "-m", "autograder", "grade", self.slug, *of_course, *more]

    def measure_ours(self, count: int, workers: int) -> list[Row]:
        """A class graded, and the same command once more, which has nothing to grade."""
        self.announce("ours", count)
        with self.handed_in(self.ours, count) as course:
            first = finished(self.grade_command(workers), course)
            outcome = self.outcome(course)
            second = finished(self.grade_command(workers), course)
            return [self.row("ours", count, [first], **outcome), self.row("nothing new", count, [second])]

    def measure_cluster(self, count: int, workers: int, address: str) -> Row:
        self.announce("cluster", count)
        with self.handed_in(self.ours, count) as course:
            run = finished(self.grade_command(workers, "--cluster", address), course)
            return self.row("cluster", count, [run], **self.outcome(course))

    def measure_first(self, count: int, workers: int) -> Row:
        """Until the progress output tells of the first graded student; then the command is stopped."""
        self.announce("first student", count)
        with self.handed_in(self.ours, count) as course:
            command = self.grade_command(workers)
            with meter.measured(command, course, ENVIRONMENT, subprocess.DEVNULL, subprocess.PIPE) as run:
                assert run.process.stderr is not None
                last = b""
                for last in run.process.stderr:
                    if GRADED_ONE.search(last):
                        break
                else:
                    sys.exit(f"No student was graded by {' '.join(command)}: {last.decode(errors='replace').strip()}")
                wall, used = run.since(), run.used()
                run.process.send_signal(signal.SIGINT)
                run.process.stderr.read()
            return Row(self.name, "first student", count, used, wall, how="until the first student was graded")


def finished(command: list[str], folder: Path) -> meter.Running:
    """A command that was measured and came to a good end; one sentence otherwise."""
    with tempfile.TemporaryFile() as output:
        with meter.measured(command, folder, ENVIRONMENT, output, output) as run:
            pass
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines() or ["it says nothing"]
    if run.process.returncode != 0:
        sys.exit(f"'{' '.join(command[1:])}' ended with {run.process.returncode}: {lines[-1]}")
    return run


def extrapolated(measured: list[Row], count: int) -> Row:
    """What stock would take for a larger class: a line through what was measured, through 0 if that is one size."""
    sizes = [row.submissions for row in measured]

    def at(times: list[float]) -> float:
        if len(sizes) == 1:
            return times[0] * count / sizes[0]
        return float(np.polyval(np.polyfit(sizes, times, 1), count))

    used, wall = at([row.processor_s for row in measured]), at([row.wall_s for row in measured])
    how = f"extrapolated linearly from {' and '.join(map(str, sizes))} submissions"
    return Row(measured[0].exercise, "stock", count, used, wall, how)


def both_sides(room: Classroom, sizes: list[int], workers: int) -> list[Row]:
    """Ours and stock in turn, size by size."""
    rows: list[Row] = []
    for count in sizes:
        rows += room.measure_ours(count, workers)
        if count <= STOCK_MOST:
            rows.append(room.measure_stock(count))
    measured = [row for row in rows if row.side == "stock"] or [room.measure_stock(STOCK_MOST)]
    larger = [extrapolated(measured, count) for count in sizes if count > STOCK_MOST]
    return rows + [row for row in measured if row not in rows] + larger


def why_no_cluster() -> str | None:
    """Why nothing can be measured on a cluster, in words."""
    command = [sys.executable, "-m", "autograder", "grade", "--help"]
    wide = ENVIRONMENT | {"COLUMNS": "200"}
    if "--cluster" not in subprocess.run(command, capture_output=True, text=True, check=True, env=wide).stdout:
        return "this grader has no option --cluster"
    return None if importlib.util.find_spec("distributed") else "Dask's package distributed is not installed"


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[str]:
    """A Dask scheduler and workers, each a process of its own; its address."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    begin = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    join = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", "1", "--nthreads", "1"]
    with ExitStack() as stack, open(folder / "cluster.log", "wb") as log:
        for command in (begin, *[join] * workers):
            more = [*command, "--no-dashboard"]
            process = subprocess.Popen(more, cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        with Client(address, timeout=60) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address


def of(rows: list[Row], exercise: str, side: str) -> dict[int, Row]:
    """The rows of one side, by size."""
    return {row.submissions: row for row in rows if (row.exercise, row.side) == (exercise, side)}


def result_of(rows: list[Row], sizes: list[int], notes: list[str]) -> dict[str, Any]:
    """The object that is printed."""
    names, most = list(dict.fromkeys(row.exercise for row in rows)), max(sizes)
    ours, stock = ({name: of(rows, name, side) for name in names} for side in ("ours", "stock"))
    first = {name: of(rows, name, "first student") for name in names}
    dearer = None
    if {50, 1000} <= set(sizes):
        dearer = max(ours[name][1000].each_s / ours[name][50].each_s for name in names)
    else:
        notes = [*notes, "cost_1000_vs_50 needs the sizes 50 and 1000."]
    on_cluster = [row for row in rows if row.side == "cluster"]
    return {
        "speedup": {name: stock[name][most].each_s / ours[name][most].each_s for name in names},
        "throughput": {name: stock[name][most].wall_s / ours[name][most].wall_s for name in names},
        "cost_1000_vs_50": dearer,
        "cluster_vs_local": min(
            (ours[row.exercise][row.submissions].wall_s / row.wall_s for row in on_cluster), default=None
        ),
        "peak_mb": max(row.peak_mb or 0.0 for name in names for row in ours[name].values()),
        "nothing_new_s": {name: of(rows, name, "nothing new")[most].processor_s for name in names},
        "first_student_s": {name: next((row.wall_s for row in first[name].values()), None) for name in names},
        "counted": meter.COUNTED,
        "notes": notes,
        "rows": [asdict(row) for row in rows],
        "machine": machine() | {"cores": os.cpu_count()},
    }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    rows: list[Row] = []
    notes: list[str] = []
    hindrance = why_no_cluster()
    if hindrance:
        notes.append(f"cluster_vs_local is null: {hindrance}.")
    for name in options.exercises:
        say(f"{name}: making the class")
        room = Classroom(name, folder / name)
        rows += both_sides(room, options.sizes, options.workers)
        if options.first:
            rows.append(room.measure_first(options.first, options.workers))
        if not hindrance and name == options.exercises[0]:
            size = max((size for size in options.sizes if size <= CLUSTER_MOST), default=min(options.sizes))
            with cluster(options.workers, folder) as address:
                rows.append(room.measure_cluster(size, options.workers, address))
    if meter.PLACE is None:
        notes.append("No control group can be made here: children that nobody waited for are not counted.")
    return result_of(rows, options.sizes, notes)


def table(result: dict[str, Any]) -> Iterator[str]:
    """The result for a screen."""
    yield f"{'exercise':9}{'side':14}{'class':>6}{'processor':>12}{'clock':>10}{'each':>9}{'memory':>9}  how"
    for row in result["rows"]:
        memory = "" if row["peak_mb"] is None else f"{row['peak_mb']:.0f} MB"
        times = f"{row['processor_s']:10.1f} s{row['wall_s']:8.1f} s{row['each_s']:7.2f} s"
        yield f"{row['exercise']:9}{row['side']:14}{row['submissions']:6}{times}{memory:>9}  {row['how']}"
    for name, value in result.items():
        if name not in ("rows", "notes", "machine"):
            yield f"{name}: {json.dumps(value)}"
    yield from result["notes"]


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What grading costs, beside stock nbgrader.")

    def numbers(text: str) -> list[int]:
        return sorted({int(word) for word in text.split(",")})

    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", action="store_true", help="write the object to grading.json beside this file")
    parser.add_argument("--sizes", type=numbers, default=list(SIZES), help="how many submissions, as 12,50")
    parser.add_argument("--exercises", default=",".join(SLUGS), help="numpy, torch or both, as numpy,torch")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="our sandboxes side by side")
    parser.add_argument("--first", type=int, default=FIRST, help="the class of first_student_s; 0 leaves it out")
    options = parser.parse_args(arguments)
    options.exercises = list(dict.fromkeys(options.exercises.split(",")))
    if min(options.sizes) < 1:
        parser.error("--sizes must be at least 1.")
    if not set(options.exercises) <= set(SLUGS):
        parser.error(f"--exercises takes {' and '.join(SLUGS)}.")
    return options


def main() -> None:
    options = parsed(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        result = measure(options, Path(folder))
    if options.keep:
        KEPT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result) if options.json else "\n".join(table(result)))


if __name__ == "__main__":
    main()
