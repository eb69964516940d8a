"""`clipped_gradients`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np
import torch

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import short, sizes
from solutions.with_torch import adding

from .drawing import SIZES, single
from .from_lstm import lstm_parameters

Generator = np.random.Generator


MODEL = """
first = parameters["lstm.weight_hh_l0"]

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(parameters["lstm.weight_ih_l0"].shape[1], first.shape[1], dtype=first.dtype)
        self.sum = torch.nn.Linear(first.shape[1], 1, dtype=first.dtype)

    def forward(self, x):
        return self.sum(self.lstm(x)[0][-1])

value = Model()
value.load_state_dict(parameters)
for name, parameter in value.named_parameters():
    parameter.grad = before[name].clone() if name in before else None
value.grad_is_asked = True
"""


# clip_grad_norm_ divides by the norm plus 1e-6: of a norm like this, whoever divides by the norm alone sees no difference.
LEAST_NORM = 1e4


def gradients_inputs(rng: Generator, T: int, N: int, D: int, H: int, limit: float, before: bool = True) -> dict:
    """A model, perhaps with gradients of an earlier batch, and targets that it misses by thousands, all on one side."""
    parameters = {f"lstm.{name}": array for name, array in lstm_parameters(rng, D, H).items()}
    parameters |= {"sum.weight": rng.normal(size=(1, H)), "sum.bias": rng.normal(size=1)}
    old = {name: 1e4 * rng.normal(size=array.shape) for name, array in parameters.items()} if before else {}
    return {
        "model": Given(MODEL, parameters=parameters, before=old),
        "x": rng.normal(size=(T, N, D)),
        "targets": rng.uniform(1e4, 2e4, size=N) * rng.choice([-1, 1]),
        "limit": limit,
    }


def without_error(rng: Generator, T: int, N: int, D: int, H: int) -> dict:
    """A model that says what it should, so that all gradients are zero, and so is their norm."""
    inputs = gradients_inputs(rng, T, N, D, H, 1.0)
    given = inputs["model"].arrays
    nothing = {name: 0 * given["parameters"][name] for name in ("sum.weight", "sum.bias")}
    arrays = given | {"parameters": given["parameters"] | nothing}
    return inputs | {"model": Given(MODEL, **arrays), "targets": 0 * inputs["targets"]}


def after_infinity(inputs: dict) -> dict:
    """The same after a batch whose gradients were infinite or no numbers at all."""
    arrays = inputs["model"].arrays
    unbounded = {name: np.resize([np.inf, np.nan], array.shape) for name, array in arrays["parameters"].items()}
    return inputs | {"model": Given(MODEL, **arrays | {"before": unbounded})}


def draw_clipped_gradients(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("gradients of an earlier batch, and a low limit", gradients_inputs(rng, T, N, D, H, 0.1)),
        DrawnCase("a limit that is not reached", gradients_inputs(rng, T, N, D, H, 1e7)),
        DrawnCase("no gradients before", gradients_inputs(rng, T, N, D, H, 0.25, before=False)),
        DrawnCase(
            "one sequence of one step, after a batch that came to NaN",
            after_infinity(gradients_inputs(rng, 1, 1, D, H, 0.5)),
        ),
        DrawnCase("one hidden unit, and a limit near zero", gradients_inputs(rng, T, N, D, 1, 1e-12)),
        DrawnCase("no error, and so no gradient", without_error(rng, T, N, D, H)),
        DrawnCase("float32", single(gradients_inputs(rng, T, N, D, H, 0.1))),
    ]


def worked_clipped_gradients(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a low limit", short(gradients_inputs(rng, 3, 2, 1, 2, 0.1))),
        DrawnCase("a limit that is not reached", short(gradients_inputs(rng, 2, 3, 2, 1, 1e7))),
        DrawnCase("no error, and so no gradient", short(without_error(rng, 1, 2, 1, 1))),
        DrawnCase(
            "one sequence of one step, after a batch that came to NaN",
            after_infinity(short(gradients_inputs(rng, 1, 1, 1, 1, 0.5))),
        ),
        DrawnCase(
            "float32, no gradients before, and a limit near zero",
            single(short(gradients_inputs(rng, 2, 2, 1, 1, 1e-12, before=False))),
        ),
    ]


CLIPPED_GRADIENTS = Check(
    "adding.clipped_gradients", adding.clipped_gradients, draw_clipped_gradients, worked_clipped_gradients,
    axes="loss: ; norm: ; gradients:", task="loss and clipped gradients of a batch", points=2, section="torch-training: Training", tensors=True,
    promises={
        "Its parameters may hold gradients of an earlier batch, which must not count": "earlier gradients added",
        "even where they are infinite or NaN": "old gradients times zero",
        "The largest norm of all gradients together": "each by its own norm",
        "The mean squared error": "sum over the sequences",
        "The norm of all gradients together, before clipping": "norm after clipping",
        "The gradients after clipping, by the names of the parameters": "not clipped",
        "They also stay with the parameters, in ``grad``, for the": "clipped in new tensors",
        "model's predictions have the shape `(N, 1)`, the targets `(N,)`": "table of differences",
        "Results have the dtype of the inputs": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "writes to its inputs",
    },
)  # fmt: skip


def gradients_of(model):
    return {name: p.grad for name, p in model.named_parameters()}


def differentiated(model, loss):
    """The loss, the gradients' norm and the gradients, not clipped."""
    model.zero_grad()
    loss.backward()
    found = gradients_of(model)
    return loss.detach(), torch.stack([one.norm() for one in found.values()]).norm(), found


