"""The package of "Dive into Deep Learning": the RNN from scratch is the only cell of its own that it has."""
# /// script
# dependencies = ["pandas==2.3.3", "numpy==2.4.6"]
# [tool.course]
# packages = true
# [tool.bare]
# dependencies = ["d2l==1.0.3"]
# ///

import sys
from importlib.metadata import version
from types import ModuleType

sys.modules["torchvision"] = ModuleType("torchvision")  # for its data sets; it must fit the build of PyTorch
sys.modules["torchvision"].transforms = ModuleType("transforms")  # type: ignore[attr-defined]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from d2l.torch import RNNScratch  # noqa: E402
from recording import Case, D, H, record, starts  # noqa: E402


def rnn(case: Case) -> np.ndarray:
    layer = RNNScratch(D, H).double()
    layer.load_state_dict(
        {name: torch.tensor(case.parameter(name, *array.shape)) for name, array in layer.state_dict().items()}
    )
    with torch.no_grad():
        return torch.stack(layer(torch.tensor(case.x), (torch.tensor(case.h_0),))[0]).numpy()


def facts() -> dict[str, str]:
    torch.manual_seed(0)
    layer = RNNScratch(60, 80)
    return {
        "precision": str(layer.W_hh.dtype).rpartition(".")[2],
        **starts(layer.W_xh.detach().T, layer.W_hh.detach().T, blocks=1),
        "returns": "(a list of h_t, h_T)",
    }


record("d2l", version("d2l"), {"rnn": rnn}, facts())
