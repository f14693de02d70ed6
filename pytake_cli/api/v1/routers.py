"""Every router of the API, by noun."""

from __future__ import annotations

from pytake_cli.api.v1 import (
    automations,
    bulk,
    canned,
    contacts,
    conversations,
    labels,
    macros,
    me,
    notes,
    notifications,
    ops,
    views,
)

ROUTERS = (
    automations.router,
    bulk.router,
    canned.router,
    contacts.router,
    conversations.router,
    labels.router,
    macros.router,
    me.router,
    notes.router,
    notifications.router,
    ops.router,
    views.router,
)
