"""Every router of the API, by noun."""

from __future__ import annotations

from pytake_cli.api.v1 import bulk, contacts, conversations, labels, me, notes, notifications, views

ROUTERS = (
    bulk.router,
    contacts.router,
    conversations.router,
    labels.router,
    me.router,
    notes.router,
    notifications.router,
    views.router,
)
