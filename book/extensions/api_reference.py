"""The page of all functions: modules and members found in ``solutions``, and docstrings made readable for Sphinx.

Our docstrings are plain text: an equation is a paragraph without a full stop, shown as it is written. Autodoc and Napoleon
do the rest.
"""

import pkgutil
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PAGE = "api"
PLACE = "<!-- the modules of solutions -->"
PACKAGES = ("solutions.with_numpy", "solutions.with_numpy.fast", "solutions.with_torch", "solutions")
SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
SPECIAL = re.compile(r"([*|])|(?<=\w)(_)(?!\w)")


def modules() -> list[tuple[str, list[str]]]:
    """Each package with the names of its modules, without those of the packages inside it."""
    found = []
    for package in PACKAGES:
        folder = SOLUTIONS.joinpath(*package.split(".")[1:])
        names = sorted(f"{package}.{module.name}" for module in pkgutil.iter_modules([str(folder)]) if not module.ispkg)
        found.append((package, names))
    return found


def page_text() -> str:
    """What stands in place of the mark: a heading for each package and module, and Sphinx's own directive for its members."""
    lines = []
    for package, names in modules():
        lines += [f"## {package}", ""]
        if package != "solutions":
            lines += ["```{eval-rst}", f".. automodule:: {package}", "   :no-members:", "```", ""]
        for name in names:
            lines += [f"### {name.removeprefix(package + '.')}", ""]
            lines += [
                "```{eval-rst}",
                f".. automodule:: {name}",
                "   :members:",
                "   :member-order: bysource",
                "```",
                "",
            ]
    return "\n".join(lines)


def put_modules(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the modules into the page when it is read."""
    if page == PAGE:
        source[0] = source[0].replace(PLACE, page_text())


def escaped(line: str) -> str:
    """A line of plain text, so that Sphinx takes no sign in it for markup; what stands between `` is left alone."""
    parts = re.split(r"(``.*?``)", line)
    return "".join(part if part.startswith("``") else SPECIAL.sub(r"\\\g<0>", part) for part in parts)


def section_line(line: str) -> str:
    """A line of a section; the type of an entry is shown in brackets, so a shape needs none of its own."""
    return escaped(re.sub(r"^(\w[\w, ]*) : \(([^()]*)\)$", r"\1 : \2", line))


def paragraphs(lines: list[str]) -> list[list[str]]:
    """The blocks between blank lines."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def is_header(block: list[str]) -> bool:
    """Whether a block begins a section such as Parameters, with its name underlined."""
    return len(block) > 1 and set(block[1]) == {"-"}


def shown(block: list[str], first: bool) -> list[str]:
    """A block of text; one without a full stop is an equation, and stays as it is written."""
    is_text = first or block[-1].rstrip().endswith((".", ":"))
    return (
        [*map(escaped, block), ""] if is_text else [".. code-block:: text", "", *(f"    {line}" for line in block), ""]
    )


def readable(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Text and equations first, then where they are from, then the sections."""
    text: list[str] = []
    source: list[str] = []
    sections: list[str] = []
    inside = False
    for number, block in enumerate(paragraphs(lines)):
        if is_header(block):
            inside = True
            sections += [*block[:2], *map(section_line, block[2:])]
        elif inside and block[0].startswith((" ", "\t")):
            sections += ["", *map(escaped, block)]
        elif block[0].startswith("Source"):
            source += [*map(escaped, block), ""]
        else:
            text += shown(block, number == 0)
        if inside and is_header(block):
            sections.append("")
    lines[:] = [*text, *source, *sections]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", put_modules)
    app.connect("autodoc-process-docstring", readable, priority=400)  # before Napoleon, which reads the sections
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
