"""Feedback pages byte for byte as nbgrader makes them, without making anew what does not depend on the submission.

nbgrader builds an exporter for each page, compiles its templates, asks the gradebook about each cell, reads the page's code
with two parsers and the page with a third. Here the exporter is built once, the marks come along, and what is made of a cell
is kept under all that it is made of: the cell's own content with its marks, so that no cell can change what another shows.
Where a course's settings, or a notebook, ask for more than that, the page is made nbgrader's way.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Self

from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.strings import clean_html
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbformat.notebooknode import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from traitlets.config import Config

from autograder.course import CONFIG, Course
from autograder.grading.marks import Marks
from autograder.grading.pages import enter_beside, feedback_exporter, feedback_page, shown_besides
from autograder.grading.tidy import MARKED, Unusual, tidy
from autograder.nbgrader_classes import ShowMathematics
from autograder.nbgrader_door import configure

# Settings that decide nothing about a page.
OF_NO_PAGE = frozenset((
    "AssignLatePenalties", "Autograde", "ClearSolutions", "CollectApp", "CourseDirectory", "Exchange", "LatePenalty",
    "ZipCollectApp",
))  # fmt: skip
# What is done to a notebook in a course. The first makes a style sheet, for which our template has no use.
DONE = ["CSSHTMLHeaderPreprocessor", "GetGrades", "ShowMathematics"]
MOST_KEPT, LARGEST_KEPT = 512, 32 * 1024
LANGUAGE = "python"
AROUND_CODE = f" highlight hl-{LANGUAGE}"
HIGHLIGHTED = re.compile(rf"<div class=\"{AROUND_CODE}\"><pre>{MARKED}</pre></div>\n")


class Whole(NotebookNode):  # type: ignore[misc]
    """A notebook that is nobody else's, so that nbconvert need not copy it."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class OnceBuilt(HTMLExporter):  # type: ignore[misc]
    """nbconvert's exporter, told that the notebook is prepared."""

    def _preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        return nb, resources


class Code(str):
    """Code marked up by Pygments, in which there is nothing to clean."""


class QuickPages:
    """Makes the pages of one course."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.exporter: Any = feedback_exporter(course, OnceBuilt)
        doing = [type(one) for one in self.exporter._preprocessors if getattr(one, "enabled", False)]
        self.usual = [one.__name__ for one in doing] == DONE and settings_are_ours(course)
        self.mathematics = ShowMathematics()
        self.lexer, self.formatter = get_lexer_by_name(LANGUAGE), HtmlFormatter(cssclass=AROUND_CODE)
        self.exporter.register_filter("highlight_code", self.highlighted)
        self.exporter.register_filter("clean_html", lambda html: html if isinstance(html, Code) else clean_html(html))
        self.exporter.register_filter(
            "filter_data_type", WidgetsDataTypeFilter(notebook_metadata={"": {}}, parent=self.exporter)
        )
        self.place = f"p{secrets.token_hex(16)}-"
        self.places = re.compile(rf'<hr id="{self.place}(\d+)"/>')
        self.kept: OrderedDict[bytes, tuple[str, str, str]] = OrderedDict()
        self.shown: list[str] = []

    def page(self, slug: str, student: str, notebook: bytes, marks: Marks) -> bytes:
        """A student's page."""
        if self.usual:
            try:
                return self.quick(slug, student, notebook, marks)
            except Unusual:
                pass
        return feedback_page(self.course, slug, student, notebook)

    def quick(self, slug: str, student: str, notebook: bytes, marks: Marks) -> bytes:
        content = read(notebook)
        for cell in content.cells:
            enter(cell, marks)
            enter_beside(cell, marks)
        about = {
            "student": student, "assignment": slug, "notebook": slug,
            "score": marks.score, "max_score": marks.most, "late_penalty": marks.penalty,
        }  # fmt: skip
        resources = {"unique_key": slug, "nbgrader": about, "kept": self.cell} | shown_besides(self.course, marks)
        self.shown = []
        frame, _resources = TemplateExporter.from_notebook_node(self.exporter, content, resources)
        return self.places.sub(lambda found: self.shown[int(found[1])], tidy(frame)).encode()

    def cell(self, cell: Any, render: Callable[[], str]) -> str:
        """What the template shows of a cell: a place in the page, for what is kept or made."""
        content = json.dumps(cell, sort_keys=True).encode()
        key = hashlib.sha256(content).digest()
        made = self.kept.get(key)
        if made is None:
            made = self.made(cell, render)
            if len(content) + len(made[1]) <= LARGEST_KEPT:
                self.kept[key] = made
                if len(self.kept) > MOST_KEPT:
                    self.kept.popitem(last=False)
        else:
            self.kept.move_to_end(key)
        before, html, after = made
        if not html:
            return before
        self.shown.append(html)
        return f'{before}<hr id="{self.place}{len(self.shown) - 1}">{after}'

    def made(self, cell: Any, render: Callable[[], str]) -> tuple[str, str, str]:
        """A cell's HTML, and the space before and after it."""
        self.mathematics.preprocess_cell(cell, {}, 0)
        html = str(render())
        inside = html.strip(" \n\t")
        if not inside:
            return html, "", ""
        if not (inside.startswith("<") and inside.endswith(">")):
            raise Unusual
        before, after = html.split(inside, 1)
        return before, tidy(inside), after

    def highlighted(self, source: str, metadata: Any = None) -> str:
        """Code as nbconvert marks it up."""
        html = highlight(source or " ", self.lexer, self.formatter)
        return Code(html) if HIGHLIGHTED.fullmatch(html) else html


