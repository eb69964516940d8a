"""Wrong versions that nobody thought of: every reference function, changed in one place at a time, must be rejected.

Misconceptions are the mistakes that we know of. Here the syntax tree of each asked-for function is mutated: an operator, a
constant, an index, a name, an argument, a statement. A mutant that changes what the function does and still earns full marks
is a hole in its check. Those that survive because they change nothing are declared with the check, and the reason why.
"""

import ast
import copy
import inspect
import signal
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.check import Expected, call, difference
from autograder.exercise import Check, DrawnCase, Exercise
from autograder.exercise.stub import take_apart
from autograder.grading import challenge
from autograder.grading.judge import expected_values, shown_of, tolerances
from autograder.runner.calling import Kept

SEEDS, SECONDS, AGAIN = 3, 5.0, 0.2
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,), ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,),
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
}  # fmt: skip


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


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The ways to change a node: a few words, and what stands in its place then."""
    match node:
        case ast.BinOp():
            for operator in OPERATORS.get(type(node.op), ()):
                yield f"{type(node.op).__name__} to {operator.__name__}", with_field(node, "op", operator())
            yield "left side only", node.left
            yield "right side only", node.right
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield "sign or not left out", node.operand
        case ast.Compare(ops=[first, *rest]):
            for comparison in COMPARISONS.get(type(first), ()):
                what = f"{type(first).__name__} to {comparison.__name__}"
                yield what, with_field(node, "ops", [comparison(), *rest])
        case ast.Constant(value=bool(value)):
            yield f"{value} to {not value}", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield f"{value} to {value + 1}", ast.Constant(value + 1)
            yield f"{value} to {value - 1}", ast.Constant(value - 1)
        case ast.Attribute(attr="T"):
            yield "T left out", node.value
        case ast.IfExp():
            yield "if always", node.body
            yield "if never", node.orelse
        case ast.Call():
            yield from changes_of_call(node)
        case ast.Assign() | ast.AugAssign() | ast.Expr() | ast.For() | ast.If() | ast.While():
            yield "statement left out", ast.Pass()


def changes_of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for place in range(len(node.args) - 1):
        args = node.args.copy()
        args[place], args[place + 1] = args[place + 1], args[place]
        yield f"arguments {place + 1} and {place + 2} swapped", with_field(node, "args", args)
    for keyword in node.keywords:
        others = [one for one in node.keywords if one.arg != keyword.arg]
        yield f"{keyword.arg} left out", with_field(node, "keywords", others)
    if node.args:
        yield "call left out", node.args[0]
    elif isinstance(node.func, ast.Attribute):
        yield "call left out", node.func.value


def with_field(node: ast.AST, name: str, value: Any) -> ast.AST:
    """A node like this one but for one of its fields."""
    changed = copy.copy(node)
    setattr(changed, name, value)
    return changed


def mutated_trees(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Every tree that differs from this one in one place."""
    nodes, times = list(ast.walk(tree)), Counter[str]()
    # The names of the function's own that hold something: arguments and variables.
    held = {node.arg for node in nodes if isinstance(node, ast.arg)}
    held |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names = sorted(held - {"self"})
    for node in nodes:
        ways = list(changes(node))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            other = names[(names.index(node.id) + 1) % len(names)]
            if other != node.id:
                ways.append((f"{node.id} to {other}", with_field(node, "id", other)))
        for what, changed in ways:
            said = f"{' '.join(ast.unparse(node).split())[:60]}: {what}"
            times[said] += 1
            where = f" (place {times[said]})" if times[said] > 1 else ""
            yield said + where, copy.deepcopy(tree, {id(node): changed})  # taken for the node's copy


def body_tree(reference: Any) -> ast.Module:
    """A reference's tree without decorators, docstrings and types: what a student writes."""
    tree = ast.parse(take_apart(reference).solved)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def mutants(check: Check) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every mutant of a check's reference that can be compiled: where it was changed, and its function."""
    reference = inspect.unwrap(check.reference)
    tree = body_tree(reference)
    seen = {ast.unparse(tree)}
    for what, changed in mutated_trees(tree):
        text = ast.unparse(ast.fix_missing_locations(changed))
        if text in seen:
            continue
        seen.add(text)
        namespace = dict(vars(sys.modules[reference.__module__]))
        try:
            exec(compile(changed, f"mutant of {check.name}", "exec"), namespace)  # noqa: S102 - our own code, changed
        except (SyntaxError, TypeError, ValueError):
            continue
        made = namespace[reference.__name__]
        if isinstance(made, types.FunctionType | type):
            yield what, made


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, and what is begun after that: an interrupted call counts as one that raised."""

    def interrupt(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def comes_out_wrong(
    check: Check, function: Callable[..., Any], cases: list[DrawnCase], expected: list[Expected] | None = None
) -> bool:
    """Whether a function comes to other results than the reference, whose results may be known already.

    It is called until one result differs: no later call takes that back. Where none does, no result may be written to later.
    """
    shown, expected, kept = shown_of(check), expected or expected_values(check, cases), Kept()
    for case, wanted, allowed in zip(cases, expected, tolerances(check, cases), strict=True):
        if difference(call(function, case.inputs, check.tensors, kept), wanted, allowed, shown) is not None:
            return True
    return any(kept.overwritten())


def is_rejected(check: Check, slug: str, function: Callable[..., Any]) -> bool:
    """Whether the check finds fault with a function, for one of a few students."""
    for number in range(SEEDS):
        cases = challenge.draw(check, number.to_bytes(32, "big"), slug, "student")
        expected = expected_values(check, cases)
        try:
            with at_most(SECONDS), np.errstate(all="ignore"):
                if comes_out_wrong(check, function, cases, expected):
                    return True
        except Exception:  # whatever a mutant raises, it is found out
            return True
    return False


def score(exercise: Exercise, check: Check) -> Score:
    """Judge every mutant of one check."""
    found, reasons = Score(check.name), check.equivalent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for what, function in mutants(check):
            found.mutants += 1
            if is_rejected(check, exercise.slug, function):
                found.rejected += 1
            elif what in reasons:
                found.equivalent[what] = reasons[what]
            else:
                found.survivors.append(what)
    return found
