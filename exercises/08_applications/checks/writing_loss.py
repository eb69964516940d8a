"""`writing_loss`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

from collections.abc import Callable

import numpy as np
from torch import nn

from autograder.exercise import Check, DrawnCase, Trained
from solutions.with_numpy import gru, step_by_step
from solutions.with_numpy.dates import letters_to_read, letters_to_write, some_dates
from solutions.with_numpy.decoding import greedy
from solutions.with_torch import applications

from .drawing import DATE_SIZE, DATE_UNITS, END_SIGN, START_SIGN
from .forced_scores import scores_for
from .reading_loss import gru_shapes, our_weights

Generator = np.random.Generator


def draw_dates(rng: Generator) -> list[DrawnCase]:
    """Dates of days that the notebook's function never draws for training."""
    texts, isos = some_dates(rng, 1000, held_out=True)
    source, mask = letters_to_read(texts)
    return [DrawnCase("1000 new dates", {"source": source, "mask": mask, "target": letters_to_write(isos, END_SIGN)})]


def handed_over(weights: dict, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The encoder's last states."""
    ours, nothing = our_weights(weights, "encoder"), np.zeros((source.shape[1], DATE_UNITS), np.float32)
    x = weights["embed_in.weight"].astype(np.float32)[source]
    return step_by_step.encode(x, mask, nothing, lambda x_t, h: gru.step(x_t, h, *ours)[0])


def decoder_of(weights: dict) -> Callable:
    """The decoder as ``decoding.greedy`` wants it."""
    ours, W_e = our_weights(weights, "decoder"), weights["embed_out.weight"].astype(np.float32)
    W_y, b_y = (weights[f"scores.{name}"].astype(np.float32) for name in ("weight", "bias"))

    def next_scores(ids, states):
        h, _ = gru.step(W_e[ids], states[0], *ours)
        return h @ W_y.T + b_y, (h,)

    return next_scores


def share_right(weights: dict, data: dict, state: np.ndarray) -> float:
    ids = greedy(decoder_of(weights), (state,), START_SIGN, END_SIGN, len(data["target"]))
    return float((ids == data["target"]).all(axis=0).mean()) if ids.shape == data["target"].shape else 0.0


def dates_accuracy(weights: dict, data: dict) -> float:
    """The share of dates that are written without a mistake."""
    return share_right(weights, data, handed_over(weights, data["source"], data["mask"]))


WRITE = Check(
    "applications.writing_loss", applications.writing_loss, draw_dates, lambda rng: [], axes="", task="what the second network learns from; its weights are handed in", points=3,
    section="app-encoder-decoder: Encoder and decoder",
    trained=Trained(
        "translator_weights",
        {
            "embed_in.weight": (91, DATE_SIZE), "embed_out.weight": (13, DATE_SIZE),
            **gru_shapes("encoder", DATE_SIZE, DATE_UNITS), **gru_shapes("decoder", DATE_SIZE, DATE_UNITS),
            "scores.weight": (13, DATE_UNITS), "scores.bias": (13,),
        },
        dates_accuracy, 0.7, higher=True, measure="share of 1000 new dates written without a mistake",
    ),
)  # fmt: skip


def forced_letters(weights: dict, shifted: bool, with_state: bool = True) -> float:
    """The share of right letters on dates of our own, where the decoder is given the letters before, or the answer itself."""
    (case,) = draw_dates(np.random.default_rng(8))
    target, state = case.inputs["target"], handed_over(weights, case.inputs["source"], case.inputs["mask"])
    given = np.concatenate([np.full_like(target[:1], START_SIGN), target[:-1]]) if shifted else target
    y = scores_for(given, (state if with_state else 0 * state,), decoder_of(weights))
    return float((y.argmax(axis=2) == target).mean())


def padded_accuracy(weights: dict) -> float:
    """The share of dates of our own without a mistake, where the encoder reads the padding too."""
    (case,) = draw_dates(np.random.default_rng(8))
    data = case.inputs
    return share_right(weights, data, handed_over(weights, data["source"], np.ones_like(data["mask"])))


@WRITE.misconception(
    "The decoder can only repeat the letter that it is given: it was trained with the answer as its input. Shift the targets by one step, with the "
    "start sign in front.",
    symptom=lambda weights, score: forced_letters(weights, shifted=False) > 0.95 and score < 0.1,
)
def answer_given_as_input(model, source, mask, target, start):
    h, _ = model.encoder(model.embed_in(source))
    last = h[mask.sum(dim=0) - 1, range(h.shape[1])]
    s, _ = model.decoder(model.embed_out(target), last[None])
    return nn.functional.cross_entropy(model.scores(s).flatten(0, 1), target.flatten())


@WRITE.misconception(
    "The network writes better after it has read the padding than without. It looks as if the encoder's state was taken at the last row of the batch; "
    "take it at each text's own last letter.",
    symptom=lambda weights, score: padded_accuracy(weights) > score + 0.05,
)
def padding_read_in_training(model, source, mask, target, start):
    before = target.roll(1, 0)
    before[0] = start
    _, last = model.encoder(model.embed_in(source))
    s, _ = model.decoder(model.embed_out(before), last)
    return nn.functional.cross_entropy(model.scores(s).flatten(0, 1), target.flatten())


@WRITE.misconception(
    "The decoder writes as well without the encoder's state as with it: it was trained to begin with zeros. Hand it the encoder's last state.",
    symptom=lambda weights, score: (
        forced_letters(weights, True, with_state=False) >= forced_letters(weights, True) - 0.01
    ),
)
def decoder_trained_from_zeros(model, source, mask, target, start):
    before = target.roll(1, 0)
    before[0] = start
    s, _ = model.decoder(model.embed_out(before))
    return nn.functional.cross_entropy(model.scores(s).flatten(0, 1), target.flatten())
