"""Reads what a customer answered as the kind of value a question expects."""

from pytake_cli.flow.answers.outcomes import REASONS, Accepted, Choice, Options, Refused
from pytake_cli.flow.answers.reading import EXPECTS, read

__all__ = ["EXPECTS", "REASONS", "Accepted", "Choice", "Options", "Refused", "read"]
