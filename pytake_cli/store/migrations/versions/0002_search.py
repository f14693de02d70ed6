"""Search, written by tests/kit/regenerate_migration.py from store/search.py; no way leads down."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = {
    "sqlite": (
        """CREATE VIRTUAL TABLE message_search
USING fts5(text, owner, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2')""",
        """CREATE TRIGGER message_search_insert
AFTER INSERT ON message
BEGIN
INSERT INTO message_search (rowid, text, owner)
SELECT new.id, new.text, 'org' || new.org_id WHERE new.text <> ''; END""",
        """CREATE TRIGGER message_search_delete
AFTER DELETE ON message
BEGIN DELETE FROM message_search WHERE rowid = old.id; END""",
        """CREATE TRIGGER message_search_update
AFTER UPDATE OF text ON message
BEGIN DELETE FROM message_search WHERE rowid = old.id;
INSERT INTO message_search (rowid, text, owner)
SELECT new.id, new.text, 'org' || new.org_id WHERE new.text <> ''; END""",
        """CREATE VIRTUAL TABLE note_search
USING fts5(body, owner, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2')""",
        """CREATE TRIGGER note_search_insert
AFTER INSERT ON note
BEGIN
INSERT INTO note_search (rowid, body, owner)
SELECT new.id, new.body, 'org' || new.org_id WHERE new.body <> ''; END""",
        """CREATE TRIGGER note_search_delete
AFTER DELETE ON note
BEGIN DELETE FROM note_search WHERE rowid = old.id; END""",
        """CREATE TRIGGER note_search_update
AFTER UPDATE OF body ON note
BEGIN DELETE FROM note_search WHERE rowid = old.id;
INSERT INTO note_search (rowid, body, owner)
SELECT new.id, new.body, 'org' || new.org_id WHERE new.body <> ''; END""",
        """CREATE VIRTUAL TABLE contact_search
USING fts5(name, profile_name, owner, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2')""",
        """CREATE TRIGGER contact_search_insert
AFTER INSERT ON contact
BEGIN
INSERT INTO contact_search (rowid, name, profile_name, owner)
SELECT new.id, new.name, new.profile_name, 'org' || new.org_id WHERE new.name <> '' OR new.profile_name <> ''; END""",
        """CREATE TRIGGER contact_search_delete
AFTER DELETE ON contact
BEGIN DELETE FROM contact_search WHERE rowid = old.id; END""",
        """CREATE TRIGGER contact_search_update
AFTER UPDATE OF name, profile_name ON contact
BEGIN DELETE FROM contact_search WHERE rowid = old.id;
INSERT INTO contact_search (rowid, name, profile_name, owner)
SELECT new.id, new.name, new.profile_name, 'org' || new.org_id WHERE new.name <> '' OR new.profile_name <> ''; END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION pytake_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT regexp_replace(
     translate(lower(value), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ',
'aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuyy'), '[\x01-/:-@\\[-`{-\x7f]+', ' ', 'g'
   ) $$""",
        """ALTER TABLE message ADD COLUMN search tsvector
GENERATED ALWAYS AS
(to_tsvector('simple', pytake_fold(text))) STORED""",
        """CREATE INDEX ix_message_search ON message
USING gin (search)""",
        """ALTER TABLE note ADD COLUMN search tsvector
GENERATED ALWAYS AS
(to_tsvector('simple', pytake_fold(body))) STORED""",
        """CREATE INDEX ix_note_search ON note
USING gin (search)""",
        """ALTER TABLE contact ADD COLUMN search tsvector
GENERATED ALWAYS AS
(to_tsvector('simple', pytake_fold(name || ' ' || profile_name))) STORED""",
        """CREATE INDEX ix_contact_search ON contact
USING gin (search)""",
    ),
}


def upgrade() -> None:
    connection = op.get_bind()
    for statement in STATEMENTS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
