"""Many contacts named at once, as scripts do on stdin: ids in few queries, everything else looked up one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from pytake_cli.errors import PytakeError
from pytake_cli.services import contacts
from pytake_cli.store.contacts import Contact

CHUNK = 500  # contacts a query, and a transaction of bulk changes


@dataclass(slots=True)
class Found:
    """Whom the words named, in order and each once; and why the others name nobody."""

    ids: list[int] = field(default_factory=list)
    refused: list[tuple[str, PytakeError]] = field(default_factory=list)


def several(db: Session, org_id: int, refs: Sequence[str]) -> Found:
    """The contacts that at most `CHUNK` words name; `412` is an id here, whatever somebody's name is."""
    numbers = {ref: int(bare) for ref in refs if contacts.is_id(bare := ref.removeprefix("contact:"))}
    mine = select(Contact.id).where(Contact.org_id == org_id, *contacts.alive())
    there = set(db.exec(mine.where(col(Contact.id).in_(sorted(set(numbers.values()))))))
    found = Found()
    for ref in refs:
        try:
            known = numbers.get(ref)
            found.ids.append(known if known in there else contacts.lookup(db, org_id, ref).id or 0)  # type: ignore[arg-type]
        except PytakeError as error:
            found.refused.append((ref, error))
    found.ids = list(dict.fromkeys(found.ids))
    return found
