"""What a customer can tap on in a message the business sent: what `say --button 2` and `--list-row` answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytake_cli.emulator.templates import Template

Choice = dict[str, str]


def of(kind: str, content: dict[str, Any], template: Template | None) -> list[Choice]:
    """Each choice as `{"kind": "button"|"list"|"template", "id", "title", "description"}`."""
    if kind == "template" and template is not None:
        return _of_template(content, template)
    action = content.get("action") or {}
    if content.get("type") == "button":
        return [_choice("button", one["reply"]["id"], one["reply"]["title"]) for one in action.get("buttons", [])]
    if content.get("type") == "list":
        return [
            _choice("list", row["id"], row["title"], row.get("description") or "")
            for section in action.get("sections", [])
            for row in section.get("rows", [])
        ]
    if content.get("type") == "carousel":
        return [
            _choice("button", one["quick_reply"]["id"], one["quick_reply"]["title"])
            for card in action.get("cards", [])
            for one in (card.get("action") or {}).get("buttons", [])
        ]
    return []


def _choice(kind: str, id_: str, title: str, description: str = "") -> Choice:
    return {"kind": kind, "id": id_, "title": title, "description": description}


def _of_template(content: dict[str, Any], template: Template) -> list[Choice]:
    payloads: dict[int, str] = {}
    for component in content.get("components") or []:
        if str(component.get("sub_type", "")).lower() == "quick_reply":
            for parameter in component.get("parameters") or []:
                payloads[int(component.get("index", 0))] = str(parameter.get("payload") or parameter.get("text") or "")
    return [
        _choice("template", payloads.get(index) or str(button.get("text", "")), str(button.get("text", "")))
        for index, button in enumerate(template.buttons())
        if str(button.get("type", "")).upper() == "QUICK_REPLY"
    ]


def pick(choices: list[Choice], wanted: str) -> Choice | None:
    """By position from 1, by id, or by title."""
    if wanted.isdigit() and 1 <= int(wanted) <= len(choices):
        return choices[int(wanted) - 1]
    folded = wanted.casefold()
    return next((choice for choice in choices if folded in (choice["id"].casefold(), choice["title"].casefold())), None)
