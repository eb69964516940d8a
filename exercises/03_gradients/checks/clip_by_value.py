"""`clip_by_value`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import each, short, sizes
from solutions.with_numpy import clipping

from .drawing import OF_ARRAYS, narrow

Generator = np.random.Generator


NAMED_AXES = "W_x: H D; W_h: row column; b: H; W_y: V H; b_y: V"


def network_gradients(rng: Generator, D: int, H: int) -> dict[str, np.ndarray]:
    """Gradients of the weights of a network; numbers of both signs in every array."""
    shapes = {"W_x": (H, D), "W_h": (H, H), "b": (H,)}
    return {name: both_signs(rng, *shape) for name, shape in shapes.items()}


def of_size(rng: Generator, size: float, D: int, H: int) -> dict[str, np.ndarray]:
    return each(lambda g: size * g, network_gradients(rng, D, H))


def both_signs(rng: Generator, *shape: int) -> np.ndarray:
    """Normal numbers; the largest positive and the largest negative one are of some size, wherever they stand."""
    array = rng.normal(size=shape)
    first, second = rng.choice(array.size, size=2, replace=False)
    array.flat[first], array.flat[second] = rng.uniform(1.5, 3.0), -rng.uniform(1.5, 3.0)
    return array


def single_gradients(rng: Generator, low: float, high: float) -> dict[str, np.ndarray]:
    """Gradients of a network with one unit: one number in each array."""
    signs = rng.permutation([-1.0, 1.0, 1.0])
    shapes = {"W_x": (1, 1), "W_h": (1, 1), "b": (1,)}
    return {
        name: sign * rng.uniform(low, high, size=shape)
        for (name, shape), sign in zip(shapes.items(), signs, strict=True)
    }


def output_gradients(rng: Generator, V: int, H: int) -> dict[str, np.ndarray]:
    return {"W_y": both_signs(rng, V, H), "b_y": both_signs(rng, V)}


def shaped_gradients(rng: Generator, V: int, D: int, H: int) -> dict[str, np.ndarray]:
    """Gradients of a network with an embedding and filters: arrays of one axis, of two and of three."""
    return {"filters": both_signs(rng, V, D, H), "E": both_signs(rng, V, H), "scale": both_signs(rng, V)}


def edge_inputs(rng: Generator, H: int) -> dict:
    """Some numbers are at the limit, some far beyond it, some next to nothing."""
    limit, gradients = float(rng.uniform(0.3, 0.9)), network_gradients(rng, 2, H)
    gradients["W_x"][0] = limit, -limit
    gradients["W_h"][0, :2] = 1e12, -1e12
    gradients["b"][:2] = 0.0, 1e-12
    return {"gradients": gradients, "limit": limit}


def under_two_names(rng: Generator, V: int, H: int, size: float = 1e-12, other: float = 1.0) -> Given:
    """One array for the words that are read and those that are written, and beside it one of tiny numbers."""
    arrays = short({"E": both_signs(rng, V, H), "b": both_signs(rng, V)})
    return Given("value = {'W_e': E, 'b': b, 'W_y': E}", E=other * arrays["E"], b=size * arrays["b"])


def far_apart(rng: Generator, V: int, H: int) -> dict:
    """A huge limit that some numbers are beyond, and an array of numbers that are next to nothing beside it."""
    return {"gradients": under_two_names(rng, V, H, 1e-200, 1e200), "limit": 1e200}


def draw_clip_by_value(rng: Generator) -> list[DrawnCase]:
    D, H, V = sizes(rng, 3)
    limits = [float(limit) for limit in rng.uniform(0.3, 0.9, size=5)]
    wide = float(rng.uniform(1.1, 1.3))
    return [
        DrawnCase("three arrays", {"gradients": network_gradients(rng, D, H), "limit": limits[0]}),
        DrawnCase("a limit above 1", {"gradients": network_gradients(rng, D, H), "limit": wide}),
        DrawnCase("as many inputs as hidden units", {"gradients": network_gradients(rng, H, H), "limit": limits[1]}),
        DrawnCase("arrays of other names", {"gradients": output_gradients(rng, V, H), "limit": limits[2]}),
        DrawnCase("one unit, within the limit", {"gradients": single_gradients(rng, 0.1, 0.9 * wide), "limit": wide}),
        DrawnCase("one input", {"gradients": network_gradients(rng, 1, H), "limit": limits[3]}),
        DrawnCase("float32", narrow({"gradients": network_gradients(rng, D, H), "limit": limits[4]})),
        DrawnCase(
            "one axis, two and three, and a tiny limit", {"gradients": shaped_gradients(rng, V, D, H), "limit": 1e-12}
        ),
        DrawnCase("numbers at the limit and far beyond it", edge_inputs(rng, H)),
        DrawnCase("one array under two names, tiny numbers and a huge limit", far_apart(rng, V, H)),
    ]


def worked_clip_by_value(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three arrays", short({"gradients": network_gradients(rng, 2, 3), "limit": 0.5})),
        DrawnCase("one axis, two and three", short({"gradients": shaped_gradients(rng, 2, 1, 2), "limit": 1.25})),
        DrawnCase("all within the limit", short({"gradients": network_gradients(rng, 2, 3), "limit": 4.0})),
        DrawnCase("one array under two names, tiny numbers and a huge limit", far_apart(rng, 3, 2)),
        DrawnCase("float32, a tiny limit", narrow(short({"gradients": network_gradients(rng, 1, 2), "limit": 1e-12}))),
    ]


CLIP_BY_VALUE = Check(
    "clipping.clip_by_value", clipping.clip_by_value, draw_clip_by_value, worked_clip_by_value, axes=NAMED_AXES, task="clips every number by itself", points=1,
    section="grad-clip-value: Clipping by value", new_arrays=True,
    promises={
        **OF_ARRAYS,
        "Bring every single number into the range from `-limit` to `limit`": "lower end left open",
        "leave those alone that are in it": "signs alone",
        "Numbers and limits may be as small as $10^{-200}$ and as large as $10^{200}$": "in units of the limit",
        "The results are new arrays": "returns its inputs",
        "New arrays of the same names": "returns its inputs",
        "Do not rely on particular names": "known names alone",
    },
)  # fmt: skip


def every(change, gradients):
    return {name: change(gradient) for name, gradient in gradients.items()}


@CLIP_BY_VALUE.misconception("Only large positive numbers were cut. The range has two ends: -limit and limit.")
def lower_end_left_open(gradients, limit):
    return every(lambda g: np.minimum(g, limit), gradients)


@CLIP_BY_VALUE.misconception("Only large negative numbers were cut. The range has two ends: -limit and limit.")
def upper_end_left_open(gradients, limit):
    return every(lambda g: np.maximum(g, -limit), gradients)


@CLIP_BY_VALUE.misconception(
    "The numbers were divided by the limit, clipped, and multiplied by it again. Tiny numbers are lost beside a huge limit: clip "
    "them at -limit and limit themselves."
)
def in_units_of_the_limit(gradients, limit):
    return every(lambda g: limit * np.clip(g / limit, -1, 1), gradients)


@CLIP_BY_VALUE.misconception("The negative numbers became 0: the range begins at -limit, not at 0.")
def from_zero(gradients, limit):
    return every(lambda g: np.clip(g, 0, limit), gradients)


@CLIP_BY_VALUE.misconception("Large negative numbers lost their sign: they become -limit.")
def sign_lost(gradients, limit):
    return every(lambda g: np.where(np.abs(g) > limit, np.asarray(limit, g.dtype), g), gradients)


@CLIP_BY_VALUE.misconception("Numbers beyond the limit became 0; they should become limit or -limit.")
def set_to_zero(gradients, limit):
    return every(lambda g: np.where(np.abs(g) > limit, np.zeros_like(g), g), gradients)


@CLIP_BY_VALUE.misconception("Every number became limit or -limit; those within the range stay as they are.")
def signs_alone(gradients, limit):
    return every(lambda g: np.sign(g) * limit, gradients)


@CLIP_BY_VALUE.misconception(
    "Each array was scaled until its largest number fits. Clipping by value looks at every number by itself."
)
def scaled_by_the_largest(gradients, limit):
    return every(lambda g: g * min(1.0, limit / float(np.abs(g).max())), gradients)


@CLIP_BY_VALUE.misconception("It is clipping by the global norm. Clipping by value looks at every number by itself.")
def by_norm_instead(gradients, limit):
    return clipping.clip_by_global_norm(gradients, limit)[0]


@CLIP_BY_VALUE.misconception("The range is from -1 to 1, whatever the limit: use the argument.")
def limit_of_one(gradients, limit):
    return every(lambda g: np.clip(g, -1, 1), gradients)


@CLIP_BY_VALUE.misconception(
    "The names W_x, W_h and b are written into the function. Take the names from the dict, with gradients.items()."
)
def known_names_alone(gradients, limit):
    return {name: np.clip(gradients[name], -limit, limit) for name in ("W_x", "W_h", "b")}


@CLIP_BY_VALUE.misconception(
    "The gradients that came in were written over. Make new arrays: np.clip does that if it is not given out=."
)
def clipped_in_place(gradients, limit):
    return every(lambda g: np.clip(g, -limit, limit, out=g), gradients)


LIMIT = "the exercise says that a limit that is not above 0 is not asked for"
CLIP_BY_VALUE.changes_nothing(
    {
        "if not limit > 0: raise ValueError(f'clip_by_value: the argu: statement left out": LIMIT,
        "limit > 0: Gt to GtE": LIMIT,
        "ValueError(f'clip_by_value: the argument limit must be above: call left out": LIMIT,
        "0: 0 to -1": LIMIT,
        "limit: limit to name (place 4)": LIMIT,
    }
)
