"""The pictures of a run: measured rather than drawn twice, they are what Matplotlib makes of `bbox_inches="tight"`."""

import io
import sys
from collections.abc import Callable, Iterator

import matplotlib
import numpy as np
import pytest
from PIL import Image

from tests.autograder.conftest import ROOT

matplotlib.use("agg")
sys.path.insert(0, str(ROOT / "autograder" / "runner"))

import capture
from matplotlib import pyplot as plt


def heat_map() -> None:
    plt.imshow([[0.0, 0.5], [1.0, -1.0]], cmap="coolwarm")
    plt.xticks([0, 1], ["let's", "meet"], rotation=45)
    plt.colorbar(label="h")


def four_axes() -> None:
    _figure, axes = plt.subplots(2, 2)
    axes[0, 1].loglog([1, 2, 3], [1e-9, 1, 3])
    axes[1, 0].legend(axes[1, 0].plot([1, 2]), ["x"], bbox_to_anchor=(1.5, 1))
    axes[1, 1].set_title("a title that is longer than its axes are wide, and so reaches out of them")


def text_outside_axes_that_are_off() -> None:
    plt.plot([1, 2])
    plt.gca().set_axis_off()
    plt.text(2, 2, "outside " * 8)


def other_resolution() -> None:
    _figure, axes = plt.subplots(1, 2, figsize=(8, 2), dpi=150)
    axes[0].set_aspect("equal")
    plt.tight_layout()


def laid_out() -> None:
    plt.figure(layout="constrained")
    plt.plot([1, 2, 3])
    plt.ylabel("y")


def nothing() -> None:
    plt.figure()


@pytest.fixture(autouse=True)
def no_figures() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "draw", [heat_map, four_axes, text_outside_axes_that_are_off, other_resolution, laid_out, nothing]
)
def test_a_picture_is_what_matplotlib_makes_of_it(draw: Callable[[], None]) -> None:
    draw()
    wanted = io.BytesIO()
    plt.gcf().savefig(wanted, format="png", dpi=capture.DOTS_PER_INCH, bbox_inches="tight")
    plt.close("all")
    draw()
    made = capture.as_png(plt.gcf())
    pixels, expected = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), float) for png in (made, wanted.getvalue())
    )
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).mean() < 3.0  # of 255: the palette's share
    assert len(made) < len(wanted.getvalue())


def test_what_is_drawn_to_begin_with_leaves_no_figure() -> None:
    capture.draw_once()
    assert plt.get_fignums() == []
