"""Test results as JUnit's XML, which every CI server reads."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pytake_cli.flow.testing.runner import Played


def report(files: Iterable[tuple[str, list[Played]]]) -> str:
    """A document with a suite a file and a case a test."""
    root = Element("testsuites", name="pytake flow test")
    for path, tests in files:
        failed = sum(not test.passed for test in tests)
        suite = SubElement(root, "testsuite", name=path, tests=str(len(tests)), failures=str(failed), errors="0")
        for test in tests:
            case = SubElement(suite, "testcase", classname=path, name=_printable(test.name))
            if not test.passed:
                failure = SubElement(case, "failure", message=_printable(test.problem))
                failure.text = _printable("\n".join(f"{entry.who}: {entry.text}" for entry in test.transcript))
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    """Without the characters that XML has no place for."""
    return "".join(character for character in text if character in "\t\n" or character >= " ")
