#!/usr/bin/env bash
# nbgrader 0.9.6: one student's copied answer cell ends the grading of the whole class, with advice that does not apply.
#
# You would guess: a notebook in which an answer cell stands twice, copied with its metadata as notebook editors copy cells, costs
# its own student a grade, and the next student is graded.
# It is not so: DeduplicateIds takes the copy's metadata away but for an empty entry, which the next check reads as metadata of the
# oldest version. "nbgrader autograde" then stops, says to run "nbgrader update .", and nobody is graded; after that command it is
# the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check nbgrader==0.9.6 nbformat==5.11.1 ipykernel==7.1.0
export PATH="$folder/env/bin:$PATH" HOME="$folder/home" JUPYTER_PREFER_ENV_PATH=1
mkdir -p "$HOME" "$folder/course"
cd "$folder/course"
echo 'c = get_config(); c.CourseDirectory.course_id = "c"' > nbgrader_config.py
python - <<'PYTHON'
import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook


def marked(source, **about):
    cell = new_code_cell(source)
    plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    cell.metadata["nbgrader"] = plain | about
    return cell


def write(path, *cells):
    path = Path(path)
    path.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=list(cells)), path)


answer = marked("def add(a, b):\n    ### BEGIN SOLUTION\n    return a + b\n    ### END SOLUTION", solution=True, grade_id="add")
test = marked("assert add(1, 2) == 3", grade=True, locked=True, points=1, grade_id="test-add")
write("source/ps1/p1.ipynb", answer, test)
answer.source = "def add(a, b):\n    return a + b"
copied = copy.deepcopy(answer)
copied.id = "pasted"
write("submitted/adam/ps1/p1.ipynb", answer, copied, test)
write("submitted/zoe/ps1/p1.ipynb", answer, test)
PYTHON
nbgrader generate_assignment ps1 --create --log-level=ERROR 2> /dev/null
for round in before after; do
    nbgrader autograde ps1 --create > "$round.txt" 2>&1 || true
    grep -q "nbgrader update \." "$round.txt"
    test ! -e autograded/zoe/ps1/p1.ipynb
    nbgrader update . > /dev/null 2>&1 || true
done
grep -A 4 "old version" before.txt
rm -r submitted/adam
nbgrader autograde ps1 --create > alone.txt 2>&1
test -e autograded/zoe/ps1/p1.ipynb # without the copier the other one is graded
echo "seen as described: nbgrader 0.9.6"
