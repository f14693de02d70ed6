"""Every router of the API, by noun; of one prefix, those with fixed paths come before those with a name in them."""

from __future__ import annotations

from pytake_cli.api.v1 import (
    campaign_acts,
    campaigns,
    contact_acts,
    contact_lists,
    contacts,
    fields,
    flow_sessions,
    flows,
    me,
    media,
    numbers,
    ops,
    organisations,
    schedules,
    search,
    segments,
    simulator,
    templates,
)

ROUTERS = (
    campaigns.router,
    campaign_acts.router,
    contact_lists.router,
    contact_acts.router,
    contacts.router,
    fields.router,
    fields.tag_router,
    flow_sessions.router,
    flows.router,
    me.router,
    media.router,
    numbers.router,
    ops.router,
    organisations.router,
    schedules.router,
    search.router,
    segments.router,
    simulator.router,
    templates.router,
)
