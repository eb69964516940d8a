"""LiteRT's fused cells, in models of one operator that are written with its own schema."""
# /// script
# dependencies = ["ai-edge-litert==2.3.0", "flatbuffers==25.12.19", "numpy==2.4.6"]
# ///

from importlib.metadata import version

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from recording import Case, D, H, N, T, record

GATES = ("input", "forget", "cell", "output")
TANH, RELU = schema.ActivationFunctionType.TANH, schema.ActivationFunctionType.RELU
ABSENT = -1


class Model:
    """A model of one operator: first the sequence, then constants and states in the operator's order."""

    def __init__(self) -> None:
        self.buffers, self.tensors = [schema.BufferT()], []
        self.inputs = [self.tensor("x", (T, N, D))]

    def tensor(self, name: str, shape: tuple[int, ...], array: np.ndarray | None = None, variable: bool = False) -> int:
        tensor, buffer = schema.TensorT(), schema.BufferT()
        if array is not None:
            buffer.data = list(array.astype("<f4").tobytes())
        self.buffers.append(buffer)
        tensor.name, tensor.shape, tensor.type, tensor.isVariable = (
            name,
            list(shape),
            schema.TensorType.FLOAT32,
            variable,
        )
        tensor.buffer = len(self.buffers) - 1
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, case: Case, name: str, *shape: int) -> None:
        self.inputs.append(self.tensor(name, shape, case.parameter(name, *shape)))

    def state(self, name: str) -> None:
        self.inputs.append(self.tensor(name, (N, H), variable=True))

    def run(self, operator: int, kind: int, options: object, case: Case) -> np.ndarray:
        code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
        code.builtinCode = code.deprecatedBuiltinCode = operator
        code.version = 1
        y = self.tensor("y", (T, N, H))
        node.inputs, node.outputs, node.builtinOptionsType, node.builtinOptions = self.inputs, [y], kind, options
        graph.tensors, graph.inputs, graph.outputs, graph.operators = self.tensors, [0], [y], [node]
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], self.buffers
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        made = Interpreter(model_content=bytes(builder.Output()))
        made.allocate_tensors()
        case.start_at_zero()  # the states are the model's own
        made.set_tensor(0, case.x.astype(np.float32))
        made.invoke()
        return made.get_tensor(y)


def rnn(case: Case, activation: int) -> np.ndarray:
    model, options = Model(), schema.SequenceRNNOptionsT()
    for name, shape in (("input_weights", (H, D)), ("recurrent_weights", (H, H)), ("bias", (H,))):
        model.constant(case, name, *shape)
    model.state("hidden_state")
    options.timeMajor, options.fusedActivationFunction = True, activation
    operator = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_RNN
    return model.run(operator, schema.BuiltinOptions.SequenceRNNOptions, options, case)


def lstm(case: Case, peepholes: bool = False) -> np.ndarray:
    model, options = Model(), schema.UnidirectionalSequenceLSTMOptionsT()
    for before, columns in (("input", D), ("recurrent", H)):
        for gate in GATES:
            model.constant(case, f"{before}_to_{gate}_weights", H, columns)
    for gate in ("input", "forget", "output"):
        if peepholes:
            model.constant(case, f"cell_to_{gate}_weights", H)
        else:
            model.inputs.append(ABSENT)
    for gate in GATES:
        model.constant(case, f"{gate}_gate_bias", H)
    model.inputs += [ABSENT, ABSENT]  # a projection
    model.state("output_state")
    model.state("cell_state")
    options.timeMajor, options.fusedActivationFunction = True, TANH
    operator = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
    return model.run(operator, schema.BuiltinOptions.UnidirectionalSequenceLSTMOptions, options, case)


record(
    "litert",
    version("ai-edge-litert"),
    {
        "rnn": lambda case: rnn(case, TANH),
        "relu_rnn": lambda case: rnn(case, RELU),
        "lstm": lstm,
        "peephole_lstm": lambda case: lstm(case, peepholes=True),
    },
    {"precision": "float32", "returns": "all h; the states stay in the interpreter"},
)
