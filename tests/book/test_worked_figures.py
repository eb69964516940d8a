"""The drawings of worked examples show the numbers that they are given, where these flow."""

import book_paths  # noqa: F401  makes the book's modules importable
import figures
import matplotlib as mpl
import numpy as np
import pytest
from figures.worked import number
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

STATES, INPUTS, WEIGHT = [0, 0.762, 0.363, 0.180], [1, 0, 0], 0.5
DIRECT, THROUGH = [-0.238, -0.637, -0.820], [-0.449, -0.397]


@pytest.fixture(autouse=True)
def _own_settings():
    with mpl.rc_context():
        figures.use_house_style()
        yield


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def lit(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if to_hex(text.get_color()) == figures.LIT_EDGE]


def test_the_loop_is_drawn_once_and_unrolled_three_times() -> None:
    shown = texts(figures.draw_loop())
    assert [f"$h_{name}$" in shown for name in ("t", "1", "2", "3", "4")] == [True] * 4 + [False]


def test_every_state_input_and_weight_of_one_unit_is_shown() -> None:
    shown = " ".join(texts(figures.draw_one_unit(INPUTS, STATES, WEIGHT)))
    assert all(f"h_{t}={number(STATES[t])}" in shown for t in (1, 2, 3))
    assert shown.count("0.5") == 3
    assert lit(figures.draw_one_unit(INPUTS, STATES, WEIGHT)) == []


def test_every_gradient_of_one_unit_is_shown_at_its_arrow() -> None:
    figure = figures.draw_one_unit_back(INPUTS, STATES, WEIGHT, DIRECT, THROUGH)
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    across = [places[number(value)] for value in THROUGH]
    down = [places[number(value)] for value in DIRECT]
    assert [x for x, _y in down] == sorted(x for x, _y in down), "from the first step to the last"
    assert all(x < between < after for (x, _), (between, _), (after, _) in zip(down, across, down[1:], strict=False))
    assert len(lit(figure)) == 5


def test_a_situation_leads_from_its_beginning_to_its_answer() -> None:
    figure = figures.draw_situations(("one", "two"), ("a", "b"), "end", ("yes", "no"))
    rows = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    assert rows["a"] == rows["one"] == rows["yes"] > rows["b"] == rows["two"] == rows["no"]


def test_a_cobweb_follows_the_map_and_ends_where_it_rests() -> None:
    figure = figures.plot_cobweb(lambda h, b: 0.5 * h + b, {"half": 0.25}, 0.0, 40)
    line, diagonal, curve, start, end = (figure.axes[0].lines[place] for place in (2, 0, 1, 3, 4))
    corners = np.array(line.get_data()).T
    assert np.array_equal(corners[:4], [[0, -1], [0, 0.25], [0.25, 0.25], [0.25, 0.375]])
    assert np.array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert np.allclose(curve.get_ydata(), 0.5 * curve.get_xdata() + 0.25)
    assert start.get_xdata()[0] == 0
    assert end.get_xdata()[0] == pytest.approx(0.5)


def test_the_direct_path_of_a_gru_alone_is_lit() -> None:
    assert lit(figures.draw_gru_back()) == [r"$\odot\, z_t$: the direct path"]
