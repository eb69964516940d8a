"""The source of a reference function or class, as a student is to see it."""

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FOR_OUR_TOOLS = re.compile(r"\s*# (type: ignore|noqa).*$")


@dataclass(frozen=True)
class FunctionSource:
    """A function or class taken apart, each part with its indentation; the signature is without types.

    ``secret`` is what students are to write, ``solved`` the whole, ``marked`` the whole with nbgrader's marks around that.
    Of a class, the first line is the signature, and ``methods`` are the body.
    """

    name: str
    signature: str
    docstring: str
    body: str
    secret: str
    solved: str
    marked: str
    methods: tuple["FunctionSource", ...] = ()


@functools.cache
def take_apart(function: Callable[..., Any], name: str = "") -> FunctionSource:
    """Read a top-level function's or class's source, without decorators and types, under another name if one is given."""
    text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    node = ast.parse(text).body[0]
    lines = plain_lines(node, text.splitlines())
    if isinstance(node, ast.ClassDef):
        return class_source(node, lines, name)
    assert isinstance(node, ast.FunctionDef)
    return function_source(node, lines, name)


def plain_lines(node: ast.stmt, lines: list[str]) -> list[str]:
    """The same lines without the types of local variables, and without comments for linter and type checker."""
    for one in ast.walk(node):
        if isinstance(one, ast.AnnAssign) and one.value is not None:
            assert one.target.end_col_offset is not None
            line = lines[one.lineno - 1].encode()  # columns are counted in bytes
            lines[one.lineno - 1] = (line[: one.target.end_col_offset] + line[one.annotation.end_col_offset :]).decode()
    return [FOR_OUR_TOOLS.sub("", line) for line in lines]


def function_source(node: ast.FunctionDef, lines: list[str], name: str = "") -> FunctionSource:
    for argument in [*node.args.args, *node.args.posonlyargs, *node.args.kwonlyargs]:
        argument.annotation = None
    docstring, start = docstring_of(node, lines)
    body = "\n".join(lines[start : node.end_lineno]).rstrip()
    signature = f"{' ' * node.col_offset}def {name or node.name}({ast.unparse(node.args)}):"
    indent = body[: len(body) - len(body.lstrip())]
    marked = joined(signature, docstring, indent + BEGIN, body, indent + END)
    return FunctionSource(node.name, signature, docstring, body, body, joined(signature, docstring, body), marked)


def joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def docstring_of(node: ast.FunctionDef | ast.ClassDef, lines: list[str]) -> tuple[str, int]:
    """A docstring's lines, and the number of the line after it."""
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None:
        return "", first.lineno - 1
    assert first.end_lineno is not None
    return "\n".join(lines[first.lineno - 1 : first.end_lineno]), first.end_lineno


def class_source(node: ast.ClassDef, lines: list[str], name: str) -> FunctionSource:
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    signature = f"class {name or node.name}{f'({bases})' if bases else ''}:"
    docstring, _ = docstring_of(node, lines)
    methods = tuple(function_source(one, lines) for one in node.body if isinstance(one, ast.FunctionDef))
    head, secret = joined(signature, docstring), "\n".join(method.body for method in methods)
    body = "\n\n".join(method.solved for method in methods)
    marked = "\n\n".join([head, *(method.marked for method in methods)])
    return FunctionSource(node.name, signature, docstring, body, secret, f"{head}\n\n{body}", marked, methods)
