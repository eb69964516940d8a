"""The types hold: mypy's word on all of the code. An exercise's folder has a name that no module can have, so it gets another."""

import subprocess
import sys
from pathlib import Path

from autograder.exercise import EXERCISES

ROOT = Path(__file__).parents[1]
EXERCISES_ARE_WRITTEN_AS_LEARNERS_WRITE = """[mypy]
python_version = 3.11
mypy_path = {root}
explicit_package_bases = True
follow_imports = silent
warn_unused_ignores = True
ignore_missing_imports = True

[mypy-torch.*]
follow_imports = skip
"""


def found_by_mypy(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_mypy_finds_nothing() -> None:
    assert found_by_mypy(ROOT) == ""


def test_mypy_finds_nothing_in_the_exercises(tmp_path: Path) -> None:
    for slug, folder in EXERCISES.places.items():
        (tmp_path / f"exercise_{slug}").symlink_to(folder)
    (tmp_path / "mypy.ini").write_text(EXERCISES_ARE_WRITTEN_AS_LEARNERS_WRITE.format(root=ROOT), encoding="utf-8")
    assert found_by_mypy(tmp_path, "--cache-dir", str(ROOT / ".mypy_cache" / "exercises"), ".") == ""
