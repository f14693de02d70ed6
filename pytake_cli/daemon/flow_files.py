"""Watches the project's flow files: says which differ from what is published, or publishes them when they are saved."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from pytake_cli import clock, settings
from pytake_cli.errors import StoreUnavailable
from pytake_cli.flow.reader import MAX_BYTES
from pytake_cli.services.flow_saves import Desk
from pytake_cli.store import Store, organisations

log = logging.getLogger(__name__)

SUFFIXES = (".yaml", ".yml")
PATIENCE_SECONDS = 30.0  # until it looks again for a folder that is not there, or that cannot be watched
QUIET_MS = 300  # editors save in several steps
MOST_FILES = 500


class FlowFiles:
    """Nothing that is wrong with files, folders or the store at that moment ends the daemon."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._desk: Desk | None = None
        self._said = ""

    async def run(self) -> None:
        """Looks at once, and again whenever something is saved, for as long as the daemon lives."""
        while True:
            try:
                await self._watch()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # whatever it is: people keep their bot
                self._say_once(f"{type(error).__name__}: {error}")
            await asyncio.sleep(PATIENCE_SECONDS)

    async def _watch(self) -> None:
        from watchfiles import DefaultFilter, awatch

        folder = settings.flows_folder()
        if not folder.is_dir() or not await asyncio.to_thread(self._begin):
            return
        await self._look(folder)
        async for changes in awatch(folder, watch_filter=DefaultFilter(), debounce=QUIET_MS):
            if not folder.is_dir():
                return
            if any(path.endswith(SUFFIXES) for _change, path in changes):
                await self._look(folder)

    async def _look(self, folder: Path) -> None:
        try:
            await asyncio.to_thread(self.look, folder)
            self._said = ""
        except StoreUnavailable as error:
            self._say_once(str(error))
        except Exception as error:
            log.exception("the flow files could not be looked at")
            self._said = f"{type(error).__name__}: {error}"

    def _begin(self) -> bool:
        """Finds the organisation that the project is of: the one that the settings name, or the only one."""
        if self._desk is not None:
            return True
        config = settings.current()
        with self._store.read() as db:
            known = organisations.everyone(db)
        mine = [org for org in known if org.slug == config.org] if config.org else known
        if len(mine) != 1:
            if known:
                self._say_once("there are several organisations, and the settings name none: org = SLUG")
            return False
        self._desk = Desk(self._store, mine[0].id or 0, config.flows.auto_publish)
        return True

    def look(self, folder: Path) -> None:
        """Looks at all files of the folder."""
        if self._desk is None and not self._begin():
            return
        assert self._desk is not None
        self._desk.look(_sources(folder), clock.now())

    def _say_once(self, why: str) -> None:
        if why != self._said:
            log.warning("the flow files are not watched", extra={"reason": why})
        self._said = why


def _sources(folder: Path) -> dict[str, bytes]:
    """Every flow file and test below the folder; those that cannot be read now are seen at the next save."""
    found: dict[str, bytes] = {}
    paths = sorted(path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and not path.name.startswith("."))
    for path in paths[:MOST_FILES]:
        try:
            with path.open("rb") as file:
                found[str(path.relative_to(folder.parent))] = file.read(MAX_BYTES + 1)
        except OSError:
            continue
    return found
