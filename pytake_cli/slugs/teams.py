"""Slugs about teams, promised times, ratings and analytics."""

from __future__ import annotations

SLUGS: dict[str, str] = {
    "PT-AGENT-VALUE": "availability, capacity or skills of a person have a value that does not fit",
    "PT-ANALYTICS-FILE": "figures are written as .json or .csv only",
    "PT-PERIOD": "a period is not written as 7d, 2026-W47, 2026-11 or 2026-11-23",
    "PT-SLA": "there is no policy of promised times of that name",
    "PT-SLA-EXISTS": "there is already a policy of promised times of that name",
    "PT-SLA-VALUE": "a policy of promised times has a value that does not fit",
    "PT-TEAM": "there is no team of that name",
    "PT-TEAM-CIRCLE": "teams that overflow to each other would pass conversations round",
    "PT-TEAM-EXISTS": "there is already a team of that name",
    "PT-TEAM-HOURS": "business hours of a team cannot be read",
    "PT-TEAM-SLUG": "the name of a team or a policy is made of other letters",
    "PT-TEAM-VALUE": "a team has a value that does not fit",
    "PT-USER-DISABLED": "a disabled person was to get something to do",
}
