"""Every drawing and plot of the book, in one style. A function returns a figure; a chapter's cell shows it.

style.py has the colours and the shapes, cells.py the drawings, results.py the plots of what experiments found,
tasks.py whole tasks, language.py what language models do, pytorch.py PyTorch's layers, recurrences.py linear recurrences and
CTC.
"""

from figures.cells import PARTS, STEPS, draw_cell, draw_mask, draw_unrolled
from figures.gradients import (
    WAYS,
    draw_backward,
    draw_clipping,
    plot_cliff,
    plot_ellipses,
    plot_reach,
)
from figures.language import (
    draw_blocks,
    draw_next_words,
    plot_blanks,
    plot_inversion,
    plot_probabilities,
    plot_reading,
)
from figures.pytorch import draw_outputs, draw_packing
from figures.recurrences import draw_scan, draw_trellis, plot_labels, plot_powers
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
from figures.tasks import TASK_PARTS, TASKS, draw_search, draw_task, plot_applications
from figures.worked import draw_gru_back, draw_loop, draw_one_unit, draw_one_unit_back, draw_situations, plot_cobweb

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
    "STEPS",
    "TASKS",
    "TASK_PARTS",
    "WAYS",
    "draw_backward",
    "draw_blocks",
    "draw_cell",
    "draw_clipping",
    "draw_gru_back",
    "draw_images",
    "draw_letters",
    "draw_loop",
    "draw_mask",
    "draw_next_words",
    "draw_one_unit",
    "draw_one_unit_back",
    "draw_outputs",
    "draw_packing",
    "draw_scan",
    "draw_search",
    "draw_situations",
    "draw_task",
    "draw_trellis",
    "draw_unrolled",
    "plot_accuracy",
    "plot_applications",
    "plot_blanks",
    "plot_cliff",
    "plot_cobweb",
    "plot_curves",
    "plot_ellipses",
    "plot_inversion",
    "plot_labels",
    "plot_landscape",
    "plot_lines",
    "plot_powers",
    "plot_probabilities",
    "plot_reach",
    "plot_reading",
    "plot_scores",
    "plot_solved",
    "plot_trace",
    "use_house_style",
]  # fmt: skip
