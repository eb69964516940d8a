"""The benchmark of the student's check: it runs what students get, on every check."""

import json
import subprocess
import sys

from autograder.exercise import EXERCISES
from tests.autograder.conftest import ROOT


def test_it_runs_the_students_check_for_each_function() -> None:
    program = (
        "import sys; sys.argv[1:] = ['--json']; sys.path.insert(0, 'benchmarks'); import check as it; it.RUNS = 1; "
    )
    program += "sys.modules.pop('check'); it.main()"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    names = {check.name for exercise in EXERCISES.values() for check in exercise.without_training().checks}
    assert json.loads(ran.stdout)["seconds"].keys() == names, ran.stderr
