"""Mutants of the reference that survive because they change nothing a check could ask for, and why that is so.

By check, then by the mutant's description as ``autograder.mutants`` gives it. A test refuses entries that no longer survive.
"""

LAST_AXIS = "-1 is the default of take_along_axis"
NOT_ASKED = "the exercise says that the case in which no step counts is not asked for"
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
}
