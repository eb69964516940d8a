"""The source of a reference function, as a student is to see it."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass(frozen=True)
class FunctionSource:
    """A function taken apart: its signature without types, its docstring and its body, each with its indentation."""

    name: str
    signature: str
    docstring: str
    body: str

    @property
    def solved(self) -> str:
        return f"{self.signature}\n{self.docstring}\n{self.body}"

    @property
    def marked(self) -> str:
        """With nbgrader's marks around what students are to write."""
        return f"{self.signature}\n{self.docstring}\n    {BEGIN}\n{self.body}\n    {END}"


def take_apart(function: Callable[..., Any], name: str | None = None) -> FunctionSource:
    """Read a top-level function's source, without decorators and types, under another name if one is given."""
    text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    for argument in [*node.args.args, *node.args.posonlyargs, *node.args.kwonlyargs]:
        argument.annotation = None
    lines = text.splitlines()
    first = node.body[0]
    has_docstring = ast.get_docstring(node, clean=False) is not None
    docstring = "\n".join(lines[first.lineno - 1 : first.end_lineno]) if has_docstring else ""
    start = first.end_lineno if has_docstring else first.lineno - 1
    assert start is not None
    body = "\n".join(lines[start:]).rstrip()
    return FunctionSource(node.name, f"def {name or node.name}({ast.unparse(node.args)}):", docstring, body)
