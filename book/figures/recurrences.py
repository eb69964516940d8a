"""Drawings and plots of linear recurrences, and of CTC's alignments."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from figures.results import LINES
from figures.style import BLUE, EDGE, FILL, GREY, INK, ORANGE, WIDTH, arrow, axes_of, box, canvas


def reach(T: int) -> list[list[tuple[int, int]]]:
    """Before the first round of a scan and after each: from which step to which each of the T steps is joined."""
    rows, back = [[(t, t) for t in range(1, T + 1)]], 1
    while back < T:
        rows.append([(rows[-1][t - back][0] if t >= back else first, last) for t, (first, last) in enumerate(rows[-1])])
        back *= 2
    return rows


def draw_scan(T: int) -> Figure:
    """The rounds of a scan over T steps: a box says which steps are joined; those that begin at the first step are lit."""
    rows, gap, row = reach(T), WIDTH / T, 1.02
    figure, axes = canvas(WIDTH, row * len(rows) - 0.1)
    for number, spans in enumerate(rows):
        y, back = row * (len(rows) - 1 - number) + 0.28, 2 ** (number - 1)
        for t, (first, last) in enumerate(spans):
            x, lit = gap * (t + 0.5), first == 1
            box(axes, x, y, "", width=gap - 0.1, lit=lit)
            text = f"{first}" if first == last else f"{first}\N{EN DASH}{last}"
            axes.text(x, y, text, ha="center", va="center", fontsize=10.5, zorder=4)
            if number > 0 and rows[number - 1][t][0] > 1:
                arrow(axes, (x, y + row - 0.23), (x, y + 0.24))
                arrow(axes, (x - back * gap + 0.1, y + row - 0.23), (x - 0.1, y + 0.24))
        if number > 0:
            axes.text(0.02, y + 0.3, f"round {number}", ha="left", va="bottom", fontsize=9.5, color=GREY)
    return figure


def plot_powers(positive: float, negative: float, turning: complex, steps: int) -> Figure:
    """What is left of a state of 1 after each step, for three factors; a complex one is shown in the plane."""
    figure, axes = axes_of(2.35, columns=3)
    t = np.arange(steps + 1)
    for place, (factor, colour) in enumerate(((positive, BLUE), (negative, ORANGE))):
        axes[place].vlines(t, 0, factor**t, color=colour, linewidth=1.6)
        axes[place].plot(t, factor**t, "o", color=colour, markersize=3.5)
        axes[place].axhline(0, color=GREY, linewidth=0.8)
        axes[place].set(ylim=(-1.12, 1.12), xlabel="steps", title=f"$a = {factor}$")
        axes[place].set_xticks([0, steps // 2, steps])
        axes[place].set_yticks([-1, 0, 1])
    axes[1].set_yticklabels([])
    points = turning**t
    axes[2].add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=GREY, linestyle="--"))
    axes[2].plot(points.real, points.imag, "-", color=EDGE, linewidth=0.8)
    axes[2].plot(points.real, points.imag, "o", color=INK, markersize=3.5)
    axes[2].set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), aspect="equal", title="complex $a$", xlabel="real part")
    axes[2].set_xticks([-1, 0, 1])
    axes[2].set_yticks([])
    axes[2].set_ylabel("imaginary part", fontsize=9.5)
    return figure


def draw_trellis(places: Sequence[str], alpha: np.ndarray, beta: np.ndarray, skips: Sequence[bool]) -> Figure:
    """CTC's places as rows and steps as columns; in each box stands alpha. What leads to the end is lit, with its arrows."""
    T, row, left = len(alpha), 0.78, 0.75
    gap = (WIDTH - left) / T
    figure, axes = canvas(WIDTH, row * len(places) + 0.42)

    def point(t: int, s: int) -> tuple[float, float]:
        return left + gap * (t + 0.5), row * (len(places) - s - 0.5)

    for s, name in enumerate(places):
        axes.text(0.3, point(0, s)[1], name, ha="center", va="center", fontsize=12, weight="bold")
        for t in range(T):
            x, y = point(t, s)
            leads = alpha[t, s] * beta[t, s] > 0
            shown = f"{alpha[t, s]:.3g}" if alpha[t, s] > 0 else "0"
            box(axes, x, y, shown, lit=leads, width=0.86)
            for back in (0, 1, 2 if skips[s] else 0):
                if leads and t > 0 and s >= back and alpha[t - 1, s - back] * beta[t - 1, s - back] > 0:
                    x_before, y_before = point(t - 1, s - back)
                    arrow(axes, (x_before + 0.45, y_before - 0.05 * back), (x - 0.45, y + 0.05 * back), lit=True)
    for t in range(T):
        axes.text(point(t, 0)[0], row * len(places) + 0.2, f"$t={t + 1}$", ha="center", va="center")
    return figure


def plot_labels(p: np.ndarray, names: Mapping[int, str], ends: Sequence[int], spoken: Sequence[str]) -> Figure:
    """The probability of each label that is ever likely at each step, and where one speaker ends and the next begins."""
    figure, (axes,) = axes_of(3.0)
    t = np.arange(1, len(p) + 1)
    axes.fill_between(t, 0, p[:, 0], color=FILL, label="blank")
    for label, (colour, line, marker) in zip(names, LINES, strict=False):
        axes.plot(t, p[:, label], color=colour, linestyle=line, marker=marker, markersize=3, label=names[label])
    starts = [0, *ends[:-1]]
    for start, end, who in zip(starts, ends, spoken, strict=True):
        axes.axvline(end + 0.5, color=GREY, linestyle=(0, (1, 2)), linewidth=1.2)
        axes.text((start + end + 1) / 2, 1.06, who, ha="center", va="bottom", fontsize=10)
    axes.set(xlabel="step", ylabel="probability", xlim=(0.5, len(p) + 0.5), ylim=(0, 1.05))
    figure.legend(loc="outside lower center", fontsize=9.5, ncols=3)
    return figure
