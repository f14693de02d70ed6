"""Two shipped flows walked by customers of the emulator, with the real daemon; the kit walks the rest."""

from __future__ import annotations

from pathlib import Path

from tests.kit import walk_flows


def test_customers_walk_two_shipped_flows_to_their_ends(tmp_path: Path) -> None:
    found, talks, _skipped = walk_flows.read(["nps", "support"])
    chosen = [talk for talk in talks if talk.name in ("that was all", "who is unhappy talks to a person")]
    walks = walk_flows.walk_group(tmp_path / "home", found, chosen, chosen[0].given.now, stopped=False)
    assert [(walk.test_name, walk.wrong) for walk in walks] == [(talk.name, "") for talk in chosen]
