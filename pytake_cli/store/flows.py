"""Flows and their published versions: the text as its author wrote it, kept for ever under its hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time
from pytake_cli.store.types import BigId


class Flow(Owned, table=True):
    """A flow by name. Only `published_version_id` starts new sessions; sessions under way keep theirs."""

    __tablename__ = "flow"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str
    title: str = ""
    published_version_id: int | None = Field(default=None, sa_type=BigId)  # no key: the two tables name each other
    paused: bool = False  # starts no sessions; those under way go on
    created_at: datetime = time()
    updated_at: datetime = time()


class FlowVersion(Owned, table=True):
    """What was published, once for each content: never changed, never deleted while a session stands on it."""

    __tablename__ = "flow_version"
    __table_args__ = (UniqueConstraint("flow_id", "number"), UniqueConstraint("flow_id", "ref"))

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    flow_id: int = reference("flow.id")
    number: int  # 1, 2, 3 … as people count them
    ref: str = Field(index=True)  # "appointment@9f86d081884c"
    source: str = long_text()  # the file, byte by byte
    pins: dict[str, str] = json(dict)  # sub-flows, and theirs: {"faq": "faq@1c9d…"}; what was tested is what runs
    message: str = long_text()  # why it was published
    published_at: datetime = time()
    published_by_id: int | None = reference("user_account.id", nullable=True)
