"""What pages show of kept results: tables, counts in words, and how a result was made."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from IPython.display import Markdown

from experiments import keeping
from experiments.experiment import Row, values

WORDS = ("none", "one", "two", "three", "four", "five")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Markdown:
    """A table; what stands in it is shown as it is, whatever signs it has."""
    lines = [head, ["---"] * len(head), *rows]
    return Markdown("\n".join("| " + " | ".join(cell(one) for one in line) + " |" for line in lines))


def cell(value: Any) -> str:
    """A cell of a table: no sign of it is read as markup."""
    text = str(value)
    if set(text) == {"-"}:
        return text
    return "".join(f"&#{ord(letter)};" if letter in "|\\`*_<>[]{}&$#~" else letter for letter in text)


def percent(share: float) -> str:
    """A share as a reader wants it: 96.8 %, never broken between two lines."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def spread(found: Sequence[float]) -> str:
    """The median, and the range where there are several."""
    if len(found) == 1:
        return percent(found[0])
    return f"{percent(float(np.median(found)))} ({percent(min(found))} to {percent(max(found))})"


def accuracies(rows: Sequence[Row], variants: dict[str, str], **settings: Any) -> dict[str, list[float]]:
    """For each variant, by the name to show, the accuracy of each of its runs."""
    return {title: values(rows, "accuracy", variant=variant, **settings) for variant, title in variants.items()}


def made(name: str) -> Markdown:
    """A sentence about where, when and with what a result was made."""
    kept = keeping.load(name)
    versions = ", ".join(f"{package} {version}" for package, version in kept["versions"].items())
    return Markdown(
        f"*Kept results: {len(kept['rows'])} runs of `make experiments NAME={name}`, made on {kept['date']}, each on one core of "
        f"an {kept['processor']}, with {versions}.*"
    )
