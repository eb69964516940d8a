"""What a cell prints and draws, as frames, within its budget."""

import io
import os
import sys

from calling import _

FLUSH_AT = 4096
LARGEST_PICTURE, DOTS_PER_INCH, COLOURS = 2 << 20, 72, 128


class Border:
    """The one way out: a pipe that only the process that opened it writes to (a fork of the student's must not)."""

    def __init__(self, descriptor, encode):
        self.descriptor, self.encode, self.owner = descriptor, encode, os.getpid()

    def send(self, header, block=b""):
        if os.getpid() != self.owner:
            os._exit(0)
        data = memoryview(self.encode(header, block))
        while data:
            data = data[os.write(self.descriptor, data) :]


class CellText(io.TextIOBase):
    """A standard stream that sends what is printed, and drops what goes beyond the cell's budget."""

    encoding = "utf-8"

    def __init__(self, border, budget):
        self.border, self.budget = border, budget
        self.begin(None)

    def begin(self, cell):
        self.cell, self.left, self.dropped, self.parts, self.length = cell, self.budget, 0, [], 0

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        kept = text[: self.left]
        self.left -= len(kept)
        self.dropped += len(text) - len(kept)
        if kept:
            self.parts.append(kept)
            self.length += len(kept)
        if self.length >= FLUSH_AT:
            self.flush()
        return len(text)

    def flush(self):
        if self.parts and self.cell is not None:
            self.border.send({"kind": "text", "cell": self.cell, "text": "".join(self.parts)})
        self.parts, self.length = [], 0

    def end(self):
        if self.dropped:
            self.left = 200
            told = _("[{count} more characters were printed; they are left out]").format(count=self.dropped)
            self.write(f"\n{told}\n")
        self.flush()


def as_png(figure):
    """The picture, cut to what is drawn. Where nothing lays the figure out, that is measured without drawing it once more."""
    data, box = io.BytesIO(), "tight"
    if figure.get_layout_engine() is None:
        figure.dpi = DOTS_PER_INCH
        for axes in figure.axes:
            axes.get_xlim()  # settles the limits, which drawing would
        drawn = figure.get_tightbbox(figure.canvas.get_renderer())
        box = drawn.padded(sys.modules["matplotlib"].rcParams["savefig.pad_inches"])
    figure.savefig(data, format="png", dpi=DOTS_PER_INCH, bbox_inches=box, pil_kwargs={"compress_level": 1})
    return with_few_colours(data)


def with_few_colours(picture):
    """A picture with a palette, which makes it a third as long; its lines and letters stay as they are."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(picture) as whole:
        whole.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(small, "png")
    return small.getvalue()


def draw_once():
    """Draw and drop a figure of our own: what is loaded and kept for the first one is there for the next."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2)
    axes[0].plot([0, 1], [1, 2], "o-", label="$x$")
    axes[0].set(title="0", xlabel="0", ylabel="0", yscale="log")
    axes[0].legend()
    figure.colorbar(axes[1].imshow([[0.0, 1.0]]))
    figure.tight_layout()
    as_png(figure)
    pyplot.close("all")


def send_pictures(border, cell):
    """Send each open figure as PNG, and close it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums()[:8]:
        data = as_png(pyplot.figure(number))
        if len(data) <= LARGEST_PICTURE:
            border.send({"kind": "png", "cell": cell}, data)
    pyplot.close("all")
