"""Test results as JUnit's XML, which every CI server reads."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pytake_cli.flow.testing.runner import Ran, Result


def report(files: Iterable[Ran]) -> str:
    """A document with a suite a file and a case a test and language; a file with mistakes is an error."""
    root = Element("testsuites", name="pytake flow test")
    for ran in files:
        errors = ran.errors
        suite = SubElement(
            root,
            "testsuite",
            name=ran.path,
            tests=str(len(ran.results) + len(errors)),
            failures=str(len(ran.failed)),
            errors=str(len(errors)),
        )
        for each in errors:
            case = SubElement(suite, "testcase", classname=ran.flow, name=each.place, file=ran.path)
            SubElement(case, "error", message=_printable(each.sentence), type=each.slug)
        for result in ran.results:
            _case(suite, ran, result)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, ran: Ran, result: Result) -> None:
    name = f"{result.name} [{result.played.language}]"
    case = SubElement(
        suite, "testcase", classname=ran.flow, name=_printable(name), file=ran.path, line=str(result.line)
    )
    if not result.played.passed:
        failure = SubElement(case, "failure", message=_printable(result.played.problem), type="mismatch")
        lines = [f"{entry.sign or ' '} {entry.who}: {entry.text}" for entry in result.played.transcript]
        failure.text = _printable("\n".join([result.place, *lines]))


def _printable(text: str) -> str:
    """Without the characters that XML has no place for."""
    return "".join(
        character
        for character in text
        if character in "\t\n" or (character >= " " and not "\ud800" <= character <= "\udfff" and character < "\ufffe")
    )
