"""Rows: one noun a file, its columns and its queries; the only door to the database."""

from pytake_cli.store import (  # every table must be known before the first statement
    buckets,
    contacts,
    conversations,
    events,
    facts,
    flow_sessions,
    flows,
    jobs,
    journal,
    media,
    messages,
    numbers,
    organisations,
    tags,
    timers,
    users,
)
from pytake_cli.store.database import Store

__all__ = [
    "Store",
    "buckets",
    "contacts",
    "conversations",
    "events",
    "facts",
    "flow_sessions",
    "flows",
    "jobs",
    "journal",
    "media",
    "messages",
    "numbers",
    "organisations",
    "tags",
    "timers",
    "users",
]
