#!/usr/bin/env bash
# safetensors 0.8.0: NumPy's complex64 is saved and comes back, complex128 is refused, though it is what NumPy computes by default.
#
# You would guess: a format takes complex numbers in both precisions, as it takes real ones, or in none.
# It is so: save() writes complex64 as "C64" and raises SafetensorError ("Unknown dtype") for complex128. Whoever tests with
# single precision, as eigenvalues of float32 matrices are, sees no fault until the first eigenvalues of a float64 matrix.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.2.6
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
from safetensors.numpy import load, save

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
single, double = (np.linalg.eigvals(TURN.astype(dtype)) for dtype in (np.float32, np.float64))
print(single.dtype, "comes back as", load(save({"eigenvalues": single}))["eigenvalues"])
assert np.array_equal(load(save({"eigenvalues": single}))["eigenvalues"], single), "complex64 is not taken any more"
try:
    save({"eigenvalues": double})
except Exception as error:
    print(double.dtype, "raises", type(error).__name__, str(error)[:34])
    assert "complex128" in str(error)
else:
    raise AssertionError("safetensors takes complex128 now")
PYTHON
echo "seen as described: safetensors 0.8.0"
