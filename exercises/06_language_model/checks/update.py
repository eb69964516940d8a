"""`update`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short
from solutions.with_numpy import gru_language_model
from solutions.with_numpy.clipping import clip_by_global_norm
from solutions.with_numpy.gru_language_model import loss_and_gradients, update

from .drawing import FLOATS, WRITES_NOTHING

Generator = np.random.Generator


def model_weights(rng: Generator, V: int, D: int, H: int) -> dict:
    shapes = {
        "W_e": (V, D),
        "W_x": (3 * H, D),
        "W_h": (3 * H, H),
        "b": (3 * H,),
        "b_hn": (H,),
        "W_y": (V, H),
        "b_y": (V,),
    }
    return {name: rng.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}


TINY = 1e-6  # below this share, the learning rate makes up for all that is clipped


def update_inputs(
    rng: Generator, T: int, N: int, V: int, D: int, H: int, share: float, dtype: type = np.float64
) -> dict:
    """A block of T words to read and one more; the limit is this share of the gradients' norm."""
    words = rng.integers(V, size=(T + 1, N))
    given = short({"weights": model_weights(rng, V, D, H), "words": words, "h": np.tanh(rng.normal(size=(N, H)))})
    _, gradients, _ = gru_language_model.loss_and_gradients(words[:-1], words[1:], given["h"], given["weights"])
    _, norm = clip_by_global_norm(gradients, 1.0)
    rate = float(rng.uniform(0.3, 0.7)) / (share if share < TINY else share**0.5)
    options = {"learning_rate": float(f"{rate:.2g}"), "limit": float(f"{share * norm:.2g}")}
    return in_dtype({**given, **options}, dtype)


def without_error(inputs: dict) -> dict:
    """The same with a model that is sure of the one word that is asked for, so that all gradients are zero."""
    weights, word = inputs["weights"], inputs["words"][-1, 0]
    b_y = weights["b_y"].copy()
    b_y[word] = 1000.0
    return inputs | {"weights": weights | {"b_y": b_y}, "words": np.full_like(inputs["words"], word)}


def draw_update(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("gradients above the limit", update_inputs(rng, 6, 4, 9, 5, 7, 0.1)),
        DrawnCase("gradients below the limit", update_inputs(rng, 5, 3, 8, 4, 6, 2.5)),
        DrawnCase("one sequence", update_inputs(rng, 7, 1, 6, 3, 5, 0.4)),
        DrawnCase("a tiny limit and a huge learning rate", update_inputs(rng, 6, 4, 9, 5, 7, 1e-12)),
        DrawnCase("one word to read", update_inputs(rng, 1, 5, 7, 2, 4, 0.3)),
        DrawnCase("no error, and so no gradient", without_error(update_inputs(rng, 3, 2, 5, 3, 4, 0.5))),
        DrawnCase("one input and one hidden unit", update_inputs(rng, 4, 2, 5, 1, 1, 0.5)),
        DrawnCase("as many words, inputs and hidden units", update_inputs(rng, 5, 5, 5, 5, 5, 0.2)),
        DrawnCase("float32", update_inputs(rng, 4, 3, 7, 5, 6, 0.3, np.float32)),
        DrawnCase("a learning rate of 0", update_inputs(rng, 3, 2, 5, 3, 4, 0.5) | {"learning_rate": 0.0}),
    ]


def worked_update(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("gradients above the limit", update_inputs(rng, 3, 2, 4, 2, 2, 0.1)),
        DrawnCase("gradients below the limit", update_inputs(rng, 1, 2, 3, 2, 2, 2.5)),
        DrawnCase("a tiny limit and a huge learning rate", update_inputs(rng, 3, 2, 4, 2, 2, 1e-12)),
        DrawnCase("no error, and so no gradient", without_error(update_inputs(rng, 1, 2, 3, 1, 2, 0.5))),
        DrawnCase("float32", update_inputs(rng, 2, 1, 4, 2, 3, 0.4, np.float32)),
        DrawnCase("a learning rate of 0", update_inputs(rng, 1, 1, 3, 1, 2, 0.5) | {"learning_rate": 0.0}),
    ]


UPDATE = Check(
    "gru_language_model.update", gru_language_model.update, draw_update, worked_update,
    axes="weights: ; h: N H; L: ", task="one step of training, with clipping", points=3, section="lm-training: Training",
    new_arrays=True,
    promises=FLOATS | WRITES_NOTHING | {
        "the right answer to each word is the one after it": "answer is the word itself",
        "If they are too long, all of them together are shortened.": "each gradient clipped alone",
        "The largest global norm of the gradients, above 0.": "always scaled to the limit",
        "This is plain gradient descent.": "step upwards",
        "The states before the block.": "states not used",
        "The states after the last word that was read": "old states returned",
        "as the weights before the update made them": "states of the new weights",
        "New ones; the arguments stay as they were.": "weights changed in place",
        "The loss before the update.": "loss after the update",
    },
)  # fmt: skip


