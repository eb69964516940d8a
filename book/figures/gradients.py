"""Drawings and plots of gradients: the ways back through an unrolled network, what powers of matrices do, clipping."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from figures.style import BLUE, EDGE, GREEN, GREY, INK, LIT_EDGE, ORANGE, WIDTH, arrow, axes_of, box, canvas

WAYS = ("all", "two ways", "weights", "cut", "far")
STEPS, GAP, BELOW, MIDDLE, ABOVE = 4, 1.14, 0.4, 1.5, 2.6
Point = tuple[float, float]


def _place(t: int) -> float:
    return 0.1 + GAP * t if t else 0.3


def _back(axes: Axes, start: Point, end: Point, width: float = 2.4, label: str = "") -> None:
    """A lit arrow, thicker than those that run forwards, with a label below it."""
    look = {"arrowstyle": "-|>", "color": LIT_EDGE, "lw": width, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=look, zorder=2.5)
    if label:
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 0.2)
        axes.text(*middle, label, ha="center", va="center", fontsize=10, color=INK)


def _backwards(way: str, cut: int) -> tuple[set[int], set[int], set[int]]:
    """Where lit arrows start: at the losses, at the states (to the one before), and at the states (down)."""
    steps = set(range(1, STEPS + 1))
    if way == "two ways":
        return {2}, {3}, set()
    if way == "far":
        return {STEPS}, steps - {1}, set()
    if way == "cut":
        return steps, {t for t in steps if t == 1 or (t - 1) % cut}, steps
    return steps, steps, steps


def draw_backward(way: str = "all", cut: int = 2) -> Figure:
    """Four steps unrolled with a loss at each, and lit the ways back: one of ``WAYS``.

    all: every way. two ways: those by which the second state gets its gradient. weights: how each step adds to that of W_h.
    cut: no way back from a block of ``cut`` steps to the one before. far: the one way from the last loss to the first state.
    """
    if way not in WAYS:
        raise ValueError(f"draw_backward: there is no way {way!r}; the ways are {', '.join(WAYS)}.")
    figure, axes = canvas(WIDTH, 3.0)
    losses, to_before, downwards = _backwards(way, cut)
    box(axes, _place(0), MIDDLE, r"$h_0$", width=0.46)
    for t in range(1, STEPS + 1):
        x, before = _place(t), _place(t - 1) + (0.36 if t > 1 else 0.23)
        lit = {"two ways": t == 2, "far": t in (1, STEPS)}.get(way, False)
        box(axes, x, MIDDLE, rf"$h_{t}$", lit=lit, width=0.72)
        box(axes, x, ABOVE, rf"$L_{t}$", width=0.56)
        arrow(axes, (before, MIDDLE + 0.1), (x - 0.36, MIDDLE + 0.1))
        arrow(axes, (x - 0.1, MIDDLE + 0.23), (x - 0.1, ABOVE - 0.23))
        if way == "weights":
            _back(axes, (x, MIDDLE - 0.23), (WIDTH / 2 + 0.36 * (t - 2.5), BELOW + 0.23))
        else:
            box(axes, x, BELOW, rf"$x_{t}$", width=0.56)
            arrow(axes, (x - 0.1, BELOW + 0.23), (x - 0.1, MIDDLE - 0.23))
            if t in downwards:
                _back(axes, (x + 0.1, MIDDLE - 0.23), (x + 0.1, BELOW + 0.23))
        if t in losses:
            _back(axes, (x + 0.1, ABOVE - 0.23), (x + 0.1, MIDDLE + 0.23), 1.2 * STEPS if way == "far" else 2.4)
        if t in to_before:
            width = 1.2 * (t - 1) if way == "far" else 2.4
            label = rf"$J_{t}$" if way == "far" else ""
            _back(axes, (x - 0.36, MIDDLE - 0.1), (before, MIDDLE - 0.1), width, label)
        elif way == "cut" and t > 1:
            middle = (before + x - 0.36) / 2
            axes.plot([middle] * 2, [0.2, 2.75], color=INK, linestyle="--", linewidth=1.4)
            axes.text(middle, 2.86, "cut", ha="center", va="center", fontsize=11)
    if way == "weights":
        box(axes, WIDTH / 2, BELOW, r"$\partial L / \partial W_h$", lit=True, width=1.6)
    if way == "two ways":
        axes.text(_place(2) + 0.2, 2.06, "direct", ha="left", va="center", fontsize=11)
        axes.text((_place(2) + _place(3)) / 2, MIDDLE - 0.36, "next", ha="center", va="center", fontsize=11)
    return figure


def plot_reach(norms: np.ndarray, k: int | None = None) -> Figure:
    """How strongly the loss at each step (a row) reaches each input (a column); squares outline blocks of k steps.

    Each row is relative to its last number; what has no gradient stays white.
    """
    T = len(norms)
    shares = norms / norms.diagonal()[:, None]
    figure, (axes,) = axes_of(3.9)
    shown = axes.imshow(
        np.where(np.tri(T, dtype=bool), shares, np.nan), cmap="cividis", norm=LogNorm(1e-6, 1), origin="upper",
        extent=(0.5, T + 0.5, T + 0.5, 0.5),
    )  # fmt: skip
    figure.colorbar(shown, ax=axes, label="gradient, relative to the step of the loss", extend="min")
    for start in range(0, T, k) if k else ():
        size = min(k, T - start)
        axes.add_patch(Rectangle((start + 0.5, start + 0.5), size, size, fill=False, edgecolor=ORANGE, linewidth=2.2))
    axes.set(xlabel="step of the input", ylabel="step of the loss")
    ticks = range(4, T + 1, 4)
    axes.set(xticks=ticks, yticks=ticks)
    return figure


def plot_ellipses(matrices: Mapping[str, np.ndarray], powers: Sequence[int]) -> Figure:
    """What powers of 2 x 2 matrices make of the circle of all vectors of length 1: a row for each matrix."""
    figure = Figure(figsize=(WIDTH, 1.55 * len(matrices)), layout="constrained")
    grid = figure.subplots(len(matrices), len(powers), squeeze=False, sharex=True, sharey=True)
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.array([np.cos(angle), np.sin(angle)])
    for row, (name, matrix) in zip(grid, matrices.items(), strict=True):
        for axes, k in zip(row, powers, strict=True):
            axes.plot(*circle, color=GREY, linestyle="--", linewidth=1.2)
            axes.plot(*(np.linalg.matrix_power(matrix, k) @ circle), color=BLUE, linewidth=2)
            axes.set(aspect="equal", xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        row[0].set_ylabel(name)
    for axes, k in zip(grid[0], powers, strict=True):
        axes.set_title(f"$k = {k}$", loc="center")
    return figure


def plot_cliff(b: np.ndarray, losses: np.ndarray, norms: np.ndarray) -> Figure:
    """The loss along one weight, and below it the length of the gradient on a logarithmic axis."""
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.plot(b, losses, color=BLUE)
    top.set_ylabel("loss")
    bottom.semilogy(b, norms, color=ORANGE)
    bottom.axhline(1, color=GREY, linestyle=(0, (1, 2)))
    bottom.text(b[-1], 1.6, "limit for clipping", ha="right", fontsize=10, color=INK)
    bottom.set_ylim(0.05, 3 * norms.max())
    bottom.locator_params(axis="x", nbins=5)
    bottom.set(xlabel="bias $b$", ylabel="norm of the gradient")
    return figure


def draw_clipping(
    gradient: Sequence[float], by_value: Sequence[float], by_norm: Sequence[float], limit: float
) -> Figure:
    """A gradient of two numbers, and what the two ways of clipping leave of it, with the limit of each as an outline."""
    figure, (axes,) = axes_of(3.6)
    axes.add_patch(Rectangle((-limit, -limit), 2 * limit, 2 * limit, fill=False, edgecolor=ORANGE, linestyle="--"))
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(limit * np.cos(angle), limit * np.sin(angle), color=GREEN, linestyle=":")
    looks = (
        (gradient, GREY, 1.6, "before"), (by_value, ORANGE, 2.6, "by value"), (by_norm, GREEN, 2.6, "by norm"),
    )  # fmt: skip
    for end, colour, width, name in looks:
        look = {"arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=end, xytext=(0, 0), arrowprops=look)
        turned = np.degrees(np.arctan2(end[1], end[0]))
        place = (end[0] + 0.08 * limit, end[1] + (0.06 if name != "by norm" else -0.2) * limit)
        axes.text(*place, f"{name}, {turned:.0f}°", fontsize=10, color=INK)
    axes.plot(0, 0, "o", color=EDGE, markersize=4)
    axes.set(xlim=(-0.2 * limit, gradient[0] + 0.9 * limit), ylim=(-0.2 * limit, 1.3 * max(gradient[1], limit)))
    axes.set(xlabel="gradient of one weight", ylabel="of another", aspect="equal")
    return figure
