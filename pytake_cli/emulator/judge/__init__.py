"""Meta's judgement of a send request, from its body alone: the first fault found decides the error."""

from pytake_cli.emulator.judge.frame import Request, judge

__all__ = ["Request", "judge"]
