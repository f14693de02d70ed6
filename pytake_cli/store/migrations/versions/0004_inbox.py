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

GUARDS = {
    "sqlite": (
        """CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
WHEN NOT EXISTS (SELECT 1 FROM audit_erasure WHERE org_id = OLD.org_id)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM audit_erasure WHERE org_id = OLD.org_id) THEN RETURN OLD; END IF;
RAISE EXCEPTION 'the audit log is append-only'; END $$""",
        """CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_entry_guard()""",
    ),
}


def upgrade() -> None:
    op.create_table(
        "automation_cursor",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_cursor")),
    )
    op.create_table(
        "login_attempt",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_attempt")),
    )
    op.create_index(op.f("ix_login_attempt_at"), "login_attempt", ["at"], unique=False)
    op.create_table(
        "visit",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_began_at"), "visit", ["began_at"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_audit_entry_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["org_id", "at"], unique=False)
    op.create_index("uq_audit_entry_serial", "audit_entry", ["org_id", "serial"], unique=True)
    op.create_table(
        "audit_erasure",
        sa.Column("org_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_audit_erasure_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_audit_erasure")),
    )
    op.create_table(
        "audit_head",
        sa.Column("org_id", ID, nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_audit_head_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_audit_head")),
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
        "label",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_label_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_label_org_id_name")),
    )
    op.create_table(
        "macro",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_macro_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macro")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_macro_org_id_name")),
    )
    op.create_table(
        "role",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_role_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_role_org_id_name")),
    )
    op.create_table(
        "sla_policy",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("team_id", ID, nullable=True),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("first_reply", sa.Integer(), nullable=True),
        sa.Column("next_reply", sa.Integer(), nullable=True),
        sa.Column("resolution", sa.Integer(), nullable=True),
        sa.Column("business_hours", sa.Boolean(), nullable=False),
        sa.Column("warn_percent", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_sla_policy_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policy")),
        sa.UniqueConstraint("org_id", "slug", name=op.f("uq_sla_policy_org_id_slug")),
    )
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
        "api_token",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_api_token_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_api_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
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
        "credential",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("changed_at", TIME, nullable=True),
        sa.Column("setup", sa.String(), nullable=True),
        sa.Column("setup_until", TIME, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_credential_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_credential_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_credential")),
    )
    op.create_index(op.f("ix_credential_setup"), "credential", ["setup"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ended_why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_login_session_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("key", name=op.f("uq_login_session_key")),
    )
    op.create_index("ix_login_session_user", "login_session", ["user_id", "ended_at"], unique=False)
    op.create_table(
        "saved_view",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("owner_id", ID, nullable=True),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_saved_view_org_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user_account.id"], name=op.f("fk_saved_view_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("org_id", "slug", name=op.f("uq_saved_view_org_id_slug")),
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
    op.create_table(
        "conversation_change",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("batch", ID, nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("undoable", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["user_account.id"], name=op.f("fk_conversation_change_by_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_conversation_change_conversation_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_conversation_change_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_change")),
    )
    op.create_index("ix_conversation_change_batch", "conversation_change", ["batch"], unique=False)
    op.create_index(
        "ix_conversation_change_conversation", "conversation_change", ["conversation_id", "id"], unique=False
    )
    op.create_index("ix_conversation_change_org", "conversation_change", ["org_id", "id"], unique=False)
    op.create_table(
        "conversation_label",
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("label_id", ID, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_conversation_label_conversation_id")
        ),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_conversation_label_label_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_conversation_label_org_id")),
        sa.PrimaryKeyConstraint("conversation_id", "label_id", name=op.f("pk_conversation_label")),
    )
    op.create_index("ix_conversation_label_label", "conversation_label", ["label_id", "conversation_id"], unique=False)
    op.create_table(
        "draft",
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("reply_to", ID, nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_draft_conversation_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_draft_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_draft_user_id")),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name=op.f("pk_draft")),
    )
    op.create_table(
        "notification",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("conversation_id", ID, nullable=True),
        sa.Column("parts", JSON, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_notification_conversation_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_notification_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notification_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index(op.f("ix_notification_conversation_id"), "notification", ["conversation_id"], unique=False)
    op.create_index("ix_notification_user", "notification", ["user_id", "id"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_refresh_token_org_id")),
        sa.ForeignKeyConstraint(["session_id"], ["login_session.id"], name=op.f("fk_refresh_token_session_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)
    op.create_table(
        "sla_breach",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("policy_id", ID, nullable=True),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("team_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_sla_breach_conversation_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_sla_breach_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_breach")),
    )
    op.create_index(op.f("ix_sla_breach_conversation_id"), "sla_breach", ["conversation_id"], unique=False)
    op.create_index("ix_sla_breach_due", "sla_breach", ["org_id", "due_at"], unique=False)
    op.create_table(
        "star",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_star_conversation_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_star_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_star_user_id")),
        sa.PrimaryKeyConstraint("user_id", "conversation_id", name=op.f("pk_star")),
    )
    op.create_table(
        "mention",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("org_id", ID, nullable=False),
        sa.Column("note_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_mention_conversation_id")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_mention_note_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_mention_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_mention_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention")),
        sa.UniqueConstraint("note_id", "user_id", name=op.f("uq_mention_note_id_user_id")),
    )
    op.create_index("ix_mention_conversation", "mention", ["conversation_id"], unique=False)
    op.create_index("ix_mention_user", "mention", ["user_id", "conversation_id"], unique=False)
    op.add_column("campaign", sa.Column("status_told", JSON, nullable=True))
    op.add_column("contact", sa.Column("marketing_held_until", TIME, nullable=True))
    op.add_column("conversation", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column(
        "conversation", sa.Column("snoozed_until_reply", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
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
    op.add_column("conversation", sa.Column("sla_paused", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_conversation_active",
        "conversation",
        ["org_id", "last_message_at", "id", "assignee_id", "status"],
        unique=False,
        sqlite_where=sa.text("status <> 'resolved'"),
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_index(
        "ix_conversation_created",
        "conversation",
        ["org_id", "created_at", "first_replied_at", "people_since", "assignee_id", "team_id", "status"],
        unique=False,
    )
    op.create_index(
        "ix_conversation_inbox",
        "conversation",
        ["org_id", "assignee_id", "status", "unread_count"],
        unique=False,
        sqlite_where=sa.text("status <> 'resolved'"),
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_index(
        "ix_conversation_rating",
        "conversation",
        ["rating_due_at"],
        unique=False,
        sqlite_where=sa.text("rating_due_at IS NOT NULL"),
        postgresql_where=sa.text("rating_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversation_resolved",
        "conversation",
        ["org_id", "resolved_at"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NOT NULL"),
        postgresql_where=sa.text("resolved_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversation_sla",
        "conversation",
        ["sla_next_at"],
        unique=False,
        sqlite_where=sa.text("sla_next_at IS NOT NULL"),
        postgresql_where=sa.text("sla_next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversation_snoozed",
        "conversation",
        ["snoozed_until"],
        unique=False,
        sqlite_where=sa.text("snoozed_until IS NOT NULL"),
        postgresql_where=sa.text("snoozed_until IS NOT NULL"),
    )
    op.create_index(
        "ix_conversation_urgent",
        "conversation",
        ["org_id", "priority", "waiting_since", "id"],
        unique=False,
        sqlite_where=sa.text("priority <> 'normal' AND status <> 'resolved'"),
        postgresql_where=sa.text("priority <> 'normal' AND status <> 'resolved'"),
    )
    op.create_index(
        "ix_conversation_waiting",
        "conversation",
        ["org_id", "waiting_since", "id", "assignee_id", "status"],
        unique=False,
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_index("ix_message_at", "message", ["org_id", "direction", "at"], unique=False)
    op.add_column("note", sa.Column("client_key", sa.String(), nullable=True))
    op.create_index("uq_note_client_key", "note", ["org_id", "client_key"], unique=True)
    op.create_index("ix_service_window_closing", "service_window", ["org_id", "last_inbound_at"], unique=False)
    op.add_column("user_account", sa.Column("session_version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("user_account", sa.Column("availability", sa.String(), server_default="offline", nullable=False))
    op.add_column("user_account", sa.Column("capacity", sa.Integer(), nullable=True))
    op.add_column("user_account", sa.Column("skills", JSON, server_default=sa.text("'[]'"), nullable=False))
    op.add_column("user_account", sa.Column("seen_at", TIME, nullable=True))
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)
