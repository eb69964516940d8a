"""Wrong versions that nobody thought of: every reference function, changed in one place at a time, must be rejected.

Misconceptions are the mistakes that we know of. Here the syntax tree of each asked-for function is mutated: an operator, a
constant, an index, a name, an argument, a statement. A mutant that changes what the function does and still earns full marks
is a hole in its check. Those that survive because they change nothing are declared with the check, and the reason why.
"""

from __future__ import annotations

import ast
import copy
import inspect
import signal
import textwrap
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from autograder.check import Shown, difference
from autograder.exercise import Check, Exercise
from autograder.grading import challenge
from autograder.grading.judge import expected_values, outcomes

SEEDS = 3
SECONDS = 5.0
AGAIN = 0.2
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,), ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,),
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
}  # fmt: skip


class TooLong(Exception):
    """A mutant that does not come to an end."""


@dataclass(frozen=True)
class Mutant:
    """One changed version: where it was changed, and its function."""

    what: str
    function: Callable[..., Any]


@dataclass
class Score:
    """How many mutants of a check's reference are rejected, and which are not."""

    check: str
    mutants: int = 0
    rejected: int = 0
    equivalent: dict[str, str] = field(default_factory=dict)
    survivors: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of mutants that are rejected, of those that change anything."""
        counted = self.mutants - len(self.equivalent)
        return self.rejected / counted if counted else 1.0


Way = Callable[[Any], Any]


def changes(node: ast.AST) -> Iterator[tuple[str, Way]]:
    """The ways to change a node: a few words, and a function that does it to a copy (None takes the statement out)."""
    if isinstance(node, ast.BinOp):
        for operator in OPERATORS.get(type(node.op), ()):
            yield f"{type(node.op).__name__} to {operator.__name__}", partial(with_field, "op", operator())
        yield "left side only", lambda n: n.left
        yield "right side only", lambda n: n.right
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield "sign or not left out", lambda n: n.operand
    elif isinstance(node, ast.Compare):
        for comparison in COMPARISONS.get(type(node.ops[0]), ()):
            name = f"{type(node.ops[0]).__name__} to {comparison.__name__}"
            yield name, partial(with_field, "ops", [comparison(), *node.ops[1:]])
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield f"{node.value} to {node.value + 1}", lambda n: ast.Constant(n.value + 1)
        yield f"{node.value} to {node.value - 1}", lambda n: ast.Constant(n.value - 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} to {not node.value}", lambda n: ast.Constant(not n.value)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "T left out", lambda n: n.value
    elif isinstance(node, ast.IfExp):
        yield "if always", lambda n: n.body
        yield "if never", lambda n: n.orelse
    elif isinstance(node, ast.Call):
        yield from changes_of_call(node)
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.For | ast.If | ast.While) and not is_docstring(
        node
    ):
        yield "statement left out", lambda n: None


def changes_of_call(node: ast.Call) -> Iterator[tuple[str, Way]]:
    for place in range(len(node.args) - 1):
        yield f"arguments {place + 1} and {place + 2} swapped", partial(with_swapped, place)
    for keyword in node.keywords:
        yield f"{keyword.arg} left out", partial(without_keyword, keyword.arg)
    if len(node.args) >= 1:
        yield "call left out", lambda n: n.args[0]
    elif isinstance(node.func, ast.Attribute) and not node.args:
        yield "call left out", lambda n: n.func.value


def with_field(name: str, value: Any, node: Any) -> Any:
    setattr(node, name, value)
    return node


def without_keyword(name: str | None, node: Any) -> Any:
    node.keywords = [keyword for keyword in node.keywords if keyword.arg != name]
    return node


def with_swapped(place: int, node: Any) -> Any:
    node.args[place], node.args[place + 1] = node.args[place + 1], node.args[place]
    return node


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def names_to_change(tree: ast.AST) -> list[str]:
    """The names of a function's own that hold something: arguments and variables."""
    found = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return sorted((found | stored) - {"self"})


class Change(ast.NodeTransformer):
    """Changes the node of that number, counted in the order of a walk."""

    def __init__(self, target: ast.AST, change: Way) -> None:
        self.target, self.change = target, change

    def visit(self, node: ast.AST) -> Any:
        if node is self.target:
            changed = self.change(node)
            return ast.Pass() if changed is None else changed
        return self.generic_visit(node)


def mutated_trees(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Every tree that differs from this one in one place."""
    names, times = names_to_change(tree), Counter[str]()
    nodes = list(ast.walk(tree))
    for number, node in enumerate(nodes):
        ways = list(changes(node))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            place = names.index(node.id)
            other = names[(place + 1) % len(names)]
            if other != node.id:
                ways.append((f"{node.id} to {other}", partial(with_field, "id", other)))
        for what, change in ways:
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[number]
            said = f"{' '.join(ast.unparse(node).split())[:60]}: {what}"
            times[said] += 1
            where = f" (place {times[said]})" if times[said] > 1 else ""
            yield said + where, Change(target, change).visit(changed)


def plain(reference: Any) -> Any:
    """The function beneath its decorators."""
    return inspect.unwrap(reference) if not isinstance(reference, type) else reference


def body_tree(reference: Any) -> ast.Module:
    """A reference's tree without decorators, docstrings and types: what a student writes."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(plain(reference))))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = []
            if is_docstring(node.body[0]):
                node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    return tree


def mutants(check: Check) -> Iterator[Mutant]:
    """Every mutant of a check's reference that can be compiled."""
    reference = plain(check.reference)
    module = inspect.getmodule(reference)
    assert module is not None
    tree, seen = body_tree(reference), set()
    seen.add(ast.unparse(tree))
    for what, changed in mutated_trees(tree):
        ast.fix_missing_locations(changed)
        text = ast.unparse(changed)
        if text in seen:
            continue
        seen.add(text)
        namespace = dict(vars(module))
        try:
            exec(compile(changed, f"mutant of {check.name}", "exec"), namespace)  # noqa: S102 - our own code, changed
        except (SyntaxError, TypeError, ValueError):
            continue
        made = namespace[reference.__name__]
        if isinstance(made, types.FunctionType | type):
            yield Mutant(what, made)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, and what is begun after that: an interrupted call counts as one that raised."""

    def interrupt(number: int, frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_rejected(check: Check, slug: str, function: Callable[..., Any]) -> bool:
    """Whether the check finds fault with a function, for one of a few students."""
    shown = Shown.of(check.function, check.axes, check.tensors)
    for number in range(SEEDS):
        cases = challenge.draw(check, number.to_bytes(32, "big"), slug, "student")
        expected = expected_values(check, cases)
        try:
            with at_most(SECONDS), np.errstate(all="ignore"):
                results = outcomes(function, cases, check.tensors)
        except Exception:  # whatever a mutant raises, it is found out
            return True
        if any(difference(r, e, check.tolerance, shown) is not None for r, e in zip(results, expected, strict=True)):
            return True
    return False


def score(exercise: Exercise, check: Check) -> Score:
    """Judge every mutant of one check."""
    found, reasons = Score(check.name), check.equivalent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for mutant in mutants(check):
            found.mutants += 1
            if is_rejected(check, exercise.slug, mutant.function):
                found.rejected += 1
            elif mutant.what in reasons:
                found.equivalent[mutant.what] = reasons[mutant.what]
            else:
                found.survivors.append(mutant.what)
    return found
