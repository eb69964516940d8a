"""From one sequence to another: an encoder reads the source, a decoder writes the target from the encoder's last states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solutions.with_numpy import language_model, recurrent
from solutions.with_numpy.affine import affine_backward
from solutions.with_numpy.arrays import BoolArray, FloatArray, IntArray
from solutions.with_numpy.embedding import embed, embed_backward
from solutions.with_numpy.recurrent import States, Tape, Weights


@dataclass(frozen=True)
class PairTape:
    """What ``forward`` leaves for ``backward``."""

    encoder: Tape
    decoder: Tape
    h: FloatArray
    source: IntArray
    target: IntArray
    weights: Weights


def part(weights: Mapping[str, FloatArray], name: str) -> Weights:
    """The weights of the encoder or of the decoder, without the part of the name before the dot."""
    return {key.partition(".")[2]: array for key, array in weights.items() if key.startswith(f"{name}.")}


def initial_weights(
    cell: str, source_words: int, target_words: int, D: int, H: int, rng: np.random.Generator, dtype: Any = np.float64
) -> Weights:
    """Weights by name: those of two language models, as "encoder.W_e", "decoder.W_y" and so on; the encoder has no scores.

    Parameters
    ----------
    cell : str
        A name in ``recurrent.CELLS``.
    source_words, target_words, D, H : int
        The numbers of words of both languages, of inputs of the cells, and of hidden units.
    rng : numpy.random.Generator
        Where the numbers come from.
    dtype
        The number type of the weights.
    """
    encoder = language_model.initial_weights(cell, source_words, D, H, rng, dtype)
    decoder = language_model.initial_weights(cell, target_words, D, H, rng, dtype)
    read = {f"encoder.{name}": array for name, array in encoder.items() if name not in ("W_y", "b_y")}
    return read | {f"decoder.{name}": array for name, array in decoder.items()}


def encode(
    source: IntArray, weights: Mapping[str, FloatArray], cell: str, mask: BoolArray | None = None
) -> tuple[States, Tape]:
    """Read the source; its last states are all that the decoder gets to know of it.

    Parameters
    ----------
    source : (S, N) integers
        The words of the source.
    weights : dict
        As ``initial_weights`` names them.
    cell : str
        A name in ``recurrent.CELLS``.
    mask : (S, N) booleans, or None
        True where a step of the source counts.

    Returns
    -------
    states : a tuple of (N, H)
    tape : Tape

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
    """
    own = part(weights, "encoder")
    x = embed(source, own["W_e"])
    nothing = recurrent.initial_state(cell, source.shape[1], own["W_h"].shape[1], x.dtype)
    _, states, tape = recurrent.forward(cell, x, nothing, language_model.of_the_cell(own), mask)
    return states, tape


def forward(
    source: IntArray, target: IntArray, weights: Mapping[str, FloatArray], cell: str, mask: BoolArray | None = None
) -> tuple[FloatArray, PairTape]:
    """Scores of each next word of the target, with teacher forcing: the decoder is given the right words before it.

    Parameters
    ----------
    source : (S, N) integers
        The words of the source.
    target : (T, N) integers
        What the decoder reads: the start word, then the target without its last word.
    weights : dict
        As ``initial_weights`` names them.
    cell : str
        A name in ``recurrent.CELLS``.
    mask : (S, N) booleans, or None
        True where a step of the source counts.

    Returns
    -------
    y : (T, N, V)
        The scores.
    tape : PairTape
        What ``backward`` needs.

    Source: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks", 2014; teacher forcing: Williams
    and Zipser, "A learning algorithm for continually running fully recurrent neural networks", 1989.
    """
    states, read = encode(source, weights, cell, mask)
    y, _, h, written = language_model.scores(target, states, part(weights, "decoder"), cell)
    return y, PairTape(read, written, h, source, target, dict(weights))


def backward(dy: FloatArray, tape: PairTape) -> Weights:
    """The gradients of all weights; the encoder learns through the states that it hands over.

    Parameters
    ----------
    dy : (T, N, V)
        The gradient of the loss with respect to the scores.
    tape : PairTape
        As ``forward`` returned it.

    Returns
    -------
    dweights : dict
        By the names of the weights.

    Source: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks", 2014.
    """
    own, W_e = part(tape.weights, "decoder"), tape.weights["encoder.W_e"]
    dh, dW_y, db_y = affine_backward(dy, tape.h, own["W_y"])
    nothing = tuple(np.zeros_like(state) for state in tape.decoder.state_0)
    dx, dstates, decoder = recurrent.backward(dh, nothing, tape.decoder)
    decoder = {"W_e": embed_backward(dx, tape.target, len(own["W_e"])), **decoder, "W_y": dW_y, "b_y": db_y}
    dx, _, encoder = recurrent.backward(np.zeros_like(tape.encoder.made[0]), dstates, tape.encoder)
    encoder = {"W_e": embed_backward(dx, tape.source, len(W_e)), **encoder}
    named = {f"encoder.{name}": array for name, array in encoder.items()}
    return named | {f"decoder.{name}": array for name, array in decoder.items()}


def next_scores(
    weights: Mapping[str, FloatArray], cell: str
) -> Callable[[IntArray, States], tuple[FloatArray, States]]:
    """The decoder as the functions of ``decoding`` want it: from a word (N,) and states to scores (N, V) and states.

    Parameters
    ----------
    weights : dict
        As ``initial_weights`` names them.
    cell : str
        A name in ``recurrent.CELLS``.
    """
    own = part(weights, "decoder")

    def of(ids: IntArray, states: States) -> tuple[FloatArray, States]:
        y, after, _, _ = language_model.scores(ids[None], states, own, cell)
        return y[0], after

    return of
