"""Filling in released notebooks by program: the answer key, wrong versions and other right versions, as students would."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell

from autograder.authoring.stub import take_apart
from autograder.cells import solution_id
from autograder.checks import Check, Exercise


def solved(check: Check) -> str:
    """The reference as a student would have written it."""
    return take_apart(check.reference, check.rename or None).solved


def set_source(notebook: Any, cell_id: str, source: str) -> None:
    cell = next(cell for cell in notebook.cells if cell.id == cell_id)
    cell.source = source


def insert_before(notebook: Any, cell_id: str, source: str, new_id: str) -> None:
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id == cell_id)
    notebook.cells.insert(place, new_code_cell(source, id=new_id))


def fill_in(exercise: Exercise, released: Any, sources: dict[str, str]) -> Any:
    """A copy of the released notebook with the given functions' sources; the others stay as they are."""
    notebook = nbformat.from_dict(released)
    for check in exercise.checks:
        if check.function in sources:
            set_source(notebook, solution_id(check), sources[check.function])
    return notebook


def reference_sources(exercise: Exercise) -> dict[str, str]:
    return {check.function: solved(check) for check in exercise.checks}


def mistaken_sources(exercise: Exercise, check: Check, function: Any) -> tuple[dict[str, str], str]:
    """The reference with one function wrong, and the helpers that the wrong version calls."""
    parts = take_apart(function, check.function)
    wrong = f"{parts.signature}\n{parts.body}"
    return reference_sources(exercise) | {check.function: wrong}, helpers_of(function, exercise)


def helpers_of(function: Any, exercise: Exercise) -> str:
    """The source of the module's own helpers that a function calls, directly or through each other."""
    module = vars(inspect.getmodule(function))
    known = {check.function for check in exercise.checks}
    found: dict[str, str] = {}

    def visit(name: str) -> None:
        helper: Any = module.get(name)
        if name in found or name in known or getattr(helper, "__module__", None) != function.__module__:
            return
        if not hasattr(helper, "__code__") and not isinstance(helper, type):
            return
        parts = take_apart(helper)
        found[name] = parts.solved
        for inner in names_in(helper):
            visit(inner)

    for name in names_in(function):
        visit(name)
    return "\n\n\n".join(found.values())


def names_in(thing: Any) -> set[str]:
    """Every name that stands in the source of a function or a class, in its nested functions too."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(thing))))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def alternative_sources(exercise: Exercise, path: Path) -> tuple[dict[str, str], str]:
    """The functions of another right version, and its helpers; functions that it does not define are the reference's."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    known = {check.function for check in exercise.checks}
    sources, helpers = reference_sources(exercise), []
    for node in ast.parse(text).body:
        source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in known:
            sources[node.name] = source
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            helpers.append(source)
    return sources, "\n".join(helpers)


def with_helpers(exercise: Exercise, released: Any, sources: dict[str, str], helpers: str) -> Any:
    """A filled-in notebook with a helper cell of the student's own before the first function."""
    notebook = fill_in(exercise, released, sources)
    if helpers:
        insert_before(notebook, solution_id(exercise.checks[0]), helpers, "my-helpers")
    return notebook
