"""The page of all functions holds every one of them, with what its docstring says first."""

import ast
import html
import re
from pathlib import Path

import pytest
from book_paths import ROOT

from solutions.with_numpy import recurrent

FILES = sorted(path for path in (ROOT / "solutions").rglob("*.py") if path.name != "__init__.py")


def public(path: Path) -> list[tuple[str, str]]:
    """The full name and the first line of the docstring of each public function and class that a file defines."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            text = ast.get_docstring(node)
            assert text, f"{module}.{node.name} has no docstring"
            found.append((f"{module}.{node.name}", text.splitlines()[0]))
    return found


PUBLIC = [one for path in FILES for one in public(path)]


def plain(text: str) -> str:
    """Letters and digits alone: quotation marks, code and line breaks look different on a page."""
    return re.sub(r"[^A-Za-z0-9]", "", text)


def test_there_are_functions_of_every_kind() -> None:
    names = {name for name, _ in PUBLIC}
    modules = [module for cell in recurrent.CELLS for module in (f"with_numpy.{cell}", f"with_torch.{cell}")]
    assert all(f"solutions.{module}.step" in names for module in modules)


@pytest.mark.parametrize(("name", "first"), PUBLIC, ids=[name for name, _ in PUBLIC])
def test_a_function_is_on_the_page_with_its_docstring(built_book: Path, name: str, first: str) -> None:
    page = (built_book / "api.html").read_text()
    place = page.find(f'id="{name}"')
    assert place >= 0, f"{name} is not on the page"
    after = html.unescape(re.sub(r"<[^>]+>", "", page[place : place + 20_000]))
    assert plain(first) in plain(after), f"the page does not say what {name} does"


def test_the_page_is_small(built_book: Path) -> None:
    assert (built_book / "api.html").stat().st_size < 1 << 20


def test_equations_are_shown_as_they_are_written(built_book: Path) -> None:
    page = html.unescape(re.sub(r"<[^>]+>", "", (built_book / "api.html").read_text()))
    for equation in ("h_t = tanh(W_x x_t + W_h h_{t-1} + b)    (1)", "c_t = f * c_{t-1} + i * g\n"):
        assert equation in page
