"""The business profile of a number: what people see when they tap its name."""

from __future__ import annotations

from typing import Any

from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.fields import tables
from pytake_cli.whatsapp.limits import listing, one_of, only, web_address, words

PROFILE_FIELDS = "about,address,description,email,profile_picture_url,websites,vertical"
VERTICALS = (
    "UNDEFINED", "OTHER", "AUTO", "BEAUTY", "APPAREL", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GROCERY", "GOVT",
    "HOTEL", "HEALTH", "NONPROFIT", "PROF_SERVICES", "RETAIL", "TRAVEL", "RESTAURANT", "NOT_A_BIZ", "ALCOHOL",
    "ONLINE_GAMBLING", "PHYSICAL_GAMBLING", "OTC_DRUGS", "MATRIMONY_SERVICE",
)  # fmt: skip

# text member -> most characters
_TEXTS = {"about": 139, "address": 256, "description": 512, "email": 128, "profile_picture_handle": 20_000}


async def get_profile(graph: Graph, phone_number_id: str) -> dict[str, Any]:
    """The profile as Meta has it."""
    path = f"{phone_number_id}/whatsapp_business_profile"
    found = tables((await graph.call("GET", path, params={"fields": PROFILE_FIELDS})).get("data"))
    return found[0] if found else {}


async def set_profile(graph: Graph, phone_number_id: str, changes: dict[str, Any]) -> None:
    """Changes parts of the profile; raises PT-WA-LIMIT for what Meta would refuse."""
    only("profile", changes, (*_TEXTS, "websites", "vertical"))
    for member, most in _TEXTS.items():
        value = changes.get(member)
        if member in changes and (value or member == "about"):  # all but `about` may be emptied
            words(f"profile.{member}", value, most)
    for index, site in enumerate(listing("profile.websites", changes.get("websites", []), 0, 2)):
        web_address(f"profile.websites[{index}]", site, 256)
    if "vertical" in changes:
        one_of("profile.vertical", changes["vertical"], VERTICALS)
    request = {"messaging_product": "whatsapp", **changes}
    await graph.call("POST", f"{phone_number_id}/whatsapp_business_profile", json=request)
