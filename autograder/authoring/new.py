"""A new exercise: a folder with one function, one mistake and one other right way, which already releases and verifies."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from autograder.course import write_atomically
from autograder.exercise.discovery import SLUG, ExerciseError

TEMPLATES = Path(__file__).parents[1] / "templates"


def new_exercise(into: Path, slug: str) -> Path:
    """Make the folder of a new exercise among those of a course.

    Raises ExerciseError if the name cannot be an exercise's, or there is something of that name already.
    """
    folder = free_folder(into, slug)
    write_folder(folder, TEMPLATES / "new_exercise", named(slug))
    return folder


def free_folder(into: Path, slug: str) -> Path:
    """Where an exercise will lie, if it can have that name and nothing lies there."""
    if not SLUG.fullmatch(slug):
        raise ExerciseError(
            f"{slug!r} cannot be the name of an exercise; take letters, digits, _ and -, as in 09_attention."
        )
    if (into / slug).exists():
        raise ExerciseError(f"{into / slug} is there already; give another name, or move it away.")
    return into / slug


def named(slug: str) -> dict[str, Any]:
    """What templates call an exercise: by its folder, in the names of its checks, and in its title."""
    words = re.sub(r"^[\d_-]+", "", slug) or "exercise"
    return {"slug": slug, "word": re.sub(r"\W", "_", words), "title": re.sub(r"[_-]+", " ", words).capitalize()}


def write_folder(folder: Path, templates: Path, about: Mapping[str, Any]) -> None:
    """Fill in templates, and write what comes of them into the folder of an exercise."""
    environment = jinja2.Environment(  # noqa: S701 - it makes Python and Markdown, no HTML
        loader=jinja2.FileSystemLoader(templates), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    for template in environment.list_templates():
        name = f"{folder.name}.md" if template == "text.md.j2" else template.removesuffix(".j2")
        write_atomically(folder / name, environment.get_template(template).render(about).encode())
