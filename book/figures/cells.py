"""Drawings of cells and of batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.style import BLUE, EDGE, FILL, GREEN, GREY, LIT_EDGE, LIT_FILL, ORANGE, WIDTH, arrow, box, canvas, valve

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A box at x, y; beside its label there may be the function that makes it."""

    x: float
    y: float
    text: str
    function: str = ""
    width: float = 0.72


@dataclass(frozen=True)
class Valve:
    """A product with a gate, drawn as a faucet on a pipe that runs "across" or "up"."""

    x: float
    y: float
    pipe: str = "across"


@dataclass(frozen=True)
class Layout:
    """Where the parts of a cell stand, what flows out of each, and which parts make a step together.

    What flows out of "h_prev/lane" is lit with the part h_prev, and not with a step that h_prev belongs to.
    """

    height: float
    boxes: Mapping[str, Box]
    sums: Mapping[str, Point]
    flows: Sequence[tuple[str, tuple[Point, ...]]]
    valves: Mapping[str, Valve] = field(default_factory=dict)
    taps: Sequence[tuple[str, Point]] = ()
    notes: Sequence[tuple[Point, str]] = ()
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.boxes, *self.sums, *self.valves)


def _rnn() -> Layout:
    middle = 1.55
    return Layout(
        height=3.3,
        boxes={
            "x": Box(2.4, 0.28, r"$x_t$"),
            "W_x": Box(2.4, 0.92, r"$W_x$"),
            "h_prev": Box(0.45, middle, r"$h_{t-1}$"),
            "W_h": Box(1.45, middle, r"$W_h$"),
            "b": Box(2.4, 2.25, r"$b$"),
            "tanh": Box(3.35, middle, "tanh"),
            "h": Box(4.5, middle, r"$h_t$"),
            "W_y": Box(4.5, 2.25, r"$W_y,\, b_y$", width=0.95),
            "y": Box(4.5, 2.95, r"$y_t$"),
        },
        sums={"sum": (2.4, middle)},
        flows=(
            ("h_prev", ((0.81, middle), (1.09, middle))),
            ("W_h", ((1.81, middle), (2.2, middle))),
            ("sum", ((2.6, middle), (2.99, middle))),
            ("tanh", ((3.71, middle), (4.14, middle))),
            ("h", ((4.86, middle), (5.18, middle))),
            ("x", ((2.4, 0.51), (2.4, 0.69))),
            ("W_x", ((2.4, 1.15), (2.4, 1.35))),
            ("b", ((2.4, 2.02), (2.4, 1.75))),
            ("h", ((4.5, 1.78), (4.5, 2.02))),
            ("W_y", ((4.5, 2.48), (4.5, 2.72))),
        ),
    )


TOP, GATES, H_LANE, X_LANE = 3.1, 1.5, 0.87, 0.3  # heights in the drawings of cells with gates
BELOW_GATES, ABOVE_GATES = GATES - 0.23, GATES + 0.23


def _into_gates(columns: Sequence[float]) -> tuple[list[tuple[str, tuple[Point, ...]]], list[tuple[str, Point]]]:
    """From both lanes an arrow up into each gate, and the dots where the arrows leave the lanes."""
    flows, taps = [], []
    for x in columns:
        for lane, height, shift in (("h_prev/lane", H_LANE, -0.13), ("x", X_LANE, 0.13)):
            flows.append((lane, ((x + shift, height), (x + shift, BELOW_GATES))))
            taps.append((lane, (x + shift, height)))
    return flows, taps


