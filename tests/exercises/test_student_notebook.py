"""What a student gets: the zip alone, opened in a folder of its own, run by a plain Jupyter kernel."""

import ast
import functools
import io
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.release import package, student_files
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.cells import check_id
from autograder.exercise.notebooks import fill_in, mistaken_sources, reference_sources, with_helpers

ROOT = Path(__file__).parents[2]
LARGEST_PACKAGE = 1_000_000

# A student has neither the grader nor the reference, and torch only where it is asked for: other imports fail in this kernel.
BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(params=EXERCISES)
def exercise(request: pytest.FixtureRequest) -> Exercise:
    return EXERCISES[request.param]


def zipped(exercise: Exercise) -> bytes:
    """The students' zip; the committed notebook is the released one (another test holds that)."""
    return zip_of(exercise.slug)


@functools.cache
def zip_of(slug: str) -> bytes:
    exercise = EXERCISES[slug]
    return package(exercise, student_files(exercise, ROOT / "exercises" / slug / "released" / f"{slug}.ipynb"))


@pytest.fixture
def folder(exercise: Exercise, tmp_path: Path) -> Path:
    """The unpacked zip."""
    with zipfile.ZipFile(io.BytesIO(zipped(exercise))) as archive:
        archive.extractall(tmp_path)
    return tmp_path / exercise.slug


