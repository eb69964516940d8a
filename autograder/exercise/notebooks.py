"""Filling in released notebooks by program: the answer key, wrong versions and other right versions, as students would."""

from __future__ import annotations

import ast
import inspect
import re
import types
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell

from autograder.exercise.cells import solution_id
from autograder.exercise.declaration import Check, Exercise
from autograder.exercise.stub import take_apart
from autograder.sandbox.runtime import importable

CALLED = r"(?<![\w.])(?<!def ){}(?=\()"


def solved(check: Check) -> str:
    """The reference as a student would have written it."""
    return take_apart(check.reference, check.rename).solved


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
    parts, module = take_apart(function, check.function), vars(inspect.getmodule(function))
    known = {name for name, thing in module.items() if getattr(thing, "__module__", None) == function.__module__}
    known = (known | {one.function for one in exercise.checks}) - {check.function}
    there, references = importable(exercise.packages), dict[str, str]()

    def with_references(text: str, module: dict[str, Any], known: set[str]) -> str:
        """A text with its calls of references, as ``clipping.global_norm`` or ``gates_of``, led to copies of them.

        In a notebook there is no such module, and the function of that name may be the mistaken one or not defined yet.
        ``known`` are the names that stay the notebook's own; the copies are added to ``references`` and call no others.
        """
        names = set(re.findall(CALLED.format(r"([\w.]+)"), text)) - known
        for name in sorted(sorted(names), key=len, reverse=True):
            called = reference_called(name, module, there)
            if called is None:
                continue
            under = f"reference_{called.__module__.rpartition('.')[2]}_{called.__name__}"
            if under not in references:
                references[under] = ""  # it may call itself
                source, inner = take_apart(called, under).solved, vars(inspect.getmodule(inspect.unwrap(called)))
                references[under] = with_references(source, inner, set())
            text = re.sub(CALLED.format(re.escape(name)), under, text)
        return text

    wrong = with_references(f"{parts.signature}\n{parts.body}", module, known)
    helpers = with_references(helpers_of(function, exercise), module, known)
    return reference_sources(exercise) | {check.function: wrong}, "\n\n\n".join([*references.values(), helpers]).strip()


def reference_called(name: str, module: dict[str, Any], there: frozenset[str]) -> Any:
    """The function or class that a name stands for in a module, if it comes from one that no notebook can import."""
    of, _, last = name.rpartition(".")
    found = vars(module[of]).get(last) if inspect.ismodule(module.get(of)) else module.get(name)
    own = getattr(found, "__module__", None) or ""
    if not callable(found) or not isinstance(inspect.unwrap(found), types.FunctionType | type):
        return None
    return None if own.partition(".")[0] in there else found


def helpers_of(function: Any, exercise: Exercise) -> str:
    """The source of the module's own helpers that a function calls, directly or through each other.

    A helper stands after those that it uses, for one may be another's default value.
    """
    module = vars(inspect.getmodule(function))
    seen = {check.function for check in exercise.checks}  # these stand in the notebook already
    found: list[str] = []

    def visit(name: str) -> None:
        helper: Any = module.get(name)
        if name in seen or getattr(helper, "__module__", None) != function.__module__:
            return
        if not hasattr(helper, "__code__") and not isinstance(helper, type):
            return
        seen.add(name)
        for inner in sorted(names_in(helper)):
            visit(inner)
        found.append(take_apart(helper).solved)

    for name in sorted(names_in(function)):
        visit(name)
    return "\n\n\n".join(found)


def names_in(thing: Any) -> set[str]:
    """Every name that stands in the source of a function or a class, in its nested functions too."""
    return {node.id for node in ast.walk(ast.parse(take_apart(thing).solved)) if isinstance(node, ast.Name)}


def alternative_sources(exercise: Exercise, path: Path) -> tuple[dict[str, str], str]:
    """The functions of another right version, and its helpers; functions that it does not define are the reference's."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    sources, helpers = reference_sources(exercise), []
    for node in ast.parse(text).body:
        source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in sources:
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
