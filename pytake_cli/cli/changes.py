"""FIELD=VALUE words of `set` commands, and saying afterwards what they changed."""

from __future__ import annotations

from collections.abc import Sequence

from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, say
from pytake_cli.errors import UsageError
from pytake_cli.locale import _


def split(change: str) -> tuple[str, str]:
    """`tz=America/Manaus` -> (`tz`, `America/Manaus`)."""
    field, equals, value = change.partition("=")
    if not equals or not field.strip():
        raise UsageError("PT-USAGE-CHANGE", "{given} is not FIELD=VALUE", fix="tz=America/Manaus", given=change)
    return field.strip(), value


def tell(what: str, changed: Sequence[str]) -> None:
    """Says which fields changed, or would have."""
    if not changed:
        say(_("{what} was like that already").format(what=what))
        return
    fields = ", ".join(changed)
    if context().dry_run:
        say(_("{what}: {fields} would change; nothing was changed (--dry-run)").format(what=what, fields=fields))
    else:
        done(_("{what}: {fields} changed").format(what=what, fields=fields))
