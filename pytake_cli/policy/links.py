"""Links in texts that a language model wrote: only those to hosts that somebody named stay. Pure.

A model that a stranger's words have turned could put what it was told into an address, for the reader to tap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

GONE = "[…]"  # stands where a link was

# what WhatsApp makes a link of: an address with its scheme, www., or a bare name such as loja.com.br/x; no e-mail
_LINK = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+-]*://|\bwww\.)[^\s<>\"]+"
    r"|(?<![@\w.-])(?:[\w-]{1,63}[.。．｡]){1,10}(?P<end>[A-Za-z]{2,24})(?![\w@])(?::\d+)?(?P<path>[/?#][^\s<>\"]*)?"
)
_BEHIND = ".,;:!?)'*_~"  # of the sentence, not of the link
_FILES = frozenset({"csv", "doc", "docx", "jpeg", "jpg", "mp3", "mp4", "pdf", "png", "txt", "xls", "xlsx"})


def without(text: str, allowed: Sequence[str]) -> tuple[str, int]:
    """The text with `[…]` for every link to another host than these and those below them, and how many there were."""
    count = 0

    def kept(found: re.Match[str]) -> str:
        nonlocal count
        link = found.group().rstrip(_BEHIND)
        if _is_words(found) or _allows(link, allowed):
            return found.group()
        count += 1
        return GONE + found.group()[len(link) :]

    return _LINK.sub(kept, text), count


def _is_words(found: re.Match[str]) -> bool:
    """`fim.Obrigado` has lost its space, and `nota.pdf` is a file."""
    end = found["end"]
    if end is None or found["path"]:
        return False
    return not (end.islower() or end.isupper()) or end.lower() in _FILES


def _allows(link: str, allowed: Sequence[str]) -> bool:
    try:
        host = urlsplit(link if "://" in link else f"https://{link}").hostname or ""
    except ValueError:
        return False
    if "\\" in link:
        return False  # browsers read it as a slash, so the host would be another
    return any(host == name.lower() or host.endswith(f".{name.lower()}") for name in allowed if name)
