"""Which cells of a sheet have a comment (批注), and which of these may correct what the cell says.

In: the parts of a workbook and a sheet's name. Out: the cells. No text of a comment leaves: it may name a person. Our
own comments, in a workbook that went back to its county, do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from xml.etree import ElementTree

from qiangji.parsing.returned import OWN_AUTHORS
from qiangji.parsing.xlsx_cells import Parts, local_name, place_of
from qiangji.text import squeezed

_CORRECTS = re.compile("[0-9]|更正|更改|应[为是]|改[为成]|错|有误")
"""What a comment says that corrects a cell; texts as `squeezed`."""


def comments_of(parts: Parts, sheet: str) -> Mapping[tuple[int, bool], Set[int]]:
    """(column, whether a comment may correct its cell) -> rows; see `Look`. A damaged part says nothing."""
    said: dict[str, dict[tuple[int, int], str]] = {"comments": {}, "threadedComment": {}}
    for kind, content in parts.beside(sheet, said):
        for at, text in _said(content):
            said[kind][at] = said[kind].get(at, "") + text
    found: dict[tuple[int, bool], set[int]] = {}
    # a program writes a thread's words a second time as an old comment, with a number of its own
    for (row, column), text in (said["comments"] | said["threadedComment"]).items():
        if text:
            found.setdefault((column, bool(_CORRECTS.search(text))), set()).add(row + 1)
    return found


def _said(content: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """((row, column) from 0, text) of each comment of one part that is not ours."""
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        return
    authors = [squeezed(e.text) for e in root.iter() if local_name(e) == "author"]
    for element in (e for e in root.iter() if local_name(e) in ("comment", "threadedComment")):
        by = element.get("authorId", "")
        author = authors[int(by)] if by.isdecimal() and len(by) < 8 and int(by) < len(authors) else ""
        if (at := place_of(element.get("ref", ""))) and author not in OWN_AUTHORS:
            yield at, _text(element, author)


def _text(comment: ElementTree.Element, author: str) -> str:
    """A comment's text, squeezed, without its author's name, which programs put in front of it."""
    texts = [e for e in comment.iter() if local_name(e) == "text"]
    text = squeezed("".join(piece for e in texts for piece in e.itertext()))
    return text.removeprefix(author).lstrip(":") if author and text.startswith(f"{author}:") else text
