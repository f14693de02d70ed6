"""Every router of the API, by noun; of one prefix, those with fixed paths come before those with a name in them."""

from __future__ import annotations

from pytake_cli.api.v1 import analytics, audit, auth, automations, bulk, campaign_acts, campaigns, canned, contact_acts, contact_lists, contacts, conversations, fields, flow_sessions, flows, labels, macros, me, media, notes, notifications, numbers, ops, organisations, roles, schedules, search, segments, simulator, sla, tags, teams, templates, tokens, users, views

ROUTERS = (
    analytics.router,
    audit.router,
    auth.router,
    automations.router,
    bulk.router,
    campaign_acts.router,
    campaigns.router,
    canned.router,
    contact_acts.router,
    contact_lists.router,
    contacts.router,
    conversations.router,
    fields.router,
    flow_sessions.router,
    flows.router,
    labels.router,
    macros.router,
    me.router,
    media.router,
    notes.router,
    notifications.router,
    numbers.router,
    ops.router,
    organisations.router,
    roles.router,
    schedules.router,
    search.router,
    segments.router,
    simulator.router,
    sla.router,
    tags.router,
    teams.router,
    templates.router,
    tokens.router,
    users.router,
    views.router,
)
