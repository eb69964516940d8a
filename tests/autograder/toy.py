"""A small exercise with one check and one question that is answered in words."""

from autograder.exercise import EXERCISES, Exercise, Question

AFFINE = EXERCISES["01_vanilla_rnn"].check("affine.affine")
QUESTION = Question("why", "Why is it linear?", 3, "rnn-output: The output")
TOY = Exercise("A toy", (AFFINE,), ("numpy", "matplotlib"), questions=(QUESTION,), slug="toy")
TEXT = """# A toy

```{code-cell}
import numpy as np

from check import check
```

```{code-cell}
:solve: affine.affine
```

```{code-cell}
:check: affine.affine
```

Why is the map linear in its weights?

+++ {"question": "why"}

Rubric: three points for naming both terms and the sum, one for each of them alone.

+++

The end.
"""
