"""Published flows as definitions: read once a process, since a version never changes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from sqlmodel import Session, select

from pytake_cli.errors import NotFound
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.loader import load
from pytake_cli.store.flows import Flow, FlowVersion

MOST_KEPT = 500  # definitions in memory

_kept: OrderedDict[tuple[str, str], Definition] = OrderedDict()
_lock = Lock()


def definition(version: FlowVersion) -> Definition:
    """The definition of a version; raises FlowErrors when the text is no flow any more for this program."""
    return _read(version.ref, version.source)


def _read(ref: str, source: str) -> Definition:
    key = (ref, source)
    with _lock:
        known = _kept.get(key)
        if known is not None:
            _kept.move_to_end(key)
            return known
    flow = load(source, f"{ref.partition('@')[0]}.yaml").model_copy(update={"ref": ref})
    with _lock:
        _kept[key] = flow
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return flow


class StoreLibrary:
    """The flows of one organisation, as `flow.context.Library` wants them; `top` is the version of the session."""

    def __init__(self, db: Session, org_id: int, top: FlowVersion | None = None) -> None:
        self._db, self._org_id = db, org_id
        self._pins = {**top.pins, top.ref.partition("@")[0]: top.ref} if top is not None else {}

    def published(self, name: str) -> Definition | None:
        """What `call` enters: the version that was there when the session's own was published, else today's."""
        if name in self._pins:
            return self.version(self._pins[name])
        version = published(self._db, self._org_id, name)
        return definition(version) if version is not None else None

    def version(self, ref: str) -> Definition:
        """What a session stands on."""
        known = select(FlowVersion).where(FlowVersion.org_id == self._org_id, FlowVersion.ref == ref)
        version = self._db.exec(known.limit(1)).first()
        if version is None:
            raise NotFound("PT-FLOW-VERSION", "there is no version {ref}", fix="pytake flow versions", ref=ref)
        return definition(version)


def published(db: Session, org_id: int, name: str) -> FlowVersion | None:
    """The version of a flow that starts new sessions."""
    query = (
        select(FlowVersion)
        .join(Flow, Flow.published_version_id == FlowVersion.id)  # type: ignore[arg-type]
        .where(Flow.org_id == org_id, Flow.name == name)
    )
    return db.exec(query).first()
