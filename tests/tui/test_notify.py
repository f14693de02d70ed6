"""What a notification says."""

from __future__ import annotations

import pytest

from pytake_cli.tui.notify import sentence


@pytest.mark.parametrize(
    ("kind", "parts", "words"),
    [
        ("mention", {"by": "bia", "text": "veja\x1b[2J"}, "bia mentions you in #8: veja"),
        ("assigned", {"by": "bia"}, "bia gave you #8"),
        ("assigned", {"by": "", "team": "vendas"}, "#8 is yours now"),
        ("sla", {"state": "breached"}, "#8: the promised time is over"),
        ("sla", {"state": "warned"}, "#8: the promised time is nearly over"),
        ("snooze_woken", {}, "#8 is back: its snooze is over"),
        ("system", {"text": "café acabou"}, "café acabou"),
        ("system", {}, "something needs you"),
        ("what a newer daemon says", {}, "something needs you"),
    ],
)
def test_each_kind_has_its_sentence(kind: str, parts: dict[str, str], words: str) -> None:
    said = sentence({"kind": kind, "conversation": 8, "parts": parts})
    assert said.startswith(words)
    assert "\x1b" not in said
