"""What students' editors make of a notebook when they save it, as seen in files that they had saved: one row an editor.

The instructors' page shows these rows, and a test saves a solved notebook in each of their forms and looks for every answer
in it. Where no file shows whether something is kept, both are tried. A new editor is a new row.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KEPT, NEW, NONE = "kept", "new ones", "none"


@dataclass(frozen=True)
class Form:
    """One way in which an editor may have left a file."""

    ids: str
    nbgrader: str
    minor: int
    indent: int | None
    final_newline: bool
    kernelspec: bool


@dataclass(frozen=True)
class Editor:
    """What an editor leaves in a file.

    ``ids`` and ``nbgrader`` say what is left of the cells' ids and of nbgrader's metadata; several are what may be, where no
    file decides it, and so it is with ``minor``, ``indent``, ``final_newline`` and ``kernelspec``. ``in_cells`` is what it
    writes into the metadata of each cell ("{number}" is the cell's), ``in_notebook`` what it writes into the notebook's.
    ``incomplete`` are the entries of nbgrader's metadata that it leaves out.
    """

    name: str
    seen: str
    ids: tuple[str, ...] = (KEPT,)
    nbgrader: tuple[str, ...] = (KEPT,)
    minor: tuple[int, ...] = (5,)
    indent: tuple[int | None, ...] = (1,)
    final_newline: tuple[bool, ...] = (True,)
    kernelspec: tuple[bool, ...] = (True,)
    one_string: bool = False
    new_id: str = "{number:08x}"
    in_cells: Mapping[str, Any] = field(default_factory=dict)
    in_notebook: Mapping[str, Any] = field(default_factory=dict)
    incomplete: tuple[str, ...] = ()

    def forms(self) -> Iterator[Form]:
        """Every form that the files leave open."""
        choices = (self.ids, self.nbgrader, self.minor, self.indent, self.final_newline, self.kernelspec)
        return itertools.starmap(Form, itertools.product(*choices))

    def saved(self, notebook: dict[str, Any], form: Form) -> bytes:
        """The file that comes of a notebook's content, opened and saved by this editor."""
        content = copy.deepcopy(notebook) | {"nbformat": 4, "nbformat_minor": form.minor}
        content["metadata"] |= self.in_notebook
        if not form.kernelspec:
            content["metadata"].pop("kernelspec", None)
        content["cells"] = [self.cell(cell, number, form) for number, cell in enumerate(content["cells"])]
        text = json.dumps(content, indent=form.indent, ensure_ascii=False)
        return (text + "\n" * form.final_newline).encode()

    def cell(self, cell: dict[str, Any], number: int, form: Form) -> dict[str, Any]:
        """One cell as this editor leaves it."""
        metadata = cell["metadata"]
        about = metadata.pop("nbgrader", None)
        if about is not None and form.nbgrader == KEPT:
            metadata["nbgrader"] = {name: value for name, value in about.items() if name not in self.incomplete}
        for name, value in self.in_cells.items():
            metadata[name] = value.format(number=number) if isinstance(value, str) else value
        if form.ids != KEPT:
            del cell["id"]
        if form.ids == NEW:
            cell["id"] = self.new_id.format(number=number)
        lines = "".join(cell["source"]).splitlines(keepends=True)
        return cell | {"source": "".join(lines) if self.one_string else lines or [""]}


COLAB = {"id": "{number:012x}", "outputId": "00000000-0000-4000-8000-{number:012x}"}
NOT_SHOWN = (KEPT, NONE)  # no public file with nbgrader's metadata was found that had been through this editor
EDITORS = (
    Editor(
        "Colab", "deepmind/educational, colabs/, 6 files", (NONE,), NOT_SHOWN, (0,), (2,),
        in_cells=COLAB, in_notebook={"colab": {"provenance": []}, "language_info": {"name": "python"}},
    ),
    Editor(
        "Colab, saved to GitHub", "5 files in an index of public repositories", (NONE,), NOT_SHOWN, (0,), (2,), (False,),
        in_cells=COLAB | {"colab_type": "code", "colab": {}}, in_notebook={"colab": {"provenance": []}},
    ),
    Editor(
        "Colab, then Jupyter", "AllenDowney/ThinkPython, chapters/jupyter_intro.ipynb", (NONE,), NOT_SHOWN, (1,),
        in_cells={"id": "{number:012x}"},
    ),
    Editor(
        "Kaggle", "Kaggle/learntools, notebooks/*/raw/, 32 files", (NONE,), NOT_SHOWN, (1, 2, 4),
        in_cells={"_uuid": "{number:040x}", "_cell_guid": "00000000-0000-4000-8000-{number:012x}"},
    ),
    Editor(
        "Kaggle with data sources (2024)", "deepnote/deepnote, packages/convert/src/__fixtures__/, 2 files", (NONE,),
        NOT_SHOWN, (4,), in_notebook={"kaggle": {"dataSources": [], "dockerImageVersionId": 1, "isGpuEnabled": False}},
    ),
    Editor(
        "Deepnote", "deepnote/deepnote, examples/, packages/convert/, test-fixtures/, 7 files", (NONE,), NOT_SHOWN, (0,),
        (2, 8, None), (False, True), (False,), one_string=True, in_notebook={"deepnote_notebook_id": "0" * 32},
        in_cells={
            "cell_id": "{number:032x}", "deepnote_cell_type": "code", "source_hash": "{number:08x}",
            "execution_start": 0, "execution_millis": 0,
        },
    ),
    Editor(
        "VS Code", "AllenDowney/ThinkPython, blank/chap02.ipynb and one more", (KEPT, NEW), NOT_SHOWN,
        in_notebook={"vscode": {"interpreter": {"hash": "0" * 64}}},
    ),
    Editor(
        "VS Code with an nbgrader extension", "mmann1123/vscode-nbgrader, test.ipynb", (KEPT, NEW), (KEPT,), indent=(2,),
        in_cells={"tags": ["nbgrader:e30="]}, incomplete=("task", "grade", "solution"),
    ),
    Editor(
        "JupyterLab", "feldlime/nbgrader-itmo-recsys-2025-spring, 5 files", (KEPT, NEW),
        new_id="00000000-0000-4000-8000-{number:012x}",
    ),
    Editor(
        "Jupyter, older", "anthropics/prompt-eng-interactive-tutorial, 41 files; Kaggle/learntools, 208 files", (NONE,),
        NOT_SHOWN, (2, 4), kernelspec=(True, False),
    ),
    Editor(
        "marimo 0.25.2", "tried: marimo convert, then marimo export ipynb", (NEW,), (NONE,), kernelspec=(False,),
        new_id="Hb{number:02x}", in_cells={"marimo": {"name": "_"}}, in_notebook={"marimo": {"marimo_version": "0.25.2"}},
    ),
)  # fmt: skip
NOT_SEEN = ("PyCharm", "DataSpell", "CoCalc")  # no file of theirs was found


HEAD = ("saved by", "ids of cells", "nbgrader's metadata", "what else differs", "seen in")


def table() -> list[tuple[str, ...]]:
    """The rows under HEAD, as a reader wants them."""
    rows: list[tuple[str, ...]] = [
        (
            editor.name,
            left(editor.ids),
            left(editor.nbgrader, editor.incomplete),
            "; ".join(others(editor)) or "nothing",
            editor.seen,
        )
        for editor in EDITORS
    ]
    return rows + [(name, "-", "-", "-", "no file seen") for name in NOT_SEEN]


def left(values: tuple[str, ...], incomplete: tuple[str, ...] = ()) -> str:
    """What is left of something."""
    if len(values) > 1:
        return "not shown by any file"
    return values[0] + (f", at times without {', '.join(incomplete)}" if incomplete else "")


def others(editor: Editor) -> Iterator[str]:
    """What an editor leaves otherwise than it was released, but for ids and nbgrader's metadata."""
    if editor.in_cells:
        yield f"cells have {', '.join(editor.in_cells)}"
    if added := [name for name in editor.in_notebook if name != "language_info"]:
        yield f"the notebook has {', '.join(added)}"
    if editor.minor != (5,):
        yield f"format {either([f'4.{one}' for one in editor.minor])}"
    if False in editor.kernelspec:
        yield "sometimes no kernelspec" if True in editor.kernelspec else "no kernelspec"
    if editor.one_string:
        yield "each source is one string"
    if editor.indent != (1,):
        yield f"indent {either(['none' if one is None else one for one in editor.indent])}"
    if False in editor.final_newline:
        yield "sometimes no last newline" if True in editor.final_newline else "no last newline"


def either(values: Sequence[Any]) -> str:
    *first, last = map(str, values)
    return f"{', '.join(first)} or {last}" if first else last
