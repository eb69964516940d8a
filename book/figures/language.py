"""Drawings and plots of the chapter about language models."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from figures.results import LINES
from figures.style import (
    BLUE,
    EDGE,
    FILL,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SKY,
    WIDTH,
    arrow,
    axes_of,
    box,
    canvas,
)


def draw_next_words(words: Sequence[str]) -> Figure:
    """A network that reads all words but the last, and at each step is asked for the word that follows."""
    steps = len(words) - 1
    gap, middle = (WIDTH - 0.45) / steps, 1.2
    figure, axes = canvas(WIDTH, 2.5)
    for number, (word, following) in enumerate(pairwise(words), start=1):
        x = gap * (number - 0.5) + 0.22
        axes.text(x, 0.2, word, ha="center", va="center", fontsize=11, style="italic")
        arrow(axes, (x, 0.4), (x, middle - 0.23))
        box(axes, x, middle, rf"$h_{{{number}}}$")
        arrow(axes, (x, middle + 0.23), (x, 2.0))
        axes.text(x - 0.08, 1.7, rf"$y_{{{number}}}$", ha="right", va="center", fontsize=11, color=GREEN)
        axes.text(x, 2.22, following, ha="center", va="center", fontsize=11, weight="bold")
        if number > 1:
            arrow(axes, (x - gap + 0.36, middle), (x - 0.36, middle))
    return figure


def draw_blocks(text: str, streams: int, block: int) -> Figure:
    """A text cut into streams and blocks; the state goes on from block to block, the gradient stays within."""
    across = len(text) // streams
    count = across // block
    space, row = 0.32, 1.12
    width = (WIDTH - space * (count - 1)) / across
    figure, axes = canvas(WIDTH, row * streams + 0.32)
    for stream in range(streams):
        y = row * (streams - 1 - stream) + 0.42
        for number in range(count):
            start = number * (block * width + space)
            end = start + block * width
            for place in range(block):
                letter = text[stream * across + number * block + place]
                x = start + place * width
                axes.add_patch(
                    mpl.patches.Rectangle((x, y), width, 0.4, facecolor=FILL, edgecolor="white", linewidth=2)
                )
                axes.text(x + width / 2, y + 0.2, letter.replace(" ", "\N{OPEN BOX}"), ha="center", va="center")
            look = {"arrowstyle": "-|>", "color": ORANGE, "lw": 1.6, "linestyle": "--", "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", xy=(start + 0.08, y - 0.18), xytext=(end - 0.08, y - 0.18), arrowprops=look)
            if number < count - 1:
                arrow(axes, (end + 0.02, y + 0.2), (end + space - 0.02, y + 0.2))
    for number in range(count):
        middle = number * (block * width + space) + block * width / 2
        axes.text(middle, row * streams + 0.12, f"block {number + 1}", ha="center", va="center", fontsize=10)
    return figure


def label(share: float) -> str:
    """A probability as it stands behind its bar."""
    if share == 0:
        return "out"
    return f"{share:.2f}" if share >= 0.005 else "< 0.01"


def plot_probabilities(words: Sequence[str], panels: Mapping[str, np.ndarray]) -> Figure:
    """The probabilities of some words, in one panel for each way to make them; a word that cannot come has no bar."""
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(WIDTH, 2.05 * rows), layout="constrained")
    grid = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False).ravel()
    places = np.arange(len(words))[::-1]
    for axes, (title, p) in zip(grid, panels.items(), strict=False):
        axes.barh(places, p, color=SKY, edgecolor=BLUE, height=0.72)
        for place, share in zip(places, p, strict=True):
            axes.text(share + 0.02, place, label(share), va="center", fontsize=9.5)
        axes.set_yticks(places, words)
        axes.set_title(title, fontsize=10.5)
        axes.set_xlim(0, 1.12)
        axes.set_xticks([0, 0.5, 1])
        axes.tick_params(axis="y", length=0)
    figure.supxlabel("probability", fontsize=11)
    return figure


def plot_inversion(words: Sequence[str], p: np.ndarray, numbers: Mapping[str, float]) -> Figure:
    """Cumulative probabilities as steps, and the way from uniform numbers to the words that they draw."""
    figure, (axes,) = axes_of(3.4)
    cumulative = np.cumsum(p)
    before = cumulative - p
    for place, (low, high) in enumerate(zip(before, cumulative, strict=True)):
        axes.add_patch(
            mpl.patches.Rectangle((place - 0.5, low), 1, high - low, facecolor=FILL, edgecolor=EDGE, linewidth=1)
        )
        axes.text(place, high + 0.02, f"{high:.2f}", ha="center", va="bottom", fontsize=9.5, color=INK)
    for (name, u), (colour, line, _) in zip(numbers.items(), LINES, strict=False):
        place = int(np.argmax(cumulative > u))
        axes.plot([-0.5, place], [u, u], color=colour, linestyle=line, zorder=3)
        look = {"arrowstyle": "-|>", "color": colour, "lw": 1.8, "linestyle": line, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=(place, 0), xytext=(place, u), arrowprops=look, zorder=3)
        axes.text(-0.58, u, name, ha="right", va="center", color=colour, fontsize=10)
    axes.set_xticks(range(len(words)), words, rotation=25, ha="right", rotation_mode="anchor")
    axes.set(xlim=(-0.5, len(words) - 0.5), ylim=(0, 1.1), ylabel="cumulative probability")
    axes.set_yticks([0, 1])
    axes.yaxis.set_label_coords(-0.16, 0.5)
    return figure


def plot_reading(
    words: Sequence[str], gate: np.ndarray, state: np.ndarray, following: Mapping[str, np.ndarray]
) -> Figure:
    """A network reads: after each word (a column) a gate and the state of some units, and how likely some next words are.

    ``gate`` and ``state`` are (T, units); ``following`` has the T probabilities of each of the words to come.
    """
    figure = Figure(figsize=(WIDTH, 7.4), layout="constrained")
    shares = [gate.shape[1], state.shape[1], 1.5 * len(following)]
    plots = figure.subplots(3, 1, sharex=True, height_ratios=shares)
    far = float(np.abs(state).max())
    panels = (
        ("forget gate", gate.T, {"cmap": "cividis", "vmin": 0, "vmax": 1}),
        ("cell state", state.T, {"cmap": "PuOr", "vmin": -far, "vmax": far}),
        ("probability", np.array(list(following.values())), {"cmap": "cividis", "vmin": 0, "vmax": 1}),
    )
    for axes, (name, rows, look) in zip(plots, panels, strict=True):
        shown = axes.imshow(rows, aspect="auto", interpolation="nearest", **look)
        figure.colorbar(shown, ax=axes, label=name, fraction=0.06)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_yticks([])
        axes.set_ylabel("units")
    plots[2].set_yticks(range(len(following)), following, fontsize=9.5)
    plots[2].set_ylabel("next word")
    plots[2].set_xticks(range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor", fontsize=9.5)
    return figure


def plot_blanks(
    groups: Mapping[str, tuple[Sequence[float], Sequence[float]]], marks: Mapping[str, float], guess: float
) -> Figure:
    """Perplexity against the share of blanks filled in right: a mark for each seed, and what can be computed beforehand."""
    figure, (axes,) = axes_of(3.7)
    for (name, (shares, perplexities)), (colour, _, marker) in zip(groups.items(), LINES, strict=False):
        axes.plot(shares, perplexities, linestyle="", marker=marker, color=colour, alpha=0.75, markersize=7, label=name)
    for (name, value), line in zip(marks.items(), ("-", "--"), strict=True):
        axes.axhline(value, color=GREY, linestyle=line, linewidth=1.2, label=name)
    axes.axvline(guess, color=GREY, linestyle=":", linewidth=1.2, label="guess at the blank")
    axes.set(xlabel="blanks filled in right", ylabel="perplexity", xlim=(0, 1.05))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    figure.legend(loc="outside upper left", fontsize=9.5)
    return figure
