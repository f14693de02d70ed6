"""Where YAML cannot be read: the parser's words as a sentence that says what to write instead."""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from pytake_cli.flow.positions import Place
from pytake_cli.flow.problems import Problem, problem

_BRACES = re.compile(r"^\s*(?:- +)?(?:[^\s'\"#:]+:\s+)?\{\{")
_MARK = re.compile(r"^\s*(?:- +)?(?:[^\s'\"#:]+:\s+)?[*&]")


def explained(error: YAMLError, source: str, path: str) -> Problem:
    """One problem for what stopped the parser."""
    if isinstance(error, ReaderError):
        return _character(error, source, path)
    assert isinstance(error, MarkedYAMLError)
    detail = str(error.problem or error.context or "").strip()
    mark = error.problem_mark or error.context_mark
    place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    begun = error.context_mark or mark
    start = (begun.line + 1, begun.column + 1) if begun is not None else place
    return _known(detail, str(error.context or ""), place, start, source, path)


def unreadable(detail: str, path: str, place: Place = (1, 1)) -> Problem:
    """What no other sentence here explains."""
    return problem("PT-FLOW-YAML", "this is no YAML: {detail}", place, path=path, detail=detail)


def _known(detail: str, context: str, place: Place, start: Place, source: str, path: str) -> Problem:
    line, opened = _line(source, place[0]), start[0]
    if "\t" in detail or "'\\t'" in detail:
        return problem("PT-FLOW-TAB", "a tab cannot indent", place, path=path, fix="indent with spaces")
    if _BRACES.match(line) or _BRACES.match(_line(source, opened)):
        row = place[0] if _BRACES.match(line) else opened
        column = _line(source, row).find("{{") + 1
        return problem(
            "PT-FLOW-QUOTES",
            "a text that begins with {{{{ is read as a map",
            (row, column),
            path=path,
            fix="put it in quotes",
        )
    if detail.startswith("found undefined alias") or (_MARK.match(line) and "alias" in f"{detail}{context}"):
        return problem(
            "PT-FLOW-QUOTES",
            "a text that begins with {mark} is read as an alias or an anchor, and there is none of that name",
            place,
            path=path,
            fix="put the text in quotes",
            mark=line[place[1] - 1 : place[1]] or "*",
        )
    if "cannot start any token" in detail:
        return problem(
            "PT-FLOW-QUOTES",
            "a text cannot begin with {mark}",
            place,
            path=path,
            fix="put the text in quotes",
            mark=line[place[1] - 1 : place[1]],
        )
    return _shape(detail, context, place, start, path)


def _shape(detail: str, context: str, place: Place, start: Place, path: str) -> Problem:
    if "mapping values are not allowed" in detail:
        return problem(
            "PT-FLOW-COLON",
            "a colon and a space stand inside a text without quotes",
            place,
            path=path,
            fix="put the text in quotes",
        )
    if "flow sequence" in context or "flow mapping" in context:
        return problem(
            "PT-FLOW-OPEN",
            "this {bracket} is not closed: line {line} does not belong in it",
            start,
            path=path,
            bracket="[" if "sequence" in context else "{",
            line=place[0],
        )
    if "quoted scalar" in context or "double-quoted" in context:
        return _quoted(detail, place, start, path)
    if "another document" in detail:
        return problem("PT-FLOW-DOCUMENTS", "a flow file is one document", place, path=path, fix="leave the --- out")
    if "maximum depth" in detail:
        return problem("PT-FLOW-DEPTH", "lists and maps are nested too deeply here", place, path=path)
    return _line_of(detail, context, place, start, path)


def _line_of(detail: str, context: str, place: Place, start: Place, path: str) -> Problem:
    if "could not find expected ':'" in detail or "expected ':'" in detail:
        return problem(
            "PT-FLOW-LINE",
            "this line is no `key: value`",
            start if start[0] < place[0] else place,
            path=path,
            fix="a text of several lines begins with | after its key",
        )
    if "found '<scalar>'" in detail:
        return problem(
            "PT-FLOW-QUOTES",
            "words follow the closing quote of a text",
            place,
            path=path,
            fix="put the whole text in quotes, and write a quote within it twice",
        )
    if "block" in context and "expected" in detail:
        return problem(
            "PT-FLOW-INDENT",
            "this line is indented like none above it",
            place,
            path=path,
            fix="begin it below the keys of line {opened}, or two spaces further in",
            opened=start[0],
        )
    return unreadable(detail or context, path, place)


def _quoted(detail: str, place: Place, start: Place, path: str) -> Problem:
    if "escape" in detail or "hexadecimal" in detail:
        return problem(
            "PT-FLOW-ESCAPE",
            "there is no such escape in double quotes",
            place,
            path=path,
            fix="write \\\\ for one backslash, or use single quotes",
        )
    return problem("PT-FLOW-OPEN", "these quotes are not closed", start, path=path)


def _character(error: ReaderError, source: str, path: str) -> Problem:
    at = error.position if isinstance(error.position, int) else 0
    code = error.character if isinstance(error.character, int) else ord(str(error.character or "\0")[:1])
    before = source[:at]
    place = (before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)
    return problem(
        "PT-FLOW-ENCODING",
        "the character U+{code} cannot stand in a file",
        place,
        path=path,
        fix="leave it out",
        code=f"{code:04X}",
    )


def _line(source: str, number: int) -> str:
    lines = source.split("\n")
    return lines[number - 1] if 0 < number <= len(lines) else ""
