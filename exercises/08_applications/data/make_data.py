"""Write the data files of exercise 8 from the loaders of the book.

    python exercises/08_applications/data/make_data.py

``digits.npz`` and ``speakers.npz`` lie beside the students' notebook. ``digits_judge.npz`` holds other pictures, and the grader
alone reads it. Sources and licences: book/experiments/data/digits.py and speakers.py.
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[2] / "book"))

Arrays = dict[str, np.ndarray]


def files() -> dict[str, Arrays]:
    """Every file's arrays by name."""
    from experiments.data import digits, speakers

    training, choosing, test = (np.round(16 * part.images).astype(np.uint8) for part in digits.load())
    talk: Arrays = {}
    for name, part in zip(("training", "test"), speakers.load(), strict=True):
        talk |= {
            f"x_{name}": part.x.astype(np.float32), f"lengths_{name}": part.lengths.astype(np.int64),
            f"speakers_{name}": part.speakers.astype(np.int64),
        }  # fmt: skip
    return {
        "digits": {"images": np.concatenate([training, choosing])},
        "digits_judge": {"images": test},
        "speakers": talk,
    }


def main() -> None:
    for name, arrays in files().items():
        np.savez_compressed(HERE / f"{name}.npz", **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
