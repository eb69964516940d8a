"""The LSTM with peepholes, in PyTorch; the conventions are those of ``solutions.with_numpy.peephole_lstm``."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes
from solutions.with_torch.cells import inputs_that_count, uniform, zeros_like_states
from solutions.with_torch.padding import hold


@takes(x="N D", h_prev="N H", c_prev="N H", W_x="4H D", W_h="4H H", b="4H", p="3 H")
def step(
    x: Tensor, h_prev: Tensor, c_prev: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, p: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One step: i and f also see p * c_{t-1}, o sees p_o * c_t; returns h (N, H), c (N, H), gates (4, N, H): i, f, o, g."""
    a_i, a_f, a_o, a_g = (x @ W_x.T + h_prev @ W_h.T + b).chunk(4, dim=1)
    i = torch.sigmoid(a_i + p[0] * c_prev)
    f = torch.sigmoid(a_f + p[1] * c_prev)
    g = torch.tanh(a_g)
    c = f * c_prev + i * g
    o = torch.sigmoid(a_o + p[2] * c)
    return o * torch.tanh(c), c, torch.stack([i, f, o, g])


@takes(x="T N D", h_0="N H", c_0="N H", W_x="4H D", W_h="4H H", b="4H", p="3 H", mask="optional bool T N")
def forward(
    x: Tensor, h_0: Tensor, c_0: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, p: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The same step T times; returns h (T, N, H), c (T, N, H) and the gates (4, T, N, H)."""
    h, c, made = [h_0], [c_0], []
    for t, x_t in enumerate(inputs_that_count(x, mask)):
        h_t, c_t, activations = step(x_t, h[-1], c[-1], W_x, W_h, b, p)
        h.append(hold(mask, t, h_t, h[-1]))
        c.append(hold(mask, t, c_t, c[-1]))
        made.append(activations)
    return torch.stack(h[1:]), torch.stack(c[1:]), torch.stack(made, dim=1)


class PeepholeLSTM(nn.Module):
    """The LSTM with peepholes and its weights: W_x (4H, D), W_h (4H, H), b (4H,), p (3, H), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, 4 * hidden_size, input_size, dtype=dtype)
        self.W_h = uniform(hidden_size, 4 * hidden_size, hidden_size, dtype=dtype)
        self.b = uniform(hidden_size, 4 * hidden_size, dtype=dtype)
        self.p = uniform(hidden_size, 3, hidden_size, dtype=dtype)

    def forward(
        self, x: Tensor, state: tuple[Tensor, ...] | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last states (h_T, c_T) from x (T, N, D); the first are zero where they are not given."""
        h_0, c_0 = state or zeros_like_states(x, self.W_h.shape[1], 2)
        h, c, _ = forward(x, h_0, c_0, self.W_x, self.W_h, self.b, self.p, mask)
        return h, (h[-1], c[-1])
