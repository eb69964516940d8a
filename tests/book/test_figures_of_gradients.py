"""Drawings of gradients: which ways back are lit, what is cut, and that plots show what they were given."""

import book_paths  # noqa: F401  makes the book's modules importable
import figures
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def lit_arrows(figure: Figure) -> list[tuple[tuple, tuple]]:
    """Start and end of each lit arrow."""
    found = [note for note in figure.axes[0].texts if getattr(note, "arrow_patch", None)]
    return [
        (note.xyann, note.xy) for note in found if to_hex(note.arrow_patch.get_edgecolor()) == to_hex(figures.LIT_EDGE)
    ]


@pytest.mark.parametrize(("way", "count"), [("all", 12), ("two ways", 2), ("weights", 12), ("cut", 11), ("far", 4)])
def test_each_way_back_is_an_arrow(way: str, count: int) -> None:
    assert len(lit_arrows(figures.draw_backward(way))) == count


@pytest.mark.parametrize("way", figures.WAYS)
def test_no_lit_arrow_runs_forwards(way: str) -> None:
    for (x, y), (to_x, to_y) in lit_arrows(figures.draw_backward(way)):
        assert to_y < y or to_x < x


def test_a_cut_is_named_and_its_arrow_is_missing() -> None:
    assert texts(figures.draw_backward("cut")).count("cut") == 1
    assert texts(figures.draw_backward("cut", cut=1)).count("cut") == 3
    assert len(lit_arrows(figures.draw_backward("cut", cut=4))) == len(lit_arrows(figures.draw_backward("all")))


def test_an_unknown_way_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ValueError, match=r"no way 'up'; the ways are all, two ways, weights, cut, far\."):
        figures.draw_backward("up")


def test_the_reach_outlines_a_block_after_another_up_to_the_last_step() -> None:
    axes = figures.plot_reach(np.tri(10), 4).axes[0]
    assert [(p.get_x(), p.get_width()) for p in axes.patches] == [(0.5, 4), (4.5, 4), (8.5, 2)]
    shown = axes.images[0].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown)).sum() == 45  # above the diagonal


def test_ellipses_are_images_of_the_circle() -> None:
    figure = figures.plot_ellipses({"twice": 2 * np.eye(2), "half": np.eye(2) / 2}, (0, 2))
    radii = [np.linalg.norm(axes.lines[1].get_xydata(), axis=1).max() for axes in figure.axes]
    np.testing.assert_allclose(radii, [1, 4, 1, 0.25])


def test_the_cliff_has_a_logarithmic_axis_for_the_gradient() -> None:
    b = np.array([0.0, 1.0])
    assert [axes.get_yscale() for axes in figures.plot_cliff(b, b, b + 1).axes] == ["linear", "log"]


def test_the_drawing_of_clipping_says_the_angles() -> None:
    shown = texts(figures.draw_clipping([3.0, 3.0], [1.0, 1.0], [1.0, 0.0], 1.0))
    assert {"before, 45°", "by value, 45°", "by norm, 0°"} <= set(shown)
