"""The grader is an engine that knows no exercise: what it imports, what it names, and how large it is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "autograder"
FILES = sorted(path for path in ENGINE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
SOURCES = [path for path in FILES if path.suffix == ".py"]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return names


def test_it_imports_neither_the_reference_nor_an_exercise() -> None:
    for path in SOURCES:
        tops = {name.partition(".")[0] for name in imported(path)}
        assert not tops & {"solutions", "exercises", "experiments"}, path


def test_loading_all_of_it_loads_neither() -> None:
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SOURCES if "runner" not in path.parts]
    modules = [name.removesuffix(".__init__") for name in modules if not name.endswith("__main__")]
    program = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
    program += (
        "print([n for n in sys.modules if n.partition('.')[0] in ('solutions', 'torch') or n.startswith('exercise_')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_file_of_it_names_a_network_of_the_course() -> None:
    network = re.compile(r"(?<![a-z])(rnn|lstm|gru)s?(?![a-z])", re.IGNORECASE)
    for path in FILES:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            assert not network.search(line), f"{path.relative_to(ROOT)}, line {number}: {line.strip()}"


def test_what_declares_exercises_knows_nothing_of_grading() -> None:
    """Exercises use autograder.exercise; so that imports run one way, it uses little of the rest."""
    allowed = ("autograder.exercise", "autograder.runner.calling", "autograder.errors", "autograder.settings")
    allowed += ("autograder.sandbox.runtime",)  # what code in a sandbox can import
    for path in (ENGINE / "exercise").glob("*.py"):
        ours = {name for name in imported(path) if name.startswith("autograder")}
        assert all(name.startswith(allowed) for name in ours), (path.name, ours)


def test_an_exercise_imports_of_the_grader_only_what_declares_exercises() -> None:
    for path in sorted((ROOT / "exercises").glob("*/checks/*.py")):
        ours = {name for name in imported(path) if name.startswith("autograder")}
        assert ours <= {"autograder.exercise", "autograder.exercise.drawing"}, (path, ours)


def test_the_students_copies_of_its_modules_stand_in_one_place() -> None:
    generated = subprocess.run(
        ["git", "grep", "--untracked", "-l", "^# Generated from autograder/", "--", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert generated == ["exercises/student/calling.py", "exercises/student/check.py", "exercises/student/structure.py"]


def test_files_of_checks_are_short_enough_to_find_ones_way() -> None:
    for path in (ROOT / "exercises").glob("*/checks/*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path
