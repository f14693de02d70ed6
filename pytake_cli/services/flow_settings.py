"""What the settings alone say of a flow's surroundings: there is no store for it to be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pytake_cli import secrets, settings
from pytake_cli.flow.checks.inquiry import Surroundings
from pytake_cli.policy.addresses import Allowed, Refused
from pytake_cli.policy.opt_out import words_of


def around() -> Surroundings:
    """Hours, sources, opt-out words and hosts; a project that sets no hours or sources may have them elsewhere."""
    config = settings.current().flows
    return Surroundings(
        schedules=frozenset(config.hours),
        settles_hours=bool(config.hours),
        sources=frozenset(config.sources) or None,
        opt_out=tuple(sorted(words_of({}, "", config.opt_out_words).stop)),
        allowed=_allowed(config.http_allow),
    )


def _allowed(entries: list[str]) -> Allowed:
    """A setting that names no host is told of where it is used: PT-HTTP-ALLOW."""
    try:
        return Allowed(entries)
    except Refused:
        return Allowed()


class Secrets(Collection[str]):
    """The secrets that this process finds; each is looked for only when a flow names it."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (secrets.where(name) is not None or bool(secrets.scopes(name)))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _scope, _source in secrets.entries()))

    def __len__(self) -> int:
        return sum(1 for _name in self)
