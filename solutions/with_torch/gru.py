"""The GRU that resets after the matrix product, in PyTorch; blocks r, z, n as in ``solutions.with_numpy.gru``."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes
from solutions.with_torch.cells import inputs_that_count, uniform, zeros_like_states
from solutions.with_torch.padding import hold


@takes(x="N D", h_prev="N H", W_x="3H D", W_h="3H H", b="3H", b_hn="H")
def step(
    x: Tensor, h_prev: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, b_hn: Tensor, z_keeps: bool = True
) -> tuple[Tensor, Tensor]:
    """One step: n = tanh(W_xn x_t + b_n + r * q) with q = W_hn h_{t-1} + b_hn; returns h (N, H), gates (4, N, H): r, z, n, q."""
    a_r, a_z, a_n = (x @ W_x.T + b).chunk(3, dim=1)
    q_r, q_z, q_n = (h_prev @ W_h.T).chunk(3, dim=1)
    r, z, q = torch.sigmoid(a_r + q_r), torch.sigmoid(a_z + q_z), q_n + b_hn
    n = torch.tanh(a_n + r * q)
    keep = z if z_keeps else 1 - z
    h = keep * h_prev + (1 - keep) * n
    return h, torch.stack([r, z, n, q])


@takes(x="T N D", h_0="N H", W_x="3H D", W_h="3H H", b="3H", b_hn="H", mask="optional bool T N")
def forward(
    x: Tensor, h_0: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, b_hn: Tensor, z_keeps: bool = True,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The same step T times; returns h (T, N, H) and the gates (4, T, N, H)."""
    h, made = [h_0], []
    for t, x_t in enumerate(inputs_that_count(x, mask)):
        h_t, activations = step(x_t, h[-1], W_x, W_h, b, b_hn, z_keeps)
        h.append(hold(mask, t, h_t, h[-1]))
        made.append(activations)
    return torch.stack(h[1:]), torch.stack(made, dim=1)


class GRU(nn.Module):
    """The GRU with its weights: W_x (3H, D), W_h (3H, H), b (3H,), b_hn (H,), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, 3 * hidden_size, input_size, dtype=dtype)
        self.W_h = uniform(hidden_size, 3 * hidden_size, hidden_size, dtype=dtype)
        self.b = uniform(hidden_size, 3 * hidden_size, dtype=dtype)
        self.b_hn = uniform(hidden_size, hidden_size, dtype=dtype)

    def forward(
        self, x: Tensor, state: tuple[Tensor, ...] | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last state (h_T,) from x (T, N, D); the first state is zero where it is not given."""
        (h_0,) = state or zeros_like_states(x, self.W_h.shape[1], 1)
        h, _ = forward(x, h_0, self.W_x, self.W_h, self.b, self.b_hn, mask=mask)
        return h, (h[-1],)
