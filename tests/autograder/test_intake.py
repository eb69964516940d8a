"""Intake: of a hand-in nothing but source comes through, whatever the file and the folders around it are."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from autograder.course import Course
from autograder.exercise import EXERCISES
from autograder.exercise.cells import check_id, solution_id
from autograder.grading import intake
from autograder.grading.files import LARGEST_FILE, Unreadable, shown
from autograder.grading.inbox import HandIn, valid_student
from autograder.grading.intake import Desk, take_in
from autograder.grading.reading import (
    LARGEST_SOURCE,
    LARGEST_TEXT,
    MOST_SOURCE,
    MOST_TEXT,
    joined,
    parse,
    plain,
    without_markup,
)  # fmt: skip
from autograder.grading.rebuilding import Rebuilt, rebuild
from tests.autograder.given import course_with_committed

EXERCISE = EXERCISES["01_vanilla_rnn"]
SLUG = EXERCISE.slug
FUNCTIONS = [check.function for check in EXERCISE.checks]
RELEASED_BYTES = (EXERCISE.released / f"{SLUG}.ipynb").read_bytes()
RELEASED = nbformat.reads(RELEASED_BYTES.decode(), as_version=4)
MINE = "def {0}(*inputs):\n    return 'mine {0}'\n"


def handed(notebook: Any) -> Rebuilt:
    """What intake makes of a notebook, given as plain JSON."""
    return rebuild(EXERCISE, RELEASED, parse(json.dumps(notebook).encode()))


def blank() -> dict[str, Any]:
    """The released notebook as plain JSON."""
    content: dict[str, Any] = json.loads(RELEASED_BYTES)
    return content


def filled() -> dict[str, Any]:
    """The released notebook with every function filled in."""
    notebook = blank()
    for function in FUNCTIONS:
        cell_of(notebook, function)["source"] = MINE.format(function)
    return notebook


def cell_of(notebook: dict[str, Any], cell_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(cell for cell in notebook["cells"] if cell.get("id") == cell_id)
    return found


def place(notebook: dict[str, Any], cell_id: str) -> int:
    return notebook["cells"].index(cell_of(notebook, cell_id))


def code(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}


def markdown(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}, **more}


def ids(rebuilt: Rebuilt) -> list[str]:
    return [cell.id for cell in rebuilt.notebook.cells]


def built(rebuilt: Rebuilt, cell_id: str) -> Any:
    return next(cell for cell in rebuilt.notebook.cells if cell.id == cell_id)


def assert_filled(rebuilt: Rebuilt) -> None:
    for function in FUNCTIONS:
        assert built(rebuilt, function).source == MINE.format(function), function
    assert rebuilt.unchanged == []
    assert rebuilt.malformed == {}


def assert_as_released_but_for_solutions(rebuilt: Rebuilt) -> None:
    """Every released cell is there, in order, with our metadata; checks and prose with our source."""
    kept = [cell for cell in rebuilt.notebook.cells if not cell.id.startswith("added-")]
    assert [cell.id for cell in kept] == [cell.id for cell in RELEASED.cells]
    for cell, original in zip(kept, RELEASED.cells, strict=True):
        assert cell.metadata == original.metadata, cell.id
        assert cell.cell_type == original.cell_type
        assert cell.get("outputs", []) == [], f"{cell.id} has outputs"
        if cell.id not in FUNCTIONS:
            assert cell.source == original.source, cell.id
    nbformat.validate(rebuilt.notebook)


# ---- filling in ------------------------------------------------------------------------------------------------------


def test_the_untouched_notebook_comes_through_as_it_was_released() -> None:
    rebuilt = handed(blank())
    assert rebuilt.notebook == RELEASED
    assert (rebuilt.unchanged, rebuilt.malformed, rebuilt.notes) == (FUNCTIONS, {}, [])


def test_solutions_are_found_by_grade_id() -> None:
    notebook = filled()
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"another-{number}"
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)


def test_solutions_are_found_by_cell_id_where_there_is_no_metadata() -> None:
    notebook = filled()
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)


@pytest.mark.parametrize("keep", [["metadata"], []], ids=["without ids", "without ids and metadata"])
def test_notebooks_of_format_4_4_come_through(keep: list[str]) -> None:
    notebook = filled() | {"nbformat": 4, "nbformat_minor": 4}
    for cell in notebook["cells"]:
        del cell["id"]
        if not keep:
            cell["metadata"] = {}
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)
    assert ids(rebuilt) == [cell.id for cell in RELEASED.cells]


def test_a_solution_is_found_by_its_function_even_where_it_does_not_parse() -> None:
    notebook = {"cells": [code("def step(x):\n    return (\n"), code("import os\n\ndef embed(ids):\n    return 1\n")]}
    rebuilt = handed(notebook)
    assert built(rebuilt, "step").source == "def step(x):\n    return (\n"
    assert "def embed" in built(rebuilt, "embed").source
    assert set(rebuilt.malformed) == set(FUNCTIONS) - {"step", "embed"}


def test_a_function_inside_another_is_not_a_solution() -> None:
    rebuilt = handed({"cells": [code("def mine():\n    def step(x):\n        return x\n    return step\n")]})
    assert "step" in rebuilt.malformed


def test_an_async_function_is_found_too() -> None:
    assert "step" not in handed({"cells": [code("async def step(x):\n    return x\n")]}).malformed


def test_moved_cells_are_put_back_in_place() -> None:
    notebook = filled()
    notebook["cells"].reverse()
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)


def test_sources_given_as_lists_of_lines_are_joined() -> None:
    notebook = filled()
    cell_of(notebook, "step")["source"] = MINE.format("step").splitlines(keepends=True)
    assert_filled(handed(notebook))


def test_a_missing_solution_is_malformed_and_costs_nothing_else() -> None:
    notebook = filled()
    notebook["cells"].remove(cell_of(notebook, "step"))
    rebuilt = handed(notebook)
    assert rebuilt.malformed == {"step": "The notebook has no cell that defines step."}
    assert built(rebuilt, "step").source == ""
    assert built(rebuilt, "forward").source == MINE.format("forward")


def test_an_untouched_solution_is_unchanged_even_with_other_space_around_it() -> None:
    notebook = filled()
    original = next(cell for cell in RELEASED.cells if cell.id == "step").source
    cell_of(notebook, "step")["source"] = f"\n{original}\n\n"
    assert handed(notebook).unchanged == ["step"]


# ---- cells of their own ----------------------------------------------------------------------------------------------


def test_added_cells_stay_in_their_place() -> None:
    notebook = filled()
    notebook["cells"].insert(0, code("first = 1"))
    notebook["cells"].insert(place(notebook, "step"), code("def helper():\n    return 1"))
    notebook["cells"].insert(place(notebook, "step") + 1, markdown("My *note*."))
    notebook["cells"].append(code("last = 1"))
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)
    sources = [cell.source for cell in rebuilt.notebook.cells]
    assert sources[0] == "first = 1"
    assert sources[-1] == "last = 1"
    step = sources.index(MINE.format("step"))
    assert (sources[step - 1], sources[step + 1]) == ("def helper():\n    return 1", "My *note*.")
    kinds = [cell.cell_type for cell in rebuilt.notebook.cells if cell.id.startswith("added-")]
    assert kinds == ["code", "code", "markdown", "code"]


def test_added_cells_keep_nothing_but_their_source() -> None:
    notebook = filled()
    output = {"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>"}, "metadata": {}}
    hostile = {"nbgrader": {"grade": True, "points": 100, "grade_id": "mine", "locked": False, "solution": False}}
    notebook["cells"].append(code("x = 1", outputs=[output], metadata=hostile, execution_count=7, id="<b>"))
    notebook["cells"].append(markdown("y", attachments={"a.png": {"image/png": "AAAA"}}, metadata=hostile))
    cells = handed(notebook).notebook.cells[-2:]
    assert [dict(cell.metadata) for cell in cells] == [{}, {}]
    assert cells[0].outputs == []
    assert cells[0].execution_count is None
    assert "attachments" not in cells[1]
    assert all(cell.id.startswith("added-") for cell in cells)


STUB = next(cell.source for cell in RELEASED.cells if cell.id == "step")
HELPER = "def mine(x):\n    return x\n"
OTHER = "def step():\n    return 'another'\n"
COPIES = {  # the cells named "step", in their order; "check" stands where the check cell does
    "an old version above": ([OTHER, MINE.format("step"), "check"], 1),
    "a try below its check": ([MINE.format("step"), "check", OTHER], 0),
    "the released one pasted below": ([MINE.format("step"), STUB, "check"], 0),
    "the released one left above": ([STUB, MINE.format("step"), "check"], 1),
    "a helper made of a copy": ([MINE.format("step"), HELPER, "check"], 0),
    "a helper, and nothing written": ([STUB, HELPER, "check"], 0),
    "all below the check": (["check", OTHER, MINE.format("step")], 2),
}


@pytest.mark.parametrize("keeps_id", [True, False], ids=["ids and metadata", "metadata alone"])
@pytest.mark.parametrize(("sources", "counts"), COPIES.values(), ids=COPIES)
def test_of_copied_answer_cells_the_last_above_the_check_counts(
    sources: list[str], counts: int, keeps_id: bool
) -> None:
    notebook, check_cell = filled(), cell_of(filled(), "check-rnn-step")
    at = place(notebook, "step")
    original = notebook["cells"].pop(at)
    notebook["cells"].remove(cell_of(notebook, "check-rnn-step"))
    copies = [check_cell if source == "check" else {**original, "source": source} for source in sources]
    for number, cell in enumerate(copies):
        if number and not keeps_id:
            cell["id"] = f"new-{number}"
    notebook["cells"][at:at] = copies
    rebuilt = handed(notebook)
    assert_as_released_but_for_solutions(rebuilt)
    assert built(rebuilt, "step").source == sources[counts]
    assert rebuilt.malformed == {}
    assert rebuilt.unchanged == (["step"] if sources[counts] == STUB else [])
    kept = [cell.source for cell in rebuilt.notebook.cells if cell.id.startswith("added-")]
    assert kept == [source for n, source in enumerate(sources) if n != counts and source not in ("check", STUB)]
    assert len(rebuilt.notes) == 1
    assert rebuilt.notes[0].startswith(
        "The notebook has 2 cells with the name step, since a copied cell keeps its name."
    )


@pytest.mark.parametrize("first", [True, False])
def test_of_copied_answers_in_words_the_one_with_words_counts(first: bool) -> None:
    exercise = EXERCISES["03_gradients"]
    data = (exercise.released / f"{exercise.slug}.ipynb").read_bytes()
    notebook, name = json.loads(data), "answer-vanish-or-explode"
    at = place(notebook, name)
    answered = notebook["cells"][at] | {"source": "They vanish."}
    notebook["cells"].insert(at if first else at + 1, answered)
    rebuilt = rebuild(exercise, nbformat.reads(data.decode(), as_version=4), parse(json.dumps(notebook).encode()))
    assert built(rebuilt, name).source == "They vanish."
    assert not [cell for cell in rebuilt.notebook.cells if cell.id.startswith("added-")]
    assert any(f"2 cells with the name {name}" in note and "with an answer counts" in note for note in rebuilt.notes)


@pytest.mark.parametrize("copies", [1, 5])
def test_a_duplicated_check_counts_once(copies: int) -> None:
    notebook = filled()
    notebook["cells"] += [json.loads(json.dumps(cell_of(notebook, "check-rnn-step"))) for _ in range(copies)]
    rebuilt = handed(notebook)
    assert_as_released_but_for_solutions(rebuilt)
    assert ids(rebuilt) == [cell.id for cell in RELEASED.cells]
    assert rebuilt.notes == ["A check cell stood there more than once; it counts once."]


def test_a_deleted_check_comes_back() -> None:
    notebook = filled()
    for check in EXERCISE.checks:
        notebook["cells"].remove(cell_of(notebook, check_id(check)))
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)
    names = ", ".join(map(check_id, EXERCISE.checks))
    assert rebuilt.notes == [f"Check cells were missing ({names}); they count all the same."]


def test_edited_checks_and_prose_are_restored() -> None:
    notebook = filled()
    for cell in notebook["cells"]:
        if cell["id"] not in FUNCTIONS:
            cell["source"] = "forged()"
    assert_as_released_but_for_solutions(handed(notebook))


def test_forged_points_and_metadata_are_ignored() -> None:
    notebook = filled()
    notebook["metadata"] = {"autograder": {"malformed": {}}, "kernelspec": {"name": "evil"}, "celltoolbar": "x"}
    for cell in notebook["cells"]:
        cell["metadata"].setdefault("nbgrader", {}).update(points=1000, grade=True, solution=True, locked=False)
        cell["metadata"] |= {"tags": ["skip-execution"], "deletable": True, "trusted": True}
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "full marks"}]
        cell["attachments"] = {"a.svg": {"image/svg+xml": "<svg onload=alert(1)>"}}
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)
    assert rebuilt.notebook.metadata == RELEASED.metadata
    assert all("attachments" not in cell for cell in rebuilt.notebook.cells)


def test_a_check_cell_cannot_be_made_a_solution_nor_a_solution_a_check() -> None:
    """Of the two cells that then bear the name, the one that defines the function fills its place."""
    notebook = filled()
    one, two = cell_of(notebook, "step"), cell_of(notebook, "check-rnn-step")
    one["metadata"], two["metadata"] = two["metadata"], one["metadata"]
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)


def test_rebuilding_leaves_the_released_notebook_as_it_was() -> None:
    before = nbformat.writes(RELEASED)
    handed(filled())
    assert nbformat.writes(RELEASED) == before


# ---- files that are no notebooks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 90_000, b"9" * 9000], ids=range(6)
)
def test_what_is_not_json_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"not a notebook|is empty"):
        parse(data)


@pytest.mark.parametrize(
    "content", [[], 1, None, "x", {}, {"cells": {}}, {"cells": None}, {"worksheets": [{"cells": []}]}]
)
def test_what_has_no_list_of_cells_is_unreadable(content: Any) -> None:
    with pytest.raises(Unreadable, match="no list of cells"):
        parse(json.dumps(content).encode())


def test_too_many_cells_are_unreadable() -> None:
    assert len(parse(json.dumps({"cells": [code("")] * 500}).encode())) == 500
    with pytest.raises(Unreadable, match="501 cells"):
        parse(json.dumps({"cells": [code("")] * 501}).encode())


ODD_VALUES = [None, 1, 1.5, True, [], {}, [[]], [1, None], {"a": [1]}, "", "\0", "\ud800", "raw", "x" * 70_000]


def value_is_long(field: str, value: object) -> bool:
    return field == "source" and len(plain(joined(value))) * len(filled()["cells"]) > MOST_SOURCE


@pytest.mark.parametrize(
    "field", ["cell_type", "source", "metadata", "id", "outputs", "attachments", "execution_count"]
)
def test_hostile_types_in_any_field_of_a_cell_do_no_harm(field: str) -> None:
    for value in ODD_VALUES:
        notebook = filled()
        for cell in notebook["cells"]:
            cell[field] = value
        if value_is_long(field, value):  # two dozen cells of the longest source are more than is read
            with pytest.raises(Unreadable):
                handed(notebook)
            continue
        rebuilt = handed(notebook)
        assert_as_released_but_for_solutions(rebuilt)
        nbformat.writes(rebuilt.notebook).encode("utf-8")


@pytest.mark.parametrize("field", ["grade_id", "points", "solution", "grade", "schema_version"])
def test_hostile_types_in_nbgraders_metadata_do_no_harm(field: str) -> None:
    for value in ODD_VALUES:
        notebook = filled()
        for cell in notebook["cells"]:
            cell["metadata"]["nbgrader"] = cell["metadata"].get("nbgrader", {}) | {field: value}
        assert_as_released_but_for_solutions(handed(notebook))
        for cell in notebook["cells"]:
            cell["metadata"]["nbgrader"] = value
        assert_as_released_but_for_solutions(handed(notebook))


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(codec=None), max_size=8),
    st.sampled_from(["code", "markdown", "raw", "step", "check-rnn-step", "def step():\n  pass", "text-01"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": SCALARS,
        "source": ANYTHING,
        "id": SCALARS,
        "metadata": st.one_of(
            ANYTHING, st.fixed_dictionaries({"nbgrader": st.fixed_dictionaries({"grade_id": ANYTHING})})
        ),
    },
)
STEADY = settings(deadline=None, derandomize=True, max_examples=100, database=None)


@STEADY
@given(st.one_of(ANYTHING, st.fixed_dictionaries({"cells": st.lists(CELLS | ANYTHING, max_size=5)})))
def test_arbitrary_json_raises_nothing_but_unreadable(content: Any) -> None:
    try:
        cells = parse(json.dumps(content).encode())
    except Unreadable:
        return
    rebuilt = rebuild(EXERCISE, RELEASED, cells)
    intake.notebook_bytes(rebuilt.notebook)
    assert_as_released_but_for_solutions(rebuilt)


@STEADY
@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_unreadable(data: bytes) -> None:
    try:
        parse(data)
    except Unreadable:
        return


def test_nul_and_lone_surrogates_can_be_written() -> None:
    notebook = filled()
    cell_of(notebook, "step")["source"] = "def step():\0\n    return '\ud800é'\n"
    notebook["cells"].append(markdown("a\0b\ud800c"))
    rebuilt = handed(notebook)
    intake.notebook_bytes(rebuilt.notebook)
    assert built(rebuilt, "step").source == "def step():\n    return '?é'\n"
    assert rebuilt.notebook.cells[-1].source == "ab?c"


def test_a_very_long_source_is_cut() -> None:
    notebook = filled()
    cell_of(notebook, "step")["source"] = "#" * (LARGEST_SOURCE + 1)
    assert len(built(handed(notebook), "step").source) == LARGEST_SOURCE


@pytest.mark.parametrize("source", ["(" * 50_000, "-" * 200_000 + "1", "a" + ".b" * 100_000, "'\\d'", "if 1:\n" * 99])
def test_source_that_the_parser_chokes_on_does_not_stop_intake(source: str) -> None:
    rebuilt = handed({"cells": [code(source)]})
    assert set(rebuilt.malformed) == set(FUNCTIONS)
    assert rebuilt.notebook.cells[0].source == source[:LARGEST_SOURCE]


def test_more_source_than_is_read_is_refused() -> None:
    cells = [code(f"x = {number}\n" + "#" * 60_000) for number in range(10)]
    with pytest.raises(Unreadable, match="512 KB"):
        handed({"cells": cells})


def test_added_text_beyond_its_bound_is_left_out_and_said() -> None:
    notebook = filled()
    notebook["cells"] += [
        {"cell_type": "markdown", "source": f"{number} " * 9000, "metadata": {}} for number in range(10)
    ]
    rebuilt = handed(notebook)
    added = [cell.source for cell in rebuilt.notebook.cells if cell.id.startswith("added-")]
    assert all(len(source) <= LARGEST_TEXT for source in added)
    assert sum(map(len, added)) == MOST_TEXT
    assert any("the rest is left out" in note for note in rebuilt.notes)


def test_two_functions_in_one_cell_are_both_there() -> None:
    notebook = filled()
    step, forward = cell_of(notebook, "step"), cell_of(notebook, "forward")
    step["source"] = step["source"] + "\n\n\n" + forward["source"]
    notebook["cells"].remove(forward)
    rebuilt = handed(notebook)
    assert rebuilt.malformed == {}
    assert built(rebuilt, "forward").source == ""


# ---- markup ----------------------------------------------------------------------------------------------------------

ALLOWED = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "a", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li",
    "dl", "dt", "dd", "hr", "br", "div", "span", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ALLOWED_ATTRIBUTES = {"href", "id", "class", "title", "style", "start", "align"}

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "text <b onmouseover=alert(1)>bold</b>",
    "<!-- --><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>a</a>",
    "<div\nonclick=alert(1)\n>",
    "<style>@import url(//evil.example)</style>",
    "<form action=/x><input name=points></form>",
    "<math><mtext></mtext><script>alert(1)</script></math>",
    "\\<script>alert(1)\\</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](<javascript:alert(1)>)",
    "[a]( javascript:alert(1) )",
    "[a](\njavascript:alert(1))",
    "[a](java\nscript:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](\tjavascript:alert(1))",
    "[a](\x01javascript:alert(1))",
    "[a](javascript&colon;alert(1))",
    "[a](javascript&#58;alert(1))",
    "[a](javascript&#58alert(1))",
    "[a](&#x6A;avascript:alert(1))",
    "[a](&#106avascript:alert(1))",
    "[a](java\\script:alert(1))",
    "[a](javascript\\:alert(1))",
    "[a](javascript%3Aalert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:x)",
    "[a](file:///etc/passwd)",
    "[a](//evil.example)",
    "[a](/formgrader/submissions)",
    "[a](../x)",
    "[a](blob:x)",
    "[a](httpsx:y)",
    "[a](https:javascript:alert(1))",
    '[a](javascript:alert(1) "title")',
    "[a]('javascript:alert(1)')",
    "[a](<java\nscript:alert(1)>)",
    "[a][b]\n\n[b]: javascript:alert(1)",
    "[a]\n\n[a]: javascript:alert(1)",
    "[a][]\n\n[a]: <javascript:alert(1)>",
    "[a]\n\n[a]:\njavascript:alert(1)",
    "[a]\n\n[a]:\n  data:text/html,x 'title'",
    "> [a]: javascript:alert(1)\n\n[a]",
    "[a\\]]: javascript:alert(1)\n\n[a\\]]",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "<JAVASCRIPT:alert(1)>",
    "![a](javascript:alert(1))",
    "![a](https://evil.example/pixel.png)",
    "![a][b]\n\n[b]: https://evil.example/pixel.png",
    "!\\[a](https://evil.example/pixel.png)",
    "[![a](https://evil.example/p.png)](javascript:alert(1))",
    "![a](attachment:a.svg)",
    '[a](https://x.example "\\" onclick=alert(1) x=\\"")',
    "[a](https://x.example 'a\" onclick=\"alert(1)')",
    '[a](https://x.example/"onclick="alert(1))',
    "[a](https://x.example/'onclick='alert(1))",
    "[a](https://x.example/><script>alert(1)</script>)",
    '[a]: https://x.example "\' onclick=alert(1)"\n\n[a]',
    "[<script>alert(1)</script>](https://x.example)",
    "`<script>alert(1)</script>`",
    "```\n<script>alert(1)</script>\n```",
    '```html" onclick="alert(1)\nx\n```',
    "```python\n</code></pre><script>alert(1)</script>\n```",
    "    <script>alert(1)</script>",
    "$<script>alert(1)</script>$",
    "$$\n<img src=x onerror=alert(1)>\n$$",
    "\\begin{align}<script>alert(1)</script>\\end{align}",
    "\\(<script>alert(1)</script>\\)",
    "# <script>alert(1)</script>",
    '# a" onclick="alert(1)',
    "a | b\n--- | ---\n<script>x</script> | [c](javascript:x)",
    "- <script>alert(1)</script>\n- [a](javascript:x)",
    "[^1]\n\n[^1]: javascript:alert(1) <script>x</script>",
    "\u2028<script>alert(1)</script>\u2029",
    "<\u200bscript>alert(1)</script>",
    "\x00<script>alert(1)</script>",
]


class Page(HTMLParser):
    """What a browser would see that can do something."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.text = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.problems.append(f"the element {tag}")
        for name, value in attrs:
            if name not in ALLOWED_ATTRIBUTES:
                self.problems.append(f"the attribute {name} of {tag}")
            if name == "style" and value not in ("text-align:left", "text-align:right", "text-align:center"):
                self.problems.append(f"the style {value}")
            if name == "href":
                self.links.append(value or "")
                if not (value or "").startswith(("http://", "https://", "#")):
                    self.problems.append(f"the link {value!r}")

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"the comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.problems.append(f"the declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        self.problems.append(f"the instruction {data!r}")

    def handle_data(self, data: str) -> None:
        self.text += data


