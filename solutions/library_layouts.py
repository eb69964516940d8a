"""How libraries lay out the parameters of recurrent cells: one table, a row for each cell of each library.

``conversions.to`` and ``conversions.from_`` follow the rows, the page of conventions shows them, and the tests hold each of
them to outputs that the library itself computed (``tests/solutions/libraries``). Blocks bear our letters: h for the only block
of the vanilla network; i, f, o, g; r, z, n. The letter q stands for a GRU's ``b_hn``, where a library keeps it among its
biases or by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Groups = Mapping[str, str]
"""Blocks, in their order, and the name of the parameter that holds them."""

OURS = {"rnn": "h", "relu_rnn": "h", "lstm": "ifog", "peephole_lstm": "ifog", "gru": "rzn", "gru_reset_before": "rzn"}
"""Our own blocks, by the names of ``recurrent.CELLS``."""
PEEPHOLES = "ifo"
"""The order of our peepholes."""
PEEPHOLES_OF = {"onnxruntime": "iof"}
"""Theirs, where it is another."""
SECOND = ", the second"
"""What stands behind a bias's name for the second one that is kept within it."""


@dataclass(frozen=True)
class Layout:
    """One kind of cell in one library.

    library
        What one imports.
    cell
        The name in ``recurrent.CELLS`` of what computes the same.
    call
        What makes the layer there.
    order
        The blocks from first to last.
    orientation
        Of a matrix: "out, in" or "in, out".
    names
        For each role the parameter, or several with the blocks that each holds. The roles are W_x and W_h, or W_xh or W_hx for a
        matrix that both share; b, and b_2 for a second bias that is added; p for peepholes.
    second
        Where the second bias stands: "apart", in a parameter of its own if there is a name for it; as the second of two "rows" of
        b; or "behind" the first in one vector.
    added
        Constants that the library adds to a block's bias at run time.
    z_keeps
        For a GRU, whether z is the share of the old state.
    axes
        How many axes of length 1 stand before a parameter's own: ONNX has one for the direction.
    interleaved
        Whether the blocks are mixed: all of the first unit, then all of the second.
    bias_as
        A bias is a "vector", a "row" (1, G*H) or a "column" (G*H, 1).
    """

    library: str
    cell: str
    call: str
    order: str
    orientation: str
    names: Mapping[str, str | Groups]
    second: str = "apart"
    added: Mapping[str, float] = field(default_factory=dict)
    z_keeps: bool | None = None
    axes: int = 0
    interleaved: bool = False
    bias_as: str = "vector"

    @property
    def roles(self) -> list[str]:
        """The roles of the names, and b_2 where the second bias has no name of its own."""
        return [*self.names, *(["b_2"] if self.second != "apart" else [])]

    def groups(self, role: str) -> Groups:
        """The parameters of this role, by the blocks that each holds."""
        if role == "b_2" and self.second != "apart":
            return {self.order: self.bias + SECOND}
        found = self.names[role]
        order = PEEPHOLES_OF.get(self.library, PEEPHOLES) if role == "p" else self.order
        return {order: found} if isinstance(found, str) else found

    @property
    def bias(self) -> str:
        """The name of the only parameter with biases."""
        (name,) = self.groups("b").values()
        return name

    @property
    def has_b_hn(self) -> bool:
        """Whether there is a place for a bias inside the product with r."""
        return "b_2" in self.roles or any("q" in blocks for blocks in self.groups("b"))


def each(pattern: str, **blocks: str) -> Groups:
    """A parameter for each block: the pattern with what the library calls the block in place of {}."""
    return {block: pattern.format(name) for block, name in blocks.items()}


def _usual(W_x: str, W_h: str, b: str, b_2: str = "") -> dict[str, str | Groups]:
    names: dict[str, str | Groups] = {"W_x": W_x, "W_h": W_h, "b": b}
    return names | {"b_2": b_2} if b_2 else names


