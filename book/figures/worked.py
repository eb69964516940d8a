"""Drawings of worked examples: small networks with every number where it flows."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.style import BLUE, EDGE, GREEN, GREY, INK, LIT_EDGE, ORANGE, WIDTH, arrow, axes_of, box, canvas

Point = tuple[float, float]
LOW, MIDDLE, HIGH = 0.4, 1.6, 2.8  # heights of the inputs, the states and the losses
FIRST, GAP = 0.42, 1.52


def number(value: float) -> str:
    """Three decimals, with a true minus sign."""
    return f"{value:.3f}".replace("-", "\N{MINUS SIGN}")


def _lit_arrow(axes: Axes, start: Point, end: Point) -> None:
    look = {"arrowstyle": "-|>", "color": LIT_EDGE, "lw": 2.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=look, zorder=2.5)


def _word(
    axes: Axes, x: float, y: float, text: str, colour: str = INK, align: str = "center", size: float = 10
) -> None:
    axes.text(x, y, text, ha=align, va="center", fontsize=size, color=colour, zorder=5)


def draw_loop() -> Figure:
    """The network as one cell with a loop, and the same unrolled over three steps."""
    figure, axes = canvas(WIDTH, 2.9)
    low, middle, high = 0.35, 1.3, 2.25
    places = (0.62, 2.55, 3.65, 4.75)
    names = ("t", "1", "2", "3")
    for x, name in zip(places, names, strict=True):
        for height, letter in ((low, "x"), (middle, "h"), (high, "y")):
            box(axes, x, height, rf"${letter}_{name}$", width=0.58, lit=letter == "h")
        arrow(axes, (x, low + 0.23), (x, middle - 0.23))
        arrow(axes, (x, middle + 0.23), (x, high - 0.23))
    for before, x in pairwise(places[1:]):
        arrow(axes, (before + 0.29, middle), (x - 0.29, middle), lit=True)
    loop = {"arrowstyle": "-|>", "color": LIT_EDGE, "lw": 2.2, "shrinkA": 0, "shrinkB": 0,
            "connectionstyle": "arc3,rad=-2.6"}  # fmt: skip
    axes.annotate("", xy=(places[0] + 0.29, middle - 0.13), xytext=(places[0] + 0.29, middle + 0.13), arrowprops=loop)
    _word(axes, 1.62, middle, "=", size=18)
    _word(axes, places[0], 2.75, "with a loop", size=11)
    _word(axes, places[2], 2.75, "unrolled", size=11)
    return figure


def _chain(axes: Axes, x: Sequence[float], h: Sequence[float], w: float) -> list[float]:
    """A network of one unit with its inputs, its states and the arrows between them; where the states stand."""
    places = [FIRST + GAP * t for t in range(len(h))]
    for t, place in enumerate(places):
        box(axes, place, MIDDLE, rf"$h_{t}={number(h[t])}$" if t else "$h_0=0$", width=1.06 if t else 0.7)
        if t == 0:
            continue
        box(axes, place, LOW, rf"$x_{t}={x[t - 1]:g}$", width=0.8)
        arrow(axes, (place, LOW + 0.23), (place, MIDDLE - 0.23))
        before = places[t - 1] + (0.53 if t > 1 else 0.35)
        arrow(axes, (before, MIDDLE + 0.1), (place - 0.53, MIDDLE + 0.1))
        _word(axes, (before + place - 0.53) / 2, MIDDLE + 0.27, rf"$\times\,{w:g}$", size=9)
    return places


def draw_one_unit(x: Sequence[float], h: Sequence[float], w: float) -> Figure:
    """A network of one unit, forwards: ``h`` begins with h_0, and each state is tanh(w times the one before, plus the input)."""
    figure, axes = canvas(WIDTH + 0.4, 2.1)
    _chain(axes, x, h, w)
    return figure


def draw_one_unit_back(
    x: Sequence[float], h: Sequence[float], w: float, direct: Sequence[float], through: Sequence[float]
) -> Figure:
    """The same backwards: the direct gradient comes down from each loss, and what passes through the next state from the right.

    ``direct`` has a number for each step, and ``through[t]`` is what comes back from step t + 2 to step t + 1.
    """
    figure, axes = canvas(WIDTH + 0.4, 3.2)
    places = _chain(axes, x, h, w)
    for t, place in enumerate(places[1:], start=1):
        box(axes, place, HIGH, rf"$L_{t}$", width=0.56)
        arrow(axes, (place - 0.12, MIDDLE + 0.23), (place - 0.12, HIGH - 0.23))
        _lit_arrow(axes, (place + 0.12, HIGH - 0.23), (place + 0.12, MIDDLE + 0.23))
        _word(axes, place + 0.2, (MIDDLE + HIGH) / 2 + 0.08, number(direct[t - 1]), LIT_EDGE, "left")
        if t < len(places) - 1:
            after = places[t + 1] - 0.53
            _lit_arrow(axes, (after, MIDDLE - 0.1), (place + 0.53, MIDDLE - 0.1))
            _word(axes, (after + place + 0.53) / 2, MIDDLE - 0.36, number(through[t - 1]), LIT_EDGE)
    return figure


def draw_situations(states: Sequence[str], beginnings: Sequence[str], ending: str, answers: Sequence[str]) -> Figure:
    """Beginnings of a sentence, the situation that each leads to, and the answer after one and the same ending."""
    figure, axes = canvas(WIDTH + 0.2, 0.62 * len(states) + 0.6)
    for row, (state, beginning, answer) in enumerate(zip(states, beginnings, answers, strict=True)):
        y = 0.62 * (len(states) - row) - 0.3
        _word(axes, 1.72, y, beginning, align="right", size=9.5)
        arrow(axes, (1.78, y), (2.1, y))
        box(axes, 2.72, y, state, width=1.22, lit=True)
        arrow(axes, (3.33, y), (4.2, y))
        box(axes, 4.68, y, answer, width=0.92)
    top = 0.62 * len(states) + 0.35
    for x, text in ((0.95, "the words so far"), (2.72, "the state"), (3.77, f"“{ending}”"), (4.68, "who bites")):
        _word(axes, x, top, text, GREY, size=9.5)
    return figure


def plot_cobweb(
    step: Callable[[np.ndarray, float], np.ndarray], biases: Mapping[str, float], h_0: float, steps: int
) -> Figure:
    """What a map of one number does, for each bias: up to its curve, across to the diagonal, and on from there."""
    figure, plots = axes_of(2.9, len(biases), sharey=True)
    line = np.linspace(-1, 1, 200)
    for axes, (name, b) in zip(plots, biases.items(), strict=True):
        axes.plot(line, line, color=GREY, linestyle="--", linewidth=1.2)
        axes.plot(line, step(line, b), color=BLUE)
        h, corners = h_0, [(h_0, -1.0)]
        for _ in range(steps):
            after = float(step(np.array(h), b))
            corners += [(h, after), (after, after)]
            h = after
        axes.plot(*np.transpose(corners), color=ORANGE, linewidth=1.4)
        axes.plot([h_0], [-1], "o", color=ORANGE, clip_on=False)
        axes.plot([h], [h], "s", color=GREEN)
        axes.set(xlim=(-1, 1), ylim=(-1, 1), xticks=(-1, 0, 1), yticks=(-1, 0, 1), aspect="equal")
        axes.set_xlabel("$h_{t-1}$")
        axes.set_title(name, loc="center")
    plots[0].set_ylabel("$h_t$")
    return figure


def draw_gru_back() -> Figure:
    """Which gradient goes where in one step of a GRU that resets after the product."""
    figure, axes = canvas(WIDTH, 3.5)
    top, second, third, low = 3.0, 2.15, 1.25, 0.35
    nodes = {
        "dh": (4.7, top, "$dh$"), "dz": (1.5, second, "$dz$"), "dn": (3.5, second, "$dn$"),
        "da_z": (1.5, third, "$da_z$"), "da_r": (2.35, third, "$da_r$"), "da_n": (3.5, third, "$da_n$"),
        "dq": (4.65, third, "$dq$"), "before": (0.55, top, "$dh_{t-1}$"),
        "W_h": (1.9, low, r"$W_h^\top da_h$"), "W_x": (4.0, low, r"$W_x^\top da_x$"),
    }  # fmt: skip
    wide = {"before": 0.86, "W_h": 1.2, "W_x": 1.2}
    for name, (x, y, text) in nodes.items():
        box(axes, x, y, text, width=wide.get(name, 0.66), lit=name in ("dh", "before"))
    _lit_arrow(axes, (4.37, top), (0.98, top))
    for start, end in (
        ((4.5, top - 0.23), (3.75, second + 0.23)), ((4.37, top - 0.1), (1.8, second + 0.23)),
        ((3.5, second - 0.23), (3.5, third + 0.23)), ((1.5, second - 0.23), (1.5, third + 0.23)),
        ((3.17, third), (2.68, third)), ((3.83, third), (4.32, third)),
        ((1.5, third - 0.23), (1.6, low + 0.23)), ((2.35, third - 0.23), (2.1, low + 0.23)),
        ((4.55, third - 0.23), (2.45, low + 0.23)), ((3.5, third - 0.23), (3.75, low + 0.23)),
    ):  # fmt: skip
        arrow(axes, start, end)
    for x, y, label in (
        (4.25, 2.55, r"$\odot(1-z_t)$"), (2.15, 2.72, r"$\odot(h_{t-1}-n_t)$"), (3.56, 1.72, r"$\tanh'$"),
        (1.56, 1.72, r"$\sigma'$"), (2.72, 1.43, r"$\odot q_t,\ \sigma'$"), (3.92, 1.43, r"$\odot r_t$"),
    ):  # fmt: skip
        _word(axes, x, y, label, align="left", size=9.5)
    _word(axes, 2.6, top + 0.2, r"$\odot\, z_t$: the direct path", LIT_EDGE, size=10.5)
    for x, end in ((1.75, 3.5), (2.55, 3.6)):
        axes.plot([x, end], [third - 0.23, low + 0.23], color=EDGE, linewidth=1.0, linestyle=":")
    axes.plot([1.3, 0.55, 0.55], [low, low, top - 0.45], color=EDGE, linewidth=1.2)
    arrow(axes, (0.55, top - 0.5), (0.55, top - 0.23))
    return figure
