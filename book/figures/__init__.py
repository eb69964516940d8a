"""Every drawing and plot of the book, in one style. A function returns a figure; a chapter's cell shows it.

style.py has the colours and the shapes, cells.py the drawings, results.py the plots of what experiments found.
"""

from figures.cells import PARTS, draw_cell, draw_mask, draw_unrolled
from figures.results import (
    LINES,
    draw_images,
    draw_letters,
    plot_accuracy,
    plot_curves,
    plot_landscape,
    plot_lines,
    plot_scores,
    plot_solved,
    plot_trace,
)
from figures.style import BLUE, EDGE, FILL, GREEN, GREY, INK, LIT_EDGE, LIT_FILL, ORANGE, SKY, use_house_style

__all__ = [
    "BLUE",
    "EDGE",
    "FILL",
    "GREEN",
    "GREY",
    "INK",
    "LINES",
    "LIT_EDGE",
    "LIT_FILL",
    "ORANGE",
    "PARTS",
    "SKY",
    "draw_cell",
    "draw_images",
    "draw_letters",
    "draw_mask",
    "draw_unrolled",
    "plot_accuracy",
    "plot_curves",
    "plot_landscape",
    "plot_lines",
    "plot_scores",
    "plot_solved",
    "plot_trace",
    "use_house_style",
]  # fmt: skip
