"""Where the book is; importing this makes the book's own modules importable, as they are in a chapter and for Sphinx."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
for folder in (BOOK / "extensions", BOOK):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
