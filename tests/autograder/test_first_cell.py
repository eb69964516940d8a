"""The first cell of a notebook: in a real kernel, where something is missing, one sentence and no traceback."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring.release import TRIED, requirement, student_files, write_files
from autograder.exercise import EXERCISES
from autograder.exercise.first_cell import IMPORT, PYTHON, guarded
from tests.autograder.given import speaking

EXERCISE = EXERCISES["01_vanilla_rnn"]
SLUG = EXERCISE.slug
NO_NUMPY = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            raise ModuleNotFoundError("No module named 'numpy'", name=name)
sys.meta_path.insert(0, Absent())
"""
OLD_PYTHON = """
about_python = sys.version_info, sys.version
sys.version_info, sys.version = (3, 8, 18, "final", 0), "3.8.18 (default)"
"""
OLD_NUMPY = """
import importlib.metadata
version, importlib.metadata.version = importlib.metadata.version, lambda name: {"numpy": "1.26.4"}.get(name, "99")
"""
# In one kernel, as a student goes on from one to the next: what is changed before the first cell runs, and what it then says.
SAYS = {
    NO_NUMPY: (
        "numpy is not installed where this notebook runs: run  %pip install numpy matplotlib  in a cell of its own, and then "
        "this cell again."
    ),
    "del sys.meta_path[0]": (
        "check.py is not beside this notebook: unzip the whole of 01_vanilla_rnn.zip and open the notebook in its folder. In "
        "Colab, upload 01_vanilla_rnn.zip with the folder button at the left, run  !unzip -o 01_vanilla_rnn.zip  and  %cd "
        "01_vanilla_rnn  in a cell of its own, and then this cell again."
    ),
    OLD_PYTHON: (
        "This notebook needs Python 3.11 or newer, and its kernel is Python 3.8.18. README.txt, beside the notebook, says how "
        "to make an environment."
    ),
    f"sys.version_info, sys.version = about_python\n%cd -q 01_vanilla_rnn\n{OLD_NUMPY}": (
        "This notebook needs numpy 2.0.0 or newer, and 1.26.4 is installed where it runs: run  %pip install -r "
        "requirements.txt  in a cell of its own, restart the kernel, and run this cell again."
    ),
    "importlib.metadata.version = version": None,
}


def first_cell(slug: str) -> str:
    """The source of the first cell with code in the committed notebook."""
    notebook = nbformat.read(EXERCISES[slug].released / f"{slug}.ipynb", as_version=4)
    return str(next(cell.source for cell in notebook.cells if cell.cell_type == "code"))


def outputs(folder: Path, *sources: str) -> list[list[str]]:
    """What a Jupyter kernel shows for each cell: the lines of an error, else nothing."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
    return [[line for output in cell.outputs for line in output.get("traceback", [output])] for cell in notebook.cells]


@pytest.mark.parametrize("slug", EXERCISES)
def test_the_first_cell_asks_before_it_imports_and_old_pythons_can_read_it(slug: str) -> None:
    source = first_cell(slug)
    ast.parse(source, feature_version=(3, 6))
    asked, imported = source.index(f"sys.version_info < {PYTHON}"), source.index("import numpy as np")
    assert asked < imported < source.index(IMPORT)


def test_what_is_missing_is_said_in_a_sentence_without_a_traceback(tmp_path: Path) -> None:
    write_files(student_files(EXERCISE, EXERCISE.released / f"{SLUG}.ipynb"), tmp_path / SLUG)
    cells = [source for change in SAYS for source in (change, first_cell(SLUG))]
    shown = outputs(tmp_path, *cells, "assert callable(check) and np.pi and plt")
    assert shown == [line for said in SAYS.values() for line in ([], [said] if said else [])] + [[]]


def test_it_speaks_the_language_of_the_course() -> None:
    with speaking("de"):
        source = guarded(f"import numpy as np\n\n{IMPORT}", SLUG, EXERCISE.packages)
    assert '"check.py liegt nicht neben diesem Notebook: ' in source


def test_a_cell_without_the_checks_stays_as_it_is() -> None:
    assert guarded("import numpy as np", SLUG, EXERCISE.packages) == "import numpy as np"


def test_students_may_have_all_that_was_tried() -> None:
    """What they install is no narrower than that, and README.txt says what it was."""
    files = student_files(EXERCISE, EXERCISE.released / f"{SLUG}.ipynb")
    assert files["requirements.txt"].decode() == "matplotlib>=3.8.4\nnumpy>=2.0.0\njupyterlab>=4\n"
    assert requirement("pandas") == "pandas"
    about = files["README.txt"].decode()
    for name, oldest, newest in (TRIED[package] for package in ("python", *EXERCISE.packages)):
        assert f"{name} {oldest} to {newest}" in about
    assert TRIED["python"][1].startswith(".".join(map(str, PYTHON)))
    assert "PyTorch" not in about
    assert (
        "PyTorch" in student_files(EXERCISES["07_pytorch"], EXERCISE.released / f"{SLUG}.ipynb")["README.txt"].decode()
    )
