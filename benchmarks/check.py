"""How long a student waits for `check`, beyond the time of their own function.

    python benchmarks/check.py [--json]

For each check of each exercise: the median over runs of the time of one call of `check` with the reference, less the time
that the reference itself takes on the worked cases. What is claimed: under 0.1 s.
"""

import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.authoring.examples import worked_cases
from autograder.exercise import EXERCISES, Check

RUNS = 21
CLAIM = 0.1
STUDENT_CHECK = Path(__file__).parent.parent / "exercises" / "check.py"


def student_check() -> Callable[..., Any]:
    """The function in the file that students get."""
    spec = importlib.util.spec_from_file_location("student_check", STUDENT_CHECK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["student_check"] = module
    spec.loader.exec_module(module)
    function: Callable[..., Any] = module.check
    return function


def seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def beyond_the_function(check: Check, run: Callable[..., Any]) -> float:
    cases = worked_cases(check)
    own = seconds(lambda: [check.reference(*case.inputs.values()) for case in cases])
    return seconds(lambda: run(check.name, check.reference)) - own


def main() -> None:
    run = student_check()
    rows = {check.name: beyond_the_function(check, run) for exercise in EXERCISES.values() for check in exercise.checks}
    if "--json" in sys.argv[1:]:
        print(json.dumps({"claim": CLAIM, "seconds": rows}))
    else:
        for name, value in rows.items():
            print(f"{name:24} {1000 * value:6.2f} ms")
    sys.exit(0 if max(rows.values()) < CLAIM else 1)


if __name__ == "__main__":
    main()
