"""HTML as Beautiful Soup writes it, piece by piece and mostly without it.

nbconvert ends each page by reading it whole with Beautiful Soup and writing it anew, which takes longer than making it. Read
by itself, a piece comes out as it would in its page if all that it opens it also closes, and nothing else. So pieces can be
kept, and those that hold only what our template and Pygments write need no parser. Whoever meets another piece gets Unusual.
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup
from bs4.builder import HTMLTreeBuilder


class Unusual(Exception):
    """Not of the kind that can be made the quick way."""


VOID = frozenset(HTMLTreeBuilder.DEFAULT_EMPTY_ELEMENT_TAGS or ())
# What stands in these is not read as markup, or not always.
OTHER_RULES = frozenset((
    "script", "style", "textarea", "title", "template", "plaintext", "xmp", "iframe", "noembed", "noframes", "noscript",
    "rp", "rt", "svg",
))  # fmt: skip
NO_ALT = "No description has been provided for this image"

TEXT = r"(?:[^<>&\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]|&(?:lt|gt|amp|nbsp|quot|#39|#x27);)++"
# As Pygments writes code.
MARKED = rf"(?:{TEXT}|<span(?: class=\"[a-z0-9]*\")?>(?:{TEXT})?</span>)*+"
VALUE = r"[^\"<>&\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]*+"
NAMES = "alt|aria-hidden|aria-label|charset|class|content|href|http-equiv|id|lang|name|scope|src|tabindex"
ATTRIBUTES = rf"(?:\s+(?:{NAMES})=\"{VALUE}\")*+"
SIMPLE = re.compile(
    rf"(?P<text>{TEXT})|</(?P<end>[a-z][a-z0-9]*)>|(?P<whole><pre>{MARKED}</pre>|<title>[^<&]*+</title>|<style>[^<]*+</style>)"
    rf"|<(?P<begin>[a-z][a-z0-9]*)(?P<attributes>{ATTRIBUTES})\s*+(?P<closed>/?)>|(?P<type><!DOCTYPE html>)"
)
ATTRIBUTE = re.compile(r"([a-z-]+)=\"([^\"]*)\"")
ANY = re.compile(
    r"[^<]++|<(?P<slash>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)"
    r"(?:\s+[A-Za-z_:][A-Za-z0-9_:.-]*+(?:=(?:\"[^\"]*+\"|'[^']*+'|[A-Za-z0-9#%.-]++(?=[\s>])))?)*+\s*+(?P<closed>/?)>"
)


def tidy(piece: str) -> str:
    """A piece of a page, as it stands in the page that nbconvert writes. Raises Unusual if that depends on the rest."""
    made = simply_tidied(piece)
    if made is not None:
        return made
    if not stands_alone(piece):
        raise Unusual
    soup = BeautifulSoup(piece, features="html.parser")
    for image in soup.select("img:not([alt])"):
        image.attrs["alt"] = NO_ALT
    return str(soup)


def simply_tidied(piece: str) -> str | None:
    """A piece of the kind that our template and Pygments write; None where it holds anything else."""
    made: list[str] = []
    opened: list[str] = []
    at = 0
    while at < len(piece):
        found = SIMPLE.match(piece, at)
        if found is None:
            return None
        at = found.end()
        kind = found.lastgroup
        if kind == "text":
            made.append(unquoted(found[0]) if "pre" in opened or found[0].strip(" \n\t") else collapsed(found[0]))
        elif kind == "end":
            if not opened or opened.pop() != found["end"]:
                return None
            made.append(found[0])
        elif kind == "whole":
            made.append(found[0] if found[0].startswith("<style>") else unquoted(found[0]))
        elif kind == "type":
            made.append(f"{found[0]}\n")
        else:
            name, closed = found["begin"], found["begin"] in VOID
            if name in OTHER_RULES or (found["closed"] and not closed):
                return None
            attributes = dict(ATTRIBUTE.findall(found["attributes"]))
            if name == "img" and "alt" not in attributes:
                return None
            if "class" in attributes:
                attributes["class"] = " ".join(attributes["class"].split())
            inside = "".join(f' {key}="{value}"' for key, value in sorted(attributes.items()))
            made.append(f"<{name}{inside}{'/' if closed else ''}>")
            if not closed:
                opened.append(name)
    return None if opened else "".join(made)


def unquoted(text: str) -> str:
    """Text, or code in a <pre>, in which only &, < and > are spelled out."""
    if "&" not in text:
        return text
    return text.replace("&quot;", '"').replace("&#39;", "'").replace("&#x27;", "'").replace("&nbsp;", "\xa0")


def collapsed(space: str) -> str:
    return "\n" if "\n" in space else " "


def stands_alone(piece: str) -> bool:
    """Whether a piece begins and ends with a tag, and closes all that it opens and nothing else."""
    opened: list[str] = []
    at = 0
    while at < len(piece):
        found = ANY.match(piece, at)
        if found is None:
            return False
        at = found.end()
        name = (found["name"] or "").lower()
        if not name:
            continue
        if name in OTHER_RULES:
            return False
        if found["slash"]:
            if found["closed"] or not opened or opened.pop() != name:
                return False
        elif name not in VOID and not found["closed"]:
            opened.append(name)
    return not opened and piece.startswith("<") and piece.endswith(">") and "jp-Notebook" not in piece
