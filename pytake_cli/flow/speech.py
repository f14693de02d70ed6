"""What a flow says, without a channel: the store's side turns it into Meta's shape, the simulator draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

MediaKind = Literal["image", "video", "audio", "document", "sticker"]


@dataclass(frozen=True, slots=True)
class Option:
    """A choice as the customer sees it."""

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """`source`: an https address, a file beside the flow (`files/price.pdf`), or `media:<id>` of the store."""

    kind: MediaKind
    source: str
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """Text, media with a caption, or a question with options; how options are shown is decided already."""

    text: str = ""
    media: Media | None = None
    header: str = ""
    footer: str = ""
    buttons: tuple[Option, ...] = ()  # at most 3
    rows: tuple[Option, ...] = ()  # at most 10, behind `button`
    button: str = ""
    preview_url: bool = False
    reply_to: str = ""  # wamid
    location: dict[str, Any] | None = None  # {"latitude": …, "longitude": …, "name": …, "address": …}
    contacts: tuple[dict[str, Any], ...] = ()  # Meta's shape
    asks_location: bool = False  # shows the "send location" button


@dataclass(frozen=True, slots=True)
class SayTemplate:
    """An approved template: goes through with the service window closed."""

    name: str
    language: str
    components: tuple[dict[str, Any], ...] = ()  # Meta's shape
    shown: str = ""  # the rendered body, for people's eyes


@dataclass(frozen=True, slots=True)
class SayForm:
    """A WhatsApp Flow (native form)."""

    text: str
    flow_id: str
    button: str
    screen: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    token: str = ""  # comes back with the answer


@dataclass(frozen=True, slots=True)
class Gesture:
    """`react` (emoji to a message), `typing`, `read`."""

    kind: Literal["react", "typing", "read"]
    wamid: str
    emoji: str = ""


Speech = Say | SayTemplate | SayForm | Gesture
