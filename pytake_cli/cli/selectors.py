"""How people name things on the command line: several ids, ids from stdin, themselves, a number to send from."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pytake_cli.cli.output import warn
from pytake_cli.errors import Conflict, InputNeeded, NotFound, PartialFailure, PytakeError, UsageError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.teams import Team
    from pytake_cli.store.users import User

ME, NONE = "@me", "@none"


def several(given: Sequence[str], what: str) -> list[str]:
    """The words of the line, with `-` replaced by the lines of stdin; each only once, in order."""
    found: list[str] = []
    for word in given:
        if word == "-":
            found += [line.split("\t")[0].strip() for line in stdin_text(what).splitlines()]
        else:
            found.append(word)
    refs = [ref for ref in dict.fromkeys(found) if ref]
    if not refs and "-" not in given:
        raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="--help", name=what)
    return refs


def stdin_text(what: str) -> str:
    """All of stdin as text; refuses to wait for a terminal that nobody is typing into."""
    if sys.stdin.isatty():
        raise InputNeeded(
            "PT-INPUT-STDIN",
            "- reads {what} from stdin, and stdin is this terminal",
            fix="printf '%s\\n' … | pytake …",
            what=what,
        )
    return sys.stdin.read()


def words_of(given: str | None) -> str | None:
    """The text of `-m`; `-` reads it from stdin without the last line break."""
    return stdin_text("-m").removesuffix("\n") if given == "-" else given


def each(refs: Sequence[str], act: Callable[[str], None]) -> None:
    """Does it for every one, whatever becomes of the others; several errors end as one `PartialFailure`."""
    failed: list[tuple[str, PytakeError]] = []
    for ref in refs:
        try:
            act(ref)
        except PytakeError as error:
            if len(refs) == 1:
                raise
            failed.append((ref, error))
    for ref, reason in failed:
        template = _(reason.message)
        warn(f"{ref}: {template.format(**reason.values) if reason.values else template}")
    if failed:
        raise PartialFailure(
            "PT-SOME-FAILED",
            "{failed} of {all} did not work",
            fix="the same command with those that failed",
            failed=len(failed),
            all=len(refs),
            refs=[ref for ref, _reason in failed],
        )


def some_of(given: str | None, known: Sequence[str], flag: str, fix: str, *, also: str = "") -> list[str]:
    """The parts of `A,B`, each one of the known words; another one is an error that names the nearest."""
    parts = [part.strip() for part in (given or "").split(",") if part.strip()]
    for part in parts:
        if part not in known:
            near = difflib.get_close_matches(part, known, 1, 0.5)
            raise UsageError(
                "PT-USAGE-BAD",
                "{name} must be one of {choices}, not {value}",
                why="did you mean {near}?" if near else "",
                fix=fix,
                name=flag,
                choices=", ".join((*known, also) if also else known),
                value=part,
                near=near[0] if near else "",
            )
    return parts


def author(db: Session, given: str | None = None) -> User | None:
    """Who acts: as named by `--as`, else the organisation's only active user, else nobody in particular."""
    from sqlmodel import col, select

    from pytake_cli.services import conversations
    from pytake_cli.store.users import User

    if given is not None and given != ME:
        return conversations.find_user(db, given)
    active = db.exec(select(User).where(col(User.active)).limit(2)).all()
    return active[0] if len(active) == 1 else None


def user(db: Session, ref: str, acting: str | None = None) -> User | None:
    """The user that `--to` or `--agent` names: an e-mail, a name, `@me`, or None for `@none`."""
    from pytake_cli.services import conversations

    if ref == NONE:
        return None
    if ref != ME:
        return conversations.find_user(db, ref)
    found = author(db, acting)
    if found is None:
        raise Conflict("PT-USER-ME", "{me} could be several people here", fix="--as EMAIL", me=ME)
    return found


def holder(db: Session, ref: str, acting: str | None = None) -> User | Team | None:
    """Whom `--to` names: a user, or a team: `team:vendas`, or `vendas` if nobody is called so."""
    from pytake_cli.cli.context import context
    from pytake_cli.services import teams

    prefix, _colon, name = ref.partition(":")
    if prefix == "team" and name:
        return teams.find(db, context().org_id, name)
    try:
        return user(db, ref, acting)
    except NotFound as nobody:
        try:
            return teams.find(db, context().org_id, ref)
        except NotFound:
            raise nobody from None


def contact_id(db: Session, ref: str | None) -> int | None:
    """The contact that `--contact` names, if it is given."""
    if ref is None:
        return None
    from pytake_cli.cli.context import context
    from pytake_cli.services import contacts

    return contacts.lookup(db, context().org_id, ref).id


def would(act: Callable[[], object]) -> None:
    """Runs a check for --dry-run; what would stop the real thing is exit code 3."""
    from pytake_cli.errors import WouldFail

    try:
        act()
    except PytakeError as error:
        raise WouldFail(error.slug, error.message, why=error.why, fix=error.fix, **error.values) from error
