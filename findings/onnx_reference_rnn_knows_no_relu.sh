#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0: an RNN node with activations=["Relu"] runs in onnxruntime and not in the reference evaluator.
#
# You would guess: ReferenceEvaluator computes every activation that the specification of RNN lists; Relu is the first of them.
# It is so: the model passes the checker and onnxruntime computes it, but the evaluator raises RuntimeError
# ("Unknown activation function 'Relu'"): it knows Tanh and Affine alone. It cannot be the oracle for such a node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.2.6
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

single = onnx.TensorProto.FLOAT
given = {"X": np.ones((2, 1, 1)), "W": np.full((1, 1, 1), -1.0), "R": np.ones((1, 1, 1))}
given = {name: array.astype(np.float32) for name, array in given.items()}
node = onnx.helper.make_node("RNN", list(given), ["Y"], hidden_size=1, activations=["Relu"])
inputs = [onnx.helper.make_tensor_value_info(name, single, array.shape) for name, array in given.items()]
outputs = [onnx.helper.make_tensor_value_info("Y", single, (2, 1, 1, 1))]
graph = onnx.helper.make_graph([node], "one", inputs, outputs)
model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)])
model.ir_version = 10
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
(y,) = session.run(None, given)
print("onnxruntime:", y.ravel())
assert not y.any(), "max(0, -1) is 0"
try:
    ReferenceEvaluator(model).run(None, given)
except RuntimeError as error:
    print("reference evaluator:", error)
    assert "Relu" in str(error)
else:
    raise AssertionError("the reference evaluator knows Relu now")
PYTHON
echo "seen as described: onnx 1.23.2, onnxruntime 1.32.0"
