"""Text on its way to and from spreadsheets: cells that would run are guarded, encodings and delimiters recognised."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence

# OWASP, "CSV Injection", with the full-width forms, and whatever spaces and quotes stand before them.
_RUNS = re.compile(r"""[\s'"]*[=+\-@＝＋－＠\t\r\n\x00]""")
_DELIMITERS = (";", ",", "\t", "|")
_SEVERAL = re.compile(r"\s*[,;|]\s*")
_SPECIAL = re.compile(r"""[,;|"]""")
DELIMITER_NAMES = {"\t": "tab"}


def runs(text: str) -> bool:
    """True if a spreadsheet might take the cell for a formula."""
    return _RUNS.match(text) is not None


def guarded(text: str) -> str:
    """The cell as a spreadsheet shows it and does not run it: with an apostrophe in front, if it needs one."""
    return f"'{text}" if runs(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and runs(text[1:]) else text


def encoding_of(start: bytes, *, is_utf8: bool) -> tuple[str, str]:
    """The codec and the name of a text's encoding, by how it starts and whether all of it decodes as UTF-8."""
    for mark, codec, name in (
        (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"),
        (b"\xff\xfe", "utf-16", "UTF-16"),
        (b"\xfe\xff", "utf-16", "UTF-16"),
    ):
        if start.startswith(mark):
            return codec, name
    if start.count(b"\0") > len(start) // 4:  # every second byte of Latin letters
        return ("utf-16-le" if start[1:2] == b"\0" else "utf-16-be"), "UTF-16"
    if is_utf8:
        return "utf-8", "UTF-8"
    # Windows' own signs stand where ISO-8859-1 has controls; a byte that neither has is shown as U+FFFD
    return "cp1252", "Windows-1252" if re.search(rb"[\x80-\x9f]", start) else "ISO-8859-1"


def delimiter_of(sample: str) -> str:
    """What separates the cells: the sign that cuts the header into several, and most lines into as many."""
    lines = sample.splitlines()[:200]
    best, best_score = ",", 1.0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        score = widths[0] * widths.count(widths[0]) / len(widths) if widths else 0
        if score > best_score and widths[0] > 1:
            best, best_score = delimiter, score
    return best


def joined(values: Sequence[str]) -> str:
    """Several values in one cell: `vip, cliente`; what has a separator in it is quoted as CSV does."""
    return ", ".join('"' + value.replace('"', '""') + '"' if _SPECIAL.search(value) else value for value in values)


def split(cell: str) -> list[str]:
    """The values of a cell with several, however they are separated."""
    if '"' in cell:
        [values] = csv.reader([cell.replace("\n", " ").replace("\r", " ")], skipinitialspace=True)
    else:
        values = _SEVERAL.split(cell)
    return [value.strip() for value in values if value.strip()]


def folded(text: str) -> str:
    """Without accents, case and punctuation: `Aceita MKT?` -> `aceita mkt`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))
