"""Drawings of scans and of CTC: the rounds join every step with all before it, and what is lit leads to the end."""

import math

import book_paths  # noqa: F401  makes the book's modules importable
import figures
import numpy as np
import pytest
from figures.recurrences import reach
from matplotlib.colors import to_hex

from solutions.with_numpy import ctc

P = np.array([[0.3, 0.6, 0.1], [0.5, 0.2, 0.3], [0.3, 0.1, 0.6]])  # of the page's worked alignment


@pytest.mark.parametrize("T", [1, 2, 5, 8, 9])
def test_after_the_last_round_every_step_is_joined_with_all_before_it(T: int) -> None:
    rows = reach(T)
    assert len(rows) == 1 + math.ceil(math.log2(T))
    assert rows[-1] == [(1, t) for t in range(1, T + 1)]


def test_what_is_finished_is_lit() -> None:
    patches = figures.draw_scan(8).axes[0].patches
    lit = [to_hex(patch.get_edgecolor()) == figures.LIT_EDGE for patch in patches]
    assert [sum(lit[8 * row : 8 * row + 8]) for row in range(4)] == [1, 2, 4, 8]


def test_the_trellis_shows_alpha_and_lights_what_leads_to_the_end() -> None:
    targets, every = np.array([[1], [2]]), np.ones((3, 1), dtype=bool)
    extended = ctc.with_blanks(targets)
    alpha = np.exp(ctc.forward_variables(np.log(P)[:, None], extended, every))[1:, :, 0]
    beta = np.exp(ctc.backward_variables(np.log(P)[:, None], extended, np.array([2]), every))[1:, :, 0]
    figure = figures.draw_trellis(list("-a-b-"), alpha, beta, ctc.skips(extended)[:, 0])
    axes = figure.axes[0]
    lit = sum(to_hex(patch.get_edgecolor()) == figures.LIT_EDGE for patch in axes.patches)
    assert lit == 7
    shown = {text.get_text() for text in axes.texts}
    assert {"0.3", "0.6", "0.18", "0.396", "0.054"} <= shown
    assert np.exp(-ctc.ctc(np.log(P)[:, None], targets)) == pytest.approx(0.45)


def test_probabilities_have_a_line_for_each_label_and_the_speakers_above() -> None:
    figure = figures.plot_labels(np.full((6, 4), 0.25), {1: "one", 3: "three"}, [2, 6], ["1", "3"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "3"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["blank", "one", "three"]


def test_powers_of_three_factors_are_drawn_for_each_step() -> None:
    one, two, plane = figures.plot_powers(0.5, -0.5, 0.5j, 4).axes
    np.testing.assert_allclose(one.lines[0].get_ydata(), [1, 0.5, 0.25, 0.125, 0.0625])
    np.testing.assert_allclose(two.lines[0].get_ydata(), [1, -0.5, 0.25, -0.125, 0.0625])
    np.testing.assert_allclose(plane.lines[-1].get_ydata(), [0, 0.5, 0, -0.125, 0], atol=1e-15)
