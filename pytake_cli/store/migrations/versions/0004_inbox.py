"""The inbox: what stands between the release before and today's tables; no way leads down.

Written by tests/kit/regenerate_migration.py from the classes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "automation_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_cursor")),
    )
    op.create_table(
        "canned",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("texts", JSON, nullable=False),
        sa.Column("labels", JSON, nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_canned_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned")),
        sa.UniqueConstraint("org_id", "owner_id", "key", name=op.f("uq_canned_org_id_owner_id_key")),
    )
    op.create_table(
        "automation",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("since_event", ID, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("published_by_id", ID, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_automation_org_id")),
        sa.ForeignKeyConstraint(["published_by_id"], ["user_account.id"], name=op.f("fk_automation_published_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_automation_org_id_name")),
    )
    op.create_table(
        "automation_run",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("automation_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("did", JSON, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("first_event", ID, nullable=True),
        sa.Column("last_event", ID, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["automation_id"], ["automation.id"], name=op.f("fk_automation_run_automation_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_automation_run_contact_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_automation_run_conversation_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_automation_run_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_run")),
        sa.UniqueConstraint(
            "automation_id",
            "conversation_id",
            "cause",
            name=op.f("uq_automation_run_automation_id_conversation_id_cause"),
        ),
    )
    op.create_index("ix_automation_run_contact", "automation_run", ["contact_id", "id"], unique=False)
    op.create_index("ix_automation_run_conversation", "automation_run", ["conversation_id", "id"], unique=False)
    op.create_index(
        "ix_automation_run_due",
        "automation_run",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "automation_seen",
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("assignee_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_automation_seen_conversation_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_automation_seen_org_id")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_automation_seen")),
    )