def settings_are_ours(course: Course) -> bool:
    """Whether nothing that decides about pages was added to nbgrader's settings of a course."""
    ours = Config()
    configure(ours, str(course.root / CONFIG))
    both = (course.config, ours)
    theirs, expected = ({name: one[name] for name in one if name not in OF_NO_PAGE} for one in both)
    return bool(theirs == expected)


def read(notebook: bytes) -> Whole:
    """A graded notebook. Raises Unusual where its cells could be something else to nbconvert than they are here."""
    content = json.loads(notebook)
    if content["nbformat"] != 4 or content["nbformat_minor"] < 5 or set(content["metadata"]) & {"widgets", "language"}:
        raise Unusual
    language = content["metadata"].get("language_info", {})
    if language.get("pygments_lexer", language.get("name")) != LANGUAGE:
        raise Unusual
    cells = content["cells"]
    if len({cell.get("id", "") for cell in cells} - {""}) != len(cells):
        raise Unusual
    for cell in cells:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] not in ("code", "markdown") or cell.get("attachments"):
            raise Unusual
        for output in cell.get("outputs", ()):
            join_lines(output)
    return Whole({"metadata": node(content["metadata"]), "cells": [node(cell) for cell in cells],
                  "nbformat": 4, "nbformat_minor": content["nbformat_minor"]})  # fmt: skip


def join_lines(output: dict[str, Any]) -> None:
    if output["output_type"] == "stream":
        output["text"] = "".join(output["text"])
    elif output["output_type"] == "display_data" and set(output["data"]) <= {"image/png", "text/plain", "text/html"}:
        output["data"] = {kind: "".join(value) for kind, value in output["data"].items()}
    else:
        raise Unusual


def node(value: Any) -> Any:
    if isinstance(value, dict):
        return NotebookNode({key: node(one) for key, one in value.items()})
    return [node(one) for one in value] if isinstance(value, list) else value


def enter(cell: Any, marks: Marks) -> None:
    """Write a cell's marks into it, as nbgrader's GetGrades does."""
    about = cell.metadata.get("nbgrader")
    if not about:
        return
    name, task = about.get("grade_id"), about.get("task", False)
    if task or about.get("solution", False):
        about["comment"] = of(marks.comments, name)
    if task or about.get("grade", False):
        about["score"], about["points"] = of(marks.points, name)


def of(marks: dict[str, Any], name: str) -> Any:
    if name not in marks:
        raise Unusual
    return marks[name]
