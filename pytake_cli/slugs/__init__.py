"""The registry of slugs: what each error on purpose is called, and what that means."""

from __future__ import annotations

from pytake_cli.slugs import access, api, audience, campaigns, channel, commands, flows, machine, rules, teams

ROOMS = (access, api, audience, campaigns, channel, commands, flows, machine, rules, teams)
# slug -> what it means, in one English line (`pytake errors`; a test finds every slug raised anywhere here).
# PT-WA-<code> are not here: what Meta's codes mean stands in whatsapp.errors, their one table.
SLUGS: dict[str, str] = dict(sorted(entry for room in ROOMS for entry in room.SLUGS.items()))