def _lstm() -> Layout:
    f, i, g, tanh, o = 1.25, 2.05, 2.88, 3.62, 4.14
    read = 1.98
    flows, taps = _into_gates((f, i, g))
    return Layout(
        height=3.4,
        boxes={
            "x": Box(0.45, X_LANE, r"$x_t$"),
            "h_prev": Box(0.45, H_LANE, r"$h_{t-1}$"),
            "c_prev": Box(0.45, TOP, r"$c_{t-1}$"),
            "f": Box(f, GATES, r"$f_t$", r"$\sigma$", width=0.66),
            "i": Box(i, GATES, r"$i_t$", r"$\sigma$", width=0.66),
            "g": Box(g, GATES, r"$g_t$", "tanh", width=0.78),
            "o": Box(o, GATES, r"$o_t$", r"$\sigma$", width=0.66),
            "tanh": Box(tanh, 2.5, "tanh", width=0.6),
            "c": Box(4.8, TOP, r"$c_t$"),
            "h": Box(4.8, read, r"$h_t$", width=0.62),
        },
        sums={"sum": (g, TOP)},
        valves={"valve_f": Valve(f, TOP), "valve_i": Valve(g, 2.3, "up"), "valve_o": Valve(o, read)},
        flows=(
            ("c_prev", ((0.81, TOP), (f - 0.2, TOP))),
            ("valve_f", ((f + 0.2, TOP), (g - 0.2, TOP))),
            ("sum", ((g + 0.2, TOP), (4.44, TOP))),
            ("tanh", ((tanh, TOP), (tanh, 2.73))),
            ("f", ((f, ABOVE_GATES), (f, TOP - 0.04))),
            ("i", ((i, ABOVE_GATES), (i, 2.3), (g - 0.04, 2.3))),
            ("g", ((g, ABOVE_GATES), (g, 2.1))),
            ("valve_i", ((g, 2.5), (g, TOP - 0.2))),
            ("tanh", ((tanh, 2.27), (tanh, read), (o - 0.2, read))),
            ("o", ((o, ABOVE_GATES), (o, read - 0.04))),
            ("valve_o", ((o + 0.2, read), (4.49, read))),
            ("h_prev", ((0.81, H_LANE), (o - 0.13, H_LANE), (o - 0.13, BELOW_GATES))),
            ("x", ((0.81, X_LANE), (o + 0.13, X_LANE), (o + 0.13, BELOW_GATES))),
            *flows,
        ),
        taps=(("tanh", (tanh, TOP)), *taps),
        steps={
            "gates": ("f", "i", "o"),
            "forget": ("f", "valve_f"),
            "write": ("i", "g", "valve_i", "sum"),
            "read": ("tanh", "o", "valve_o"),
            "highway": ("c_prev", "valve_f", "sum", "c"),
        },
    )


