"""The drawing functions: a cell has one lit part, the unrolled network a cell for each word, plots a baseline."""

import book_paths  # noqa: F401  makes the book's modules importable
import figures
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def _own_settings():
    with mpl.rc_context():
        figures.use_house_style()
        yield


def boxes(figure: Figure) -> list:
    return figure.axes[0].patches


def lit(figure: Figure) -> list:
    return [patch for patch in boxes(figure) if to_hex(patch.get_edgecolor()) == figures.LIT_EDGE]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


CELLS_AND_PARTS = [(cell, part) for cell, parts in figures.PARTS.items() for part in parts]
CELLS_AND_STEPS = [(cell, step) for cell, steps in figures.STEPS.items() for step in steps]


@pytest.mark.parametrize("cell", figures.PARTS)
def test_without_a_part_nothing_is_lit(cell: str) -> None:
    figure = figures.draw_cell(cell)
    assert lit(figure) == []
    assert len(boxes(figure)) == len(figures.PARTS[cell])


@pytest.mark.parametrize(("cell", "part"), CELLS_AND_PARTS)
def test_one_part_is_lit_by_colour_and_by_thickness(cell: str, part: str) -> None:
    figure = figures.draw_cell(cell, part)
    (patch,) = lit(figure)
    assert patch.get_linewidth() > max(other.get_linewidth() for other in boxes(figure) if other is not patch)


@pytest.mark.parametrize(("cell", "step"), CELLS_AND_STEPS)
def test_a_step_lights_all_its_parts_and_no_other(cell: str, step: str) -> None:
    figure, parts = figures.draw_cell(cell, step), figures.STEPS[cell][step]
    places = [{patch.get_extents().bounds for patch in lit(figures.draw_cell(cell, part))} for part in parts]
    assert {patch.get_extents().bounds for patch in lit(figure)} == set.union(*places)
    assert len(lit(figure)) == len(parts)


@pytest.mark.parametrize(("cell", "gates"), [("lstm", "ifo"), ("gru", "rz"), ("gru_reset_before", "rz")])
def test_each_gate_is_a_sigmoid_and_the_candidate_is_not(cell: str, gates: str) -> None:
    shown = texts(figures.draw_cell(cell))
    assert all(f"${gate}_t$" in shown for gate in gates)
    assert shown.count(r"$\sigma$") == len(gates) == len(figures.STEPS[cell]["gates"])


def test_the_two_gru_differ_in_the_order_of_reset_and_product() -> None:
    def places(cell: str) -> tuple[float, float]:
        return tuple(lit(figures.draw_cell(cell, part))[0].get_extents().x0 for part in ("valve_r", "product"))

    (valve, product), (valve_before, product_before) = places("gru"), places("gru_reset_before")
    assert product < valve
    assert valve_before < product_before


def test_the_highway_of_a_gru_is_lit_without_the_way_to_the_gates() -> None:
    def lit_lines(part: str) -> int:
        lines = figures.draw_cell("gru", part).axes[0].lines
        return sum(to_hex(line.get_color()) == figures.LIT_EDGE for line in lines)

    assert lit_lines("highway") == 0 < lit_lines("h_prev")


def test_an_unknown_part_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ValueError, match=r"no part 'gate'; the parts are x, W_x, .* y, sum\."):
        figures.draw_cell("rnn", "gate")
    with pytest.raises(ValueError, match=r"no part 'W_h'; the parts are gates, forget, write, read, highway, x, .*\."):
        figures.draw_cell("lstm", "W_h")


def test_an_unknown_cell_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ValueError, match=r"no cell 'W_h'; the cells are rnn, lstm, gru, gru_reset_before\."):
        figures.draw_cell("W_h")


def test_the_unrolled_network_has_one_cell_and_one_arrow_for_each_word() -> None:
    words = ["let's", "meet", "for"]
    shown = texts(figures.draw_unrolled(words, "tea"))
    assert [word for word in shown if word in words] == words
    assert [shown.count(rf"$h_{{{t}}}$") for t in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert shown.count("$W_h$") == shown.count("$W_x$") == len(words)
    assert "tea" in shown


def test_the_mask_lights_the_steps_that_count() -> None:
    counts = np.array([[True, False], [False, True], [False, False]])
    figure = figures.draw_mask([["a", "b", "c"], ["d", "e", "f"]], counts, first_step=5)
    hatched = [bool(patch.get_hatch()) for patch in boxes(figure)]
    assert hatched == [not count for count in counts.T.ravel()]
    assert "$t=5$" in texts(figure)


def test_the_accuracy_plot_has_a_dot_for_each_seed_and_the_baseline() -> None:
    figure = figures.plot_accuracy({4: [1.0, 0.9], 8: [0.5, 0.3]}, baseline=0.25)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["guess that ignores earlier words"].get_ydata()) == [0.25, 0.25]
    np.testing.assert_allclose(lines["median of the seeds"].get_ydata(), [0.95, 0.4])
    assert sum(line.get_marker() == "o" and len(line.get_xdata()) == 2 for line in figure.axes[0].lines) == 2