def page(source: str) -> Page:
    parser = Page()
    parser.feed(markdown2html(source))
    parser.close()
    return parser


@pytest.mark.parametrize("snippet", HOSTILE, ids=ascii)
def test_hostile_markdown_renders_to_harmless_html(snippet: str) -> None:
    for surrounded in (
        snippet,
        f"before {snippet} after",
        f"- a\n\n  {snippet}",
        f"> {snippet}",
        f"{snippet}\n\n{snippet}",
    ):
        rendered = page(without_markup(surrounded))
        assert not rendered.problems, f"{rendered.problems} come of {surrounded!r}"


def test_the_hostile_list_is_long_enough_and_would_be_noticed() -> None:
    """Without our filter, the same renderer lets much of it through: the test above can fail."""
    rendered = [snippet for snippet in HOSTILE if "attachment:" not in snippet]  # unfiltered, nbconvert refuses these
    let_through = [snippet for snippet in rendered if page(snippet).problems]
    assert len(HOSTILE) >= 25
    assert len(let_through) >= 25, f"only {len(let_through)} are hostile unfiltered"


@STEADY
@given(
    st.lists(
        st.sampled_from([*"[]()<>!:\\\"'` \n\t&#;ab", "https://", "javascript:", "&lt;", "\n\n", "]:", "](", "x"]),
        max_size=25,
    )
)
def test_random_markdown_renders_to_harmless_html(parts: list[str]) -> None:
    source = "".join(parts)
    rendered = page(without_markup(source))
    assert not rendered.problems, f"{rendered.problems} come of {source!r}"


