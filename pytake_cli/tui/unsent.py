"""What the server has not got yet, in a file of this machine: it outlives the inbox, however that ends."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from pytake_cli import clock
from pytake_cli.tui import files
from pytake_cli.tui.deeds import Deed, Standing
from pytake_cli.tui.outbox import Waiting
from pytake_cli.tui.rows import Draft, Json, when
from pytake_cli.tui.safe import one_line

Left = tuple[list[Waiting], dict[int, Draft], list[Deed]]
SUFFIX = ".json"


class Unsent:
    """One file for each inbox that runs, locked by it: what lies in one that nobody holds was left behind.

    {"waiting": [{"client_id": "…", "conversation": 5008, …}], "drafts": [{"conversation": 5008, "text": "…", …}],
     "deeds": [{"conversation": 5008, "verb": "resolve", …}]}
    """

    def __init__(self, folder: Path, whose: str) -> None:
        self._folder = folder
        self._owner = hashlib.sha256(whose.encode()).hexdigest()[:16]
        self._path = folder / f"{self._owner}-{clock.new_id()[-12:]}{SUFFIX}"
        self._file: int | None = None
        self._adopted: list[tuple[int, Path]] = []
        self._kept = b""

    def take_over(self) -> Left:
        """What inboxes of the same person left behind; their files go once it is in ours."""
        waiting: list[Waiting] = []
        drafts: dict[int, Draft] = {}
        deeds: list[Deed] = []
        for path in sorted(self._folder.glob(f"{self._owner}-*{SUFFIX}")) if self._folder.is_dir() else ():
            file = _locked(path, os.O_RDWR)
            if file is None:
                continue  # that inbox is open
            self._adopted.append((file, path))
            left = _read(file)
            waiting += left[0]
            drafts |= left[1]
            deeds += left[2]
        return waiting, drafts, deeds

    def keep(self, waiting: Sequence[Waiting], drafts: Mapping[int, Draft], deeds: Sequence[Deed] = ()) -> None:
        """Writes it down, if it is not what stands there already."""
        content = {"waiting": [_told(each) for each in waiting], "drafts": [_drawn(*each) for each in drafts.items()]}
        content["deeds"] = [_done(each) for each in deeds]
        data = json.dumps(content).encode() + b"\n" if waiting or drafts or deeds else b"{}\n"
        if data == (self._kept or b"{}\n") and not self._adopted:
            return
        with suppress(OSError):  # a full disk: then it lives as long as the inbox
            if self._file is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = _locked(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            if self._file is not None:
                os.pwrite(self._file, data, 0)  # whole, if we are killed now; what stands behind it is no matter
                os.ftruncate(self._file, len(data))
                self._kept = data
                self._let_go()

    def close(self) -> None:
        """The inbox ends; an empty file goes."""
        if self._file is not None:
            if self._kept == b"{}\n":
                self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def _let_go(self) -> None:
        for file, path in self._adopted:
            path.unlink(missing_ok=True)
            os.close(file)
        self._adopted.clear()


def _locked(path: Path, flags: int) -> int | None:
    """The file, ours until it is closed; None: somebody else holds it, or it is gone."""
    import fcntl

    try:
        file = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def _read(file: int) -> Left:
    data = b"".join(iter(lambda: os.read(file, 1 << 20), b""))
    try:
        content, _end = json.JSONDecoder().raw_decode(data.decode())
        drafts = {int(each["conversation"]): _draft(each) for each in content.get("drafts", ())}
        deeds = [_deed(each) for each in content.get("deeds", ())]
        return list(_waiting(content.get("waiting", ()))), drafts, deeds
    except (ValueError, KeyError, TypeError, AttributeError):
        return [], {}, []  # an older version's, or broken: nothing in it can be trusted


def _draft(json_: Json) -> Draft:
    return Draft(str(json_["text"]), str(json_["mode"]), json_["reply_to"])


def _drawn(conversation: int, draft: Draft) -> Json:
    return {"conversation": conversation, "text": draft.text, "mode": draft.mode, "reply_to": draft.reply_to}


def _deed(told: Json) -> Deed:
    return Deed(
        int(told["conversation"]), one_line(str(told["name"])), str(told["action"]), str(told["verb"]),
        dict(told["arguments"]), Standing(*told["seen"]), Standing(*told["wanted"]), int(told["unread"]),
        when(told["last_message_at"]),
    )  # fmt: skip


def _done(deed: Deed) -> Json:
    told = {name: getattr(deed, name) for name in ("conversation", "name", "action", "verb", "arguments", "unread")}
    at = deed.last_message_at
    return {**told, "seen": astuple(deed.seen), "wanted": astuple(deed.wanted),
            "last_message_at": at.isoformat() if at else None}  # fmt: skip


def _waiting(told: Sequence[Json]) -> Iterator[Waiting]:
    for each in told:
        yield Waiting(
            str(each["client_id"]),
            int(each["conversation"]),
            str(each["mode"]),
            dict(each["body"]),
            str(each["text"]),
            when(each["at"]) or clock.now(),
            each["seen"],
            was_offline=True,
            left_over=True,
            file=files.look_at(Path(each["file"])) if each["file"] else None,
            number=each["number"],
            contact=each["contact"],
        )


def _told(waiting: Waiting) -> Json:
    names = ("client_id", "conversation", "contact", "mode", "body", "text", "seen", "number")
    told = {name: getattr(waiting, name) for name in names}
    return {**told, "at": waiting.at.isoformat(), "file": str(waiting.file.path) if waiting.file else None}
