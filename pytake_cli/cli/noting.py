"""The audit log has every command that changed something: which one and in whose name, not what its words were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytake_cli.cli.context import Context
    from pytake_cli.store import Store

OWN = "audit_entry"


class Witness:
    """What was committed to a store: anything at all, and whether the audit log was part of it."""

    def __init__(self, store: Store) -> None:
        from sqlalchemy import event

        self.changed = self.noted = self._changes = False
        event.listen(store.writer, "after_cursor_execute", self._execute)
        event.listen(store.writer, "commit", self._commit)
        event.listen(store.writer, "rollback", self._rollback)

    def _execute(self, _db: Any, cursor: Any, statement: str, *_more: Any) -> None:
        kind = statement.lstrip()[:6]
        if kind == "INSERT" or (kind in ("UPDATE", "DELETE") and cursor.rowcount):
            self._changes = True
            self.noted = self.noted or OWN in statement

    def _commit(self, _db: Any) -> None:
        self.changed, self._changes = self.changed or self._changes, False

    def _rollback(self, _db: Any) -> None:
        self._changes = False


def note(here: Context, command: Sequence[str]) -> None:
    """Writes into the log what a command has not written itself; nothing if it changed nothing of an organisation."""
    witness = here.witness
    if witness is None or not witness.changed or witness.noted or "org" not in here.__dict__:
        return
    from pytake_cli.cli import selectors
    from pytake_cli.services import audit, principals
    from pytake_cli.store.organisations import Organisation

    with here.store.write(here.org_id) as db:
        if db.get(Organisation, here.org_id) is None:
            return  # it was deleted just now
        user = selectors.author(db, None)
        who = principals.local(here.org_id, user.id, user.name or user.email) if user else principals.local(here.org_id)
        audit.note(db, who, f"cli.{'.'.join(command)}", now=here.now)
