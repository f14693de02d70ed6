"""Every router of the API, by noun."""

from __future__ import annotations

from pytake_cli.api.v1 import contacts, conversations, me, notifications, views

ROUTERS = (
    contacts.router,
    conversations.router,
    me.router,
    notifications.router,
    views.router,
)
