"""A new exercise: a folder with one function, one mistake and one other right way, which already releases and verifies."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

from autograder.course import write_atomically
from autograder.exercise.discovery import SLUG, ExerciseError

TEMPLATES = Path(__file__).parents[1] / "templates" / "new_exercise"


def new_exercise(into: Path, slug: str) -> Path:
    """Make the folder of a new exercise among those of a course.

    Raises
    ------
    ExerciseError
        If the name cannot be an exercise's, or there is something of that name already.
    """
    if not SLUG.fullmatch(slug):
        raise ExerciseError(
            f"{slug!r} cannot be the name of an exercise; take letters, digits, _ and -, as in 09_attention."
        )
    folder = into / slug
    if folder.exists():
        raise ExerciseError(f"{folder} is there already; take another name, or change what lies in it.")
    words = re.sub(r"^[\d_-]+", "", slug) or "exercise"
    about = {"slug": slug, "word": re.sub(r"\W", "_", words), "title": re.sub(r"[_-]+", " ", words).capitalize()}
    environment = jinja2.Environment(  # noqa: S701 - it makes Python and Markdown, no HTML
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    for template in environment.list_templates():
        name = f"{slug}.md" if template == "text.md.j2" else template.removesuffix(".j2")
        write_atomically(folder / name, environment.get_template(template).render(about).encode())
    return folder
