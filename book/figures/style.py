"""The one style of every drawing and plot.

Figures are narrow, so that their text is still readable on a telephone, and stand on a light panel, so that they read
the same on a dark page. Colours are those of Okabe and Ito, chosen to survive colour blindness; what a colour says is
also said by a shape, a line style or a label.
"""

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon

INK, EDGE, FILL = "#222222", "#5b6570", "#eef1f4"
LIT_EDGE, LIT_FILL = "#d55e00", "#fde4d0"
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#6b6b6b"
PURPLE, BROWN = "#a8568b", "#806000"
SKY = "#56b4e9"  # a ground for text, too pale for a line
WIDTH = 5.2


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


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty drawing whose units are inches."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")
    return figure, axes


def box(
    axes: Axes, x: float, y: float, text: str, *, lit: bool = False, width: float = 0.72, round_: bool = False,
    function: str = "",
) -> None:  # fmt: skip
    """A box with a label, and the function that makes it in smaller letters; ``lit`` marks the part that the text is about.

    What is lit differs in colour and has a thicker line.
    """
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
    label = x - (width - 0.3) / 2 + 0.04 if function else x
    axes.text(label, y, text, ha="center", va="center", zorder=4, fontsize=12)
    if function:
        right = x + width / 2 - 0.07
        axes.text(right, y, function, ha="right", va="center", zorder=4, fontsize=9.5)


def valve(axes: Axes, x: float, y: float, *, upright: bool = False, lit: bool = False) -> None:
    """A faucet on a pipe: two triangles that meet in the middle, as in drawings of pipework."""
    long, wide = 0.2, 0.15
    corners = [(-long, -wide), (-long, wide), (long, -wide), (long, wide), (-long, -wide)]
    points = [(x + b, y + a) if upright else (x + a, y + b) for a, b in corners]
    look = {"facecolor": LIT_FILL, "edgecolor": LIT_EDGE, "linewidth": 2.6} if lit else {}
    axes.add_patch(Polygon(points, **({"facecolor": FILL, "edgecolor": EDGE, "linewidth": 1.1, "zorder": 3} | look)))


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


def axes_of(
    height: float = 3.3, columns: int = 1, width: float = WIDTH, **options: object
) -> tuple[Figure, list[Axes]]:
    """A figure for a plot, with its axes side by side."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False, **options)[0])
