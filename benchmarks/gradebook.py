"""How many students a second the one writer enters into a gradebook of SQLite.

python benchmarks/gradebook.py [--json] [students]
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from autograder.authoring.release import release_into
from autograder.check import Verdict
from autograder.course import Course
from autograder.exercise import EXERCISES
from autograder.grading.challenge import new_seed
from autograder.grading.gradebook import GradeWriter
from autograder.grading.points import Graded


def main() -> None:
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    count = int(numbers[0]) if numbers else 200
    exercise = next(iter(EXERCISES.values()))
    with tempfile.TemporaryDirectory() as folder:
        course = Course.create(Path(folder) / "course")
        release_into(course, exercise)
        verdicts = tuple(Verdict(check.name, "right", "") for check in exercise.checks)
        with GradeWriter(course) as writer:
            run = writer.begin(exercise.slug, "benchmark", new_seed(), anew=True)
            begun = time.perf_counter()
            for number in range(count):
                graded = Graded(f"s{number}", "2026-01-01 00:00:00 UTC", "0" * 64, (), verdicts, b"x" * 40_000)
                writer.write(exercise, run, graded)
            rate = count / (time.perf_counter() - begun)
    print(
        json.dumps({"students": count, "per_second": rate}) if "--json" in sys.argv else f"{rate:.0f} students a second"
    )


if __name__ == "__main__":
    main()
