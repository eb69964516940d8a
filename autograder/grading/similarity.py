"""Submissions whose syntax trees are the same after renaming: for an instructor to look at, never a verdict.

Small functions have few right forms, and hints lead to one of them. So a form that many of a class have says nothing; who
shares one that hardly anybody else has, or all functions, is named. What they started from, the released code, is no form.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import solution_id
from autograder.exercise.notebooks import reference_sources
from autograder.grading import intake
from autograder.grading.inbox import look

OWN = "cells of their own"
LEAST_NODES = 40  # what is smaller, as one line of NumPy, looks alike wherever it is right
MOST_SHARE, MOST_STUDENTS = 0.1, 3  # a form of more than a tenth of a class, and of more than so many, is common
LEAST_FUNCTIONS = 3  # so many functions, all of them the same, say something even if each is common


@dataclass(frozen=True)
class Form:
    """What is left of a cell's code without names, comments, docstrings and annotations; and how much that is."""

    digest: str
    nodes: int


@dataclass(frozen=True)
class Pair:
    """Two students, the functions in which they have the same form, and those of them whose form is rare in the class."""

    students: tuple[str, str]
    same: tuple[str, ...]
    rare: tuple[str, ...]
    of: int


@dataclass
class Similar:
    """What is to be looked at: pairs, the most telling first; who has the reference's forms; and whose code cannot be read."""

    pairs: list[Pair] = field(default_factory=list)
    as_reference: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)
    students: int = 0


class Plain(ast.NodeTransformer):
    """Names that the code binds become numbers in the order in which they come; docstrings and annotations go."""

    def __init__(self, bound: set[str]) -> None:
        self.bound, self.numbers = bound, dict[str, str]()

    def named(self, name: str) -> str:
        return self.numbers.setdefault(name, f"_{len(self.numbers)}") if name in self.bound else name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.named(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.named(node.arg))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return self.visit(ast.Assign([node.target], node.value)) if node.value is not None else None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns = self.named(node.name), None
        return self.generic_visit(node)


def bound_names(tree: ast.AST) -> set[str]:
    """The names that code gives to something: variables, arguments, functions."""
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


def form_of(source: str) -> Form | None:
    """The form of a cell's code. Raises ValueError if it cannot be read as Python; None where there is no code."""
    try:
        tree = ast.parse(source)
        plain = Plain(bound_names(tree)).visit(tree)
        nodes = sum(1 for _ in ast.walk(plain))
        dumped = ast.dump(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError("it is no Python") from error
    return Form(hashlib.sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest(), nodes) if nodes > 1 else None


def sources_of(notebook: dict[str, Any], asked: set[str]) -> dict[str, str]:
    """What a student wrote, by function; cells of their own come together under one name."""
    found = defaultdict[str, str](str)
    for cell in notebook["cells"]:
        name = cell["id"] if cell["id"] in asked else OWN if cell["id"].startswith("added-") else None
        if name is not None and cell["cell_type"] == "code":
            found[name] += f"{''.join(cell['source'])}\n"
    return dict(found)


def forms(sources: dict[str, str]) -> tuple[dict[str, Form], tuple[str, ...]]:
    """The forms by function, and the functions that cannot be read."""
    found, unread = dict[str, Form](), []
    for name, source in sources.items():
        try:
            form = form_of(source)
        except ValueError:
            unread.append(name)
            continue
        if form is not None:
            found[name] = form
    return found, tuple(unread)


def compare(course: Course, exercise: Exercise) -> Similar:
    """Everything to be looked at in the submissions on an exercise, as they were taken in."""
    asked = {solution_id(check) for check in exercise.checks if check.trained is None}
    released, _none = forms(sources_of(json.loads(course.released(exercise.slug).read_bytes()), asked))
    reference, _none = forms({name: source for name, source in reference_sources(exercise).items() if name in asked})
    found, by_student = Similar(), dict[str, dict[str, Form]]()
    for hand_in in look(course, exercise.slug).hand_ins:
        data = intake.confirmed(course, hand_in.student, exercise.slug)
        if data is None:
            continue
        theirs, unread = forms(sources_of(json.loads(data), asked))
        by_student[hand_in.student] = {name: form for name, form in theirs.items() if released.get(name) != form}
        if unread:
            found.unread[hand_in.student] = unread
    found.students = len(by_student)
    found.pairs = sorted(pairs_in(by_student), key=lambda pair: (-len(pair.rare), -len(pair.same), pair.students))
    for student, theirs in by_student.items():
        same = tuple(name for name, form in theirs.items() if reference.get(name) == form and form.nodes >= LEAST_NODES)
        if same:
            found.as_reference[student] = same
    return found


def pairs_in(by_student: dict[str, dict[str, Form]]) -> Iterator[Pair]:
    """Those who share a rare form, or all of their functions."""
    having = defaultdict[tuple[str, Form], list[str]](list)
    for student, theirs in by_student.items():
        for name, form in theirs.items():
            having[name, form].append(student)
    shared = Counter[tuple[str, str]]()
    rare = defaultdict[tuple[str, str], list[str]](list)
    for (name, form), students in having.items():
        if form.nodes >= LEAST_NODES and not is_common(len(students), len(by_student)):
            for pair in combinations(sorted(students), 2):
                rare[pair].append(name)
    wholes = defaultdict[frozenset[tuple[str, Form]], list[str]](list)
    for student, theirs in by_student.items():
        if len(theirs) >= LEAST_FUNCTIONS:
            wholes[frozenset(theirs.items())].append(student)
    for students in wholes.values():
        if not is_common(len(students), len(by_student)):
            shared.update(combinations(sorted(students), 2))
    for one, other in sorted({*rare, *shared}):
        mine, theirs = by_student[one], by_student[other]
        same = tuple(name for name in mine if theirs.get(name) == mine[name])
        yield Pair((one, other), same, tuple(rare[one, other]), max(len(mine), len(theirs)))


def is_common(count: int, of: int) -> bool:
    return count > max(MOST_STUDENTS, MOST_SHARE * of)