def execute(
    folder: Path, exercise: Exercise, python: str = sys.executable, blocked: bool = True
) -> nbformat.NotebookNode:
    """Run all cells with `jupyter execute`, as a student would with 'Restart and run all', and read the result."""
    environment = dict(os.environ)
    if blocked:
        (folder / "blocked").mkdir(exist_ok=True)
        absent = {"autograder", "solutions", "nbgrader", "torch"} - set(exercise.packages)
        (folder / "blocked" / "sitecustomize.py").write_text(BLOCK.format(absent=absent), encoding="utf-8")
        environment["PYTHONPATH"] = str(folder / "blocked")
    result = subprocess.run(
        [python, "-m", "jupyter", "execute", "--inplace", f"{exercise.slug}.ipynb"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    return nbformat.read(folder / f"{exercise.slug}.ipynb", as_version=4)


def answers(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What each check cell shows."""
    found = {}
    for cell in notebook.cells:
        if cell.id.startswith("check-"):
            (output,) = cell.outputs
            assert "text/html" in output.data
            found[cell.id] = output.data["text/plain"]
    return found


def solve(exercise: Exercise, folder: Path) -> None:
    path = folder / f"{exercise.slug}.ipynb"
    nbformat.write(fill_in(exercise, nbformat.read(path, as_version=4), reference_sources(exercise)), path)


only_the_first = pytest.mark.parametrize("exercise", ["01_vanilla_rnn"], indirect=True)


def test_the_zip_holds_what_a_student_needs_and_is_small(exercise: Exercise, folder: Path) -> None:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    examples = {f"examples/{check.name}.json" for check in exercise.checks}
    always = {f"{exercise.slug}.ipynb", "check.py", "calling.py", "structure.py", "requirements.txt", "README.txt"}
    assert names == always | examples | set(exercise.data) | set(exercise.files)
    assert len(zipped(exercise)) < LARGEST_PACKAGE
    needs = {line.partition(">")[0].partition("=")[0] for line in (folder / "requirements.txt").read_text().split()}
    assert needs == {*exercise.packages, "jupyterlab"}


def test_the_released_notebook_runs_and_every_check_says_not_attempted(exercise: Exercise, folder: Path) -> None:
    shown = answers(execute(folder, exercise))
    assert len(shown) == len(exercise.checks)
    for cell, text in shown.items():
        assert ": not attempted." in text, (cell, text)


@only_the_first
def test_the_solved_notebook_runs_and_every_check_says_right(exercise: Exercise, folder: Path) -> None:
    solve(exercise, folder)
    notebook = execute(folder, exercise)
    for cell, text in answers(notebook).items():
        assert ": right." in text, (cell, text)
    last = next(cell for cell in reversed(notebook.cells) if cell.cell_type == "code")
    assert any("image/png" in output.get("data", {}) for output in last.outputs), "the picture at the end is drawn"


@pytest.mark.slow
@pytest.mark.parametrize("exercise", [slug for slug in EXERCISES if slug != "01_vanilla_rnn"], indirect=True)
def test_every_solved_notebook_trains_and_every_check_says_right(exercise: Exercise, folder: Path) -> None:
    """Where weights are judged, they are measured in grading alone."""
    solve(exercise, folder)
    shown = answers(execute(folder, exercise))
    assert len(shown) == len(exercise.checks)
    for check in exercise.checks:
        text = shown[check_id(check)]
        assert (": to be measured." if check.trained else ": right.") in text, (check.name, text)


@only_the_first
def test_a_mistake_is_named_in_the_notebook(exercise: Exercise, folder: Path) -> None:
    path = folder / f"{exercise.slug}.ipynb"
    check = exercise.check("rnn.step")
    sources, helpers = mistaken_sources(exercise, check, check.misconceptions[0].function)
    nbformat.write(with_helpers(exercise, nbformat.read(path, as_version=4), sources, helpers), path)
    shown = answers(execute(folder, exercise))
    assert "rnn.step: wrong." in shown["check-rnn-step"]
    assert check.misconceptions[0].message in shown["check-rnn-step"]
    assert "To reread: the book, section 'One step'" in shown["check-rnn-step"]


def test_the_notebook_has_three_grades_of_hints_for_each_function(exercise: Exercise, folder: Path) -> None:
    text = (folder / f"{exercise.slug}.ipynb").read_text(encoding="utf-8")
    for hint in ("Hint 1: the shapes", "Hint 2: the identity", "Hint 3: nearly the code"):
        assert text.count(hint) == len(exercise.checks), hint


def test_no_code_holds_types_or_comments_for_our_own_tools(exercise: Exercise, folder: Path) -> None:
    notebook = nbformat.read(folder / f"{exercise.slug}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not re.search("# (type: ignore|noqa)", cell.source), cell.id
            found = ast.walk(ast.parse(cell.source))
            assert not [one for one in found if isinstance(one, ast.AnnAssign)], cell.id


def test_points_in_the_prose_are_those_of_the_checks(exercise: Exercise, folder: Path) -> None:
    notebook = nbformat.read(folder / f"{exercise.slug}.ipynb", as_version=4)
    table = notebook.cells[0].source.partition("\n| ")[2].partition("\n\n")[0].splitlines()
    asked = [(f"`{check.function}`", check.points) for check in exercise.checks]
    asked += [("a question", question.points) for question in exercise.questions]
    rows = [[part.strip() for part in row.strip("|").split("|")] for row in table[2:]]
    assert [(row[0], float(row[-1])) for row in rows] == asked


NUMBER_OF_POINTS = re.compile(r"\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten)\s+points?\b", re.IGNORECASE)
RUBRIC = re.compile(r'^\+\+\+ \{"question".*?^\+\+\+', re.MULTILINE | re.DOTALL)


def test_a_text_says_no_points_of_its_own(exercise: Exercise) -> None:
    text = exercise.text().read_text(encoding="utf-8")
    assert text.count("{{ points }}") == 1
    assert NUMBER_OF_POINTS.findall(RUBRIC.sub("", text)) == []


def test_every_section_that_a_check_refers_to_is_in_the_book(exercise: Exercise) -> None:
    book = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "book").glob("*.md")))
    for check in exercise.checks:
        label, _, title = check.section.partition(": ")
        place = book.index(f"({label})=")
        heading = next(line for line in book[place:].splitlines()[1:] if line.strip())
        assert heading.lstrip("# ") == title, check.name


@only_the_first
def test_the_package_is_the_same_each_time(exercise: Exercise, tmp_path: Path) -> None:
    from autograder.authoring.release import release_into

    course = Course.create(tmp_path / "course")
    assert package(exercise, student_files(exercise, release_into(course, exercise))) == zipped(exercise)


@pytest.mark.slow
@only_the_first
def test_it_works_in_an_empty_environment_with_its_own_requirements(
    exercise: Exercise, folder: Path, tmp_path: Path
) -> None:
    """The real thing: a new environment, the zip's requirements.txt, and nothing else."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"], cwd=folder, check=True, timeout=900
    )
    listed = subprocess.run([python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True)
    assert {entry["name"] for entry in json.loads(listed.stdout)}.isdisjoint({"torch", "nbgrader", "rnn-course"})
    solve(exercise, folder)
    for cell, text in answers(execute(folder, exercise, python, blocked=False)).items():
        assert ": right." in text, (cell, text)
