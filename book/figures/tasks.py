"""Drawings and plots of whole tasks: where inputs and outputs stand, how a search goes, and what came out in each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from figures.style import BLUE, EDGE, FILL, GREEN, GREY, LIT_EDGE, ORANGE, WIDTH, arrow, axes_of, box, canvas

TASKS = ("one-to-one", "one-to-many", "many-to-one", "many-to-many", "encoder-decoder")
TASK_PARTS = ("inputs", "states", "outputs")
Tree = Mapping[str, tuple[float, Any]]


def places_of(kind: str, inputs: int, outputs: int) -> tuple[range, range]:
    """The steps at which something is read, and those at which something is written."""
    ends = {
        "one-to-one": (range(inputs), range(outputs)),
        "one-to-many": (range(inputs), range(outputs)),
        "many-to-one": (range(inputs), range(inputs - 1, inputs)),
        "many-to-many": (range(inputs), range(outputs)),
        "encoder-decoder": (range(inputs), range(inputs, inputs + outputs)),
    }
    counts = {"one-to-one": (1, 1), "one-to-many": (1, outputs), "many-to-one": (inputs, 1)}
    if (inputs, outputs) != counts.get(kind, (inputs, inputs if kind == "many-to-many" else outputs)):
        raise ValueError(f"draw_task: {kind} has not {inputs} inputs and {outputs} outputs.")
    return ends[kind]


def draw_task(kind: str, inputs: Sequence[str], outputs: Sequence[str], part: str | None = "outputs") -> Figure:
    """A network of one of the ``TASKS``, unrolled, with one of the ``TASK_PARTS`` lit.

    A state stands in a box for each step, inputs below and outputs above. A decoder reads at each step what it wrote before.
    """
    if kind not in TASKS:
        raise ValueError(f"draw_task: there is no task {kind!r}; the tasks are {', '.join(TASKS)}.")
    if part is not None and part not in TASK_PARTS:
        raise ValueError(f"draw_task: there is no part {part!r}; the parts are {', '.join(TASK_PARTS)}.")
    read, written = places_of(kind, len(inputs), len(outputs))
    steps, low, middle, high = max(read.stop, written.stop), 0.3, 1.3, 2.3
    gap = min(1.25, (WIDTH - 0.2) / steps)
    left = (WIDTH - gap * (steps - 1)) / 2
    figure, axes = canvas(WIDTH, 2.6)
    wide = gap - 0.24
    for step in range(steps):
        x = left + gap * step
        text = r"$h$" if kind == "one-to-one" else rf"$h_{{{step + 1}}}$"
        box(axes, x, middle, text, lit=part == "states", width=min(0.72, wide))
        if step > 0:
            edge = min(0.72, wide) / 2
            arrow(axes, (x - gap + edge, middle), (x - edge, middle), lit=part == "states")
    for row, (steps_of, words) in {"inputs": (read, inputs), "outputs": (written, outputs)}.items():
        for step, word in zip(steps_of, words, strict=True):
            x, y = left + gap * step, low if row == "inputs" else high
            start, end = (low + 0.23, middle - 0.23) if row == "inputs" else (middle + 0.23, high - 0.23)
            named(axes, x, y, word, lit=part == row, width=gap - 0.1)
            arrow(axes, (x, start), (x, end), lit=part == row)
    if kind == "encoder-decoder":
        first = left + gap * written.start
        named(axes, first, low, "start", lit=False, width=gap - 0.1)
        arrow(axes, (first, low + 0.23), (first, middle - 0.23))
        for step in written[:-1]:
            x = left + gap * step
            look = {"arrowstyle": "-|>", "color": GREY, "lw": 1.2, "ls": (0, (4, 2)), "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", xy=(x + gap - 0.14, middle + 0.24), xytext=(x + 0.2, high - 0.24), arrowprops=look)
        border = first - gap / 2
        axes.plot([border, border], [0.05, high], color=GREY, linestyle=(0, (1, 2)), linewidth=1.2, zorder=0)
        axes.text(first + gap / 2, low, "then it reads\nwhat it wrote", va="center", fontsize=9.5, color=GREY)
        axes.text(border - 0.1, high, "encoder", ha="right", va="center", fontsize=9.5, color=GREY)
    return figure


def named(axes: Axes, x: float, y: float, word: str, *, lit: bool, width: float) -> None:
    """A word in a box that is as wide as it needs, at most ``width``."""
    needed = min(width, 0.3 + 0.1 * len(word)) if not word.startswith("$") else 0.6
    box(axes, x, y, "", lit=lit, width=needed)
    size = 12 if word.startswith("$") else min(10.5, 10.5 * (needed - 0.06) / (0.092 * max(len(word), 1)))
    axes.text(x, y, word, ha="center", va="center", zorder=4, fontsize=size)


def leaves(tree: Tree, path: tuple[str, ...] = (), p: float = 1.0) -> Iterator[tuple[tuple[str, ...], float]]:
    """Each whole sequence of a tree, and its probability."""
    for word, (share, below) in tree.items():
        here = (*path, word)
        if below:
            yield from leaves(below, here, p * share)
        else:
            yield here, p * share


def draw_search(tree: Tree, best: Sequence[str], greedy: Sequence[str]) -> Figure:
    """All sequences of a tree {word: (probability, tree)}: one is lit, and the greedy one is dashed."""
    ends = list(leaves(tree))
    row, columns = 0.52, max(len(path) for path, _ in ends)
    figure, axes = canvas(WIDTH, row * len(ends) + 0.4)
    gap = (WIDTH - 1.1) / (columns + 0.35)
    heights = {path: row * (len(ends) - number - 0.5) for number, (path, _) in enumerate(ends)}

    def height(path: tuple[str, ...]) -> float:
        below = [y for end, y in heights.items() if end[: len(path)] == path]
        return (max(below) + min(below)) / 2

    def grow(branches: Tree, path: tuple[str, ...]) -> None:
        x, y = 0.35 + gap * len(path), height(path)
        for word, (share, below) in branches.items():
            here = (*path, word)
            lit, dashed = tuple(best[: len(here)]) == here, tuple(greedy[: len(here)]) == here
            end = height(here)
            colour, width = (LIT_EDGE, 2.4) if lit else (BLUE, 2.0) if dashed else (EDGE, 1.0)
            style = (0, (4, 2)) if dashed and not lit else "-"
            axes.plot([x, x + gap], [y, end], color=colour, linewidth=width, linestyle=style, zorder=1)
            axes.text(
                x + 0.56 * gap, y + 0.56 * (end - y), f"{share:.2g}", ha="center", va="center", fontsize=9.5, zorder=2.5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )  # fmt: skip
            box(axes, x + gap, end, word, lit=lit, width=0.84)
            if below:
                grow(below, here)
            else:
                p = dict(ends)[here]
                axes.text(WIDTH - 0.02, end, f"{p:.2g}", ha="right", va="center", fontsize=11)

    box(axes, 0.35, height(()), "start", width=0.6)
    grow(tree, ())
    axes.text(WIDTH - 0.02, row * len(ends) + 0.18, "whole", ha="right", va="center", fontsize=10, color=GREY)
    return figure


def plot_applications(
    networks: Mapping[str, Mapping[str, Sequence[float]]], others: Mapping[str, Sequence[float]], label: str
) -> Figure:
    """A row for each application: a mark for each seed of its networks, and a square for what ignores the order."""
    figure, (axes,) = axes_of(0.46 * len(networks) + 1.1)
    kinds = list(next(iter(networks.values())))
    looks = dict(zip(kinds, ((BLUE, "o"), (GREEN, "^")), strict=True))
    for row, name in enumerate(reversed(list(networks))):
        for shift, kind in zip((0.16, -0.02), kinds, strict=True):
            colour, marker = looks[kind]
            found = networks[name][kind]
            axes.plot(
                found, [row + shift] * len(found), linestyle="", marker=marker, color=colour, alpha=0.6, markersize=5.5
            )
        at = float(np.median(others[name]))
        axes.plot([at], [row - 0.2], linestyle="", marker="s", color=ORANGE, markersize=6)
    axes.set_yticks(range(len(networks)), list(reversed(networks)))
    axes.set(xlabel=label, ylim=(-0.6, len(networks) - 0.4), xlim=(-0.02, 1.02))
    axes.set_yticks(np.arange(len(networks) - 1) + 0.5, minor=True)
    axes.grid(axis="y", which="minor", color=FILL, linewidth=1.2)
    axes.tick_params(axis="y", which="minor", length=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    for kind in kinds:
        axes.plot([], [], linestyle="", marker=looks[kind][1], color=looks[kind][0], label=f"{kind}, a seed each")
    axes.plot([], [], linestyle="", marker="s", color=ORANGE, label="without the order")
    figure.legend(loc="outside upper left", fontsize=10, ncols=2)
    return figure