@pytest.mark.parametrize(
    "tex",
    [
        "\\href{javascript:alert(1)}{x}", "\\href {https://evil.example}{x}", "\\url{javascript:x}", "\\html{x}",
        "\\htmlClass{a}{b}", "\\htmlData{a=b}{c}", "\\require{html}", "\\def\\a{b}", "\\let\\a\\b", "\\style{x}{y}",
        "\\newcommand{\\a}{b}", "\\renewcommand{\\a}{b}", "\\newenvironment{a}{b}{c}", "\\class{a}{b}", "\\cssId{a}{b}",
        "\\unicode{60}", "\\bbox[red]{x}", "\\\\href{javascript:x}{y}",
    ],
)  # fmt: skip
def test_tex_commands_with_powers_are_broken_up(tex: str) -> None:
    command = re.findall(r"\\[A-Za-z]+", tex)[0]
    for source in (f"${tex}$", f"$$ {tex} $$", f"\\begin{{align}}{tex}\\end{{align}}"):
        clean = without_markup(source)
        assert command not in clean, f"{command} stands in {clean!r}"
        assert "javascript:" not in clean


@pytest.mark.parametrize(
    "text",
    [
        "Plain *words* and **bold** ones, with `code`.",
        "$h_t = \\tanh(W_x x_t + b)$ and $\\hat{y}$ and $\\underline{x}$",
        "- one\n- two\n\n1. three",
        "# A title",
        "[the book](https://example.org/a_b?c=d) and more",
        "x > 1 and y[0] = 2",
        "Grüße, 数学, ✓",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert without_markup(text) == text


def test_links_to_the_web_stay_links() -> None:
    for source in ("[a](https://example.org/x)", "[a](http://example.org)", "[a]: https://example.org\n\n[a]"):
        assert page(without_markup(source)).links[0].startswith("http"), source


@pytest.mark.parametrize("text", ["$a < b$", "`a < b`", "```\nif a < b:\n```", "a < b", "R&D; a &amp; b"])
def test_a_reader_sees_the_text_that_was_written(text: str) -> None:
    """Code and mathematics are not escaped twice: MathJax and the eye get "<", not "&lt;"."""
    seen = page(without_markup(text)).text.strip()
    assert seen == text.strip("`\n"), f"{text!r} is shown as {seen!r}"


# ---- folders ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return course_with_committed(tmp_path / "c", EXERCISE)


def path_of(course: Course, student: str) -> Path:
    return course.inbox / student / SLUG / f"{SLUG}.ipynb"


def hand_in(course: Course, student: str = "ada", data: bytes | None = None) -> Path:
    path = path_of(course, student)
    path.parent.mkdir(parents=True)
    path.write_bytes(json.dumps(filled()).encode() if data is None else data)
    return path


def taken(course: Course, student: str = "ada") -> Any:
    """The notebook in submitted/, with what intake wrote into its metadata."""
    data = intake.confirmed(course, student, SLUG)
    assert data is not None, f"{student} has no confirmed notebook"
    return nbformat.reads(data.decode(), as_version=4)


def assert_malformed(course: Course, student: str, text: str) -> None:
    about = taken(course, student).metadata["autograder"]
    assert set(about["malformed"]) == set(FUNCTIONS)
    assert all(text in why for why in about["malformed"].values()), about["malformed"]


def test_the_committed_notebook_is_an_honest_stand_in() -> None:
    assert {solution_id(check) for check in EXERCISE.checks} <= {cell.id for cell in RELEASED.cells}


def test_a_hand_in_comes_to_submitted(course: Course) -> None:
    hand_in(course)
    found = intake.take_in_all(course, EXERCISE)
    assert [(one.student, one.slug) for one in found.hand_ins] == [("ada", SLUG)]
    notebook = taken(course)
    assert notebook.metadata["autograder"] == {"unchanged": [], "malformed": {}, "notes": []}
    assert next(cell for cell in notebook.cells if cell.id == "step").source == MINE.format("step")
    assert sorted(os.listdir(course.submitted / "ada" / SLUG)) == [f"{SLUG}.ipynb", "intake.json", "timestamp.txt"]


def test_a_file_beyond_its_bound_is_not_read_and_both_sizes_are_said(course: Course) -> None:
    for student, size in (("big", LARGEST_FILE + 1), ("fits", LARGEST_FILE)):
        path = hand_in(course, student)
        with path.open("r+b") as file:
            file.truncate(size)  # a hole, which takes no room on the disk
    path.write_bytes(json.dumps(filled()).encode().ljust(8 << 20))
    intake.take_in_all(course, EXERCISE)
    assert_malformed(course, "big", "has 64.1 MB; the most that is read is 64 MB. Clear its outputs")
    assert taken(course, "fits").metadata["autograder"]["malformed"] == {}


@pytest.mark.parametrize("level", ["student", "assignment", "notebook"])
def test_links_are_not_followed(course: Course, tmp_path: Path, level: str) -> None:
    outside = tmp_path / "outside"
    (outside / SLUG).mkdir(parents=True)
    (outside / SLUG / f"{SLUG}.ipynb").write_text(json.dumps(filled() | {"cells": [code("secret = 1")]}))
    link = {
        "student": course.inbox / "eve",
        "assignment": course.inbox / "eve" / SLUG,
        "notebook": path_of(course, "eve"),
    }
    target = {"student": outside, "assignment": outside / SLUG, "notebook": outside / SLUG / f"{SLUG}.ipynb"}
    link[level].parent.mkdir(parents=True, exist_ok=True)
    link[level].symlink_to(target[level])
    found = intake.take_in_all(course, EXERCISE)
    if level == "student":
        assert (found.hand_ins, list(found.refused)) == ([], ["eve"])
        take_in(Desk(course, EXERCISE), HandIn("eve", SLUG))  # asked for all the same
    assert_malformed(course, "eve", "is a link or not a folder")
    assert "secret" not in nbformat.writes(taken(course, "eve"))


def test_a_link_to_nowhere_is_not_followed(course: Course) -> None:
    path_of(course, "eve").parent.mkdir(parents=True)
    path_of(course, "eve").symlink_to("/nonexistent")
    intake.take_in_all(course, EXERCISE)
    assert_malformed(course, "eve", "is a link")


def test_what_is_no_regular_file_is_not_read(course: Course) -> None:
    path_of(course, "fifo").parent.mkdir(parents=True)
    os.mkfifo(path_of(course, "fifo"))
    path_of(course, "folder").mkdir(parents=True)
    (course.inbox / "flat").mkdir()
    (course.inbox / "flat" / SLUG).write_text("a file where the folder should be")
    (course.inbox / "nothing" / SLUG).mkdir(parents=True)
    hand_in(course, "honest")
    intake.take_in_all(course, EXERCISE)
    assert_malformed(course, "fifo", "is not a file")
    assert_malformed(course, "folder", "is not a file")
    assert_malformed(course, "flat", "is a link or not a folder")
    assert_malformed(course, "nothing", f"{SLUG}.ipynb is missing")
    assert taken(course, "honest").metadata["autograder"]["malformed"] == {}


def test_files_and_links_are_closed_again(course: Course) -> None:
    hand_in(course)
    path_of(course, "folder").mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        intake.take_in_all(course, EXERCISE)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "",
        ".hidden",
        "-x",
        "--help",
        "<script>",
        "a b",
        "a" * 65,
        "e\u0301",
        "é" * 101,
        "a/b",
        "a\n",
        "a\0",
        "a'b",
        "a;b",
        "=1",
        "@x",
    ],
    ids=ascii,
)
def test_names_that_could_be_paths_markup_or_options_are_refused(course: Course, name: str) -> None:
    assert not valid_student(name)
    if name in ("..", ".", "") or "/" in name or "\0" in name:
        return  # no folder can have such a name
    hand_in(course, name)
    found = intake.take_in_all(course, EXERCISE)
    assert (found.hand_ins, list(found.refused)) == ([], [shown(name)])
    assert not course.submitted.exists()