def global_norm_of(gradients):
    return np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in gradients.values()))


def stepped(weights, gradients, learning_rate):
    """The weights after a step down the gradients."""
    return {name: w - learning_rate * gradients[name] for name, w in weights.items()}


@UPDATE.misconception(
    "The gradients were not clipped. Clip all of them together, by their global norm, before the step."
)
def gradients_not_clipped(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    return stepped(weights, gradients, learning_rate), h, L


@UPDATE.misconception(
    "Each gradient was clipped by its own norm, which turns the step. Clip all together: one norm, one factor."
)
def each_gradient_clipped_alone(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    clipped = {name: g * min(1.0, limit / float(global_norm_of({name: g}))) for name, g in gradients.items()}
    return stepped(weights, clipped, learning_rate), h, L


@UPDATE.misconception(
    "Every number was clipped by itself, to at most the limit. Shorten all gradients by one factor, so that the direction stays."
)
def clipped_by_value(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    return stepped(weights, {name: np.clip(g, -limit, limit) for name, g in gradients.items()}, learning_rate), h, L


@UPDATE.misconception(
    "The gradients were scaled to the limit even where their norm is below it. Clipping shortens what is too long, and never lengthens."
)
def always_scaled_to_the_limit(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    factor = limit / float(global_norm_of(gradients))
    return stepped(weights, {name: g * factor for name, g in gradients.items()}, learning_rate), h, L


@UPDATE.misconception(
    "The whole step was clipped, learning rate and all. The limit is for the gradients: clip first, then multiply by the learning rate."
)
def step_clipped_instead_of_gradient(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    clipped, _ = clip_by_global_norm({name: learning_rate * g for name, g in gradients.items()}, limit)
    return stepped(weights, clipped, 1.0), h, L


@UPDATE.misconception(
    "The step goes up the gradient, so that the loss grows. Subtract the gradient times the learning rate."
)
def step_upwards(weights, words, h, learning_rate, limit):
    return update(weights, words, h, -learning_rate, limit)


@UPDATE.misconception("The learning rate was left out of the step.")
def learning_rate_left_out(weights, words, h, learning_rate, limit):
    return update(weights, words, h, 1.0, limit)


@UPDATE.misconception(
    "The right answers are the words themselves, so the model learns to repeat what it reads. The answer to each word is the one after it: words[1:]."
)
def answer_is_the_word_itself(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[:-1], h, weights)
    clipped, _ = clip_by_global_norm(gradients, limit)
    return stepped(weights, clipped, learning_rate), h, L


@UPDATE.misconception(
    "Words and answers have changed places: the model reads words[1:] and is asked for the word before. Read words[:-1] and ask for words[1:]."
)
def word_before_asked_for(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[1:], words[:-1], h, weights)
    clipped, _ = clip_by_global_norm(gradients, limit)
    return stepped(weights, clipped, learning_rate), h, L


@UPDATE.misconception(
    "The states that came in were returned. Return those after the block: the next block begins with them."
)
def old_states_returned(weights, words, h, learning_rate, limit):
    new, _, L = update(weights, words, h, learning_rate, limit)
    return new, h, L


@UPDATE.misconception("The block was read from states of zero. It begins with the states h that the last block left.")
def states_not_used(weights, words, h, learning_rate, limit):
    return update(weights, words, np.zeros_like(h), learning_rate, limit)


@UPDATE.misconception(
    "The weights that came in were changed, as -= does. Make new arrays: whoever called update still has the old ones."
)
def weights_changed_in_place(weights, words, h, learning_rate, limit):
    new, h, L = update(weights, words, h, learning_rate, limit)
    for name, array in new.items():
        weights[name][...] = array
    return new, h, L


@UPDATE.misconception(
    "The loss was computed again with the new weights. Return the loss that the gradients came from, before the update."
)
def loss_after_the_update(weights, words, h, learning_rate, limit):
    new, after, _ = update(weights, words, h, learning_rate, limit)
    L, _, _ = loss_and_gradients(words[:-1], words[1:], h, new)
    return new, after, L


@UPDATE.misconception(
    "The block was read once more with the new weights, for the states. Return those that loss_and_gradients returned, before the update."
)
def states_of_the_new_weights(weights, words, h, learning_rate, limit):
    new, _, L = update(weights, words, h, learning_rate, limit)
    _, _, after = loss_and_gradients(words[:-1], words[1:], h, new)
    return new, after, L


@UPDATE.misconception(
    "The norm of the gradients was returned in the place of the loss: clip_by_global_norm returns it second. Give it another name."
)
def norm_instead_of_loss(weights, words, h, learning_rate, limit):
    _, gradients, _ = loss_and_gradients(words[:-1], words[1:], h, weights)
    new, after, _ = update(weights, words, h, learning_rate, limit)
    return new, after, float(global_norm_of(gradients))
