#!/usr/bin/env bash
# nbconvert 7.x: installed with "pip install --target", it imports and finds its exporters, but not its own templates.
#
# You would guess: templates are data of the package and are found beside it, wherever it is imported from.
# It is so: they are installed below share/jupyter of the target and looked for below share/jupyter of the interpreter's prefix, of
# the user and of the system. The import works, and the first export raises ValueError: "No template sub-directory with name …".
# JUPYTER_PATH, set to the target's share/jupyter, mends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check --target "$folder/there" nbconvert==7.17.2
cat > "$folder/try.py" <<'PYTHON'
import nbconvert
from nbconvert import HTMLExporter
from nbformat.v4 import new_markdown_cell, new_notebook

notebook = new_notebook(cells=[new_markdown_cell("hello")])
try:
    page, _ = HTMLExporter().from_notebook_node(notebook)
    print(nbconvert.__version__, "exported", "hello" in page)
except ValueError as error:
    print(nbconvert.__version__, str(error).splitlines()[0].partition(" found")[0])
PYTHON
export PYTHONPATH="$folder/there" HOME="$folder"
plain=$("$folder/env/bin/python" "$folder/try.py")
mended=$(JUPYTER_PATH="$folder/there/share/jupyter" "$folder/env/bin/python" "$folder/try.py")
printf '%s\n%s\n' "$plain" "$mended"
[ "$plain" = "7.17.2 No template sub-directory with name 'lab'" ]
[ "$mended" = "7.17.2 exported True" ]
echo "seen as described: nbconvert 7.17.2"