@pytest.mark.parametrize(
    "name", ["ada", "a" * 64, "s1234567", "a.b-c_d+e@x.org", "0", "é", "さとう", "हिन्दी"], ids=ascii
)
def test_names_that_students_have_are_taken(name: str) -> None:
    assert valid_student(name)


def test_named_students_alone_are_taken_in(course: Course) -> None:
    for name in ("ada", "bob", "cem"):
        hand_in(course, name)
    found = intake.take_in_all(course, EXERCISE, students=("bob",))
    assert [one.student for one in found.hand_ins] == ["bob"]
    assert os.listdir(course.submitted) == ["bob"]


def test_an_inbox_that_is_not_there_is_empty(course: Course) -> None:
    course.inbox.rmdir()
    assert intake.take_in_all(course, EXERCISE).hand_ins == []


def test_the_time_is_ours_and_forged_records_are_ignored(course: Course) -> None:
    path = hand_in(course)
    os.utime(path, (0, 0))
    (path.parent / "timestamp.txt").write_text("1999-01-01 00:00:00 UTC")
    (path.parent / "intake.json").write_text('{"signature": "forged", "arrived": "1999-01-01 00:00:00 UTC"}')
    (path.parent / "evil.py").write_text("print(1)")
    intake.take_in_all(course, EXERCISE)
    folder = course.submitted / "ada" / SLUG
    assert sorted(os.listdir(folder)) == [f"{SLUG}.ipynb", "intake.json", "timestamp.txt"]
    stamp = (folder / "timestamp.txt").read_text()
    assert stamp == json.loads((folder / "intake.json").read_text())["arrived"]
    assert int(stamp[:4]) > 2000, f"the time is {stamp}"


