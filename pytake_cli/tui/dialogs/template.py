"""The template picker: approved ones, a live preview, and Enter only once nothing is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui import draw, offers
from pytake_cli.tui.cards.template import bubble
from pytake_cli.tui.client import Refused, Unreachable
from pytake_cli.tui.dialogs.box import Box, said
from pytake_cli.tui.dialogs.choices import Choice, matching
from pytake_cli.tui.draw import Lines
from pytake_cli.tui.measure import fit
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.field import Field
from pytake_cli.tui.widgets.sheet import Sheet

TYPING_SECONDS = 0.2  # of quiet before the preview is asked for
MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class Filled:
    """What is to be sent."""

    name: str
    language: str
    values: dict[str, str]
    text: Safe


class TemplatePicker(Box[Filled]):
    """`templates` as they fit, the best first; the first is marked where it fits well.

    `known` are values by key (`nome`, `1`) to begin with; `last` those used before, by template.
    `draft` is what was begun and cannot be sent as it is: it is proposed for the longest value that is not known.
    When the customer writes, the window is open again and the picker closes.
    """

    SIZE: ClassVar[str] = "-wide"
    DEFAULT_CSS = """
    TemplatePicker #parts { height: auto; max-height: 26; }
    TemplatePicker #names { width: 42%; height: auto; }
    TemplatePicker #message { width: 1fr; height: auto; padding: 0 0 0 2; }
    TemplatePicker #found { height: auto; min-height: 4; max-height: 18; }
    TemplatePicker #preview { height: auto; min-height: 6; max-height: 14; }
    TemplatePicker .value { height: 1; }
    TemplatePicker .value Static { width: 16; color: $muted; }
    TemplatePicker .value Field { width: 1fr; }
    TemplatePicker .value.-missing Static { color: $window-closed; }
    """

    def __init__(
        self,
        templates: Sequence[Json],
        language: str,
        *,
        known: Json | None = None,
        last: dict[str, dict[str, str]] | None = None,
        draft: str = "",
    ) -> None:
        super().__init__(
            own(_("Choose a template · {language} · approved ones only").format(language=language or "?")),
            own(_("Enter sends · Tab next field · ↑↓ choose · Esc leaves")),
        )
        self._known, self._last, self._draft = known or {}, last or {}, " ".join(draft.split())
        self._templates, self._best = list(templates), offers.best(templates, language)
        self._at, self._words = 0, ""
        self._seen: Json = {}
        self._asking = 0

    def inside(self) -> ComposeResult:
        with Horizontal(id="parts"):
            with Vertical(id="names"):
                yield Field(own(_("search")), slot="words", shown=True)
                found = Sheet(slot="found")
                found.can_focus = False
                yield found
            with Vertical(id="message"):
                preview = Sheet(slot="preview")
                preview.can_focus = False
                yield preview
                for at in range(MOST_VALUES):
                    with Horizontal(classes="value", id=f"row-{at}"):
                        yield said(own(""), "hushed", slot=f"name-{at}")
                        yield Field(own(""), slot=f"value-{at}", shown=True)
                yield Sheet(slot="facts")

    def on_mount(self) -> None:
        self.query_one("#facts", Sheet).styles.height = "auto"
        self.query_one("#facts", Sheet).can_focus = False
        self.query_one("#words", Field).focus()
        self._chosen_anew()

    # -- what is chosen ------------------------------------------------------------------------------------------------

    @property
    def found(self) -> list[Json]:
        """The templates that match what is searched."""
        choices = [Choice(str(at), one_line(str(each["name"]))) for at, each in enumerate(self._templates)]
        return [self._templates[int(choice.key)] for choice in matching(self._words, choices)]

    @property
    def template(self) -> Json | None:
        """The one under the cursor."""
        found = self.found
        return found[self._at] if self._at < len(found) else None

    @property
    def wanted(self) -> list[Json]:
        """The values that it has to bring."""
        template = self.template
        return list((template or {}).get("values") or ())[:MOST_VALUES]

    def values(self) -> dict[str, str]:
        """What is filled in."""
        fields = [self.query_one(f"#value-{at}", Field).value.strip() for at in range(len(self.wanted))]
        return {str(slot["key"]): value for slot, value in zip(self.wanted, fields, strict=True) if value}

    def missing(self) -> list[int]:
        """Which fields still need a value."""
        values = self.values()
        return [
            at for at, slot in enumerate(self.wanted) if slot.get("required", True) and str(slot["key"]) not in values
        ]

    def customer_wrote(self) -> None:
        """The window is open again: words may be sent as they are."""
        self.inbox.tell(own(_("the customer has written: the window is open again")))
        self.dismiss(None)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def _chosen_anew(self) -> None:
        """Another template: its fields, with what is known filled in."""
        template, wanted = self.template, self.wanted
        used = self._last.get(str(template["name"]), {}) if template else {}
        is_code = template is not None and template.get("category") == "AUTHENTICATION"  # no name is one
        known = {**used, **({} if is_code else self._known)}
        if (
            self._draft
            and not is_code
            and (longest := _longest([slot for slot in wanted if not known.get(str(slot["key"]))]))
        ):
            known[longest] = self._draft
        for at in range(MOST_VALUES):
            row = self.query_one(f"#row-{at}")
            row.display = at < len(wanted)
            if at < len(wanted):
                key = str(wanted[at]["key"])
                self.query_one(f"#name-{at}").update(Safe(f"{{{{{one_line(key)}}}}}"))  # type: ignore[attr-defined]
                self.query_one(f"#value-{at}", Field).value = str(known.get(key) or "")
        self._seen = {}
        self._renew()
        self._ask_preview()

    def _renew(self) -> None:
        template, found, at, seen, best = self.template, self.found, self._at, self._seen, self._best
        self.query_one("#found", Sheet).show(lambda room, look: _names(found, at, best, room, look))
        shown = seen or {"body": (template or {}).get("text") or ""}
        self.query_one("#preview", Sheet).show(lambda room, look: bubble(shown, room, look) if template else [])
        missing = self.missing()
        for number in range(MOST_VALUES):
            self.query_one(f"#row-{number}").set_class(number in missing, "-missing")
        self.query_one("#facts", Sheet).show(lambda room, look: _facts(template, missing, look))

    def _ask_preview(self) -> None:
        self.run_worker(self._preview, group="preview", exclusive=True, exit_on_error=True)  # type: ignore[arg-type]

    async def _preview(self) -> None:
        template = self.template
        if template is None:
            return
        await asyncio.sleep(TYPING_SECONDS)
        body = {"values": self.values(), "language": template.get("language")}
        try:
            self._seen = await self.inbox.client.post(f"/templates/{template['name']}/preview", body)
        except (Refused, Unreachable):
            return  # the text of the list stays
        self._renew()

    # -- keys ----------------------------------------------------------------------------------------------------------

    async def press(self, event: events.Key) -> bool:
        step = {"down": 1, "up": -1}.get(event.key)
        if step is not None:
            self._at = max(0, min(self._at + step, len(self.found) - 1))
            self._chosen_anew()
            return True
        if event.key in ("tab", "shift+tab"):
            self.focus_next() if event.key == "tab" else self.focus_previous()
            return True
        return await super().press(event)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        if event.input.id == "words":
            self._words, self._at = event.value, 0
            self._chosen_anew()
        else:
            self._renew()
            self._ask_preview()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        template, missing = self.template, self.missing()
        if template is None:
            return
        if missing:
            self.query_one(f"#value-{missing[0]}", Field).focus()
            return
        text = one_line(str(self._seen.get("text") or template.get("text") or ""))
        self.dismiss(Filled(str(template["name"]), str(template.get("language") or ""), self.values(), text))

    @on(Field.Left)
    def _left(self) -> None:
        self.dismiss(None)


def _longest(slots: Sequence[Json]) -> str:
    """The key of the value that is words and has the longest example, or nothing."""
    words = [slot for slot in slots if slot.get("kind", "text") == "text"]
    return str(max(words, key=lambda slot: len(str(slot.get("example") or "")))["key"]) if words else ""


def _names(found: Sequence[Json], at: int, best: Json | None, room: int, look: Look) -> Lines:
    if not found:
        return [((_("no approved template is called like that"), look.muted),)]
    lines: Lines = []
    top = max(0, at - 16)
    for number, each in enumerate(found[top:], top):
        ground = look.cursor if number == at else look.plain
        category = str(each.get("category") or "")
        tail = f" {_(category.lower())}{' $' if category == 'MARKETING' else ''}"
        tail += f" {sign('★')}" if each is best else ""
        name = fit(str(each["name"]), max(4, room - len(tail) - 2))
        mark = sign("▌") if number == at else " "
        lines.append(((f"{mark} ", look.accent + ground), (name, look.plain + ground), (tail, look.muted + ground)))
    return lines


def _facts(template: Json | None, missing: Sequence[int], look: Look) -> Lines:
    if template is None:
        return []
    quality = _(str(template.get("quality") or "").lower()) or draw.figure(None)
    lines: Lines = [
        ((_cost(template), look.muted),),
        ((f"{_('quality')} {quality}", look.muted),),
    ]
    if missing:
        lines.append(((_("fill in {count} more").format(count=len(missing)), look.warn),))
    return lines


def _cost(template: Json) -> str:
    """`cost US$ 0.0068 · utility`, or the category alone where nobody knows the price."""
    category = _(str(template.get("category") or "").lower())
    if not template.get("price"):
        return f"{_('category')} {category}"
    return f"{_('cost')} {draw.money(template['price'], exact=True)} {sign('·')} {category}"
