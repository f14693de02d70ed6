"""What there is besides the files of these tests."""

from __future__ import annotations

from pytake_cli.flow.check import Surroundings

KNOWN = Surroundings(
    flows={},
    schedules=frozenset({"loja"}),
    teams=frozenset({"vendas"}),
    agents=frozenset({"ana", "rita"}),
    templates={"retomar/pt_BR": {}},
    secrets=frozenset({"crm_token"}),
    sources=frozenset({"precos"}),
    allows_code=False,
)
