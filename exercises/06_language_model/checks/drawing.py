"""What the checks of this exercise share: what the text promises of every function."""

WRITES_NOTHING = {"A function never writes to its inputs.": "writes to its inputs"}
FLOATS = {
    "Floating-point results have the dtype of the inputs": "dtype not kept",
    "float64 stays float64 and is computed in double precision": "single precision inside",
}