def test_the_trace_plot_has_a_logarithmic_axis_and_a_line_for_each_seed() -> None:
    rows = np.array([[1.0, 0.1], [1.0, 0.2], [1.0, 0.3]])
    figure = figures.plot_trace(["a", "b"], rows, rows, np.array([True, False, True]))
    assert figure.axes[0].get_yscale() == "log"
    assert sorted(line.get_linestyle() for line in figure.axes[0].lines) == ["-", "-", "--", "--", "--", ":"]


def test_a_plot_of_scores_has_a_dot_for_each_seed_and_squares_for_what_ignores_the_order() -> None:
    axes = figures.plot_scores({"LSTM": [0.9, 0.8, 0.7]}, {"mean": [0.5]}, "accuracy").axes[0]
    marks = {line.get_marker(): list(line.get_xdata()) for line in axes.lines if line.get_marker() in "os"}
    assert marks == {"o": [0.9, 0.8, 0.7], "s": [0.5]}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["LSTM", "mean"]
    assert [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "None"] == [[0.8, 0.8], [0.5, 0.5]]


def test_a_plot_of_lines_goes_through_the_medians_and_has_the_baseline() -> None:
    figure = figures.plot_lines({"a": {1: [1.0, 3.0], 2: [5.0, 7.0]}}, "x", "y", baseline=(0.25, "guess"), log="x")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["a"].get_ydata()) == [2.0, 6.0]
    assert list(lines["guess"].get_ydata()) == [0.25, 0.25]
    assert figure.axes[0].get_xscale() == "log"


def test_a_plot_of_curves_takes_values_and_pairs() -> None:
    figure = figures.plot_curves(
        {"values": [[3.0, 2.0]], "pairs": [[(0, 1.0), (50, 0.5)]]}, "x", "y", log=False, every=10
    )
    found = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in figure.axes[0].lines}
    assert found == {"values": ([0, 10], [3.0, 2.0]), "pairs": ([0.0, 50.0], [1.0, 0.5])}


def test_names_in_a_plot_differ_in_colour_and_in_more_than_colour() -> None:
    assert len({colour for colour, _, _ in figures.LINES}) == len(figures.LINES)
    assert len({(line, mark) for _, line, mark in figures.LINES}) == len(figures.LINES)


def test_the_table_of_solved_tasks_says_the_numbers_and_the_notes() -> None:
    figure = figures.plot_solved([[5, 0]], [["in 25", "best 0.4"]], ["LSTM"], ["10", "30"], 5, "steps")
    assert texts(figure) == ["5 of 5\nin 25", "0 of 5\nbest 0.4"]


def test_wrong_pictures_have_a_thick_frame_and_places_without_picture_none() -> None:
    figure = figures.draw_images([np.eye(2)] * 3, ["a", "b", "c"], columns=2, wrong=[False, True, False])
    widths = [axes.spines["left"].get_linewidth() for axes in figure.axes[:3]]
    assert widths[1] > 2 * widths[0] == 2 * widths[2]
    assert not figure.axes[3].axison


def test_the_landscape_has_two_maps() -> None:
    figure = figures.plot_landscape([0.0, 1.0, 2.0], [0.0, 1.0], np.ones((2, 3)), np.zeros((2, 3)))
    assert [axes.get_xlabel() for axes in figure.axes[:2]] == ["recurrent weight $w$"] * 2


def test_letters_stand_in_lines_as_in_the_text() -> None:
    figure = figures.draw_letters("ab\ncd", [1.0, -1.0, 0.0, 0.5, 0.2], across=10)
    assert texts(figure) == ["a", "b", "c", "d"]
    heights = [text.get_position()[1] for text in figure.axes[0].texts]
    assert heights[0] == heights[1] > heights[2] == heights[3]


