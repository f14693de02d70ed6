"""Control of Meta's side: templates, numbers, preferences, tokens, faults and any event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.account import CHANGES, prefer
from pytake_cli.emulator.events import SAMPLES, make_change
from pytake_cli.emulator.faults import KINDS
from pytake_cli.emulator.incoming import find_number, person
from pytake_cli.emulator.templates import Template, Templates
from pytake_cli.errors import InvalidData, NotFound

if TYPE_CHECKING:
    from pytake_cli.emulator.world import World

Answer = dict[str, Any]
TemplateAction = Callable[[Templates, Template, Answer], Any]


def _category(templates: Templates, template: Template, arguments: Answer) -> None:
    templates.recategorize(template, str(arguments.get("to") or "MARKETING"), announce=bool(arguments.get("announce")))


def _hold(templates: Templates, template: Template, arguments: Answer) -> None:
    template.hold_share = float(arguments.get("share", 1.0))


def _release(templates: Templates, template: Template, arguments: Answer) -> int:
    template.hold_share = 0.0
    return templates.release(template)


def _drop(templates: Templates, template: Template, arguments: Answer) -> int:
    template.hold_share = 0.0
    return templates.drop(template)


TEMPLATE_ACTIONS: dict[str, TemplateAction] = {
    "approve": lambda templates, template, arguments: templates.approve(template),
    "reject": lambda templates, template, arguments: templates.reject(
        template, str(arguments.get("reason") or "INVALID_FORMAT")
    ),
    "pause": lambda templates, template, arguments: templates.pause(template, pacing=bool(arguments.get("pacing"))),
    "unpause": lambda templates, template, arguments: templates.unpause(template),
    "disable": lambda templates, template, arguments: templates.disable(template),
    "quality": lambda templates, template, arguments: templates.set_quality(
        template, str(arguments.get("to") or "RED")
    ),
    "category": _category,
    "flag": lambda templates, template, arguments: templates.set_status(template, "FLAGGED"),
    "hold": _hold,
    "release": _release,
    "drop": _drop,
}


async def list_templates(world: World, arguments: Answer) -> list[Answer]:
    return [
        template.node() | {"held": len(template.held), "pauses": template.pauses}
        for template in world.templates.by_id.values()
    ]


async def change_template(world: World, arguments: Answer) -> Answer:
    """`name` (or id), `language` (all without), `action`, and what the action needs."""
    action = TEMPLATE_ACTIONS.get(str(arguments.get("action")))
    if action is None:
        known = ", ".join(TEMPLATE_ACTIONS)
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{value} is not one of {known}",
            fix="pytake emulator template -h",
            value=arguments.get("action"),
            known=known,
        )
    name = str(arguments.get("name") or "")
    found = world.templates.find(name, arguments.get("language"))
    if not found:
        raise NotFound(
            "PT-EMULATOR-TEMPLATE", "the emulator has no template {ref}", fix="pytake emulator template list", ref=name
        )
    messages = [action(world.templates, template, arguments) for template in found]
    return {"templates": [template.node() for template in found], "messages": sum(count or 0 for count in messages)}


async def add_template(world: World, arguments: Answer) -> Answer:
    """Puts an approved template on file without asking anybody."""
    number = find_number(world, arguments.get("number"))
    name, language, category = (str(arguments[key]) for key in ("name", "language", "category"))
    template = world.templates.add(number.waba, name, language, category, list(arguments["components"]))
    template.status, template.quality = "APPROVED", "GREEN"
    template.parameter_format = str(arguments.get("parameter_format") or "POSITIONAL").upper()
    return template.node()


async def change_number(world: World, arguments: Answer) -> Answer:
    """Any of quality, tier, throughput, restriction, ban, standby, … for one number."""
    number = find_number(world, arguments.get("number"))
    wanted = {name: value for name, value in arguments.items() if name != "number"}
    unknown = wanted.keys() - CHANGES.keys()
    if unknown:
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{value} is not one of {known}",
            fix="pytake emulator template -h",
            value=", ".join(unknown),
            known=", ".join(CHANGES),
        )
    for name, value in wanted.items():
        CHANGES[name](world, number, value)
    return number.as_dict()


async def add_number(world: World, arguments: Answer) -> Answer:
    """A further registered number, in the first WABA or a new one (`waba`)."""
    first = world.first_number()
    waba = world.waba(str(arguments["waba"])) if arguments.get("waba") else first.waba
    number_id = str(arguments.get("id") or int(max(world.numbers)) + 1)
    display = str(arguments.get("display") or f"+{int(first.digits) + len(world.numbers)}")
    return world.add_number(waba, number_id, display).as_dict()


async def preference(world: World, arguments: Answer) -> Answer:
    number = find_number(world, arguments.get("number"))
    customer = person(world, str(arguments.get("contact", "")), {})
    prefer(world, number, customer, str(arguments.get("value") or "stop"))
    return {"contact": customer.wa_id, "stopped_marketing": customer.stopped_marketing}


async def event(world: World, arguments: Answer) -> Answer:
    """Any webhook field: a sample by name, with members of `value` in place of the sample's."""
    name = str(arguments.get("field") or "")
    if not name:
        return {"samples": sorted(SAMPLES)}
    number = find_number(world, arguments.get("number"))
    customer = person(world, str(arguments.get("contact") or "+5511900000001"), {})
    change = make_change(world, name, number, customer, arguments.get("value"))
    world.webhooks.push(change, number)
    return {"field": change.field, "value": change.text()}


async def token(world: World, arguments: Answer) -> Answer:
    """`revoke` or `restore` an access token."""
    if arguments.get("revoke"):
        world.revoked.add(str(arguments["revoke"]))
    world.revoked.discard(str(arguments.get("restore")))
    return {"revoked": len(world.revoked)}


async def list_faults(world: World, arguments: Answer) -> Answer:
    return {"faults": [fault.as_dict() for fault in world.faults.rules], "kinds": KINDS}


async def add_fault(world: World, arguments: Answer) -> Answer:
    return world.faults.add(arguments).as_dict()


async def remove_faults(world: World, arguments: Answer) -> Answer:
    return {"removed": world.faults.remove(int(arguments["id"]) if arguments.get("id") else None)}


async def businesses(world: World, arguments: Answer) -> Answer:
    return {
        business.id: asdict(business) | {"reached": len(business.reached)} for business in world.businesses.values()
    }
