"""What people type for the parts of a message: buttons, menus, places, JSON."""

from __future__ import annotations

from typing import Any

import orjson

from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp import messages
from pytake_cli.whatsapp.messages import Outgoing


def choices(given: str) -> list[tuple[str, str]]:
    """`Sim,Não` or `sim=Sim,nao=Não`: what comes back and what the button says; without `=` both are the same."""
    return [choice(part) for part in given.split(",")]


def choice(given: str) -> tuple[str, str]:
    key, separator, title = given.partition("=")
    return (key.strip(), title.strip()) if separator else (given.strip(), given.strip())


def menu(given: str) -> tuple[str | None, list[dict[str, Any]]]:
    """A list as JSON in Meta's shape ({"button": …, "sections": […]}), or as lines:

    # Tamanhos
    p = Camiseta P | até 1,60 m
    m = Camiseta M
    """
    if given.lstrip().startswith("{"):
        action = parse_json(given, "--list")
        return action.get("button"), action.get("sections", [])
    sections: list[dict[str, Any]] = []
    for line in filter(None, (line.strip() for line in given.splitlines())):
        if line.startswith("#"):
            sections.append({"title": line.lstrip("# "), "rows": []})
            continue
        if not sections:
            sections.append({"rows": []})
        name, _, description = line.partition("|")
        key, title = choice(name)
        row = {"id": key, "title": title, "description": description.strip()}
        sections[-1]["rows"].append({part: value for part, value in row.items() if value})
    return None, sections


def location(given: str) -> Outgoing:
    """`-23.5505,-46.6333`, optionally followed by `,name` and `,address`."""
    parts = [part.strip() for part in given.split(",", 3)]
    try:
        latitude, longitude = float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        raise InvalidData(
            "PT-SEND-LOCATION",
            "{given} is not a place: latitude,longitude[,name[,address]]",
            fix="pytake message send --to CONTACT --location -23.5505,-46.6333,Loja",
            given=given,
        ) from None
    name, address = (*parts[2:], None, None)[:2]
    return messages.location(latitude, longitude, name=name, address=address)


def parse_json(given: str, flag: str) -> dict[str, Any]:
    try:
        value = orjson.loads(given)
    except orjson.JSONDecodeError as error:
        raise InvalidData(
            "PT-SEND-JSON", "{flag} is not JSON: {reason}", fix="pytake message send -h", flag=flag, reason=str(error)
        ) from error
    if not isinstance(value, dict):
        raise InvalidData("PT-SEND-JSON", "{flag} is not a JSON object", fix="pytake message send -h", flag=flag)
    return value
