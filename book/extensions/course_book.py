"""What the book asks of Sphinx beyond its configuration: fresh outputs, no address of another host."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

BOOK = Path(__file__).resolve().parents[1]
MADE_BY = (
    "solutions/**/*.py", "autograder/**/*.py", "book/**/*.py", "book/own_exercise/*", "exercises/*/checks/*.py",
    "book/experiments/results/*.json", "benchmarks/cells.json",
)  # fmt: skip
NOT_LOADED = "thebe"


def code_digest() -> str:
    """A digest of the code that pages import and of the figures that they show: outputs made by others are not reused."""
    digest = hashlib.sha256()
    for pattern in MADE_BY:
        for path in sorted(path for path in BOOK.parent.glob(pattern) if path.is_file()):
            digest.update(path.relative_to(BOOK.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def key_cache_by_code(app: Sphinx, config: Config) -> None:
    """Keep executed chapters in a folder named after the code, and drop the folders of older code."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / config.course_code_digest
    for other in caches.glob("*") if caches.is_dir() else ():
        if other != current:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
    config.nb_execution_cache_path = str(current)


def find_modules_of_the_book(app: Sphinx, config: Config) -> None:
    """Let a page import figures and experiments from whichever folder it lies in."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(BOOK), os.environ.get("PYTHONPATH", ""))))


def without_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Take sphinx-thebe's files off the page: Jupyter Book always adds them, and its script names another host."""
    for files in (context["script_files"], context["css_files"]):
        files[:] = [file for file in files if NOT_LOADED not in f"{file} {getattr(file, 'attributes', '')}".lower()]


def without_thebe_settings(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Take sphinx-thebe's settings out of the text; they name a repository that has nothing to do with the book."""
    for node in list(doctree.findall(nodes.raw)):
        if NOT_LOADED in node.astext().lower():
            node.parent.remove(node)


def list_of_works(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Make the listed works items of their list. They are none in the role that docutils gives them, and axe-core objects."""
    context["body"] = context.get("body", "").replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("course_code_digest", code_digest(), "env")
    app.connect("config-inited", key_cache_by_code, priority=100)
    app.connect("config-inited", find_modules_of_the_book)
    app.connect("html-page-context", without_thebe, priority=900)
    app.connect("html-page-context", list_of_works)
    app.connect("doctree-resolved", without_thebe_settings, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
