"""`pytake campaign new` and `clone`: campaign files to begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import campaign_folder, campaign_plan, confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, say
from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pathlib import Path

    from pytake_cli.policy.campaigns import Definition

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Begun:
    """What the line says."""

    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.")]
    template: Annotated[str | None, typer.Option("-t", "--template", metavar="NAME", help="An approved template.")] = (
        None
    )
    language: Annotated[
        str | None, typer.Option("--template-lang", metavar="LANG", help="The template's language, if it has several.")
    ] = None
    flow: Annotated[str | None, typer.Option("--flow", metavar="NAME", help="A flow to start instead.")] = None
    number: Annotated[
        str | None, typer.Option("--number", metavar="NUMBER", help="The number to send from, if there are several.")
    ] = None
    segment: Annotated[str | None, typer.Option("--segment", metavar="NAME", help="A saved segment.")] = None
    where: Annotated[str | None, typer.Option("-w", "--where", metavar="EXPR", help="Who, as segments say it.")] = None
    file: Annotated[str | None, typer.Option("--file", metavar="FILE", help="People by phone, with columns.")] = None
    everybody: Annotated[bool, typer.Option("--all", help="Every contact.")] = False
    var: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=TEXT", help="A value of the template; @column, {{ … }}. Repeatable."),
    ] = None
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="When it begins.")] = None
    max_cost: Annotated[
        str | None, typer.Option("--max-cost", metavar="AMOUNT", help="'USD 800': more is refused.")
    ] = None
    quiet_hours: Annotated[
        str, typer.Option("--quiet-hours", metavar="SPAN", help="20:00-08:00, by each person's clock; none.")
    ] = "20:00-08:00"


@filled_in
def new(begun: Begun) -> None:
    """Writes a campaign file to begin with; on a terminal it asks for what is missing.

    $ pytake campaign new black-friday
    $ pytake campaign new aviso --template aviso_entrega --segment clientes --var '1={{ contact.first_name }}'
    """
    path = _free(begun.name)
    begun = _asked(begun)
    given = campaign_plan.Given(
        **{name: getattr(begun, name) for name in Begun.__dataclass_fields__ if name != "name"}, name=begun.name
    )
    definition = campaign_plan.of_line(given)
    _write(path, definition)


def clone(
    campaign: Annotated[str, typer.Argument(metavar="NAME", help="A campaign, or its file.")],
    other: Annotated[str, typer.Argument(metavar="NEW", help="The name of the copy.")],
) -> None:
    """Copies a campaign under another name, without its date.

    $ pytake campaign clone black-friday natal
    """
    path = _free(other)
    _write(path, replace(_definition(campaign), name=other, at=None))


def _definition(word: str) -> Definition:
    """What a file says, else what was launched under the name."""
    from pytake_cli.policy.campaigns import Definition
    from pytake_cli.services import campaign_files
    from pytake_cli.store import campaigns

    here = context()
    found = campaign_folder.find(word)
    if found is not None:
        return campaign_files.read(campaign_folder.read(found), campaign_folder.shown(found), here.tz)
    with here.store.read(here.org_id) as db:
        row = campaigns.by_name(db, here.org_id, word)
    if row is None:
        raise NotFound("PT-CAMP-NONE", "there is no campaign {name}", fix="pytake campaign list", name=word)
    return Definition.of_json(row.definition)


def _free(name: str) -> Path:
    """The file that a new campaign gets; Conflict when it is there."""
    if not NAME.fullmatch(name):
        raise InvalidData(
            "PT-CAMP-NAME",
            "{name} is no name for a campaign",
            why="it has small letters, digits and hyphens, at most 63",
            fix="pytake campaign new black-friday",
            name=name,
        )
    path = campaign_folder.folder() / f"{name}.yaml"
    if path.exists():
        shown = campaign_folder.shown(path)
        raise Conflict(
            "PT-CAMP-EXISTS",
            "{path} is there already",
            fix="pytake campaign plan {name}",
            path=shown,
            name=name,
        )
    return path


def _write(path: Path, definition: Definition) -> None:
    from pytake_cli.services import campaign_text

    text = campaign_text.yaml_text(definition, context().tz)
    if not context().dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    done(_("{path} begun").format(path=campaign_folder.shown(path)))
    say(_("next: pytake campaign plan {name}").format(name=definition.name))


def _asked(begun: Begun) -> Begun:
    """Asks for the template, the people and the values that the line does not name."""
    if not begun.template and not begun.flow:
        question = _("Which template? {known}").format(known=_known())
        begun = replace(begun, template=confirm.ask(question, flag="-t NAME"))
    if not (begun.segment or begun.where or begun.file or begun.everybody):
        where = confirm.ask(_("For whom, such as tag=vip?"), flag="-w EXPR, --segment NAME, --file FILE or --all")
        begun = replace(begun, where=where)
    named = {each.partition("=")[0] for each in begun.var or ()}
    told = [*(begun.var or ())]
    for slot in _slots(begun):
        if context().no_input:
            break  # the plan says which values are missing
        if slot.required and slot.key not in named:
            example = slot.example or "{{ contact.first_name }}"
            question = _("{key}, such as {example}:").format(key=slot.key, example=example)
            told.append(f"{slot.key}={confirm.ask(question, flag='--var NAME=TEXT')}")
    return replace(begun, var=told)


def _known() -> str:
    """The templates that can be sent."""
    from pytake_cli.services import templates

    here = context()
    with here.store.read(here.org_id) as db:
        found = [each.name for each in templates.listed(db, here.org_id) if templates.usable(each) is None]
    return ", ".join(dict.fromkeys(found))


def _slots(begun: Begun) -> list[Any]:
    """The values that the template takes."""
    from pytake_cli.services import numbers, templates

    if not begun.template:
        return []
    here = context()
    with here.store.read(here.org_id) as db:
        number = numbers.find(db, here.org_id, begun.number)
        return templates.wanted(templates.find(db, here.org_id, number.waba_id, begun.template, begun.language))