TASK_SIZES = {
    "one-to-one": (1, 1), "one-to-many": (1, 3), "many-to-one": (3, 1), "many-to-many": (3, 3), "encoder-decoder": (2, 3),
}  # fmt: skip


def words(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


@pytest.mark.parametrize("kind", figures.TASKS)
def test_a_task_has_its_words_and_a_state_for_each_step(kind: str) -> None:
    inputs, outputs = TASK_SIZES[kind]
    shown = texts(figures.draw_task(kind, words("in", inputs), words("out", outputs)))
    assert [word for word in shown if word.startswith(("in", "out"))] == words("in", inputs) + words("out", outputs)
    steps = {"encoder-decoder": inputs + outputs}.get(kind, max(inputs, outputs))
    assert sum(text.startswith("$h") for text in shown) == steps


@pytest.mark.parametrize("part", figures.TASK_PARTS)
def test_a_task_lights_one_part(part: str) -> None:
    figure = figures.draw_task("encoder-decoder", words("in", 2), words("out", 3), part=part)
    assert len(lit(figure)) == {"inputs": 2, "states": 5, "outputs": 3}[part]
    assert lit(figures.draw_task("one-to-one", ["in"], ["out"], part=None)) == []


def test_a_task_refuses_what_does_not_fit_its_shape() -> None:
    with pytest.raises(ValueError, match="no task 'two-to-two'; the tasks are one-to-one,"):
        figures.draw_task("two-to-two", ["a"], ["b"])
    with pytest.raises(ValueError, match="many-to-one has not 2 inputs and 2 outputs"):
        figures.draw_task("many-to-one", ["a", "b"], ["c", "d"])
    with pytest.raises(ValueError, match="no part 'gate'; the parts are inputs, states, outputs"):
        figures.draw_task("one-to-one", ["a"], ["b"], part="gate")


def test_a_search_shows_the_probability_of_each_sequence_and_lights_the_best() -> None:
    tree = {"a": (0.6, {"x": (0.5, {}), "y": (0.5, {})}), "b": (0.4, {"x": (1.0, {})})}
    figure = figures.draw_search(tree, best=["b", "x"], greedy=["a", "x"])
    shown = texts(figure)
    assert shown.count("0.3") == 2
    assert shown.count("0.4") == 2
    assert len(lit(figure)) == 2
    assert sum(line.get_linestyle() != "-" for line in figure.axes[0].lines) == 2


def test_the_plot_of_applications_has_a_mark_for_each_seed_and_a_square_for_the_median_without_order() -> None:
    networks = {"dates": {"LSTM": [0.9, 0.8], "GRU": [0.7]}, "names": {"LSTM": [0.6], "GRU": [0.5, 0.4]}}
    axes = figures.plot_applications(networks, {"dates": [0.1, 0.2, 0.3], "names": [0.5]}, "right").axes[0]
    found = [(line.get_marker(), list(line.get_xdata())) for line in axes.lines if len(line.get_xdata())]
    assert found == [
        ("o", [0.6]), ("^", [0.5, 0.4]), ("s", [0.5]), ("o", [0.9, 0.8]), ("^", [0.7]), ("s", [0.2]),
    ]  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == ["names", "dates"]


@pytest.mark.parametrize(
    "draw", [lambda: figures.draw_cell("lstm", "write"), lambda: figures.draw_unrolled(["a", "b"])]
)
def test_the_same_drawing_is_the_same_file(draw, tmp_path) -> None:
    for name in ("first.svg", "second.svg"):
        draw().savefig(tmp_path / name, metadata={"Date": None})
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


def test_text_stands_out_from_its_ground() -> None:
    """The contrast that WCAG 2.2 asks for: 4.5 for text, 3 for lines."""

    def luminance(colour: str) -> float:
        rgb = np.array(mpl.colors.to_rgb(colour))
        return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    def contrast(one: str, other: str) -> float:
        high, low = sorted([luminance(one), luminance(other)], reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ground in ("#ffffff", figures.FILL, figures.LIT_FILL):
        assert contrast(figures.INK, ground) > 4.5
    assert contrast(figures.INK, figures.SKY) > 4.5
    in_plots = [colour for colour, _, _ in figures.LINES]
    for line in (figures.BLUE, figures.ORANGE, figures.GREEN, figures.GREY, figures.EDGE, figures.LIT_EDGE, *in_plots):
        assert contrast(line, "#ffffff") > 3
