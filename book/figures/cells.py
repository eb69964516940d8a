"""Drawings of cells and of batches."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from figures.style import BLUE, FILL, GREEN, LIT_FILL, ORANGE, WIDTH, arrow, box, canvas

PARTS = ("x", "W_x", "h_prev", "W_h", "b", "sum", "tanh", "h", "W_y", "y")


def draw_cell(part: str | None = None) -> Figure:
    """The vanilla cell and its output, with one of ``PARTS`` lit."""
    if part is not None and part not in PARTS:
        raise ValueError(f"draw_cell: there is no part {part!r}; the parts are {', '.join(PARTS)}.")
    figure, axes = canvas(WIDTH, 3.3)
    middle = 1.55
    places = {
        "h_prev": (0.45, middle, r"$h_{t-1}$"),
        "W_h": (1.45, middle, r"$W_h$"),
        "tanh": (3.35, middle, "tanh"),
        "h": (4.5, middle, r"$h_t$"),
        "x": (2.4, 0.28, r"$x_t$"),
        "W_x": (2.4, 0.92, r"$W_x$"),
        "b": (2.4, 2.25, r"$b$"),
        "W_y": (4.5, 2.25, r"$W_y,\, b_y$"),
        "y": (4.5, 2.95, r"$y_t$"),
    }
    for name, (x, y, text) in places.items():
        box(axes, x, y, text, lit=name == part, width=0.95 if name == "W_y" else 0.72)
    box(axes, 2.4, middle, "+", lit=part == "sum", width=0.4, round_=True)
    arrow(axes, (0.81, middle), (1.09, middle), lit=part == "h_prev")
    arrow(axes, (1.81, middle), (2.2, middle), lit=part == "W_h")
    arrow(axes, (2.6, middle), (2.99, middle), lit=part == "sum")
    arrow(axes, (3.71, middle), (4.14, middle), lit=part == "tanh")
    arrow(axes, (4.86, middle), (5.18, middle), lit=part == "h")
    arrow(axes, (2.4, 0.51), (2.4, 0.69), lit=part == "x")
    arrow(axes, (2.4, 1.15), (2.4, 1.35), lit=part == "W_x")
    arrow(axes, (2.4, 2.02), (2.4, 1.75), lit=part == "b")
    arrow(axes, (4.5, 1.78), (4.5, 2.02), lit=part == "h")
    arrow(axes, (4.5, 2.48), (4.5, 2.72), lit=part == "W_y")
    return figure


def draw_unrolled(words: Sequence[str], blank: str = "?") -> Figure:
    """The same cell once for each word, from left to right; only the last step's output is drawn."""
    gap, middle = 1.14, 1.45
    figure, axes = canvas(max(WIDTH, 0.75 + gap * len(words)), 2.6)
    box(axes, 0.3, middle, r"$h_0$", width=0.46)
    arrow(axes, (0.53, middle), (0.88, middle))
    axes.text(0.7, middle + 0.2, r"$W_h$", ha="center", va="center", fontsize=10, color=ORANGE)
    for number, word in enumerate(words, start=1):
        x = 0.1 + gap * number
        box(axes, x, middle, rf"$h_{{{number}}}$")
        axes.text(x, 0.3, word, ha="center", va="center", fontsize=11, style="italic")
        arrow(axes, (x, 0.5), (x, middle - 0.23))
        axes.text(x + 0.06, 0.82, r"$W_x$", ha="left", va="center", fontsize=10, color=BLUE)
        if number < len(words):
            arrow(axes, (x + 0.36, middle), (x + gap - 0.36, middle))
            axes.text(x + gap / 2, middle + 0.2, r"$W_h$", ha="center", va="center", fontsize=10, color=ORANGE)
    arrow(axes, (x, middle + 0.23), (x, 2.12))
    axes.text(x - 0.08, 1.86, r"$W_y$", ha="right", va="center", fontsize=10, color=GREEN)
    axes.text(x, 2.3, blank, ha="center", va="center", fontsize=12, weight="bold")
    return figure


def draw_mask(messages: Sequence[Sequence[str]], counts: np.ndarray, first_step: int = 1) -> Figure:
    """A batch as a table of words, one column for each message; a step that does not count is hatched."""
    T, N = counts.shape
    figure, axes = canvas(WIDTH, 0.36 * T + 0.4)
    width = (WIDTH - 0.6) / N
    for n, words in enumerate(messages):
        x = 0.6 + width * n
        axes.text(x + width / 2, 0.36 * T + 0.18, f"$n={n}$", ha="center", va="center")
        for t in range(T):
            y = 0.36 * (T - 1 - t)
            look = {"facecolor": LIT_FILL} if counts[t, n] else {"facecolor": FILL, "hatch": "////"}
            axes.add_patch(mpl.patches.Rectangle((x, y), width, 0.36, edgecolor="white", linewidth=2, **look))
            axes.text(x + width / 2, y + 0.17, words[t], ha="center", va="center", fontsize=10, zorder=3)
    for t in range(T):
        axes.text(0.5, 0.36 * (T - 1 - t) + 0.17, f"$t={t + first_step}$", ha="right", va="center", fontsize=10)
    return figure
