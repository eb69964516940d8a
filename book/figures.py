"""Every drawing and plot of the book, in one style. A function returns a figure; a chapter's cell shows it.

Figures are narrow, so that their text is still readable on a telephone, and stand on a light panel, so that they read
the same on a dark page. Colours are those of Okabe and Ito, chosen to survive colour blindness; what a colour says is
also said by a shape, a line style or a label.
"""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

INK, EDGE, FILL = "#222222", "#5b6570", "#eef1f4"
LIT_EDGE, LIT_FILL = "#d55e00", "#fde4d0"
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#6b6b6b"
WIDTH = 5.2

PARTS = ("x", "W_x", "h_prev", "W_h", "b", "sum", "tanh", "h", "W_y", "y")


def use_house_style() -> None:
    """Set the look of all figures, and show them as SVG where a notebook runs."""
    mpl.rcParams.update(
        {
            "figure.facecolor": "white",
            "axes.facecolor": "white",
            "axes.edgecolor": EDGE,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "font.size": 11,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "mathtext.fontset": "dejavusans",
            "svg.hashsalt": "course",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
    from IPython import get_ipython

    if get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None}, bbox_inches="tight")


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty drawing whose units are inches."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")
    return figure, axes


def box(
    axes: Axes, x: float, y: float, text: str, *, lit: bool = False, width: float = 0.72, round_: bool = False
) -> None:
    """A box with a label; ``lit`` marks the part that the text is about, by colour and by a thicker line."""
    height = width if round_ else 0.46
    style = f"round,pad=0,rounding_size={height / 2 if round_ else 0.08}"
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle=style,
            facecolor=LIT_FILL if lit else FILL,
            edgecolor=LIT_EDGE if lit else EDGE,
            linewidth=2.6 if lit else 1.1,
            zorder=3,
        )
    )
    axes.text(x, y, text, ha="center", va="center", zorder=4, fontsize=12)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], *, lit: bool = False) -> None:
    """An arrow along which numbers flow."""
    look = {
        "arrowstyle": "-|>",
        "color": LIT_EDGE if lit else EDGE,
        "lw": 2.2 if lit else 1.2,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", xy=end, xytext=start, arrowprops=look, zorder=2)


def draw_cell(part: str | None = None) -> Figure:
    """The vanilla cell and its output, with one of ``PARTS`` lit."""
    if part is not None and part not in PARTS:
        raise ValueError(f"draw_cell: there is no part {part!r}; the parts are {', '.join(PARTS)}.")
    figure, axes = _canvas(WIDTH, 3.3)
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
    figure, axes = _canvas(max(WIDTH, 0.75 + gap * len(words)), 2.6)
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
    figure, axes = _canvas(WIDTH, 0.36 * T + 0.4)
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