OUT_IN, IN_OUT = "out, in", "in, out"
TORCH = _usual("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
CELL = _usual("weight_ih", "weight_hh", "bias_ih", "bias_hh")
KERAS = _usual("kernel", "recurrent_kernel", "bias")
ONNX = _usual("W", "R", "B")
NCNN = _usual("weight_xc", "weight_hc", "bias_c")
MXNET = _usual("l0_i2h_weight", "l0_h2h_weight", "l0_i2h_bias", "l0_h2h_bias")
LITERT_RNN = _usual("input_weights", "recurrent_weights", "bias")
LITERT_LSTM = {
    "W_x": each("input_to_{}_weights", i="input", f="forget", g="cell", o="output"),
    "W_h": each("recurrent_to_{}_weights", i="input", f="forget", g="cell", o="output"),
    "b": each("{}_gate_bias", i="input", f="forget", g="cell", o="output"),
}
ONE = {"f": 1.0}

LAYOUTS = (
    Layout("torch", "rnn", "nn.RNN", "h", OUT_IN, TORCH),
    Layout("torch", "relu_rnn", 'nn.RNN, nonlinearity="relu"', "h", OUT_IN, TORCH),
    Layout("torch", "lstm", "nn.LSTM", "ifgo", OUT_IN, TORCH),
    Layout("torch", "gru", "nn.GRU", "rzn", OUT_IN, TORCH, z_keeps=True),
    Layout("keras", "rnn", "layers.SimpleRNN", "h", IN_OUT, KERAS),
    Layout("keras", "relu_rnn", 'layers.SimpleRNN, activation="relu"', "h", IN_OUT, KERAS),
    Layout("keras", "lstm", "layers.LSTM", "ifgo", IN_OUT, KERAS),
    Layout("keras", "gru", "layers.GRU", "zrn", IN_OUT, KERAS, second="rows", z_keeps=True),
    Layout("keras", "gru_reset_before", "layers.GRU, reset_after=False", "zrn", IN_OUT, KERAS, z_keeps=True),
    Layout("onnxruntime", "rnn", "RNN", "h", OUT_IN, ONNX, second="behind", axes=1),
    Layout("onnxruntime", "relu_rnn", 'RNN, activations=["Relu"]', "h", OUT_IN, ONNX, second="behind", axes=1),
    Layout("onnxruntime", "lstm", "LSTM", "iofg", OUT_IN, ONNX, second="behind", axes=1),
    Layout("onnxruntime", "peephole_lstm", "LSTM with P", "iofg", OUT_IN, ONNX | {"p": "P"}, second="behind", axes=1),
    Layout("onnxruntime", "gru", "GRU, linear_before_reset=1", "zrn", OUT_IN, ONNX, second="behind", z_keeps=True, axes=1),
    Layout("onnxruntime", "gru_reset_before", "GRU", "zrn", OUT_IN, ONNX, second="behind", z_keeps=True, axes=1),
    Layout("openvino", "rnn", "rnn_sequence", "h", OUT_IN, ONNX, axes=1),
    Layout("openvino", "relu_rnn", 'rnn_sequence, activations=["relu"]', "h", OUT_IN, ONNX, axes=1),
    Layout("openvino", "lstm", "lstm_sequence", "figo", OUT_IN, ONNX, axes=1),
    Layout(
        "openvino", "gru", "gru_sequence, linear_before_reset=True", "zrn", OUT_IN,
        ONNX | {"b": {"zrnq": "B"}}, z_keeps=True, axes=1,
    ),
    Layout("openvino", "gru_reset_before", "gru_sequence", "zrn", OUT_IN, ONNX, z_keeps=True, axes=1),
    Layout("paddle", "rnn", "nn.SimpleRNN", "h", OUT_IN, TORCH),
    Layout("paddle", "relu_rnn", 'nn.SimpleRNN, activation="relu"', "h", OUT_IN, TORCH),
    Layout("paddle", "lstm", "nn.LSTM", "ifgo", OUT_IN, TORCH),
    Layout("paddle", "gru", "nn.GRU", "rzn", OUT_IN, TORCH, z_keeps=True),
    Layout("ncnn", "rnn", "RNN", "h", OUT_IN, NCNN),
    Layout("ncnn", "lstm", "LSTM", "ifog", OUT_IN, NCNN),
    Layout("ncnn", "gru", "GRU", "rzn", OUT_IN, NCNN | {"b": {"rznq": "bias_c"}}, z_keeps=True),
    Layout("mlx", "rnn", "nn.RNN", "h", OUT_IN, _usual("Wxh", "Whh", "bias")),
    Layout("mlx", "relu_rnn", "nn.RNN, nonlinearity=nn.relu", "h", OUT_IN, _usual("Wxh", "Whh", "bias")),
    Layout("mlx", "lstm", "nn.LSTM", "ifgo", OUT_IN, _usual("Wx", "Wh", "bias")),
    Layout("mlx", "gru", "nn.GRU", "rzn", OUT_IN, {"W_x": "Wx", "W_h": "Wh", "b": {"rzn": "b", "q": "bhn"}}, z_keeps=True),
    Layout("tinygrad", "lstm", "nn.LSTMCell", "ifgo", OUT_IN, CELL),
    Layout("flax.linen", "rnn", "SimpleCell", "h", IN_OUT, _usual("i/kernel", "h/kernel", "i/bias")),
    Layout(
        "flax.linen", "lstm", "LSTMCell", "ifgo", IN_OUT,
        {
            "W_x": each("i{}/kernel", i="i", f="f", g="g", o="o"),
            "W_h": each("h{}/kernel", i="i", f="f", g="g", o="o"),
            "b": each("h{}/bias", i="i", f="f", g="g", o="o"),
        },
    ),
    Layout(
        "flax.linen", "gru", "GRUCell", "rzn", IN_OUT,
        {
            "W_x": each("i{}/kernel", r="r", z="z", n="n"),
            "W_h": each("h{}/kernel", r="r", z="z", n="n"),
            "b": {**each("i{}/bias", r="r", z="z", n="n"), "q": "hn/bias"},
        },
        z_keeps=True,
    ),
    Layout("flax.nnx", "rnn", "SimpleCell", "h", IN_OUT, _usual("dense_i/kernel", "dense_h/kernel", "dense_i/bias")),
    Layout(
        "flax.nnx", "lstm", "OptimizedLSTMCell", "ifgo", IN_OUT,
        _usual("dense_i/kernel", "dense_h/kernel", "dense_h/bias"),
    ),
    Layout(
        "flax.nnx", "gru", "GRUCell", "rzn", IN_OUT,
        _usual("dense_i/kernel", "dense_h/kernel", "dense_i/bias"), z_keeps=True,
    ),
    Layout("equinox", "lstm", "nn.LSTMCell", "ifgo", OUT_IN, _usual("weight_ih", "weight_hh", "bias")),
    Layout(
        "equinox", "gru", "nn.GRUCell", "rzn", OUT_IN,
        {"W_x": "weight_ih", "W_h": "weight_hh", "b": {"rzn": "bias", "q": "bias_n"}}, z_keeps=True,
    ),
    Layout(
        "haiku", "relu_rnn", "VanillaRNN", "h", IN_OUT,
        _usual("linear/w", "linear_1/w", "linear/b", "linear_1/b"),
    ),
    Layout("haiku", "lstm", "LSTM", "igfo", IN_OUT, {"W_xh": "linear/w", "b": "linear/b"}, added=ONE),
    Layout("haiku", "gru_reset_before", "GRU", "zrn", IN_OUT, _usual("w_i", "w_h", "b"), z_keeps=False),
    Layout("brainstate", "rnn", 'nn.ValinaRNNCell, activation="tanh"', "h", IN_OUT, {"W_xh": "W/weight", "b": "W/bias"}),
    Layout("brainstate", "relu_rnn", "nn.ValinaRNNCell", "h", IN_OUT, {"W_xh": "W/weight", "b": "W/bias"}),
    Layout("brainstate", "lstm", "nn.LSTMCell", "igfo", IN_OUT, {"W_xh": "W/weight", "b": "W/bias"}, added=ONE),
    Layout(
        "brainstate", "gru_reset_before", "nn.GRUCell", "rzn", IN_OUT,
        {"W_xh": {"rz": "Wrz/weight", "n": "Wh/weight"}, "b": {"rz": "Wrz/bias", "n": "Wh/bias"}}, z_keeps=False,
    ),
    Layout("tensorflowjs", "rnn", "layers.simpleRNN", "h", IN_OUT, KERAS),
    Layout("tensorflowjs", "relu_rnn", 'layers.simpleRNN, activation: "relu"', "h", IN_OUT, KERAS),
    Layout("tensorflowjs", "lstm", 'layers.lstm, recurrentActivation: "sigmoid"', "ifgo", IN_OUT, KERAS),
    Layout(
        "tensorflowjs", "gru_reset_before", 'layers.gru, recurrentActivation: "sigmoid"', "zrn", IN_OUT, KERAS,
        z_keeps=True,
    ),
    Layout("numpy_ml", "rnn", "RNNCell", "h", IN_OUT, _usual("Wax", "Waa", "bx", "ba"), bias_as="column"),
    Layout(
        "numpy_ml", "lstm", "LSTMCell", "fiog", IN_OUT,
        {"W_hx": each("W{}", f="f", i="u", o="o", g="c"), "b": each("b{}", f="f", i="u", o="o", g="c")}, bias_as="row",
    ),
    Layout(
        "labml_nn", "lstm", "lstm.LSTMCell", "ifgo", OUT_IN,
        _usual("input_lin.weight", "hidden_lin.weight", "hidden_lin.bias"),
    ),
    Layout("d2l", "rnn", "torch.RNNScratch", "h", IN_OUT, _usual("W_xh", "W_hh", "b_h")),
    Layout("chainer", "rnn", "links.NStepRNNTanh", "h", OUT_IN, _usual("w0", "w1", "b0", "b1")),
    Layout("chainer", "relu_rnn", "links.NStepRNNReLU", "h", OUT_IN, _usual("w0", "w1", "b0", "b1")),
    Layout(
        "chainer", "lstm", "links.StatelessLSTM", "gifo", OUT_IN, _usual("upward/W", "lateral/W", "upward/b"),
        interleaved=True,
    ),
    Layout(
        "chainer", "gru", "links.NStepGRU", "rzn", OUT_IN,
        {
            "W_x": each("w{}", r="0", z="1", n="2"), "W_h": each("w{}", r="3", z="4", n="5"),
            "b": each("b{}", r="0", z="1", n="2"), "b_2": each("b{}", r="3", z="4", n="5"),
        },
        z_keeps=True,
    ),
    Layout(
        "chainer", "gru_reset_before", "links.StatelessGRU", "rzn", OUT_IN,
        {
            "W_x": each("W{}/W", r="_r", z="_z", n=""), "W_h": each("U{}/W", r="_r", z="_z", n=""),
            "b": each("W{}/b", r="_r", z="_z", n=""), "b_2": each("U{}/b", r="_r", z="_z", n=""),
        },
        z_keeps=False,
    ),
    Layout("mxnet", "rnn", 'gluon.rnn.RNN, activation="tanh"', "h", OUT_IN, MXNET),
    Layout("mxnet", "relu_rnn", "gluon.rnn.RNN", "h", OUT_IN, MXNET),
    Layout("mxnet", "lstm", "gluon.rnn.LSTM", "ifgo", OUT_IN, MXNET),
    Layout("mxnet", "gru", "gluon.rnn.GRU", "rzn", OUT_IN, MXNET, z_keeps=True),
    Layout("litert", "rnn", "UNIDIRECTIONAL_SEQUENCE_RNN", "h", OUT_IN, LITERT_RNN),
    Layout("litert", "relu_rnn", "UNIDIRECTIONAL_SEQUENCE_RNN, activation RELU", "h", OUT_IN, LITERT_RNN),
    Layout("litert", "lstm", "UNIDIRECTIONAL_SEQUENCE_LSTM", "ifgo", OUT_IN, LITERT_LSTM),
    Layout(
        "litert", "peephole_lstm", "UNIDIRECTIONAL_SEQUENCE_LSTM with cell_to_…", "ifgo", OUT_IN,
        LITERT_LSTM | {"p": each("cell_to_{}_weights", i="input", f="forget", o="output")},
    ),
)  # fmt: skip
