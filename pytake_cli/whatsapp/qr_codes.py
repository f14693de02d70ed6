"""QR codes of a number: an address and a picture that open a chat with a text already typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.fields import tables, word
from pytake_cli.whatsapp.limits import words

MESSAGE = 140  # characters
_CODE = re.compile(r"[A-Z0-9]{14}")
Picture = Literal["PNG", "SVG"]


@dataclass(frozen=True, slots=True)
class QrCode:
    """A code: `url` opens the chat, `image_url` is its picture."""

    code: str
    message: str
    url: str
    image_url: str


async def create_qr(graph: Graph, phone_number_id: str, message: str, picture: Picture | None = "PNG") -> QrCode:
    """Makes a code for a text."""
    request: dict[str, Any] = {"prefilled_message": words("prefilled_message", message, MESSAGE)}
    if picture is not None:
        request["generate_qr_image"] = picture
    return _read(await graph.call("POST", f"{phone_number_id}/message_qrdls", json=request))


async def update_qr(graph: Graph, phone_number_id: str, code: str, message: str) -> QrCode:
    """Gives a code another text; pictures that are printed already keep working."""
    request = {"code": _known(code), "prefilled_message": words("prefilled_message", message, MESSAGE)}
    return _read(await graph.call("POST", f"{phone_number_id}/message_qrdls", json=request))


async def list_qr(graph: Graph, phone_number_id: str, picture: Picture = "PNG") -> list[QrCode]:
    """All codes of the number."""
    params = {"fields": f"code,prefilled_message,deep_link_url,qr_image_url.format({picture})"}
    return [_read(one) async for one in graph.pages(f"{phone_number_id}/message_qrdls", params=params)]


async def get_qr(graph: Graph, phone_number_id: str, code: str) -> QrCode | None:
    """One code, None if Meta does not know it."""
    answer = await graph.call("GET", f"{phone_number_id}/message_qrdls/{_known(code)}")
    found = tables(answer.get("data")) or ([answer] if "code" in answer else [])
    return _read(found[0]) if found else None


async def delete_qr(graph: Graph, phone_number_id: str, code: str) -> None:
    """Ends a code."""
    await graph.call("DELETE", f"{phone_number_id}/message_qrdls/{_known(code)}")


def _known(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise InvalidData("PT-WA-VALUE", "{code} is not a QR code's id: 14 capitals and digits", code=repr(code[:40]))
    return code


def _read(raw: dict[str, Any]) -> QrCode:
    return QrCode(
        word(raw.get("code")) or "",
        word(raw.get("prefilled_message")) or "",
        word(raw.get("deep_link_url")) or "",
        word(raw.get("qr_image_url")) or "",
    )
