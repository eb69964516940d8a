"""`truncated_backward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes, zeroed
from solutions.with_numpy import truncated_bptt

from .backward import added, sequence_inputs, states_before, steps_back
from .drawing import ALWAYS, SEQUENCE_AXES, STAYS, none_at_the_end, times

Generator = np.random.Generator


def truncated_inputs(rng: Generator, T: int, N: int, D: int, H: int, k: int) -> dict:
    return sequence_inputs(rng, T, N, D, H) | {"k": k}


def exploding(given: dict) -> dict:
    """Weights so huge that what the second block would hand back is infinite, though all within the blocks is finite.

    All states are zero, so that every gradient passes.
    """
    dh, k = np.zeros_like(given["dh"]), given["k"]
    dh[k : k + 2], dh[0] = given["dh"][k : k + 2] ** 2, 1e-160 * given["dh"][0]
    return zeroed(given, "h_0", "h") | {"dh": dh, "W_h": 1e160 * (1 + given["W_h"] ** 2)}


def draw_truncated_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3)
    k = int(rng.integers(3, 5))
    T = 2 * k + 2
    return [
        DrawnCase("two blocks and a shorter one", truncated_inputs(rng, T, N, D, H, k)),
        DrawnCase("the same sizes, large gradients", times(300, truncated_inputs(rng, T, N, D, H, k))),
        DrawnCase("a block as long as the sequence", truncated_inputs(rng, k, N, D, H, k)),
        DrawnCase("two whole blocks", truncated_inputs(rng, 2 * k, N, D, H, k)),
        DrawnCase("blocks of one step", truncated_inputs(rng, k, N, D, H, 1)),
        DrawnCase("a block longer than the sequence", truncated_inputs(rng, k, N, D, H, 10 * k)),
        DrawnCase("one step", truncated_inputs(rng, 1, N, D, H, k)),
        DrawnCase(
            "one sequence, tiny gradients, none at the last step",
            none_at_the_end(times(1e-200, truncated_inputs(rng, T, 1, D, H, k))),
        ),
        DrawnCase("no gradient at all", zeroed(truncated_inputs(rng, T, N, D, H, k), "dh")),
        DrawnCase("gradients that explode after the cut", exploding(truncated_inputs(rng, 2 * k, N, D, H, k))),
        DrawnCase("as many steps, sequences, inputs and hidden units", truncated_inputs(rng, 5, 5, 5, 5, 2)),
        DrawnCase("float32", in_dtype(truncated_inputs(rng, T, N, D, H, k), np.float32)),
        DrawnCase("a large layer", truncated_inputs(rng, 22, 12, 32, 64, 7)),
    ]


def worked_truncated_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("five steps in blocks of two", short(truncated_inputs(rng, 5, 2, 3, 2, 2))),
        DrawnCase("the same sizes, large gradients", times(300, short(truncated_inputs(rng, 5, 2, 3, 2, 2)))),
        DrawnCase(
            "seven steps in blocks of three, tiny gradients, none at the last step",
            none_at_the_end(times(1e-200, short(truncated_inputs(rng, 7, 1, 2, 3, 3)))),
        ),
        DrawnCase("a block longer than the sequence", short(truncated_inputs(rng, 2, 2, 1, 2, 4))),
        DrawnCase("float32, blocks of one step", in_dtype(short(truncated_inputs(rng, 4, 2, 2, 2, 1)), np.float32)),
        DrawnCase("no gradient at all", zeroed(short(truncated_inputs(rng, 3, 1, 1, 2, 2)), "dh")),
        DrawnCase("gradients that explode after the cut", exploding(short(truncated_inputs(rng, 4, 1, 2, 2, 2)))),
    ]


TRUNCATED_BACKWARD = Check(
    "truncated_bptt.truncated_backward", truncated_bptt.truncated_backward, draw_truncated_backward,
    worked_truncated_backward, axes=SEQUENCE_AXES, task="gradients that stay within their block", points=3, section="bptt-truncated: Truncated backpropagation",
    earlier=("step_backward",),
    promises=ALWAYS | STAYS | {
        "counted from the first step": "blocks counted from the end",
        "the last block may be shorter": "blocks of equal length",
        "The state goes on from block to block as before": "state not carried over",
        "where a block ends, the gradient of the next step is not handed over": "nothing cut",
        "however large it has become": "multiplied by zero at the cut",
        "at the last step of a block": "direct gradient cut too",
        "The gradients of the weights are summed over all blocks.": "mean over blocks",
        "`dh_0` is what the first step of the first block hands back.": "dropped before the first block",
    },
)  # fmt: skip


def cut_where(cut):
    """What is handed to step t from the step after it, with nothing where ``cut(t)``."""
    return lambda t, dh_next: np.zeros_like(dh_next) if cut(t) else dh_next


@TRUNCATED_BACKWARD.misconception(
    "It is the full gradient: nothing was cut. Where a block ends, the gradient of the step after it is not handed over."
)
def nothing_cut(dh, x, h_0, h, W_x, W_h, k):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h))


@TRUNCATED_BACKWARD.misconception(
    "At the end of a block, what is handed over was multiplied by 0. If it has grown beyond all bounds, infinity times 0 is NaN: "
    "put zeros in its place."
)
def multiplied_by_zero_at_the_cut(dh, x, h_0, h, W_x, W_h, k):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, lambda t, d: d * ((t + 1) % k != 0)))


@TRUNCATED_BACKWARD.misconception(
    "The cut is one step too early: blocks end after steps k - 1, 2k - 1, …, counted from 0, so the gradient is cut where "
    "t + 1 can be divided by k, not t."
)
def cut_one_step_too_early(dh, x, h_0, h, W_x, W_h, k):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: t % k == 0)))


@TRUNCATED_BACKWARD.misconception(
    "The blocks were counted from the last step. They are counted from the first, as the sequence is read; the last one "
    "may be shorter."
)
def blocks_counted_from_the_end(dh, x, h_0, h, W_x, W_h, k):
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (len(x) - 1 - t) % k == 0)))


@TRUNCATED_BACKWARD.misconception(
    "The steps were split into blocks of about equal length. Every block has k steps, and only the last one may be shorter."
)
def blocks_of_equal_length(dh, x, h_0, h, W_x, W_h, k):
    blocks = np.array_split(np.arange(len(x)), -(-len(x) // k))
    last_ones = {int(block[-1]) for block in blocks}
    return added(steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: t in last_ones)))


@TRUNCATED_BACKWARD.misconception(
    "The gradients are those of the first block alone; every block has gradients, and those of the weights add up."
)
def first_block_only(dh, x, h_0, h, W_x, W_h, k):
    dx = np.zeros_like(x)
    dx[:k], *rest = added(steps_back(dh[:k], x[:k], states_before(h, h_0), h, W_x, W_h))
    return dx, *rest


@TRUNCATED_BACKWARD.misconception(
    "The gradients are those of the last k steps alone; every block has gradients, and those of the weights add up."
)
def last_steps_only(dh, x, h_0, h, W_x, W_h, k):
    dx, begin = np.zeros_like(x), max(0, len(x) - k)
    parts = steps_back(dh[begin:], x[begin:], states_before(h, h_0)[begin:], h[begin:], W_x, W_h)
    dx[begin:], dh_begin, *weights = added(parts)
    return dx, dh_begin if begin == 0 else np.zeros_like(h_0), *weights


@TRUNCATED_BACKWARD.misconception(
    "Each loss was taken back over k steps of its own. Here the borders are fixed: within a block the gradient goes back to "
    "the block's first step, and no further."
)
def window_of_its_own(dh, x, h_0, h, W_x, W_h, k):
    before, dx, dh_0, weights = states_before(h, h_0), np.zeros_like(x), np.zeros_like(h_0), []
    for last in range(len(x)):
        window = slice(max(0, last - k + 1), last + 1)
        alone = np.zeros_like(dh[window])
        alone[-1] = dh[last]
        found = added(steps_back(alone, x[window], before[window], h[window], W_x, W_h))
        dx[window] += found[0]
        dh_0 += found[1] if window.start == 0 else 0
        weights.append(found[2:])
    return dx, dh_0, *(sum(one[place] for one in weights) for place in range(3))


@TRUNCATED_BACKWARD.misconception(
    "Each block began with h_0. The gradient is cut, but the state is carried over: before a block stands the last state "
    "of the block before."
)
def state_not_carried_over(dh, x, h_0, h, W_x, W_h, k):
    before = [h_0 if t % k == 0 else h[t - 1] for t in range(len(x))]
    return added(steps_back(dh, x, before, h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0)))


@TRUNCATED_BACKWARD.misconception(
    "At the end of a block the step's own dh[t] was dropped too; only what the next step hands back is."
)
def direct_gradient_cut_too(dh, x, h_0, h, W_x, W_h, k):
    ends = (np.arange(len(x)) + 1) % k == 0
    kept = np.where(ends[:, None, None], 0, dh).astype(dh.dtype)
    return added(steps_back(kept, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: ends[t])))


@TRUNCATED_BACKWARD.misconception(
    "The gradients of the weights are means over the blocks; the blocks' gradients add up, as those of steps do."
)
def mean_over_blocks(dh, x, h_0, h, W_x, W_h, k):
    parts = steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0))
    dx, dh_0, *weights = added(parts)
    return dx, dh_0, *(w / (1 + (len(x) - 1) // k) for w in weights)


@TRUNCATED_BACKWARD.misconception(
    "Your dh_0 is what the last block hands back to the state before it; asked for is what the first block hands back to h_0."
)
def initial_state_of_the_last_block(dh, x, h_0, h, W_x, W_h, k):
    parts = steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0))
    dx, _, *weights = added(parts)
    return dx, parts[(len(x) - 1) // k * k][1], *weights


@TRUNCATED_BACKWARD.misconception(
    "Your dh_0 is zero. Before the first block nothing is cut: dh_0 is what the first step of all hands back."
)
def dropped_before_the_first_block(dh, x, h_0, h, W_x, W_h, k):
    parts = steps_back(dh, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0))
    dx, dh_0, *weights = added(parts)
    return dx, np.zeros_like(dh_0), *weights


@TRUNCATED_BACKWARD.misconception(
    "The steps after the last whole block have no gradients. If the number of steps cannot be divided by k, the last block is "
    "shorter, but it is a block."
)
def steps_after_the_last_whole_block_dropped(dh, x, h_0, h, W_x, W_h, k):
    whole = np.arange(len(x)) < len(x) // k * k
    kept = np.where(whole[:, None, None], dh, 0).astype(dh.dtype)
    return added(steps_back(kept, x, states_before(h, h_0), h, W_x, W_h, cut_where(lambda t: (t + 1) % k == 0)))


BELOW_ONE = "the exercise says that blocks of less than one step are not asked for"
SAME_LENGTH = "W_x and W_h have one length and one dtype"
TRUNCATED_BACKWARD.changes_nothing(
    {
        "if k < 1: raise ValueError(f'The argument k must be at least: statement left out": BELOW_ONE,
        "ValueError(f'The argument k must be at least 1 step, but is : call left out": BELOW_ONE,
        "1: 1 to 0": BELOW_ONE,
        "k: k to t (place 3)": BELOW_ONE,
        "W_h: W_h to W_x (place 3)": SAME_LENGTH,
        "W_h: W_h to W_x (place 4)": SAME_LENGTH,
    }
)
