"""The names of a notebook's cells, and a notebook's file: what authoring and grading agree on."""

from typing import Any

import nbformat

from autograder.exercise.declaration import Check, Question


def solution_id(check: Check) -> str:
    """The id of the cell in which the function is written."""
    return check.function


def check_id(check: Check) -> str:
    """The id of the cell that checks it; also the name of the check's points in the gradebook."""
    return id_of_check(check.name)


def id_of_check(name: str) -> str:
    """The id of the cell of the check that has this name."""
    return "check-" + name.replace(".", "-")


def question_id(question: Question) -> str:
    """The id of the cell in which a question is answered in words; also the name of its points in the gradebook."""
    return f"answer-{question.name}"


def train_id(variable: str) -> str:
    """The id of the cell in which a model is trained."""
    return f"train-{variable}"


def notebook_bytes(notebook: Any) -> bytes:
    """A notebook's file: the same bytes for the same content."""
    return f"{nbformat.writes(notebook, version=4, indent=1)}\n".encode()
