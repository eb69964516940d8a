"""Where the book is; importing this makes the book's own modules importable, as they are in a chapter."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
if str(BOOK) not in sys.path:
    sys.path.insert(0, str(BOOK))