def factor_of(norm, limit):
    return limit / float(norm) if norm > limit else 1.0


def clipped(loss, norm, gradients, limit):
    """The same with the gradients clipped, where they are."""
    factor = factor_of(norm, limit)
    for one in gradients.values():
        one.mul_(factor)
    return loss, norm, gradients


@CLIPPED_GRADIENTS.misconception(
    "The predictions (N, 1) minus the targets (N,) is a table of N times N: each prediction was compared with every target. Take the column [:, 0] of the predictions first."
)
def table_of_differences(model, x, targets, limit):
    return clipped(*differentiated(model, ((model(x) - targets) ** 2).mean()), limit)


@CLIPPED_GRADIENTS.misconception(
    "The gradients of the earlier batch were added. PyTorch adds up until zero_grad is called: call it before backward."
)
def earlier_gradients_added(model, x, targets, limit):
    loss = ((model(x)[:, 0] - targets) ** 2).mean()
    loss.backward()
    found = gradients_of(model)
    return clipped(loss.detach(), torch.stack([one.norm() for one in found.values()]).norm(), found, limit)


@CLIPPED_GRADIENTS.misconception(
    "The old gradients were multiplied by 0. Of infinity or NaN, as after a batch that blew up, that is no zero. Use zero_grad."
)
def old_gradients_times_zero(model, x, targets, limit):
    for p in model.parameters():
        if p.grad is not None:
            p.grad *= 0
    return earlier_gradients_added(model, x, targets, limit)


@CLIPPED_GRADIENTS.misconception("The loss is a sum over the sequences; it should be their mean.")
def sum_over_the_sequences(model, x, targets, limit):
    return clipped(*differentiated(model, ((model(x)[:, 0] - targets) ** 2).sum()), limit)


@CLIPPED_GRADIENTS.misconception("The loss is the root of the mean squared error; leave the root out.")
def root_taken(model, x, targets, limit):
    return clipped(*differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean().sqrt()), limit)


@CLIPPED_GRADIENTS.misconception(
    "The loss is the mean of the differences without their sign; it should be of their squares."
)
def absolute_error(model, x, targets, limit):
    return clipped(*differentiated(model, (model(x)[:, 0] - targets).abs().mean()), limit)


@CLIPPED_GRADIENTS.misconception(
    "The gradients are not clipped. Call nn.utils.clip_grad_norm_ after backward: before it, there are no gradients of this batch to clip."
)
def not_clipped(model, x, targets, limit):
    return differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())


@CLIPPED_GRADIENTS.misconception(
    "The clipping came before backward, so the norm is zero and the gradients of this batch are as large as they came. First backward, then clip."
)
def clipped_before_backward(model, x, targets, limit):
    loss, _, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    return loss, torch.zeros(()), found


@CLIPPED_GRADIENTS.misconception(
    "Each parameter's gradient was clipped by its own norm, which turns the direction. The norm is that of all gradients together."
)
def each_by_its_own_norm(model, x, targets, limit):
    loss, norm, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    for one in found.values():
        one.mul_(factor_of(one.norm(), limit))
    return loss, norm, found


@CLIPPED_GRADIENTS.misconception(
    "The gradients were clipped number by number, as clip_grad_value_ does. Scale all of them together, with clip_grad_norm_."
)
def clipped_by_value(model, x, targets, limit):
    loss, norm, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    for one in found.values():
        one.clamp_(-limit, limit)
    return loss, norm, found


@CLIPPED_GRADIENTS.misconception(
    "The gradients were scaled to the limit although their norm is below it. Clipping only makes them smaller."
)
def always_scaled(model, x, targets, limit):
    loss, norm, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    for one in found.values():
        one.mul_(limit / norm)
    return loss, norm, found


@CLIPPED_GRADIENTS.misconception(
    "The norms of the parameters' gradients were added up. The norm of all together is the root of the sum of all squares."
)
def norms_added_up(model, x, targets, limit):
    loss, _, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    return clipped(loss, torch.stack([one.norm() for one in found.values()]).sum(), found, limit)


@CLIPPED_GRADIENTS.misconception(
    "What is returned is right, but not what is left in p.grad, where the optimiser looks for the gradients. Clip them there, as clip_grad_norm_ does."
)
def clipped_in_new_tensors(model, x, targets, limit):
    loss, norm, found = differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean())
    return loss, norm, {name: factor_of(norm, limit) * one for name, one in found.items()}


@CLIPPED_GRADIENTS.misconception(
    "The norm returned is that after clipping. Return the norm before it, which clip_grad_norm_ hands back."
)
def norm_after_clipping(model, x, targets, limit):
    loss, norm, found = clipped(*differentiated(model, ((model(x)[:, 0] - targets) ** 2).mean()), limit)
    return loss, norm.clamp(max=limit), found


CLIPPED_GRADIENTS.changes_nothing(
    {
        "loss.detach(): call left out": "the number is the same; only its gradient could still be asked for",
        "0: 0 to -1": "the predictions are (N, 1), so the last column is the first",
    }
)
