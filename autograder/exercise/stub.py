"""The source of a reference function or class, as a student is to see it."""

import ast
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
    """A function taken apart: its signature without types, its docstring and its body, each with its indentation."""

    name: str
    signature: str
    docstring: str
    body: str

    @property
    def secret(self) -> str:
        """What students are to write."""
        return self.body

    @property
    def solved(self) -> str:
        return "\n".join(part for part in (self.signature, self.docstring, self.body) if part)

    @property
    def marked(self) -> str:
        """With nbgrader's marks around what students are to write."""
        indent = self.body[: len(self.body) - len(self.body.lstrip())]
        parts = (self.signature, self.docstring, f"{indent}{BEGIN}", self.body, f"{indent}{END}")
        return "\n".join(part for part in parts if part)


@dataclass(frozen=True)
class ClassSource:
    """A class taken apart: its first line, its docstring, and its methods."""

    name: str
    signature: str
    docstring: str
    methods: tuple[FunctionSource, ...]

    @property
    def body(self) -> str:
        return "\n\n".join(method.solved for method in self.methods)

    @property
    def secret(self) -> str:
        """What students are to write."""
        return "\n".join(method.body for method in self.methods)

    @property
    def solved(self) -> str:
        return self.text([method.solved for method in self.methods])

    @property
    def marked(self) -> str:
        return self.text([method.marked for method in self.methods])

    def text(self, methods: list[str]) -> str:
        return "\n\n".join(["\n".join(part for part in (self.signature, self.docstring) if part), *methods])


def take_apart(function: Callable[..., Any], name: str | None = None) -> FunctionSource | ClassSource:
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


def function_source(node: ast.FunctionDef, lines: list[str], name: str | None = None) -> FunctionSource:
    for argument in [*node.args.args, *node.args.posonlyargs, *node.args.kwonlyargs]:
        argument.annotation = None
    docstring, start = docstring_of(node, lines)
    body = "\n".join(lines[start : node.end_lineno]).rstrip()
    indent = " " * node.col_offset
    return FunctionSource(node.name, f"{indent}def {name or node.name}({ast.unparse(node.args)}):", docstring, body)


def docstring_of(node: ast.FunctionDef | ast.ClassDef, lines: list[str]) -> tuple[str, int]:
    """A docstring's lines, and the number of the line after it."""
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None:
        return "", first.lineno - 1
    assert first.end_lineno is not None
    return "\n".join(lines[first.lineno - 1 : first.end_lineno]), first.end_lineno


def class_source(node: ast.ClassDef, lines: list[str], name: str | None) -> ClassSource:
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    methods = tuple(function_source(one, lines) for one in node.body if isinstance(one, ast.FunctionDef))
    signature = f"class {name or node.name}{f'({bases})' if bases else ''}:"
    return ClassSource(node.name, signature, docstring_of(node, lines)[0], methods)
