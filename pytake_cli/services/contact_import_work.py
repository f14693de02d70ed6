"""Imports of contacts that a daemon does for somebody who does not wait for the end."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread

from pytake_cli import clock
from pytake_cli.errors import InvalidData
from pytake_cli.services import contact_import
from pytake_cli.services.contact_import import Wanted
from pytake_cli.services.contact_import_files import Source
from pytake_cli.store import Store, imports
from pytake_cli.store.imports import ContactImport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """One import."""

    store: Store
    source: Source
    wanted: Wanted
    job: ContactImport
    now: datetime

    def do(self) -> None:
        """To its end; the reasons of rejected rows stay, for who asks for them later."""
        org_id = self.wanted.rules.org_id
        try:
            outcome = contact_import.run(self.store, self.source, self.wanted, self.job, self.now, lambda _counts: None)
        except InvalidData:
            with self.store.write(org_id) as db:
                imports.fail(db, self.job.id or 0, clock.now())
            raise
        with self.store.write(org_id) as db:
            imports.finish(db, outcome.id or 0, clock.now(), keep_reasons=True)


class Works:
    """Those under way, each in a thread that nobody waits for: a kill costs at most the chunk under way."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._lock = Lock()

    def start(self, work: Work, open_: ExitStack) -> None:
        """Begins it, unless it is being done; what `open_` holds is closed at the end."""
        id_ = work.job.id or 0
        with self._lock:
            if id_ in self._ids:
                return
            self._ids.add(id_)
        Thread(target=self._do, args=(work, open_.pop_all()), name=f"import {id_}", daemon=True).start()

    def _do(self, work: Work, open_: ExitStack) -> None:
        try:
            with open_:
                work.do()
        except Exception as error:  # the top of a thread: the import says that it stopped, the log says why
            log.warning("import stopped", extra={"import": work.job.id}, exc_info=error)
        finally:
            with self._lock:
                self._ids.discard(work.job.id or 0)
