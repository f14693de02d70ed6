"""Passwords at the command line: asked for without showing them, or read from stdin; never an argument."""

from __future__ import annotations

import sys

from pytake_cli.cli.context import context
from pytake_cli.errors import InputNeeded, InvalidData
from pytake_cli.locale import _


def asked(question: str, *, from_stdin: bool, twice: bool = False) -> str:
    """One password; `twice` asks again, against slips."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if context().no_input:
        raise InputNeeded("PT-INPUT", "a password is needed", fix="--password-stdin < FILE")
    import getpass

    first = getpass.getpass(question)
    if twice and getpass.getpass(_("The same again: ")) != first:
        raise InvalidData("PT-PASSWORD-TWICE", "the two passwords differ", fix="the same command again")
    return first
