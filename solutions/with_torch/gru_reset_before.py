"""The GRU that resets before the matrix product, in PyTorch, as in ``solutions.with_numpy.gru_reset_before``."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes
from solutions.with_torch.cells import inputs_that_count, uniform, zeros_like_states
from solutions.with_torch.padding import hold


@takes(x="N D", h_prev="N H", W_x="3H D", W_h="3H H", b="3H")
def step(x: Tensor, h_prev: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, z_keeps: bool = True) -> tuple[Tensor, Tensor]:
    """One step: n = tanh(W_xn x_t + W_hn (r * h_{t-1}) + b_n); returns h (N, H) and the gates (3, N, H): r, z, n."""
    a_r, a_z, a_n = (x @ W_x.T + b).chunk(3, dim=1)
    W_r, W_z, W_n = W_h.chunk(3)
    r, z = torch.sigmoid(a_r + h_prev @ W_r.T), torch.sigmoid(a_z + h_prev @ W_z.T)
    n = torch.tanh(a_n + (r * h_prev) @ W_n.T)
    keep = z if z_keeps else 1 - z
    h = keep * h_prev + (1 - keep) * n
    return h, torch.stack([r, z, n])


@takes(x="T N D", h_0="N H", W_x="3H D", W_h="3H H", b="3H", mask="optional bool T N")
def forward(
    x: Tensor, h_0: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, z_keeps: bool = True, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The same step T times; returns h (T, N, H) and the gates (3, T, N, H)."""
    h, made = [h_0], []
    for t, x_t in enumerate(inputs_that_count(x, mask)):
        h_t, activations = step(x_t, h[-1], W_x, W_h, b, z_keeps)
        h.append(hold(mask, t, h_t, h[-1]))
        made.append(activations)
    return torch.stack(h[1:]), torch.stack(made, dim=1)


class GRUResetBefore(nn.Module):
    """The first paper's GRU with its weights: W_x (3H, D), W_h (3H, H), b (3H,), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, 3 * hidden_size, input_size, dtype=dtype)
        self.W_h = uniform(hidden_size, 3 * hidden_size, hidden_size, dtype=dtype)
        self.b = uniform(hidden_size, 3 * hidden_size, dtype=dtype)

    def forward(
        self, x: Tensor, state: tuple[Tensor, ...] | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last state (h_T,) from x (T, N, D); the first state is zero where it is not given."""
        (h_0,) = state or zeros_like_states(x, self.W_h.shape[1], 1)
        h, _ = forward(x, h_0, self.W_x, self.W_h, self.b, mask=mask)
        return h, (h[-1],)
