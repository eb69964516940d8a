"""`LSTMCell`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np
import torch
from torch import nn

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short, sizes, until
from solutions.with_numpy import lstm
from solutions.with_torch import lstm_cell

from .drawing import SIZES, single

Generator = np.random.Generator


def cell_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    """Weights that keep the gates away from their ends, and a bias that matters."""
    parameters = {
        "W_x": rng.normal(size=(4 * H, D)) / np.sqrt(D),
        "W_h": rng.normal(size=(4 * H, H)) / np.sqrt(H),
        "b": rng.uniform(0.3, 1.0, size=4 * H) * rng.choice([-1, 1], size=4 * H),
    }
    states = np.tanh(rng.normal(size=(N, H))), 1.5 * rng.normal(size=(N, H))
    return {"sizes": (D, H), "parameters": parameters, "inputs": (rng.normal(size=(N, D)), *states)}


def far_inputs(rng: Generator, *of: int) -> dict:
    """Sums of thousands, where exp overflows, and cell states of hundreds."""
    inputs = cell_inputs(rng, *of)
    x, h, c = inputs["inputs"]
    parameters = {name: 1e4 * array for name, array in inputs["parameters"].items()}
    return inputs | {"parameters": parameters, "inputs": (x, h, 500 * c)}


def with_shut_gates(rng: Generator, inputs: dict) -> dict:
    """The same from states of zero, with one sum of each block near 900 and one near -900, for gradients to go back through."""
    H, (x, h, c) = inputs["sizes"][1], inputs["inputs"]
    far = np.concatenate([rng.permutation([900.0, -900.0, *[0.0] * (H - 2)]) for _ in range(4)])
    parameters = inputs["parameters"] | {"b": inputs["parameters"]["b"] + far}
    return inputs | {"parameters": parameters, "inputs": (x, 0 * h, 0 * c), "gradients": True}


# Below it a state's rounding in single precision comes near the tolerance, which is a share of the state's largest number.
LEAST_STATE = 0.05


def has_large_states(inputs: dict) -> bool:
    """Whether neither state nearly vanishes, as f c + i g sometimes does where a case has two numbers alone.

    Where all gates that count are shut, the largest number left may be one of 1e-196, which some right ways round to 0.
    """
    h, c, _ = lstm.step(*inputs["inputs"], *inputs["parameters"].values())
    return min(np.abs(h).max(), np.abs(c).max()) >= LEAST_STATE


def draw_cell(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)

    def drawn(*of: int) -> dict:
        return until(lambda: cell_inputs(rng, *of), has_large_states)

    return [
        DrawnCase("several sequences", drawn(N, D, H)),
        DrawnCase("one sequence, one input", drawn(1, 1, H)),
        DrawnCase("four sequences and inputs, one hidden unit", drawn(4, 4, 1)),
        DrawnCase("sums of thousands", until(lambda: far_inputs(rng, N, D, H), has_large_states)),
        DrawnCase("four sequences, inputs and hidden units", drawn(4, 4, 4)),
        DrawnCase("gradients through the cell", drawn(N, D, H) | {"gradients": True}),
        DrawnCase("no gradients, and parameters that change", drawn(N, D, H) | {"gradients": False}),
        DrawnCase(
            "gradients through sums in the hundreds, from states of zero",
            until(lambda: with_shut_gates(rng, cell_inputs(rng, N, D, H)), has_large_states),
        ),
        DrawnCase("float32", single(drawn(N, D, H))),
    ]


def worked_cell(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(cell_inputs(rng, 2, 3, 2))),
        DrawnCase("one sequence", short(cell_inputs(rng, 1, 2, 3))),
        DrawnCase("sums of thousands", short(far_inputs(rng, 2, 1, 2))),
        DrawnCase("as many sequences, inputs and hidden units", short(cell_inputs(rng, 2, 2, 2))),
        DrawnCase("gradients through the cell", short(cell_inputs(rng, 2, 1, 2)) | {"gradients": True}),
        DrawnCase("no gradients, and parameters that change", short(cell_inputs(rng, 1, 2, 2)) | {"gradients": False}),
        DrawnCase(
            "gradients through sums in the hundreds, from states of zero",
            short(with_shut_gates(rng, cell_inputs(rng, 2, 1, 3))),
        ),
        DrawnCase("float32", single(short(cell_inputs(rng, 4, 4, 1)))),
    ]


CELL = Check(
    "lstm_cell.LSTMCell", lstm_cell.LSTMCell, draw_cell, worked_cell, axes="h: N H; c: N H", task="one step of an LSTM, as a module", points=3,
    section="torch-cell: A cell from tensor operations", tensors=True,
    promises={
        "Weights are `(out, in)`, in four blocks of `H` rows": "every fourth row",
        "The blocks of the weights are in the order i, f, o, g": "blocks in the order of pytorch",
        "and there is one bias": "bias counted twice",
        "record of what is done with the weights, the inputs and the old states": "old states detached",
        "Sums may be of any size": "exponentials overflow",
        "far beyond where an exponential overflows, on the way back too": "gradient of infinity",
        "Results have the dtype of the inputs": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "cell state overwritten",
        "its method `forward` computes with them": "weights of an earlier call",
    },
)  # fmt: skip


class WithWeights(nn.Module):
    """What the wrong cells have in common: right parameters, and their sums."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W_x = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.W_h = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.b = nn.Parameter(torch.zeros(4 * hidden_size))

    def sums(self, x, h_prev):
        return (x @ self.W_x.T + h_prev @ self.W_h.T + self.b).chunk(4, dim=1)


