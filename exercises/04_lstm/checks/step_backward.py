"""`step_backward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes, zeroed
from solutions.with_numpy import lstm
from solutions.with_numpy.lstm import step, step_backward

from .drawing import ALWAYS, SIZES, WEIGHT_AXES, times
from .step import step_inputs

Generator = np.random.Generator
DECIMALS = 10  # so many that three steps with gates of two decimals are exact


def rounded(inputs: dict) -> dict:
    """The same with few decimals; the states are what the gates make of the states before them, to the last digit kept."""
    few = short(inputs)
    single = "h_prev" in few
    x, c = few["x"], few["c_prev"] if single else few["c_0"]
    activations = few["gates"][:, None] if single else few["gates"]
    hs, cs = [], []
    for t in range(1 if single else len(x)):
        i, f, o, g = activations[:, t]
        c = np.round(f * c + i * g, DECIMALS)
        cs.append(c)
        hs.append(np.round(o * np.tanh(c), DECIMALS))
    if single:
        return few | {"c": cs[0]}
    return few | {"c": np.stack(cs)} | ({"h": np.stack(hs)} if "h" in few else {})


def cell_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    given = step_inputs(rng, N, D, H)
    if N > 1:  # an input of zero, and a hidden state of zero in another sequence
        given["x"][0] = given["h_prev"][-1] = 0
    _, c, activations = step(**given)
    known = {"x": given["x"], "h_prev": given["h_prev"], "c_prev": given["c_prev"], "c": c, "gates": activations}
    gradients = {"dh": rng.normal(size=(N, H)), "dc": rng.normal(size=(N, H))}
    return {**gradients, **known, "W_x": given["W_x"], "W_h": given["W_h"]}


def with_ends(rng: Generator, given: dict) -> dict:
    """The same with gates that are shut or open altogether, large cell states, and large gradients."""
    gates, c_prev = given["gates"].copy(), given["c_prev"].copy()
    ends = rng.permutation(np.array([[0, 1, 0, -1], [1, 0, 0, 1]], dtype=gates.dtype), axis=0)
    gates[:, 0, : len(ends)] = ends.T[:, : gates.shape[2]]
    i, f, _, g = gates
    c_prev[0, -1], c_prev[-1, -1] = -1000.0, 1000.0 / f[-1, -1]  # where much is forgotten, a large cell stays large
    large = {name: 1000 * given[name] for name in ("dh", "dc")}
    return given | large | {"gates": gates, "c_prev": c_prev, "c": f * c_prev + i * g}


def with_candidates_of_zero(given: dict) -> dict:
    """The same, but in the first sequence no candidate adds anything."""
    gates = given["gates"].copy()
    gates[3, 0] = 0.0
    i, f, _, g = gates
    return given | {"gates": gates, "c": f * given["c_prev"] + i * g}


def from_zero(given: dict) -> dict:
    """The same after cells of zero, as a sequence begins."""
    i, _, _, g = given["gates"]
    return given | {"c_prev": 0 * given["c_prev"], "c": i * g}


def draw_step_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", cell_inputs(rng, N, D, H)),
        DrawnCase("one sequence", cell_inputs(rng, 1, D, H)),
        DrawnCase("one input, one hidden unit", cell_inputs(rng, 4, 1, 1)),
        DrawnCase("four sequences, inputs and hidden units", cell_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(cell_inputs(rng, N, D, H), np.float32)),
        DrawnCase("a large layer", cell_inputs(rng, 32, 64, 64)),
        DrawnCase("cells that were zero, tiny gradients", times(1e-200, from_zero(cell_inputs(rng, N, D, H)))),
        DrawnCase("no gradient at all", zeroed(cell_inputs(rng, N, D, H), "dh", "dc")),
        DrawnCase("gates shut and open altogether, large gradients", with_ends(rng, cell_inputs(rng, N, D, H))),
        DrawnCase("a gradient of the cell state alone", zeroed(cell_inputs(rng, N, D, H), "dh")),
        DrawnCase(
            "a gradient of the hidden state alone, and candidates of 0",
            zeroed(with_candidates_of_zero(cell_inputs(rng, N, D, H)), "dc"),
        ),
    ]


def worked_step_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", rounded(cell_inputs(rng, 2, 2, 3))),
        DrawnCase(
            "gates shut and open altogether, large gradients", rounded(with_ends(rng, cell_inputs(rng, 2, 2, 3)))
        ),
        DrawnCase("as many sequences, inputs and hidden units", rounded(cell_inputs(rng, 3, 3, 3))),
        DrawnCase("float32, one sequence", in_dtype(rounded(cell_inputs(rng, 1, 1, 2)), np.float32)),
        DrawnCase("cells that were zero, tiny gradients", times(1e-200, from_zero(rounded(cell_inputs(rng, 2, 1, 1))))),
        DrawnCase("no gradient at all", zeroed(rounded(cell_inputs(rng, 2, 1, 1)), "dh", "dc")),
        DrawnCase(
            "a gradient of the cell state alone, and candidates of 0",
            zeroed(rounded(with_candidates_of_zero(cell_inputs(rng, 2, 1, 2))), "dh"),
        ),
    ]


STEP_BACKWARD = Check(
    "lstm.step_backward", lstm.step_backward, draw_step_backward, worked_step_backward,
    axes=f"dx: N D; dh_prev: N H; dc_prev: N H; {WEIGHT_AXES}", task="the gradients of one step", points=4,
    section="lstm-backward: One step backwards",
    promises={
        **ALWAYS,
        "what came to $h_t$ goes on to $c_t$": "path through h forgotten",
        "where it adds to `dc`": "incoming dc dropped",
        "Each factor gets the gradient times the other factor": "factor for the other",
        r"whose slope is $\sigma (1 - \sigma)$": "slope of sigmoid left out",
        "through the tanh of the candidate": "slope of candidate left out",
        "The last three are summed over the sequences": "mean over sequences",
        "A gate may be shut altogether, so do not divide by it": "divided by the output gate",
        "Only the output gate has nothing to do with it": "output gate from dc",
        "and not `dc += …`, which would change the caller's array": "incoming dc overwritten",
        "in the order of the weights' blocks": "blocks put together as in pytorch",
        "i, f, o and g, as ``step`` returned them": "gates taken apart as in pytorch",
    },
)  # fmt: skip


def arriving(dh, dc, c, o):
    """The gradient of the new cell state over both ways."""
    return dc + dh * o * (1 - np.tanh(c) ** 2)


def from_sums(da, dc_prev, x, h_prev, W_x, W_h):
    da = np.concatenate(da, axis=1)
    return da @ W_x, da @ W_h, dc_prev, da.T @ x, da.T @ h_prev, da.sum(axis=0)


def sums(dh, dc, c_prev, c, gates):
    """The gradients of the four sums, given that of the cell state over both ways."""
    i, f, o, g = gates
    return [
        dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2)
    ]  # fmt: skip


@STEP_BACKWARD.misconception(
    "The path through h is missing in the gradient of c: h is made of c too, so add dh * o * (1 - tanh(c)**2) to dc."
)
def path_through_h_forgotten(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    return from_sums(sums(dh, dc, c_prev, c, gates), dc * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dc was dropped: the later steps reach this cell state without passing through h, and their gradient dc has to be added."
)
def incoming_dc_dropped(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    return step_backward(dh, 0 * dc, x, h_prev, c_prev, c, gates, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken as 1 - c**2. But c stands before the tanh, so the slope is 1 - tanh(c)**2."
)
def slope_from_the_cell(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = dc + dh * gates[2] * (1 - c**2)
    return from_sums(sums(dh, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of the tanh around c is missing: on its way from h to c, the gradient is dh * o * (1 - tanh(c)**2)."
)
def slope_of_the_cell_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = dc + dh * gates[2]
    return from_sums(sums(dh, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The output gate is missing on the way from h to c: h is o * tanh(c), so dh is multiplied by o and by the slope of tanh."
)
def output_gate_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, 1)
    return from_sums(sums(dh, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradient of the forget gate was made with the new cell state c; f was multiplied by the old one, c_prev."
)
def new_cell_for_old(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(dh, whole, c, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of the sigmoid is missing: the gradients of i, f and o are each multiplied by the gate times 1 minus the gate."
)
def slope_of_sigmoid_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    whole = arriving(dh, dc, c, o)
    da = [whole * g, whole * c_prev, dh * np.tanh(c), whole * i * (1 - g**2)]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh is missing at the candidate: its gradient is multiplied by 1 - g**2 before it reaches the sum."
)
def slope_of_candidate_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, _ = gates
    whole = arriving(dh, dc, c, o)
    da = [*sums(dh, whole, c_prev, c, gates)[:3], whole * i]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The candidate was given the slope of the sigmoid, g * (1 - g). It went through tanh, whose slope is 1 - g**2."
)
def candidate_as_a_gate(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    whole = arriving(dh, dc, c, o)
    da = [*sums(dh, whole, c_prev, c, gates)[:3], whole * i * g * (1 - g)]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The input gate and the candidate were mixed up: in the product i * g, the gradient of one factor has the other in it."
)
def factor_for_the_other(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    whole = arriving(dh, dc, c, o)
    _, da_f, da_o, _ = sums(dh, whole, c_prev, c, gates)
    da = [whole * i * i * (1 - i), da_f, da_o, whole * g * (1 - g**2)]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradient of the output gate was made with c; o was multiplied by tanh(c), so it is dh * tanh(c)."
)
def cell_not_squashed_at_the_output(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    _, f, o, _ = gates
    whole = arriving(dh, dc, c, o)
    da_i, da_f, _, da_g = sums(dh, whole, c_prev, c, gates)
    return from_sums([da_i, da_f, dh * c * o * (1 - o), da_g], whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradient of the output gate starts from dc; the output gate acts on h alone, so it starts from dh."
)
def output_gate_from_dc(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(whole, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dc_prev was made from dc as it came in; what came through h flows on to the old cell state too: add it first."
)
def old_dc_handed_back(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(dh, whole, c_prev, c, gates), dc * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dc_prev lacks the forget gate: c_prev was multiplied by f on its way to c, and so is its gradient on the way back."
)
def forget_gate_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(dh, whole, c_prev, c, gates), whole, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The blocks of da were put together as i, f, g, o. The weights have them as i, f, o, g, with the candidate last."
)
def blocks_put_together_as_in_pytorch(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    da_i, da_f, da_o, da_g = sums(dh, whole, c_prev, c, gates)
    return from_sums([da_i, da_f, da_g, da_o], whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gates were taken apart as i, f, g, o. They stand as i, f, o, g, with the candidate last."
)
def gates_taken_apart_as_in_pytorch(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, g, o = gates
    whole = arriving(dh, dc, c, o)
    return from_sums(sums(dh, whole, c_prev, c, (i, f, o, g)), whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The input gate and the forget gate were mixed up: gates holds i first, then f, and da has them in the same order."
)
def input_and_forget_gate_swapped(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    return step_backward(dh, dc, x, h_prev, c_prev, c, gates[[1, 0, 2, 3]], W_x, W_h)


@STEP_BACKWARD.misconception(
    "The tanh of the old cell state stands where that of the new one belongs: h is o * tanh(c), with c after the step."
)
def old_cell_for_new(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    return step_backward(dh, dc, x, h_prev, c_prev, c_prev, gates, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slopes of the gates were taken of sigmoid(i) and so on. The gates have been through the sigmoid already, so the slope "
    "is i * (1 - i)."
)
def sigmoid_of_gates_again(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    _, f, o, g = gates
    whole, again = arriving(dh, dc, c, o), (1 + np.tanh(gates[:3] / 2)) / 2
    slope_i, slope_f, slope_o = again * (1 - again)
    da_g = sums(dh, whole, c_prev, c, gates)[3]
    da = [whole * g * slope_i, whole * c_prev * slope_f, dh * np.tanh(c) * slope_o, da_g]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of the candidate was taken as 1 - tanh(g)**2. The candidate has been through tanh already, so it is 1 - g**2."
)
def tanh_of_candidate_again(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    whole = arriving(dh, dc, c, o)
    da = [*sums(dh, whole, c_prev, c, gates)[:3], whole * i * (1 - np.tanh(g) ** 2)]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "It was divided by the output gate to come back to tanh(c). Where the gate is shut, that is 0 / 0: use np.tanh(c)."
)
def divided_by_the_output_gate(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    o = gates[2]
    shown = o * np.tanh(c) / o
    whole = dc + dh * o * (1 - shown**2)
    da_i, da_f, _, da_g = sums(dh, whole, c_prev, c, gates)
    return from_sums([da_i, da_f, dh * shown * o * (1 - o), da_g], whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradients of the weights and of the bias are means over the sequences; they should be sums, as the loss is."
)
def mean_over_sequences(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    found = step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h)
    return *found[:3], *(gradient / len(x) for gradient in found[3:])


@STEP_BACKWARD.misconception(
    "The result was written over dc, as += does; whoever called step_backward still needs it. Write dc = dc + … instead."
)
def incoming_dc_overwritten(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    dc += dh * gates[2] * (1 - np.tanh(c) ** 2)
    return from_sums(sums(dh, dc, c_prev, c, gates), dc * gates[1], x, h_prev, W_x, W_h)
