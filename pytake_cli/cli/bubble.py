"""A message as the person would see it, drawn with characters."""

from __future__ import annotations

from typing import Any

from pytake_cli.locale import own
from pytake_cli.text import clean

WIDTH = 48  # columns inside


def one_line(body: dict[str, Any]) -> str:
    """One line of the message, for lists."""
    from pytake_cli.whatsapp import messages

    return messages.summary(body)


def render(body: dict[str, Any]) -> str:
    """The message in a box: header, words, footer, buttons."""
    return box(_parts(body))


def box(parts: list[str]) -> str:
    """Texts in a box, one below the other."""
    corners = own("╭╮╰╯─│")
    lines = [part for text in parts for part in _wrapped(text)]
    width = max((_columns(line) for line in lines), default=1)
    rows = [f"{corners[5]} {line}{' ' * (width - _columns(line))} {corners[5]}" for line in lines]
    top = corners[0] + corners[4] * (width + 2) + corners[1]
    bottom = corners[2] + corners[4] * (width + 2) + corners[3]
    return "\n".join([top, *rows, bottom])


def _parts(body: dict[str, Any]) -> list[str]:
    kind = str(body.get("type"))
    content = body.get(kind)
    if kind == "text":
        return [str(content["body"])] if isinstance(content, dict) else []
    if kind != "interactive" or not isinstance(content, dict):
        return [one_line(body)]
    parts = []
    if isinstance(header := content.get("header"), dict):
        parts.append(str(header["text"]) if header.get("type") == "text" else f"[{header.get('type')}]")
    for name in ("body", "footer"):
        if isinstance(part := content.get(name), dict):
            parts.append(str(part.get("text", "")))
    return [*parts, *_buttons(content.get("action"))]


def _buttons(action: Any) -> list[str]:
    if not isinstance(action, dict):
        return []
    titles = [str(button.get("reply", {}).get("title", "")) for button in action.get("buttons", [])]
    if titles:
        return ["  ".join(f"[{title}]" for title in titles)]
    rows = [row for section in action.get("sections", []) for row in section.get("rows", [])]
    if rows:
        return [f"[{action.get('button', '')}]", *(f"  - {row.get('title', '')}" for row in rows)]
    parameters = action.get("parameters", {})
    label = parameters.get("display_text") or parameters.get("flow_cta") or action.get("name", "")
    return [f"[{label}]"] if label else []


def _wrapped(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            if line and _columns(line) + 1 + _columns(word) > WIDTH:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        while _columns(line) > WIDTH:
            lines.append(line[:WIDTH])
            line = line[WIDTH:]
        lines.append(line)
    return lines


def _columns(text: str) -> int:
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)
