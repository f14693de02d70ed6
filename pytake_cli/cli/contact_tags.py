"""`pytake contact tag` and `untag`: words that group contacts."""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import contact_bulk
from pytake_cli.cli.contact_bulk import Contacts
from pytake_cli.cli.context import context
from pytake_cli.locale import _

Tags = Annotated[list[str], typer.Option("--tag", metavar="NAME", help="The tag; repeatable.")]


def tag(contacts: Contacts, tags: Tags) -> None:
    """Gives contacts tags. A tag that does not exist yet is made.

    $ pytake contact tag +5511968184101 --tag vip
    $ pytake contact list --stage lead --fields id | pytake contact tag - --tag black-friday
    """
    from pytake_cli.services import contact_changes

    here = context()
    names = contact_changes.read_tags(tags)
    contact_bulk.each(
        contacts,
        lambda db, ids, actor: contact_changes.tag(db, here.org_id, ids, names, actor=actor, now=here.now),
        _("{changed} of {contacts} contacts have the tag now"),
    )


def untag(contacts: Contacts, tags: Tags) -> None:
    """Takes tags from contacts.

    $ pytake contact untag contact:412 --tag vip
    $ pytake contact list --tag black-friday --fields id | pytake contact untag - --tag black-friday
    """
    from pytake_cli.services import contact_changes

    here = context()
    names = contact_changes.read_tags(tags)
    contact_bulk.each(
        contacts,
        lambda db, ids, actor: contact_changes.untag(db, here.org_id, ids, names, actor=actor, now=here.now),
        _("{changed} of {contacts} contacts have lost the tag"),
    )
