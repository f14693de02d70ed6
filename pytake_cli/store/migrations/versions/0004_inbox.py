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
        "team",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("takes_vips", sa.Boolean(), nullable=False),
        sa.Column("takes_all", sa.Boolean(), nullable=False),
        sa.Column("hours", JSON, nullable=True),
        sa.Column("closed", sa.String(), nullable=False),
        sa.Column("closed_text", sa.Text(), nullable=False),
        sa.Column("closed_flow", sa.String(), nullable=False),
        sa.Column("overflow_id", ID, nullable=True),
        sa.Column("overflow_seconds", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Boolean(), nullable=False),
        sa.Column("rating_template", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_team_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("org_id", "slug", name=op.f("uq_team_org_id_slug")),
    )
    op.create_table(
        "team_member",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("team_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("given_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_team_member_org_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_team_member_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
        sa.UniqueConstraint("team_id", "user_id", name=op.f("uq_team_member_team_id_user_id")),
    )
    op.create_index(op.f("ix_team_member_user_id"), "team_member", ["user_id"], unique=False)
    op.add_column("conversation", sa.Column("rating_due_at", TIME, nullable=True))
    op.add_column("conversation", sa.Column("rating_comment", sa.Text(), server_default="", nullable=False))
    op.add_column("conversation", sa.Column("team_id", ID, nullable=True))
    op.add_column("conversation", sa.Column("team_since", TIME, nullable=True))
    op.add_column("conversation", sa.Column("routed_to_id", ID, nullable=True))
    op.add_column("conversation", sa.Column("closed_told_at", TIME, nullable=True))
    op.add_column("conversation", sa.Column("people_since", TIME, nullable=True))
    op.add_column("conversation", sa.Column("first_replied_at", TIME, nullable=True))
    op.add_column("conversation", sa.Column("first_reply_due", TIME, nullable=True))
    op.add_column("conversation", sa.Column("next_reply_due", TIME, nullable=True))
    op.add_column("conversation", sa.Column("resolution_due", TIME, nullable=True))
    op.add_column("conversation", sa.Column("sla_waiting_since", TIME, nullable=True))
    op.add_column("conversation", sa.Column("sla_next_at", TIME, nullable=True))
    op.add_column("conversation", sa.Column("sla_told", JSON, nullable=True))
    op.create_index("ix_conversation_created", "conversation", ["org_id", "created_at"], unique=False)
    op.create_index(
        "ix_conversation_rating",
        "conversation",
        ["rating_due_at"],
        unique=False,
        sqlite_where=sa.text("rating_due_at IS NOT NULL"),
        postgresql_where=sa.text("rating_due_at IS NOT NULL"),
    )
    op.create_index("ix_conversation_resolved", "conversation", ["org_id", "resolved_at"], unique=False)
    op.create_index(
        "ix_conversation_sla",
        "conversation",
        ["sla_next_at"],
        unique=False,
        sqlite_where=sa.text("sla_next_at IS NOT NULL"),
        postgresql_where=sa.text("sla_next_at IS NOT NULL"),
    )
    op.add_column("user_account", sa.Column("availability", sa.String(), server_default="offline", nullable=False))
    op.add_column("user_account", sa.Column("capacity", sa.Integer(), nullable=True))
    op.add_column("user_account", sa.Column("skills", JSON, server_default=sa.text("'[]'"), nullable=False))
    op.add_column("user_account", sa.Column("seen_at", TIME, nullable=True))
