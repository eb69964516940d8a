"""Mutants of the reference that survive because they change nothing a check could ask for, and why that is so.

By check, then by the mutant's description as ``autograder.mutants`` gives it. A test refuses entries that no longer survive.
"""

LAST_AXIS = "-1 is the default of take_along_axis"
NOT_ASKED = "the exercise says that the case in which no step counts is not asked for"
NO_MATTER = "the cell state before the first step stands in the columns of h_0 alone, which are not asked for"
ALL_ZEROS = "zeros with one number for each of the 4H rows, taken from another array of as many rows"
OTHER_ACTIVATION = "the exercise says that an activation other than tanh and ReLU is not asked for"
LIMIT = "the exercise says that a limit that is not above 0 is not asked for"
NOT_FINITE = "the exercise says that a norm that is not finite is not asked for"
NUMPYS_NUMBER = "a number of NumPy's is as good as one of Python's"
DEFAULT = "every case passes z_keeps; its default stands in the signature that students are given"
SAME_NUMBERS = "a view or the argument itself holds the same numbers"
SAME_LENGTH = "W_x and W_h have one length and one dtype"
FLOAT64_ALONE = "the exercise says that another dtype than float64 is not asked for"
TWO_SHAPES = "the exercise says that arrays of different shapes are not asked for"
NO_NUMBERS = "the exercise says that arrays without any numbers are not asked for"
BELOW_ONE = "the exercise says that blocks of less than one step are not asked for"
USUAL_STEP = "every case passes step; its default stands in the signature that students are given"
BAD_OPTIONS = "the exercise says that a temperature that is not above 0, or a k below 1, is not asked for"
DEFAULT_TEMPERATURE = "every case passes temperature; its default stands in the signature that students are given"
NO_ROWS = "with words in it the array holds integers, and the exercise says that a u without rows is not asked for"
NO_STEP = "the exercise says that a sequence without a step is not asked for"
T_BELOW_ONE = "the exercise says that T below 1 is not asked for"
NO_WORDS = "with words in it the array holds integers, and the exercise says that longest below 1 is not asked for"
ALL_PAIRS = "an input and a mask of other lengths are not asked for: they have one row for each step"
EQUIVALENT: dict[str, dict[str, str]] = {
    "loss.cross_entropy": {
        "np.take_along_axis(log_p, targets[..., None], axis=-1): axis left out": LAST_AXIS,
        "0: 0 to -1 (place 2)": "the axis has the length 1, so its last place is its first",
    },
    "loss.perplexity": {
        "if count == 0: raise ValueError('perplexity: no step counts,: statement left out": NOT_ASKED,
        "ValueError('perplexity: no step counts, so there is nothing : call left out": NOT_ASKED,
        "0: 0 to -1": NOT_ASKED,
        "int(np.count_nonzero(mask)): call left out": "dividing by NumPy's integer gives the same as by Python's",
    },
    "rnn.backward": {
        "W_h: W_h to W_x (place 3)": SAME_LENGTH,
        "W_h: W_h to W_x (place 4)": SAME_LENGTH,
    },
    "gradient_check.numerical_gradient": {
        "if array.dtype != np.float64: raise TypeError(f'numerical_gr: statement left out": FLOAT64_ALONE,
        "TypeError(f'numerical_gradient: the argument array must be f: call left out": FLOAT64_ALONE,
        "array: array to below (place 6)": FLOAT64_ALONE,
        "1e-05: 1e-05 to 1.00001": USUAL_STEP,
        "1e-05: 1e-05 to -0.99999": USUAL_STEP,
    },
    "gradient_check.relative_error": {
        "if np.shape(a) != np.shape(b): raise ValueError(f'relative_e: statement left out": TWO_SHAPES,
        "ValueError(f'relative_error: the shapes must be the same, bu: call left out": TWO_SHAPES,
        "np.shape(a): call left out (place 2)": TWO_SHAPES,
        "np.shape(b): call left out (place 2)": TWO_SHAPES,
        "a: a to b": TWO_SHAPES,
        "a: a to b (place 3)": TWO_SHAPES,
        "b: b to scale (place 3)": TWO_SHAPES,
        "np.abs([a, b]).max(initial=0.0): initial left out": NO_NUMBERS,
        "np.abs(a - b).max(initial=0.0): initial left out": NO_NUMBERS,
        "0.0: 0.0 to -1.0 (place 2)": NO_NUMBERS,
        "0.0: 0.0 to -1.0 (place 3)": NO_NUMBERS,
        "float(np.abs(a - b).max(initial=0.0) / scale): call left out": NUMPYS_NUMBER,
    },
    "truncated_bptt.truncated_backward": {
        "if k < 1: raise ValueError(f'The argument k must be at least: statement left out": BELOW_ONE,
        "ValueError(f'The argument k must be at least 1 step, but is : call left out": BELOW_ONE,
        "1: 1 to 0": BELOW_ONE,
        "k: k to t (place 3)": BELOW_ONE,
        "W_h: W_h to W_x (place 3)": SAME_LENGTH,
        "W_h: W_h to W_x (place 4)": SAME_LENGTH,
    },
    "truncated_bptt.truncation_error": {
        "float(np.linalg.norm(truncated - full)): call left out": NUMPYS_NUMBER,
        "float(np.linalg.norm(full)): call left out": NUMPYS_NUMBER,
    },
    "lstm.gates": {
        "a.reshape(len(x), 4, -1).swapaxes(0, 1): arguments 1 and 2 swapped": "swapping two axes is the same both ways",
        "1: 1 to 2 (place 3)": "NumPy takes any negative length for the one to find",
    },
    "lstm.forward": {"h: h to h_0 (place 4)": "h was made with the dtype of h_0"},
    "lstm.backward": {
        "dc_next.copy(): call left out": "after one step or more it is no argument any more; no steps are not asked for",
        "W_h: W_h to W_x (place 3)": ALL_ZEROS,
        "0: 0 to -1 (place 2)": ALL_ZEROS,
    },
    "cell_path.full_derivative": {
        "np.broadcast_to(np.eye(2 * H, dtype=c.dtype), (N, 2 * H, 2 *: call left out": "a product broadcasts by itself",
        "product[:, :H, :H].copy(): call left out": "a view holds the same numbers",
        "c: c to c_0 (place 2)": "both have the same dtype",
        "c[t - 1] if t > 0 else c_0: if always": NO_MATTER,
        "t > 0: Gt to GtE": NO_MATTER,
        "t: t to H (place 2)": NO_MATTER,
        "0: 0 to -1": NO_MATTER,
    },
    "jacobians.step_jacobian": {
        "if activation not in ('tanh', 'relu'): raise ValueError(f\"st: statement left out": OTHER_ACTIVATION,
        'ValueError(f"step_jacobian: the argument activation must be : call left out': OTHER_ACTIVATION,
        "activation: activation to h (place 3)": OTHER_ACTIVATION,
    },
    "jacobians.span_jacobian": {
        "np.tile(np.eye(H, dtype=h.dtype), (N, 1, 1)): call left out": "the product with the first step's Jacobians repeats "
        "one identity for all sequences, and the exercise says that a span of no steps is not asked for",
    },
    "jacobians.spectral_radius": {
        "float(np.abs(np.linalg.eigvals(J)).max()): call left out": NUMPYS_NUMBER,
    },
    "clipping.clip_by_value": {
        "if not limit > 0: raise ValueError(f'clip_by_value: the argu: statement left out": LIMIT,
        "limit > 0: Gt to GtE": LIMIT,
        "ValueError(f'clip_by_value: the argument limit must be above: call left out": LIMIT,
        "0: 0 to -1": LIMIT,
        "limit: limit to name (place 4)": LIMIT,
    },
    "clipping.global_norm": {
        "float(np.sqrt(sum((np.sum(np.square(g, dtype=np.float64)) fo: call left out": NUMPYS_NUMBER,
    },
    "clipping.clip_by_global_norm": {
        "if not limit > 0: raise ValueError(f'clip_by_global_norm: th: statement left out": LIMIT,
        "limit > 0: Gt to GtE": LIMIT,
        "ValueError(f'clip_by_global_norm: the argument limit must be: call left out": LIMIT,
        "0: 0 to -1": LIMIT,
        "limit: limit to name (place 4)": LIMIT,
        'if not np.isfinite(norm): raise FloatingPointError(f"clip_by: statement left out': NOT_FINITE,
        "FloatingPointError(f\"clip_by_global_norm: the gradients' nor: call left out": NOT_FINITE,
        "norm: norm to scale (place 5)": NOT_FINITE,
        "norm > limit: Gt to GtE": "where the norm is the limit, the factor limit / norm is 1 as well",
    },
    "gru.step": {"True: True to False": DEFAULT},
    "gru_reset_before.step": {"True: True to False": DEFAULT},
    "gru.forward": {"True: True to False": DEFAULT, "h: h to h_0 (place 3)": "h was made with the dtype of h_0"},
    "gru.step_backward": {"True: True to False": DEFAULT},
    "gru.from_pytorch": {
        "weight_ih.copy(): call left out": SAME_NUMBERS,
        "weight_hh.copy(): call left out": SAME_NUMBERS,
        "bias_hh[2 * H:].copy(): call left out": SAME_NUMBERS,
    },
    "decoding.probabilities": {
        "if not temperature > 0: raise ValueError(f'probabilities: th: statement left out": BAD_OPTIONS,
        "temperature > 0: Gt to GtE": BAD_OPTIONS,
        "ValueError(f'probabilities: the argument temperature must be: call left out": BAD_OPTIONS,
        "temperature: temperature to top_k (place 3)": BAD_OPTIONS,
        "0: 0 to -1": BAD_OPTIONS,
        "if top_k < 1: raise ValueError(f'probabilities: the argument: statement left out": BAD_OPTIONS,
        "1: 1 to 0": BAD_OPTIONS,
        "ValueError(f'probabilities: the argument top_k must be at le: call left out": BAD_OPTIONS,
        "top_k: top_k to y (place 3)": BAD_OPTIONS,
        "1.0: 1.0 to 2.0": DEFAULT_TEMPERATURE,
        "1.0: 1.0 to 0.0": DEFAULT_TEMPERATURE,
        "np.argsort(-y, axis=-1, kind='stable'): axis left out": "-1 is the default of argsort",
    },
    "decoding.sample": {
        "1.0: 1.0 to 2.0": DEFAULT_TEMPERATURE,
        "1.0: 1.0 to 0.0": DEFAULT_TEMPERATURE,
        "np.zeros(len(ids), dtype=bool): dtype left out": "np.where takes zeros for False",
        "np.array(written, dtype=int): dtype left out": NO_ROWS,
        "1: 1 to 2": "NumPy takes any negative length for the one to find",
        "ended: ended to ids (place 2)": "both have one number for each sequence",
        "0: 0 to -1": "every state has one row for each sequence",
    },
    "adding.clipped_gradients": {
        "loss.detach(): call left out": "the number is the same; only its gradient could still be asked for",
        "0: 0 to -1": "the predictions are (N, 1), so the last column is the first",
    },
    "heads.many_to_one": {
        "if last[n] < 0: raise ValueError(f'many_to_one: the sequence: statement left out": NO_STEP,
        "int(np.argmin(last)): call left out": NUMPYS_NUMBER,
        "0: 0 to -1": NO_STEP,
        "ValueError(f'many_to_one: the sequence {n} has no step that : call left out": NO_STEP,
        "n: n to y (place 2)": NO_STEP,
    },
    "heads.one_to_many_inputs": {
        "if T < 1: raise ValueError(f'one_to_many_inputs: the argumen: statement left out": T_BELOW_ONE,
        "1: 1 to 0": T_BELOW_ONE,
        "ValueError(f'one_to_many_inputs: the argument T must be at l: call left out": T_BELOW_ONE,
        "T: T to inputs (place 3)": T_BELOW_ONE,
    },
    "step_by_step.encode": {
        "zip(x, mask, strict=True): strict left out": ALL_PAIRS,
        "True: True to False": ALL_PAIRS,
    },
    "decoding.greedy": {
        "np.zeros(len(ids), dtype=bool): dtype left out": "np.where takes zeros for False",
        "np.array(written, dtype=int): dtype left out": NO_WORDS,
        "1: 1 to 2": "NumPy takes any negative length for the one to find",
        "0: 0 to -1": "every state has one row for each sequence",
    },
    "step_by_step.beam_search": {
        "tuple((state[parent] for state in states)): call left out": "next_scores takes the states one after the other",
        "np.argsort(-grown, axis=None, kind='stable'): kind left out": "no two sequences of a case are equally likely",
        "0: 0 to -1": "every state has one dtype",
    },
}
