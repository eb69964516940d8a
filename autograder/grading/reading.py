"""What is read of a submitted notebook: the source of its cells, within bounds, and text without markup."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from autograder.grading.files import PICTURE_DATA, Unreadable, read_json
from autograder.runner.calling import _

MOST_CELLS = 500
LARGEST_SOURCE, MOST_SOURCE = 64 * 1024, 512 * 1024
LARGEST_TEXT, MOST_TEXT = 16 * 1024, 64 * 1024
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class StudentCell:
    """The little that is read of a submitted cell; ``pictures`` counts those that are left out of it."""

    kind: str
    source: str
    id: str
    grade_id: str
    pictures: int = 0
    cut: bool = False


def parse(data: bytes) -> list[StudentCell]:
    """The cells of a submitted notebook. Raises Unreadable if it is not one of format 4, or too large."""
    content = read_json(data)
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise Unreadable(_("The file is not a notebook of format 4: it has no list of cells."))
    if len(cells) > MOST_CELLS:
        told = _("The notebook has {count} cells; the most that are read is {most}.")
        raise Unreadable(told.format(count=len(cells), most=MOST_CELLS))
    read = [student_cell(cell) for cell in cells if isinstance(cell, dict)]
    if sum(len(cell.source) for cell in read) > MOST_SOURCE:
        told = _("The notebook holds more than {most} KB of source, the most that is read.")
        raise Unreadable(told.format(most=MOST_SOURCE >> 10))
    return read


def student_cell(cell: dict[str, Any]) -> StudentCell:
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    kind, identity, attached = cell.get("cell_type"), cell.get("id"), cell.get("attachments")
    kind = kind if kind in ("code", "markdown") else "raw"
    whole, pictures = joined(cell.get("source")), len(attached) if isinstance(attached, dict) else 0
    if kind != "code":
        whole, pasted = without_pasted_pictures(whole)
        pictures += pasted
    return StudentCell(
        kind,
        plain(whole),
        identity if isinstance(identity, str) else "",
        grade_id if isinstance(grade_id, str) else "",
        pictures,
        len(whole) > (LARGEST_SOURCE if kind == "code" else LARGEST_TEXT),
    )


def joined(text: Any) -> str:
    """A source, which may be given as a list of lines."""
    parts = text if isinstance(text, list) else [text]
    return "".join(part for part in parts if isinstance(part, str))


def plain(text: str) -> str:
    """A source as a string that can be written to a file."""
    return text[:LARGEST_SOURCE].encode("utf-8", "replace").decode().replace("\0", "")


# The picture itself is nothing but letters, digits and signs without a bracket, so that each character is looked at once.
PASTED = re.compile(r"!\[([^\[\]\n]{0,200})\]\(\s?<?" + PICTURE_DATA.pattern + r">?[^()\n]{0,200}\)")


def without_pasted_pictures(text: str) -> tuple[str, int]:
    """Text without the pictures that are written into it as data, as Colab does; and how many there were."""
    text, named = PASTED.subn(r"[\1]", text)
    text, others = PICTURE_DATA.subn("", text)
    return text, named + others


# In TeX, MathJax follows links and defines macros; none of it is needed to answer a question.
TEX_WITH_POWERS = re.compile(
    r"\\(?=(?:href|url|require|html\w*|data|cssId|class|style|unicode|bbox|mml\w*|def|let|(?:re)?new(?:command|environment))\b)"
)
TAG = re.compile(r"<(?=\S)")
ENTITY = re.compile(r"&(?=#?\w+;)")
LINK = re.compile(r"\](?=[(:\[])(?!\(\s*https?://|:\s*https?://)")
HARMFUL_SCHEME = re.compile(
    "(?i)(" + "|".join(r"[\\\s]*".join(name) for name in ("javascript", "vbscript", "data", "file")) + r")([\\\s]*):"
)


def without_markup(text: str) -> str:
    """A student's Markdown with its HTML shown as text, no pictures, and links only to the web.

    formgrader renders Markdown, and a script there could set any grade. So "<" and "&" are set apart from what would make
    them markup, every link whose target does not begin with http or https is broken up, and so are TeX commands that link.
    """
    text = "".join(c for c in text[:LARGEST_TEXT] if c in "\t\n" or c.isprintable())
    text = ENTITY.sub("&amp;", TAG.sub("< ", text)).replace("![", "! [")
    return TEX_WITH_POWERS.sub(r"\\ ", HARMFUL_SCHEME.sub(r"\1 ", LINK.sub("] ", text)))


def defined_functions(source: str) -> set[str]:
    """The functions and classes that a cell defines at its top level."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"^(?:def|class)\s+([A-Za-z_]\w*)", source, re.MULTILINE))
    return {node.name for node in tree.body if isinstance(node, DEFINITIONS)}
