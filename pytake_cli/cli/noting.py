"""The audit log has every command that changed something or showed people: in whose name, not what its words were."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytake_cli.cli.context import Context
    from pytake_cli.store import Store

log = logging.getLogger(__name__)

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


def saw(action: str, target: str = "", **details: Any) -> None:
    """This command shows personal data: `contact.read` of `contact:412`; written once it is over."""
    from pytake_cli.cli.context import context

    context().seen = (action, target, details)


def note(here: Context, command: Sequence[str]) -> None:
    """Writes into the log what a command has not written itself: what it changed of an organisation, what it showed."""
    if "org" not in here.__dict__:
        return
    witness = here.witness
    if witness is not None and witness.changed and not witness.noted:
        _write(here, f"cli.{'.'.join(command)}", "", {})
    if here.seen is None:
        return
    from sqlalchemy.exc import SQLAlchemyError

    from pytake_cli.errors import PytakeError

    try:
        _write(here, *here.seen)
    except (PytakeError, SQLAlchemyError, OSError) as error:  # a store that cannot be written may still be read
        log.debug("a read was not noted", extra={"error": str(error)})


def _write(here: Context, action: str, target: str, details: dict[str, Any]) -> None:
    from pytake_cli.cli import selectors
    from pytake_cli.services import audit, principals
    from pytake_cli.store.organisations import Organisation

    with here.store.write(here.org_id) as db:
        if db.get(Organisation, here.org_id) is None:
            return  # it was deleted just now
        user = selectors.author(db, None)
        who = principals.local(here.org_id, user.id, user.name or user.email) if user else principals.local(here.org_id)
        audit.note(db, who, action, target, details, now=here.now)
