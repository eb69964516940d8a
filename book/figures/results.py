"""Plots of what experiments found: a mark for each seed, and the baseline beside it."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from figures.style import (
    BLUE,
    BROWN,
    FILL,
    GREEN,
    GREY,
    INK,
    LIT_EDGE,
    LIT_FILL,
    ORANGE,
    PURPLE,
    SKY,
    WIDTH,
    axes_of,
    canvas,
)

LINES = (
    (BLUE, "-", "o"),
    (ORANGE, "--", "s"),
    (GREEN, "-.", "^"),
    (PURPLE, ":", "D"),
    (INK, "-", "v"),
    (BROWN, "--", "P"),
)


def plot_accuracy(accuracy: Mapping[int, Sequence[float]], baseline: float) -> Figure:
    """Accuracy against distance: a dot for each seed, a line through the medians, and the baseline."""
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    axes = figure.subplots()
    distances = list(accuracy)
    for distance, values in accuracy.items():
        spread = np.linspace(-0.5, 0.5, len(values))
        axes.plot(distance + spread, values, "o", color=BLUE, alpha=0.75, markersize=6, zorder=3)
    axes.plot(distances, [np.median(accuracy[d]) for d in distances], color=BLUE, label="median of the seeds")
    axes.plot([], [], "o", color=BLUE, alpha=0.75, label="one seed")
    axes.axhline(baseline, color=ORANGE, linestyle="--", label="guess that ignores earlier words")
    axes.set(xlabel="words between the time of day and the blank", ylabel="blanks filled in right", ylim=(0, 1.05))
    axes.set_xticks(distances)
    axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    figure.legend(loc="outside upper left", fontsize=10)
    return figure


def plot_trace(words: Sequence[str], before: np.ndarray, after: np.ndarray, solved: np.ndarray) -> Figure:
    """How far two hidden states stay apart, word by word: one row for each seed, and whether it solved the task."""
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    axes = figure.subplots()
    steps = np.arange(len(words))
    groups = (
        (after[solved], BLUE, "-", "after training, task solved"),
        (after[~solved], GREY, ":", "after training, not solved"),
        (before, ORANGE, "--", "before training"),
    )
    for rows, colour, line, label in groups:
        for number, row in enumerate(rows):
            axes.semilogy(steps, row, color=colour, linestyle=line, label=label if number == 0 else None)
    axes.set_xticks(steps, words, rotation=60, ha="right", rotation_mode="anchor", fontsize=10)
    axes.set_ylabel("distance of the hidden states")
    figure.legend(loc="outside upper left", fontsize=10)
    return figure


def plot_scores(
    networks: Mapping[str, Sequence[float]], others: Mapping[str, Sequence[float]], label: str, percent: bool = True
) -> Figure:
    """A row for each model: a dot for each seed of a network, a square for what ignores the order."""
    names = [*others, *networks]
    figure, (axes,) = axes_of(0.36 * len(names) + 0.9)
    for row, name in enumerate(reversed(names)):
        found, is_network = (networks.get(name) or others[name]), name in networks
        spread = np.linspace(-0.16, 0.16, len(found)) if len(found) > 1 else [0.0]
        look = {"color": BLUE, "marker": "o"} if is_network else {"color": ORANGE, "marker": "s"}
        axes.plot(found, row + np.array(spread), linestyle="", markersize=6, alpha=0.75, **look)
        axes.plot([np.median(found)] * 2, [row - 0.3, row + 0.3], color=INK, linewidth=1.5)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set(xlabel=label, ylim=(-0.6, len(names) - 0.4))
    axes.grid(axis="x", color=FILL, zorder=0)
    if percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    return figure


def plot_lines(
    lines: Mapping[str, Mapping[float, Sequence[float]]], xlabel: str, ylabel: str, baseline: tuple[float, str] | None = None,
    log: str = "", height: float = 3.6,
) -> Figure:  # fmt: skip
    """For each name a line through the medians, with a mark for each seed."""
    figure, (axes,) = axes_of(height)
    for (name, points), (colour, line, marker) in zip(lines.items(), LINES, strict=False):
        at = list(points)
        axes.plot(at, [np.median(points[x]) for x in at], color=colour, linestyle=line, label=name)
        for x in at:
            axes.plot(
                [x] * len(points[x]), points[x], linestyle="", marker=marker, color=colour, alpha=0.5, markersize=4
            )
    if baseline:
        axes.axhline(baseline[0], color=GREY, linestyle=(0, (1, 2)), label=baseline[1])
    if "x" in log:
        axes.set_xscale("log")
    if "y" in log:
        axes.set_yscale("log")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside upper left", fontsize=10, ncols=2)
    return figure


def plot_curves(
    curves: Mapping[str, Sequence[Sequence[float]]] | Mapping[str, Sequence[Sequence[tuple[float, float]]]], xlabel: str,
    ylabel: str, log: bool = True, every: int = 1,
) -> Figure:  # fmt: skip
    """For each name a thin line for each seed: values at steps that lie ``every`` apart, or pairs of a step and a value."""
    figure, (axes,) = axes_of(3.6)
    for (name, seeds), (colour, line, _) in zip(curves.items(), LINES, strict=False):
        for number, values in enumerate(seeds):
            points = np.array(values)
            x, y = points.T if points.ndim == 2 else (every * np.arange(len(points)), points)
            label = name if number == 0 else None
            axes.plot(x, y, color=colour, linestyle=line, linewidth=1.2, alpha=0.8, label=label)
    if log:
        axes.set_yscale("log")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside upper left", fontsize=10, ncols=2)
    return figure


def plot_solved(
    solved: Sequence[Sequence[int]], notes: Sequence[Sequence[str]], rows: Sequence[str], columns: Sequence[str], seeds: int,
    xlabel: str,
) -> Figure:  # fmt: skip
    """A table: how many of the seeds solved it, as a shade and as a number, with a note under each."""
    figure, (axes,) = axes_of(0.62 * len(rows) + 0.6)
    shades = mpl.colors.LinearSegmentedColormap.from_list("solved", ["#ffffff", SKY])
    axes.imshow(np.array(solved) / seeds, cmap=shades, vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(solved):
        for x, count in enumerate(row):
            axes.text(
                x, y, f"{count} of {seeds}\n{notes[y][x]}", ha="center", va="center", fontsize=8.5, linespacing=1.1
            )
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), [row.replace(", ", ",\n") for row in rows])
    axes.set_xlabel(xlabel)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(np.arange(len(columns) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=GREY, linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    return figure


def plot_landscape(w: Sequence[float], b: Sequence[float], losses: np.ndarray, gradient_norms: np.ndarray) -> Figure:
    """The loss over two weights, and beside it the length of its gradient, on a logarithmic scale."""
    figure, (left, right) = axes_of(2.9, columns=2, sharey=True)
    shown = left.pcolormesh(w, b, losses, cmap="cividis", rasterized=True)
    figure.colorbar(shown, ax=left, location="top", label="loss")
    floor = np.maximum(gradient_norms, 1e-6)
    shown = right.pcolormesh(w, b, floor, cmap="cividis", norm=LogNorm(), rasterized=True)
    figure.colorbar(shown, ax=right, location="top", label="gradient norm")
    left.set(xlabel="recurrent weight $w$", ylabel="bias $b$")
    right.set(xlabel="recurrent weight $w$")
    return figure


def draw_images(
    images: Sequence[np.ndarray], titles: Sequence[str], columns: int = 5, wrong: Sequence[bool] | None = None
) -> Figure:
    """Small pictures in rows, each with a line above it; those that are wrong have a thick frame."""
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(WIDTH, 1.35 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for number, (axes, image, title) in enumerate(zip(grid, images, titles, strict=False)):
        axes.axis("on")
        axes.imshow(image, cmap="gray_r", interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(title, fontsize=8.5, loc="center")
        is_wrong = bool(wrong[number]) if wrong is not None else False
        for spine in axes.spines.values():
            spine.set(visible=True, color=LIT_EDGE if is_wrong else GREY, linewidth=2.6 if is_wrong else 0.8)
    return figure


def draw_letters(text: str, trace: Sequence[float], across: int = 60) -> Figure:
    """A text letter by letter, each on a ground that says what a unit's value is there: orange below 0, blue above."""
    lines: list[list[tuple[str, float]]] = [[]]
    for letter, value in zip(text, trace, strict=False):
        if letter != "\n":
            lines[-1].append((letter, value))
        if letter == "\n" or len(lines[-1]) == across:
            lines.append([])
    lines = [line for line in lines if line]
    step, height = WIDTH / across, 0.2
    figure, axes = canvas(WIDTH, height * len(lines))
    shades = mpl.colors.LinearSegmentedColormap.from_list("unit", [LIT_FILL, "#ffffff", SKY])
    scale = max(1e-9, float(np.abs(trace).max()))
    for row, line in enumerate(lines):
        y = height * (len(lines) - 1 - row)
        for column, (letter, value) in enumerate(line):
            ground = shades((value / scale + 1) / 2)
            axes.add_patch(mpl.patches.Rectangle((column * step, y), step, height, facecolor=ground, linewidth=0))
            axes.text(
                (column + 0.5) * step,
                y + height / 2,
                letter,
                ha="center",
                va="center",
                fontsize=7.5,
                family="monospace",
            )
    return figure
