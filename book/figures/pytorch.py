"""Drawings of the chapter about PyTorch: what its layers return, and how it packs a batch."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from figures.style import BLUE, EDGE, FILL, GREY, LIT_EDGE, LIT_FILL, WIDTH, arrow, box, canvas


def draw_outputs(layers: int, steps: int) -> Figure:
    """Layers on layers, unrolled; framed are the outputs, all steps of the last layer, and h_n, the last step of all."""
    across, up = 0.98, 0.95
    left, bottom = 0.72, 1.05
    figure, axes = canvas(WIDTH, bottom + up * layers - 0.02)
    right, top = left + across * (steps - 1), bottom + up * (layers - 1)
    frames = (
        (left - 0.47, top - 0.36, right - left + 0.94, 0.72, LIT_EDGE, "-"),
        (right - 0.42, bottom - 0.33, 0.84, top - bottom + 0.66, BLUE, "--"),
    )
    for x, y, width, height, colour, line in frames:
        axes.add_patch(
            mpl.patches.Rectangle(
                (x, y), width, height, facecolor="none", edgecolor=colour, linestyle=line, linewidth=2.2, zorder=5
            )
        )
    for t in range(steps):
        x = left + across * t
        axes.text(x, 0.42, f"$x_{{{t + 1}}}$", ha="center", va="center", fontsize=12)
        arrow(axes, (x, 0.58), (x, bottom - 0.23))
        for layer in range(layers):
            y = bottom + up * layer
            box(axes, x, y, f"$h_{{{t + 1}}}$", width=0.62)
            if layer < layers - 1:
                arrow(axes, (x, y + 0.23), (x, y + up - 0.23))
            if t < steps - 1:
                arrow(axes, (x + 0.31, y), (x + across - 0.31, y))
    for layer in range(layers):
        axes.text(left - 0.66, bottom + up * layer, f"{layer}", ha="center", va="center", color=GREY, fontsize=10)
    axes.text(left - 0.47, top + 0.5, "output", color=LIT_EDGE, fontsize=11, va="center")
    axes.text(right + 0.5, (top + bottom) / 2, "h_n", color=BLUE, fontsize=11, va="center")
    axes.text(left - 0.72, bottom - 0.5, "layer", color=GREY, fontsize=10, va="center")
    return figure


def draw_packing(lengths: Sequence[int]) -> Figure:
    """A padded batch with a row for each sequence: the numbers say in which order the steps stand when packed."""
    order = sorted(range(len(lengths)), key=lambda n: -lengths[n])
    T, size = max(lengths), 0.5
    left, bottom = 0.95, 0.62
    figure, axes = canvas(max(WIDTH, left + T * 0.72 + 0.1), bottom + size * len(lengths) + 0.4)
    width = (WIDTH - left - 0.1) / T
    count = 0
    places: dict[tuple[int, int], int] = {}
    for t in range(T):
        for n in order:
            if t < lengths[n]:
                places[n, t] = count
                count += 1
    for n, length in enumerate(lengths):
        y = bottom + size * (len(lengths) - 1 - n)
        axes.text(left - 0.1, y + size / 2, f"$n={n}$", ha="right", va="center", fontsize=10)
        for t in range(T):
            x = left + width * t
            look = {"facecolor": LIT_FILL} if t < length else {"facecolor": FILL, "hatch": "////"}
            axes.add_patch(mpl.patches.Rectangle((x, y), width, size, edgecolor="white", linewidth=2, **look))
            if t < length:
                axes.text(x + width / 2, y + size / 2, str(places[n, t]), ha="center", va="center", zorder=3)
    for t in range(T):
        x = left + width * (t + 0.5)
        axes.text(x, bottom + size * len(lengths) + 0.2, f"$t={t}$", ha="center", va="center", fontsize=10)
        alive = sum(t < length for length in lengths)
        axes.text(x, bottom - 0.25, str(alive), ha="center", va="center", fontsize=11, weight="bold")
    axes.text(left - 0.1, bottom - 0.25, "batch_sizes", ha="right", va="center", fontsize=9.5, color=EDGE)
    return figure
