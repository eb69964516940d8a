"""From one sequence to another, in PyTorch, as in ``solutions.with_numpy.encoder_decoder``."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from solutions.with_numpy.arrays import FloatArray, IntArray
from solutions.with_torch.affine import Affine
from solutions.with_torch.embedding import Embedding
from solutions.with_torch.layers import cell_named

States = tuple[Tensor, ...]


class EncoderDecoder(nn.Module):
    """An encoder reads the source, a decoder of the same kind of cell writes the target from the encoder's last states.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; Sutskever, Vinyals and Le,
    "Sequence to sequence learning with neural networks", 2014.
    """

    def __init__(
        self, cell: str, source_words: int, target_words: int, embedding_size: int, hidden_size: int,
        dtype: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        make = cell_named(cell)
        self.source, self.target = (Embedding(V, embedding_size, dtype) for V in (source_words, target_words))
        self.encoder, self.decoder = (make(embedding_size, hidden_size, dtype) for _ in range(2))
        self.scores = Affine(hidden_size, target_words, dtype)

    def encode(self, source: Tensor, mask: Tensor | None = None) -> States:
        """The last states, each (N, H), from the words of the source (S, N) and their mask (S, N)."""
        states: States = self.encoder(self.source(source), None, mask)[1]
        return states

    def decode(self, ids: Tensor, states: States) -> tuple[Tensor, States]:
        """Scores (T, N, V) after each of the words (T, N), and the states after the last."""
        h, after = self.decoder(self.target(ids), states)
        return self.scores(h), after

    def forward(self, source: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Scores (T, N, V) of each next word, with teacher forcing: target (T, N) begins with the start word."""
        return self.decode(target, self.encode(source, mask))[0]

    def next_scores(self) -> Callable[[IntArray, tuple[FloatArray, ...]], tuple[FloatArray, tuple[FloatArray, ...]]]:
        """The decoder as ``solutions.with_numpy.decoding`` wants it: words (N,) and states in, scores (N, V) and states out."""

        def of(ids: IntArray, states: tuple[FloatArray, ...]) -> tuple[FloatArray, tuple[FloatArray, ...]]:
            with torch.no_grad():
                y, after = self.decode(torch.from_numpy(np.asarray(ids))[None], tuple(map(torch.as_tensor, states)))
            return y[0].numpy(), tuple(state.numpy() for state in after)

        return of
