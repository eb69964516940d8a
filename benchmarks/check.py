"""How long a student waits for `check`, beyond the time of their own function.

    python benchmarks/check.py [--json]

For each check of each exercise: the median over runs of the time of one call of `check` with the reference, less the time
that the reference itself takes on the worked cases. What is claimed: under 0.1 s.
"""

import importlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograder.authoring.examples import worked_cases
from autograder.exercise import EXERCISES, Check
from autograder.runner.calling import invoke, ready

RUNS = 21
CLAIM = 0.1
STUDENT = Path(__file__).parent.parent / "exercises" / "student"


def student_check(folder: Path) -> Callable[..., Any]:
    """The function in the files that students get, laid into a folder beside the worked cases of all exercises."""
    shutil.copytree(STUDENT, folder, dirs_exist_ok=True)
    for exercise in EXERCISES.values():
        shutil.copytree(exercise.folder / "released" / "examples", folder / "examples", dirs_exist_ok=True)
    sys.path.insert(0, str(folder))
    function: Callable[..., Any] = importlib.import_module("check").check
    return function


def seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def beyond_the_function(check: Check, run: Callable[..., Any]) -> float:
    inputs = [ready(case.inputs, check.tensors) for case in worked_cases(check)]
    with np.errstate(all="ignore"):
        own = seconds(lambda: [invoke(check.reference, one) for one in inputs])
    return seconds(lambda: run(check.name, check.reference)) - own


def main() -> None:
    checks = [check for exercise in EXERCISES.values() for check in exercise.without_training().checks]
    with tempfile.TemporaryDirectory() as folder:
        run = student_check(Path(folder))
        rows = {check.name: beyond_the_function(check, run) for check in checks}
    if "--json" in sys.argv[1:]:
        print(json.dumps({"claim": CLAIM, "seconds": rows}))
    else:
        for name, value in rows.items():
            print(f"{name:24} {1000 * value:6.2f} ms")
    sys.exit(0 if max(rows.values()) < CLAIM else 1)


if __name__ == "__main__":
    main()
