"""`clip_by_global_norm`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import each, short, sizes
from solutions.with_numpy import clipping

from .clip_by_value import every, network_gradients, of_size, output_gradients, single_gradients, under_two_names
from .drawing import OF_ARRAYS, narrow

Generator = np.random.Generator


def norm_inputs(rng: Generator, gradients: dict[str, np.ndarray], low: float = 0.3, high: float = 0.8) -> dict:
    """With a limit that is a share of the norm."""
    return {"gradients": gradients, "limit": float(rng.uniform(low, high)) * clipping.global_norm(gradients)}


def small_limit_inputs(rng: Generator, gradients: dict[str, np.ndarray]) -> dict:
    return {"gradients": gradients, "limit": float(rng.uniform(0.2, 0.8))}


def together_above_inputs(rng: Generator, D: int, H: int) -> dict:
    """Each array has a norm of 1 to 1.2 and the limit is above that; all together are above the limit."""
    gradients = {
        name: g / np.linalg.norm(g) * rng.uniform(1.0, 1.2) for name, g in network_gradients(rng, D, H).items()
    }
    return {"gradients": gradients, "limit": float(rng.uniform(1.25, 1.5))}


def at_the_limit(rng: Generator) -> dict:
    """The norm is exact, in whatever order the squares of the whole numbers are added."""
    size = float(rng.integers(1, 10**6))
    parts = size * rng.permutation([3.0, -4.0, 12.0])
    return {"gradients": {"W_x": parts[:1, None], "W_h": parts[1:2, None], "b": parts[2:]}, "limit": 13 * size}


def draw_clip_by_global_norm(rng: Generator) -> list[DrawnCase]:
    D, H, V = sizes(rng, 3)
    zeros = each(np.zeros_like, single_gradients(rng, 0.1, 0.9))
    return [
        DrawnCase("three arrays", norm_inputs(rng, network_gradients(rng, D, H))),
        DrawnCase("one unit, below the limit", norm_inputs(rng, single_gradients(rng, 0.1, 0.9), 1.2, 3.0)),
        DrawnCase("each below the limit, all together above", together_above_inputs(rng, D, H)),
        DrawnCase("as many inputs as hidden units", norm_inputs(rng, network_gradients(rng, H, H))),
        DrawnCase("arrays of other names, a limit below 1", small_limit_inputs(rng, output_gradients(rng, V, H))),
        DrawnCase("one unit, no gradient at all", {"gradients": zeros, "limit": float(rng.uniform(0.2, 0.8))}),
        DrawnCase("one input", norm_inputs(rng, network_gradients(rng, 1, H))),
        DrawnCase("float32", narrow(small_limit_inputs(rng, network_gradients(rng, D, H)))),
        DrawnCase("a tiny norm", norm_inputs(rng, of_size(rng, 1e-25, D, H))),
        DrawnCase("a huge norm", small_limit_inputs(rng, of_size(rng, 1e12, D, H))),
        DrawnCase("float32, vanished", narrow(norm_inputs(rng, of_size(rng, 1e-25, D, H)))),
        DrawnCase("a norm of just the limit", at_the_limit(rng)),
        DrawnCase(
            "one array under two names, and tiny numbers", {"gradients": under_two_names(rng, V, H), "limit": 0.5}
        ),
    ]


def worked_clip_by_global_norm(rng: Generator) -> list[DrawnCase]:
    some = {"W_h": np.array([[3.0, 0.0], [0.0, -4.0]]), "b": np.array([0.0, 12.0])}
    return [
        DrawnCase("3, 4 and 12", {"gradients": some, "limit": 6.5}),
        DrawnCase("below the limit", short({"gradients": network_gradients(rng, 2, 3), "limit": 20.0})),
        DrawnCase("each below the limit, all together above", short(together_above_inputs(rng, 2, 3))),
        DrawnCase("no gradient at all", {"gradients": {"b": np.zeros(2)}, "limit": 0.5}),
        DrawnCase("float32, vanished", narrow({"gradients": {"b": np.array([3e-25, -4e-25])}, "limit": 2.5e-25})),
        DrawnCase("float32", narrow(short({"gradients": network_gradients(rng, 1, 2), "limit": 0.5}))),
        DrawnCase(
            "one array under two names, and tiny numbers", {"gradients": under_two_names(rng, 2, 1), "limit": 0.5}
        ),
    ]


CLIP_BY_GLOBAL_NORM = Check(
    "clipping.clip_by_global_norm", clipping.clip_by_global_norm, draw_clip_by_global_norm, worked_clip_by_global_norm,
    axes="clipped: ; norm: ", task="scales all gradients by one factor", points=2, section="grad-clip-norm: Clipping by global norm", earlier=("global_norm",), new_arrays=True,
    promises={
        **OF_ARRAYS,
        "all gradients are multiplied by one factor": "one norm an array",
        "then each name counts for itself": "an array under two names scaled twice",
        "so that their norm becomes the limit": "length of one",
        "Their direction stays the same": "by value instead",
        r"g & \text{else}": "always rescaled",
        "in new arrays in both cases": "returns its inputs",
        "New arrays of the same names": "returns its inputs",
        "the norm *before* clipping": "norm after clipping",
        "Norms and limits may be as small as": "small number added to the norm",
        "where all gradients are zero, they stay so": "divided by zero",
    },
)  # fmt: skip


def scaled(gradients, factor):
    return every(lambda g: g * factor, gradients)


def factor_for(norm, limit):
    return limit / norm if norm > limit else 1.0


@CLIP_BY_GLOBAL_NORM.misconception(
    "Gradients below the limit were scaled up to it. Clipping only makes gradients smaller: scale if the norm is above the "
    "limit, and else leave them as they are."
)
def always_rescaled(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, limit / norm if norm > 0 else 1.0), norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "Each array was clipped by its own norm. That turns the gradient; there is one norm and one factor for all arrays."
)
def one_norm_an_array(gradients, limit):
    return every(lambda g: g * factor_for(float(np.linalg.norm(g)), limit), gradients), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The norm after clipping is returned; asked for is the one before, which tells how large the gradients were."
)
def norm_after_clipping(gradients, limit):
    clipped, _ = clipping.clip_by_global_norm(gradients, limit)
    return clipped, clipping.global_norm(clipped)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The gradients were divided by their norm, which gives them the length 1; they should have the length limit."
)
def length_of_one(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, 1 / norm if norm > limit else 1.0), norm


@CLIP_BY_GLOBAL_NORM.misconception("The factor is upside down: it should be limit / norm, which is below 1.")
def factor_upside_down(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, 1 / factor_for(norm, limit)), norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "The numbers were clipped one by one, as by value; that turns the gradient. Multiply all of them by one factor."
)
def by_value_instead(gradients, limit):
    return clipping.clip_by_value(gradients, limit), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The gradients were scaled until their largest number is the limit; the limit is for the norm of all of them."
)
def by_the_largest_number(gradients, limit):
    largest = max(float(np.abs(g).max()) for g in gradients.values())
    return scaled(gradients, factor_for(largest, limit)), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The factor was made from the norm of the largest array; there is one norm of all arrays together."
)
def by_the_largest_array(gradients, limit):
    largest = max(float(np.linalg.norm(g)) for g in gradients.values())
    return scaled(gradients, factor_for(largest, limit)), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception("The factor was made from the square of the norm; the root is missing.")
def by_the_square_of_the_norm(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, factor_for(norm**2, limit)), norm


@CLIP_BY_GLOBAL_NORM.misconception("The second result is the factor; it should be the norm before clipping.")
def factor_returned(gradients, limit):
    factor = factor_for(clipping.global_norm(gradients), limit)
    return scaled(gradients, factor), factor


@CLIP_BY_GLOBAL_NORM.misconception("The gradients came back as they were: the factor is never used.")
def nothing_scaled(gradients, limit):
    return scaled(gradients, 1.0), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "Where all gradients are zero it was divided by their norm. Look first whether the norm is above the limit."
)
def divided_by_zero(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, min(1.0, limit / norm)), norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "A small number was added to the norm before dividing, as PyTorch does. That makes the gradients a little too short, and far "
    "too short where the norm is small. Compare the norm with the limit first: then it is never divided by zero."
)
def small_number_added_to_the_norm(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, min(1.0, limit / (norm + 1e-6))), norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "An array that stands under two names was scaled twice: its copy was a single one, which was written over for each name. Make a new "
    "array for each name: gradient * factor."
)
def an_array_under_two_names_scaled_twice(gradients, limit):
    norm, copies = clipping.global_norm(gradients), {id(g): g.copy() for g in gradients.values()}
    clipped = every(lambda g: copies[id(g)], gradients)  # as deepcopy keeps them
    for gradient in clipped.values():
        gradient[:] *= factor_for(norm, limit)
    return clipped, norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "The gradients that came in were written over, as *= does. Make new arrays: gradient * factor."
)
def scaled_in_place(gradients, limit):
    norm = clipping.global_norm(gradients)
    factor = factor_for(norm, limit)
    for gradient in gradients.values():
        gradient[:] *= factor
    return gradients, norm


LIMIT = "the exercise says that a limit that is not above 0 is not asked for"
NOT_FINITE = "the exercise says that a norm that is not finite is not asked for"
CLIP_BY_GLOBAL_NORM.changes_nothing(
    {
        "if not limit > 0: raise ValueError(f'clip_by_global_norm: th: statement left out": LIMIT,
        "limit > 0: Gt to GtE": LIMIT,
        "ValueError(f'clip_by_global_norm: the argument limit must be: call left out": LIMIT,
        "0: 0 to -1": LIMIT,
        "limit: limit to name (place 4)": LIMIT,
        'if not np.isfinite(norm): raise FloatingPointError(f"clip_by: statement left out': NOT_FINITE,
        "FloatingPointError(f\"clip_by_global_norm: the gradients' nor: call left out": NOT_FINITE,
        "norm: norm to scale (place 5)": NOT_FINITE,
        "norm > limit: Gt to GtE": "where the norm is the limit, the factor limit / norm is 1 as well",
    }
)
