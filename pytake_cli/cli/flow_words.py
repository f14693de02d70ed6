"""What a word of a flow command names: a file, a flow of the project, or a published version (`agenda@2`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytake_cli.cli import flow_files
from pytake_cli.cli.context import context
from pytake_cli.errors import InvalidData, NotFound, PytakeError, UsageError
from pytake_cli.flow.definition import Flow

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.flows import FlowVersion

MARK = "@"


@dataclass(frozen=True, slots=True)
class Meant:
    """A definition and where it is from; `version` when that is the store."""

    label: str
    flow: Flow
    source: str
    version: FlowVersion | None = None


def is_connected() -> bool:
    """Whether there is a store with an organisation; flow files are good for something without one, too."""
    try:
        return context().org_id > 0
    except InvalidData:
        raise  # there are several organisations, and none was named
    except PytakeError:
        return False


def meant(word: str, *, checked: bool = True) -> Meant:
    """What the word names; a name that has no file is the published version."""
    if MARK in word and not Path(word).exists():
        return stored(word)
    try:
        path = flow_files.one(word)
    except NotFound:
        if "/" in word or Path(word).suffix in flow_files.SUFFIXES or not _is_stored(word):
            raise
        return stored(word)
    flow = flow_files.sound(path) if checked else flow_files.usable(path)
    return Meant(flow_files.shown(path), flow, flow_files.read(path).decode("utf-8-sig", errors="replace"))


def stored(word: str) -> Meant:
    """`agenda@2`, `agenda@9f86d0` or `agenda`: a version of the store's; by default the published one."""
    here = context()
    with here.store.read(here.org_id) as db:
        version = version_of(db, word)
    from pytake_cli.services.flow_library import definition

    return Meant(f"{version.ref.partition(MARK)[0]}@{version.number}", definition(version), version.source, version)


def version_of(db: Session, word: str) -> FlowVersion:
    """The version that `name@number` names."""
    from pytake_cli.services import flows

    name, _mark, number = word.partition(MARK)
    return flows.version(db, flows.get(db, context().org_id, name), number or None)


def _is_stored(name: str) -> bool:
    from sqlmodel import select

    from pytake_cli.store.flows import Flow as Row

    if not is_connected():
        return False
    here = context()
    with here.store.read(here.org_id) as db:
        return db.exec(select(Row.id).where(Row.name == name)).first() is not None


def name_of(word: str) -> str:
    """The flow that a word means: a name, or the flow of a file; without a version."""
    if MARK in word:
        raise UsageError("PT-USAGE-BAD", "{value} names a version", fix="--version N", value=word)
    path = Path(word)
    return flow_files.usable(path).name if path.is_file() else word
