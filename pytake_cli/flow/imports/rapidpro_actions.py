"""RapidPro's actions but messages and calls: the contact, results, other flows, people."""

from __future__ import annotations

from collections.abc import Callable

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports import rapidpro_calls as calls
from pytake_cli.flow.imports import rapidpro_messages as messages
from pytake_cli.flow.imports.draft import Fields
from pytake_cli.flow.imports.given import Given, number, table, tables, text
from pytake_cli.flow.imports.pieces import MARK, Piece, binary, literal, quoted, summed
from pytake_cli.flow.imports.rapidpro_expressions import assigned, local, template
from pytake_cli.flow.imports.rapidpro_journey import Journey, language
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.problems import Phrase

Action = Callable[[Journey, Given, Item, str, str], None]


def _set(journey: Journey, step: str, then: str, **what: object) -> None:
    journey.draft.steps[step] = {"set": what, "next": then}


def contact_name(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """The contact's name."""
    _set(journey, step, then, contact={"name": assigned(text(action, "name"), item)})


def contact_language(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """The contact's language."""
    code = text(action, "language")
    found = language(code)
    value = assigned(code, item) if "@" in code else quoted(found).text if found else "none"
    if code and not found and "@" not in code:
        item.lost(Phrase("there is no such language in flow files: {code}"), code=code)
        value = f"{MARK}.language"
    _set(journey, step, then, contact={"language": value})


def contact_field(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A field of the contact; an empty value clears it."""
    given = table(action, "field")
    name = text(given, "key") or text(given, "name")
    if not name:
        unknown(journey, action, item, step, then)
        return
    field = names.variable(name, ()).lstrip("_") or "field"
    _set(journey, step, then, contact={field: assigned(text(action, "value"), item)})


def groups(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """Groups are tags here."""
    leaves = text(action, "type") == "remove_contact_groups"
    if leaves and action.get("all_groups") is True:
        item.lost(Phrase("a contact cannot lose all tags at once"))
        journey.draft.unfit(item, step, then, f"{MARK}.all_groups")
        return
    tags = [template(text(each, "name") or text(each, "name_match"), item)[:60] for each in tables(action, "groups")]
    if not any(tags):
        item.unused(Phrase("it names no group"))
        journey.alias(item, step, then)
        return
    item.changed(Phrase("groups are tags"))
    _set(journey, step, then, **{"untag" if leaves else "tag": [tag for tag in tags if tag]})


def result(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A result of the run."""
    name = text(action, "name")
    if not name:
        unknown(journey, action, item, step, then)
        return
    value = assigned(text(action, "value"), item) if text(action, "value") else "''"
    _set(journey, step, then, result=journey.result(name, value, text(action, "category")))


def local_value(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A value of this run only."""
    name = local(text(action, "local"))
    operation = text(action, "operation") or "set"
    value = assigned(text(action, "value"), item)
    if operation == "increment":
        journey.draft.declare(name, "number")
        by = number(text(action, "value"))
        added = literal(by) if by is not None else summed(Piece(f"({value})"))
        value = binary("+", summed(Piece(f"vars.{name}")), added).text
    elif operation == "clear":
        value = "none"
    journey.draft.vars.setdefault(name, "text")
    _set(journey, step, then, vars={name: value})


def labels(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """Labels of the message: marks in the statistics."""
    found = [template(text(each, "name") or text(each, "name_match"), item) for each in tables(action, "labels")]
    item.changed(Phrase("labels of a message are marks in the statistics of the flow"))
    props = {"labels": quoted(", ".join(found)).text if "{{" not in "".join(found) else ", ".join(found)}
    journey.draft.steps[step] = {"event": "label", "props": props, "next": then}


def enter(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """Another flow: as a part of this one, or instead of it."""
    given = table(action, "flow")
    name = journey.flows.get(text(given, "uuid")) or names.word(text(given, "name"), "flow", "-")
    if text(given, "uuid") not in journey.flows:
        item.changed(Phrase("the flow {flow} is not in this export: import it too"), flow=name)
    if action.get("terminal") is True:
        journey.draft.steps[step] = {"goto_flow": name}
    else:
        journey.draft.steps[step] = {"call": name, "next": then}


def start_others(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """Starts a flow with other people."""
    item.lost(Phrase("a flow talks to its own contact only"))
    journey.draft.unfit(item, step, then, f"{MARK}.start_session")


def ticket(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """People take over; the flow goes on when they are done."""
    words = [
        text(table(action, "topic"), "name"),
        text(action, "subject"),
        text(action, "note") or text(action, "body"),
    ]
    note = template(": ".join(each for each in words if each), item)
    fields: Fields = {"handoff": None, **({"note": note} if note else {})}
    name = text(action, "result_name")
    kept: Fields = {"result": journey.result(name, "'open'", "Success")} if name else {}
    if journey.reads("_new_ticket"):
        kept["vars"] = {journey.draft.declare(local("_new_ticket"), "text"): "'open'"}
    if kept:
        after = journey.draft.take(f"{step}_opened")
        journey.draft.steps[after] = {"set": kept, "next": then}
        then = after
    if then != "end":
        item.changed(Phrase("the flow goes on when people are done, not at once"))
        fields |= {"resume": "on_close", "resume_at": then}
    journey.draft.steps[step] = fields


def airtime(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """What people have to do."""
    item.lost(Phrase("there is nothing like it here: the conversation goes to people, and on when they are done"))
    journey.draft.by_hand(item, step, then)


def unknown(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """What we know nothing of."""
    item.lost(Phrase("there is nothing like it here"))
    journey.draft.unfit(item, step, then, f"{MARK}.{names.word(text(action, 'type'), 'action')}")


ACTIONS: dict[str, Action] = {
    "send_msg": messages.send,
    "say_msg": messages.spoken,
    "play_audio": messages.played,
    "send_broadcast": messages.broadcast,
    "set_contact_name": contact_name,
    "set_contact_language": contact_language,
    "set_contact_field": contact_field,
    "add_contact_groups": groups,
    "remove_contact_groups": groups,
    "set_run_result": result,
    "set_run_local": local_value,
    "add_input_labels": labels,
    "enter_flow": enter,
    "start_session": start_others,
    "open_ticket": ticket,
    "transfer_airtime": airtime,
    "send_email": calls.mail,
    "call_webhook": calls.webhook,
    "call_llm": calls.model,
    "call_classifier": calls.classifier,
}
