"""The drawings of the chapters about language models and PyTorch say what the code does."""

import book_paths  # noqa: F401  makes the book's modules importable
import figures
import numpy as np
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from torch.nn.utils.rnn import pack_padded_sequence

from solutions.with_numpy import decoding

WORDS = ["a", "b", "c", "d"]
P = np.array([0.4, 0.3, 0.2, 0.1])


def texts(figure: Figure, axes: int = 0) -> list[str]:
    return [text.get_text() for text in figure.axes[axes].texts]


def test_each_step_of_a_language_model_has_the_next_word_above_it() -> None:
    shown = texts(figures.draw_next_words(["let's", "meet", "for", "tea"]))
    assert [word for word in shown if word.isalpha() or "'" in word] == ["let's", "meet", "meet", "for", "for", "tea"]


def test_blocks_hold_the_whole_text_in_order_and_only_states_cross_a_border() -> None:
    figure = figures.draw_blocks("abcdefgh ijk", streams=2, block=3)
    letters = [text for text in texts(figure) if len(text) == 1]
    assert "".join(letters) == "abcdefgh\N{OPEN BOX}ijk"
    arrows = [text.arrow_patch for text in figure.axes[0].texts if getattr(text, "arrow_patch", None)]
    assert sum(arrow.get_linestyle() == "--" for arrow in arrows) == 4, "a gradient for each block"
    assert sum(arrow.get_linestyle() != "--" for arrow in arrows) == 2, "a state for each border"


def test_a_word_that_top_k_leaves_out_is_marked() -> None:
    figure = figures.plot_probabilities(WORDS, {"all": P, "best 2": np.array([0.6, 0.399, 0.001, 0.0])})
    assert texts(figure, 0) == ["0.40", "0.30", "0.20", "0.10"]
    assert texts(figure, 1) == ["0.60", "0.40", "< 0.01", "out"]


def test_the_staircase_leads_to_the_word_that_is_drawn() -> None:
    for u in (0.0, 0.39, 0.41, 0.75, 0.95):
        axes = figures.plot_inversion(WORDS, P, {"u": u}).axes[0]
        (drawn,) = decoding.choose(P[None], np.array([u]))
        assert list(axes.lines[0].get_xdata()) == [-0.5, drawn]


def test_the_plot_of_blanks_has_a_mark_for_each_seed_and_the_three_lines() -> None:
    figure = figures.plot_blanks(
        {"x": ([0.3, 0.9], [1.5, 1.4]), "y": ([0.2], [1.6])}, {"best": 1.3, "guess": 1.45}, 1 / 3
    )
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["x"].get_xdata()) == [0.3, 0.9]
    assert list(lines["best"].get_ydata()) == [1.3, 1.3]
    assert list(lines["guess at the blank"].get_xdata()) == [1 / 3, 1 / 3]


def test_packed_steps_are_numbered_as_torch_packs_them() -> None:
    lengths = [2, 5, 3]
    shown = texts(figures.draw_packing(lengths))
    marks = torch.zeros(max(lengths), len(lengths), dtype=torch.int64)
    numbers = iter(int(text) for text in shown if text.isdigit())
    for n, length in enumerate(lengths):
        for t in range(length):
            marks[t, n] = next(numbers)
    packed = pack_padded_sequence(marks, torch.tensor(lengths), enforce_sorted=False)
    assert packed.data.tolist() == list(range(sum(lengths)))
    assert list(numbers) == packed.batch_sizes.tolist()


def test_the_outputs_have_a_frame_and_the_last_states_another_kind() -> None:
    figure = figures.draw_outputs(layers=3, steps=4)
    frames = [
        patch for patch in figure.axes[0].patches if to_hex(patch.get_facecolor(), keep_alpha=True) == "#00000000"
    ]
    assert [frame.get_linestyle() for frame in frames] == ["-", "--"]
    assert {"output", "h_n"} <= set(texts(figure))