def new_states(i, f, o, g, c_prev):
    """The new states, from the four sums."""
    c = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@CELL.misconception(
    "The blocks were read in PyTorch's order i, f, g, o. Here the order is i, f, o, g: the third block is the output gate."
)
class blocks_in_the_order_of_pytorch(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, g, o = self.sums(x, h_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("The first two blocks were read as f, i. The input gate stands first, the forget gate second.")
class input_and_forget_gate_exchanged(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        f, i, o, g = self.sums(x, h_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception(
    "The old states are detached: the results are right, but no gradient goes back to the step before. Leave detach() out."
)
class old_states_detached(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        return new_states(*self.sums(x, h_prev.detach()), c_prev.detach())


@CELL.misconception(
    "Every fourth row was taken for a block, as view(N, H, 4) does. A block is H rows that stand together: chunk(4, dim=1) takes them apart."
)
class every_fourth_row(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        sums = torch.cat(self.sums(x, h_prev), dim=1)
        i, f, o, g = sums.view(len(x), -1, 4).unbind(2)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("It is what you get when the bias b is left out.")
class bias_left_out(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = (x @ self.W_x.T + h_prev @ self.W_h.T).chunk(4, dim=1)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception(
    "The bias counts twice, once with each matrix. PyTorch's layers have two biases, but this cell has one: add b once."
)
class bias_counted_twice(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = (x @ self.W_x.T + h_prev @ self.W_h.T + 2 * self.b).chunk(4, dim=1)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("The old hidden state is not used: the sums are of W_x x, W_h h_prev and b.")
class old_hidden_state_left_out(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, 0 * h_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception(
    "The sums were made with c_prev. The gates see the old hidden state, h_prev; c_prev is only forgotten or kept."
)
class gates_from_the_cell_state(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, c_prev)
        return new_states(i, f, o, g, c_prev)


@CELL.misconception("The forget gate was multiplied with h_prev. What is kept is the cell state: f * c_prev.")
class hidden_state_kept(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        return new_states(i, f, o, g, h_prev)


@CELL.misconception("The tanh around c is left out: h is o * tanh(c).")
class tanh_of_the_cell_state_left_out(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        _, c = new_states(i, f, o, g, c_prev)
        return torch.sigmoid(o) * c, c


@CELL.misconception("h was made from the old cell state. It shows the new one: h = o * tanh(c).")
class hidden_state_from_the_old_cell_state(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        _, c = new_states(i, f, o, g, c_prev)
        return torch.sigmoid(o) * torch.tanh(c_prev), c


@CELL.misconception("The candidate went through the sigmoid. It may be negative: g goes through tanh.")
class sigmoid_of_the_candidate(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        c = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.sigmoid(g)
        return torch.sigmoid(o) * torch.tanh(c), c


@CELL.misconception("The gates went through tanh. A gate lies between 0 and 1: i, f and o go through the sigmoid.")
class tanh_of_the_gates(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        c = torch.tanh(f) * c_prev + torch.tanh(i) * torch.tanh(g)
        return torch.tanh(o) * torch.tanh(c), c


@CELL.misconception(
    "A gate is right while its sum is small; exp(a) of a large one is infinite, and infinity by infinity is no number. Take torch.sigmoid."
)
class exponentials_overflow(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        i, f, o = (torch.exp(a) / (1 + torch.exp(a)) for a in (i, f, o))
        c = f * c_prev + i * torch.tanh(g)
        return o * torch.tanh(c), c


@CELL.misconception(
    "The states are right, but gradients come out as nan where a sum is far below zero: in 1 / (1 + exp(-a)), the way back multiplies infinity by 0. Take torch.sigmoid."
)
class gradient_of_infinity(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        i, f, o = (1 / (1 + torch.exp(-a)) for a in (i, f, o))
        c = f * c_prev + i * torch.tanh(g)
        return o * torch.tanh(c), c


@CELL.misconception("The two states were returned as c, h. The order asked for is h, c, as in PyTorch.")
class states_returned_in_the_wrong_order(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        h, c = new_states(i, f, o, g, c_prev)
        return c, h


@CELL.misconception(
    "The old cell state was overwritten, as mul_ and *= do. Whoever called the cell may still need it: make a new tensor."
)
class cell_state_overwritten(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        i, f, o, g = self.sums(x, h_prev)
        h, c = new_states(i, f, o, g, c_prev)
        c_prev.copy_(c.detach())
        return h, c


@CELL.misconception(
    "What was made of the weights in an earlier call was kept and used again. Between two calls an optimiser changes the weights: make it anew in each forward."
)
class weights_of_an_earlier_call(WithWeights):  # noqa: N801
    def forward(self, x, h_prev, c_prev):
        if not hasattr(self, "joined") or torch.is_grad_enabled():
            self.joined = torch.cat([self.W_x, self.W_h], dim=1).T
        i, f, o, g = (torch.cat([x, h_prev], dim=1) @ self.joined + self.b).chunk(4, dim=1)
        return new_states(i, f, o, g, c_prev)
