#!/usr/bin/env bash
# nbgrader 0.9.6: to `validate`, a test cell with points that writes a warning to standard error has failed; one that displays "wrong" passed.
#
# You would guess: a test cell fails if it raises; what it prints, and where, does not matter.
# It is so: the points of such a cell are taken from its outputs. An output of the kind "error" or a stream named "stderr" makes it 0,
# and everything else makes it full. A library's harmless warning fails a right answer, and a checker that shows its verdict without
# raising lets every wrong one pass.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check nbgrader==0.9.6 nbformat==5.11.1
"$folder/env/bin/python" - <<'PYTHON'
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade


def points(*outputs):
    cell = new_code_cell("check()", outputs=list(outputs))
    cell.metadata["nbgrader"] = {
        "grade": True, "solution": False, "locked": True, "task": False, "grade_id": "check", "points": 2, "schema_version": 3,
    }
    return determine_grade(cell)


shown = new_output("display_data", {"text/plain": "wrong: 3 of 4 values differ"})
warned = new_output("stream", name="stderr", text="DeprecationWarning: use another name\n")
raised = new_output("error", ename="AssertionError", evalue="", traceback=[])
seen = {"nothing": points(), "shows wrong": points(shown), "warns": points(warned), "raises": points(raised)}
print(seen)
wanted = {"nothing": (2, 2), "shows wrong": (2, 2), "warns": (0, 2), "raises": (0, 2)}
assert seen == wanted, "nbgrader does something else now"
PYTHON
echo "seen as described: nbgrader 0.9.6"