def _gru(before: bool) -> Layout:
    """The reset before the product or after it: the faucet and the product change places."""
    z, r, n = 1.25, 2.15, 4.0
    first, second = 2.72, 3.32
    reset, product = (first, second) if before else (second, first)
    write = 2.4
    flows, taps = _into_gates((z, r))
    middle_parts = ("valve_r", "product") if before else ("product", "valve_r")
    return Layout(
        height=3.4,
        boxes={
            "x": Box(0.45, X_LANE, r"$x_t$"),
            "h_prev": Box(0.45, TOP, r"$h_{t-1}$"),
            "r": Box(r, GATES, r"$r_t$", r"$\sigma$", width=0.66),
            "z": Box(z, GATES, r"$z_t$", r"$\sigma$", width=0.66),
            "product": Box(product, H_LANE, r"$W_{hn}$", width=0.56),
            "n": Box(n, GATES, r"$n_t$", "tanh", width=0.78),
            "h": Box(4.8, TOP, r"$h_t$", width=0.62),
        },
        sums={"sum": (n, TOP)},
        valves={"valve_r": Valve(reset, H_LANE), "valve_z": Valve(z, TOP), "valve_n": Valve(n, write, "up")},
        flows=(
            ("h_prev", ((0.81, TOP), (z - 0.2, TOP))),
            ("valve_z", ((z + 0.2, TOP), (n - 0.2, TOP))),
            ("sum", ((n + 0.2, TOP), (4.49, TOP))),
            ("h_prev/lane", ((0.45, TOP - 0.23), (0.45, H_LANE), (first - (0.2 if before else 0.28), H_LANE))),
            (middle_parts[0], ((first + (0.2 if before else 0.28), H_LANE), (second - (0.28 if before else 0.2), H_LANE))),
            (middle_parts[1], ((second + (0.28 if before else 0.2), H_LANE), (n - 0.18, H_LANE), (n - 0.18, BELOW_GATES))),
            ("x", ((0.81, X_LANE), (n + 0.18, X_LANE), (n + 0.18, BELOW_GATES))),
            ("r", ((r + 0.33, GATES), (reset, GATES), (reset, H_LANE + 0.04))),
            ("z", ((z, ABOVE_GATES), (z, TOP - 0.04))),
            ("z", ((z, write), (n - 0.04, write))),
            ("n", ((n, ABOVE_GATES), (n, write - 0.2))),
            ("valve_n", ((n, write + 0.2), (n, TOP - 0.2))),
            *flows,
        ),
        taps=(("z", (z, write)), *taps),
        notes=(((2.5, write + 0.17), r"$1 - z_t$"), ((z + 0.2, 2.75), r"$z_t$")),
        steps={
            "gates": ("r", "z"),
            "reset": ("r", "valve_r"),
            "update": ("z", "valve_z", "valve_n"),
            "candidate": ("product", "n"),
            "highway": ("h_prev", "valve_z", "sum", "h"),
        },
    )  # fmt: skip


LAYOUTS = {"rnn": _rnn(), "lstm": _lstm(), "gru": _gru(before=False), "gru_reset_before": _gru(before=True)}
PARTS = {cell: layout.parts for cell, layout in LAYOUTS.items()}
STEPS = {cell: dict(layout.steps) for cell, layout in LAYOUTS.items()}


def draw_cell(cell: str, part: str | None = None) -> Figure:
    """One of the cells of ``PARTS``, with one of its parts lit, or one of its ``STEPS``, which are several parts.

    A gate's product is drawn as a faucet: a pipe with a valve that the gate turns.
    """
    if cell not in LAYOUTS:
        raise ValueError(f"draw_cell: there is no cell {cell!r}; the cells are {', '.join(LAYOUTS)}.")
    layout = LAYOUTS[cell]
    if part is not None and part not in layout.parts and part not in layout.steps:
        raise ValueError(
            f"draw_cell: there is no part {part!r}; the parts are {', '.join((*layout.steps, *layout.parts))}."
        )
    lit = set(layout.steps.get(part or "", (part, f"{part}/lane")))
    figure, axes = canvas(WIDTH, layout.height)
    for name, place in layout.boxes.items():
        box(axes, place.x, place.y, place.text, lit=name in lit, width=place.width, function=place.function)
    for name, (x, y) in layout.sums.items():
        box(axes, x, y, "+", lit=name in lit, width=0.4, round_=True)
    for name, place in layout.valves.items():
        valve(axes, place.x, place.y, upright=place.pipe == "up", lit=name in lit)
    for name, points in layout.flows:
        pipe(axes, points, lit=name in lit)
    for name, point in layout.taps:
        axes.plot(*point, "o", markersize=4, color=LIT_EDGE if name in lit else EDGE, zorder=2.5)
    for (x, y), text in layout.notes:
        axes.text(x, y, text, ha="center", va="center", fontsize=10, color=GREY)
    return figure


def pipe(axes: Axes, points: Sequence[Point], *, lit: bool) -> None:
    """An arrow with corners."""
    if len(points) > 2:
        look = {"color": LIT_EDGE, "linewidth": 2.2} if lit else {"color": EDGE, "linewidth": 1.2}
        axes.plot(*zip(*points[:-1], strict=True), solid_joinstyle="miter", zorder=2, **look)
    arrow(axes, points[-2], points[-1], lit=lit)


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
