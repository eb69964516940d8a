#!/usr/bin/env bash
# nbgrader 0.9.6: a solution mark takes the whole line on which it stands, with the code before or behind it.
#
# You would guess: "### BEGIN SOLUTION" and "### END SOLUTION" bound a region, and code beside a mark on its line stays where it is.
# It is so: ClearSolutions looks for the mark anywhere in a line and drops that line. In the notebook below, students lose
# "total = 0", which stands before the first mark, and "return total", before the last; nothing warns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check nbgrader==0.9.6 nbformat==5.11.1
"$folder/env/bin/python" - <<'PYTHON'
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import ClearSolutions

SOURCE = """def add(numbers):
    total = 0  ### BEGIN SOLUTION
    for number in numbers:
        total += number
    return total  ### END SOLUTION"""
cell = new_code_cell(SOURCE)
cell.metadata["nbgrader"] = {
    "grade": False, "solution": True, "locked": False, "task": False, "grade_id": "add", "schema_version": 3,
}
notebook, _ = ClearSolutions().preprocess(new_notebook(cells=[cell]), {})
seen = notebook.cells[0].source
print(seen)
wanted = "def add(numbers):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
assert seen == wanted, "nbgrader does something else now"
PYTHON
echo "seen as described: nbgrader 0.9.6"