def test_an_unchanged_hand_in_keeps_its_record_and_a_changed_one_does_not(course: Course) -> None:
    path = hand_in(course)
    record = take_in(Desk(course, EXERCISE), HandIn("ada", SLUG))
    folder = course.submitted / "ada" / SLUG
    record["arrived"] = "2001-01-01 00:00:00 UTC"  # so that a new record would differ
    (folder / "intake.json").write_text(json.dumps(record))
    files = {name: (folder / name).stat().st_mtime_ns for name in os.listdir(folder)}
    path.write_bytes(path.read_bytes())
    assert take_in(Desk(course, EXERCISE), HandIn("ada", SLUG)) == record
    assert {name: (folder / name).stat().st_mtime_ns for name in os.listdir(folder)} == files
    path.write_bytes(json.dumps(blank()).encode())
    changed = take_in(Desk(course, EXERCISE), HandIn("ada", SLUG))
    assert changed["signature"] != record["signature"]
    assert changed["arrived"] != record["arrived"]


def test_links_in_submitted_are_replaced_and_not_followed(course: Course, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = course.submitted / "ada" / SLUG
    folder.mkdir(parents=True)
    for name in (f"{SLUG}.ipynb", "timestamp.txt", "intake.json"):
        (folder / name).symlink_to(victim)
    hand_in(course)
    intake.take_in_all(course, EXERCISE)
    assert victim.read_text() == "precious"
    assert not any((folder / name).is_symlink() for name in os.listdir(folder))


# ---- the proof -------------------------------------------------------------------------------------------------------


def test_any_changed_byte_is_noticed(course: Course) -> None:
    hand_in(course)
    intake.take_in_all(course, EXERCISE)
    path = course.submitted / "ada" / SLUG / f"{SLUG}.ipynb"
    data = path.read_bytes()
    for number in range(0, len(data), 997):
        path.write_bytes(data[:number] + bytes([data[number] ^ 1]) + data[number + 1 :])
        assert intake.confirmed(course, "ada", SLUG) is None, f"byte {number}"
    for other in (data + b"\n", data[:-1], b"", RELEASED_BYTES):
        path.write_bytes(other)
        assert intake.confirmed(course, "ada", SLUG) is None
    path.write_bytes(data)
    assert intake.confirmed(course, "ada", SLUG) == data


def test_another_students_folder_or_another_courses_proves_nothing(course: Course, tmp_path: Path) -> None:
    hand_in(course)
    intake.take_in_all(course, EXERCISE)
    ours = course.submitted / "ada" / SLUG
    other_course = Course.create(tmp_path / "other")
    for folder in (course.submitted / "eve" / SLUG, other_course.submitted / "ada" / SLUG):
        folder.mkdir(parents=True)
        for name in os.listdir(ours):
            (folder / name).write_bytes((ours / name).read_bytes())
    assert intake.confirmed(course, "ada", SLUG) is not None
    assert intake.confirmed(course, "eve", SLUG) is None
    assert intake.confirmed(other_course, "ada", SLUG) is None


RECORDS = {
    "empty": "", "a list": "[]", "a number": "1", "null": "null", "nothing in it": "{}", "a wrong type": '{"signature": 5}',
    "no proof": '{"signature": null}', "another proof": '{"signature": "00"}', "not ASCII": '{"signature": "\u00fc"}',
    "deeply nested": "[" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_forged_record_confirms_nothing(course: Course, record: str) -> None:
    hand_in(course)
    intake.take_in_all(course, EXERCISE)
    (course.submitted / "ada" / SLUG / "intake.json").write_text(record, encoding="utf-8")
    assert intake.confirmed(course, "ada", SLUG) is None
    intake.take_in_all(course, EXERCISE)
    assert intake.confirmed(course, "ada", SLUG) is not None


def test_nothing_there_confirms_nothing(course: Course) -> None:
    assert intake.confirmed(course, "nobody", SLUG) is None
