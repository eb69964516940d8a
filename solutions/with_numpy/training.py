"""A small training loop: the same seed gives the same bits, and one sees how far it is."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

import numpy as np

from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.clipping import clip_by_global_norm, global_norm
from solutions.with_numpy.optimisers import State

Weights = dict[str, FloatArray]
LossAndGradients = Callable[[Weights, Any], tuple[float, Weights]]
Optimiser = Callable[[Mapping[str, FloatArray], Mapping[str, FloatArray], State], tuple[Weights, State]]


@dataclass
class History:
    """The loss and the norm of the gradients, before clipping, at each step."""

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)


class Progress:
    """A line about how far it is, at most once in two seconds, and one at the end."""

    def __init__(self, steps: int, stream: TextIO | None, seconds: float = 2.0) -> None:
        self.steps, self.stream, self.seconds, self.shown = steps, stream, seconds, time.monotonic()

    def tell(self, step: int, loss: float, norm: float) -> None:
        if self.stream is None:
            return
        now, last = time.monotonic(), step == self.steps
        if last or now - self.shown >= self.seconds:
            print(
                f"step {step} of {self.steps}: loss {loss:.4f}, gradient norm {norm:.3g}", file=self.stream, flush=True
            )
            self.shown = now


def stream_of(progress: TextIO | bool) -> TextIO | None:
    """The stream that ``progress`` stands for; standard error is the one of the moment, since programs replace it."""
    if isinstance(progress, bool):
        return sys.stderr if progress else None
    return progress


def train(
    weights: Mapping[str, FloatArray], loss_and_gradients: LossAndGradients, batches: Iterable[Any],
    optimiser: Optimiser, steps: int, clip: float | None = None, progress: TextIO | bool = True,
) -> tuple[Weights, History]:  # fmt: skip
    """Change the weights step by step, so that the loss becomes smaller.

    Parameters
    ----------
    weights : dict of arrays
        What to begin with; it stays as it is.
    loss_and_gradients
        Takes weights and a batch, and returns the loss and its gradients by name.
    batches : iterable
        One batch for each step. Its randomness is the caller's: drawn from a seed, it makes the whole run reproducible.
    optimiser
        Takes weights, gradients and its state, and returns new weights and state, for example
        ``functools.partial(optimisers.adam, learning_rate=1e-3)``.
    steps : int
        How many steps at most; fewer if the batches end.
    clip : float or None
        The largest global norm of the gradients; None for no clipping.
    progress : stream or bool
        Where to say how far it is: True for standard error, False for silence.

    Returns
    -------
    weights : dict of arrays
        After the last step.
    history : History
        The losses and the norms.

    Raises
    ------
    FloatingPointError
        If a loss or a gradient is not finite; the message says at which step.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 8.3.1.
    """
    current, state, history, shown = dict(weights), State(), History(), Progress(steps, stream_of(progress))
    for step, batch in zip(range(1, steps + 1), batches, strict=False):
        loss, gradients = loss_and_gradients(current, batch)
        norm = global_norm(gradients)
        if not (np.isfinite(loss) and np.isfinite(norm)):
            raise FloatingPointError(
                f"train: at step {step} the loss is {loss} and the gradients' norm {norm}; "
                "clip the gradients, or take a smaller learning rate."
            )
        if clip is not None:
            gradients, _ = clip_by_global_norm(gradients, clip)
        current, state = optimiser(current, gradients, state)
        history.losses.append(float(loss))
        history.norms.append(norm)
        shown.tell(step, float(loss), norm)
    return current, history
