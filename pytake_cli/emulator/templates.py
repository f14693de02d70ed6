"""Message templates: the store, Meta's review, pauses and pacing, and the webhooks about all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.errors import GraphError, unknown_object
from pytake_cli.emulator.events import account_change
from pytake_cli.emulator.seeds import TEMPLATES

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Waba
    from pytake_cli.emulator.sent import Sent
    from pytake_cli.emulator.world import World

HOUR, DAY = 3600.0, 86_400.0
PAUSES = (3 * HOUR, 6 * HOUR)  # first and second; the third disables
EDITABLE = ("APPROVED", "REJECTED", "PAUSED")
AD_SYNC = 600.0  # seconds the Marketing Messages API needs to learn of a new template
NAME_KEPT = 30 * DAY  # a deleted name cannot come back in the same language before


@dataclass(slots=True)
class Template:
    """One template in one language."""

    id: str
    waba: Waba
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    parameter_format: str = "POSITIONAL"
    status: str = "PENDING"
    quality: str = "UNKNOWN"
    rejected_reason: str = "NONE"
    previous_category: str = ""
    ttl: int | None = None
    created_at: float = 0.0
    pauses: int = 0
    pacing_pause: bool = False
    synced_at: float = 0.0  # from then on the Marketing Messages API knows it
    paused_at: float = 0.0
    hold_share: float = 0.0  # of sends accepted as held_for_quality_assessment
    held: list[Sent] = field(default_factory=list)
    edits: list[float] = field(default_factory=list)
    days: dict[int, Counter[str]] = field(default_factory=dict)  # day number -> sent, delivered, read

    def component(self, kind: str) -> dict[str, Any] | None:
        return next((one for one in self.components if str(one.get("type", "")).upper() == kind), None)

    def buttons(self) -> list[dict[str, Any]]:
        return list((self.component("BUTTONS") or {}).get("buttons", []))

    def count(self, status: str, at: float) -> None:
        self.days.setdefault(int(at // DAY), Counter())[status] += 1

    def node(self) -> dict[str, Any]:
        """Every field a template node can show."""
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "previous_category": self.previous_category or None,
            "correct_category": None,
            "sub_category": None,
            "components": self.components,
            "parameter_format": self.parameter_format,
            "quality_score": {"score": self.quality, "date": int(self.created_at)},
            "rejected_reason": self.rejected_reason,
            "message_send_ttl_seconds": self.ttl,
            "library_template_name": None,
            "cta_url_link_tracking_opted_out": False,
            "degrees_of_freedom_spec": None,
            "last_updated_time": int(self.edits[-1] if self.edits else self.created_at),
        }


class Templates:
    """All templates of all WABAs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.by_id: dict[str, Template] = {}
        self._by_name: dict[tuple[str, str, str], Template] = {}
        self._deleted: dict[tuple[str, str, str], float] = {}

    def seed(self, waba: Waba) -> None:
        for entry in TEMPLATES:
            template = self.add(waba, entry["name"], entry["language"], entry["category"], entry["components"])
            template.status, template.quality = "APPROVED", "GREEN"

    def add(self, waba: Waba, name: str, language: str, category: str, components: list[dict[str, Any]]) -> Template:
        now = self._world.timeline.now()
        template = Template(self._world.ids.number(), waba, name, language, category, components, created_at=now)
        self.by_id[template.id] = self._by_name[waba.id, name, language] = template
        return template

    def of(self, waba: Waba) -> list[Template]:
        return [template for template in self.by_id.values() if template.waba is waba]

    def get(self, template_id: str) -> Template:
        template = self.by_id.get(template_id)
        if template is None:
            raise unknown_object(template_id)
        return template

    def named(self, waba: Waba, name: str, language: str) -> Template | None:
        return self._by_name.get((waba.id, name, language))

    def find(self, name: str, language: str | None = None) -> list[Template]:
        """By id, or by name in one or all languages."""
        if name in self.by_id:
            return [self.by_id[name]]
        return [one for one in self.by_id.values() if one.name == name and language in (None, one.language)]

    def refuse_duplicate(self, waba: Waba, name: str, language: str) -> None:
        if (waba.id, name, language) in self._by_name:
            raise GraphError(100, "There is already content in this language for this template.", subcode=2388024)
        until = self._deleted.get((waba.id, name, language), 0.0)
        if until > self._world.timeline.now():
            raise GraphError(
                100,
                f"New {language} content can't be added while the existing content is being deleted.",
                subcode=2388023,
            )

    def delete(self, template: Template) -> None:
        if template.status == "DISABLED":
            raise GraphError(100, "A disabled template cannot be deleted.")
        key = (template.waba.id, template.name, template.language)
        self._deleted[key] = self._world.timeline.now() + NAME_KEPT
        del self.by_id[template.id]
        del self._by_name[key]
        self.set_status(template, "PENDING_DELETION")

    def review(self, template: Template) -> None:
        """Sends it to review; the name's ending decides the outcome (`…_reject`, `…_pending`, `…_recategorize`)."""
        template.status = "PENDING"
        config = self._world.config
        if config.review == "auto" and not template.name.endswith("_pending"):
            self._world.timeline.at(
                self._world.timeline.now() + config.review_delay.pick(self._world.chance), self._decide, template
            )

    def _decide(self, due: float, template: Template) -> None:
        if template.status != "PENDING" or template.id not in self.by_id:
            return
        if template.name.endswith("_reject"):
            self.reject(template, "INVALID_FORMAT")
            return
        if template.name.endswith("_recategorize") and template.category == "UTILITY":
            self.recategorize(template, "MARKETING")
        self.approve(template)

    def approve(self, template: Template) -> None:
        if template.status == "PENDING" and template.category == "MARKETING":
            template.synced_at = self._world.timeline.now() + AD_SYNC
        template.rejected_reason = "NONE"
        self.set_status(template, "APPROVED", reason="NONE")

    def reject(self, template: Template, reason: str) -> None:
        template.rejected_reason = reason
        info = {"reason": reason, "recommendation": "Check the format of the template and submit it again."}
        self.set_status(template, "REJECTED", reason=reason, rejection_info=info)

    def pause(self, template: Template, *, pacing: bool = False) -> None:
        """A quality pause (3 h, 6 h, then disabled) or a pacing pause, which does not end by itself."""
        now = self._world.timeline.now()
        template.paused_at, template.pacing_pause = now, pacing
        if pacing:
            self.set_status(
                template, "PAUSED", reason="NONE", other_info={"title": "RATE_LIMITING_PAUSE", "description": "Pacing."}
            )
            return
        template.pauses += 1
        if template.pauses > len(PAUSES):
            self.set_status(
                template,
                "DISABLED",
                reason="NONE",
                disable_info={"disable_date": int(now)},
                other_info={"title": "DISABLED"},
            )
            return
        title = ("FIRST_PAUSE", "SECOND_PAUSE")[template.pauses - 1]
        text = "The quality of this message template is low, so it is paused."
        self.set_status(template, "PAUSED", reason="NONE", other_info={"title": title, "description": text})
        self._world.timeline.at(now + PAUSES[template.pauses - 1], self._pause_over, template, template.pauses)

    def _pause_over(self, due: float, template: Template, pauses: int) -> None:
        if template.status == "PAUSED" and template.pauses == pauses and not template.pacing_pause:
            self.unpause(template)

    def unpause(self, template: Template) -> None:
        template.pacing_pause = False
        self.set_status(
            template, "APPROVED", reason="NONE", other_info={"title": "UNPAUSE", "description": "The pause is over."}
        )

    def disable(self, template: Template) -> None:
        now = int(self._world.timeline.now())
        self.set_status(
            template, "DISABLED", reason="NONE", disable_info={"disable_date": now}, other_info={"title": "DISABLED"}
        )

    def set_status(self, template: Template, event: str, **more: Any) -> None:
        """Changes the status and tells by webhook."""
        template.status = "APPROVED" if event in ("REINSTATED", "UNARCHIVED") else event
        value = {"event": event, **self._reference(template), "message_template_category": template.category}
        self._tell(template, "message_template_status_update", {**value, "reason": more.pop("reason", None), **more})

    def set_quality(self, template: Template, score: str) -> None:
        """Changes the quality score; RED pauses."""
        scores = {"previous_quality_score": template.quality, "new_quality_score": score}
        template.quality = score
        self._tell(template, "message_template_quality_update", {**scores, **self._reference(template)})
        if score == "RED" and template.status == "APPROVED":
            self.pause(template)

    def recategorize(self, template: Template, category: str, *, announce: bool = False) -> None:
        """Changes the category, or only announces it 24 hours ahead."""
        if announce:
            now = self._world.timeline.now()
            value = {
                "new_category": template.category,
                "correct_category": category,
                "category_update_timestamp": int(now + DAY),
            }
            self._world.timeline.at(now + DAY, self._recategorized, template, category)
        else:
            template.previous_category, template.category = template.category, category
            value = {"previous_category": template.previous_category, "new_category": category}
        self._tell(template, "template_category_update", {**self._reference(template), **value})

    def _recategorized(self, due: float, template: Template, category: str) -> None:
        if template.category != category:
            self.recategorize(template, category)

    def tell_components(self, template: Template) -> None:
        """The webhook about an edit that was approved."""
        body, footer = template.component("BODY") or {}, template.component("FOOTER") or {}
        header = template.component("HEADER") or {}
        value: dict[str, Any] = {**self._reference(template), "message_template_element": body.get("text", "")}
        if header.get("text"):
            value["message_template_title"] = header["text"]
        if footer.get("text"):
            value["message_template_footer"] = footer["text"]
        if template.buttons():
            value["message_template_buttons"] = [
                {
                    "message_template_button_type": one.get("type", ""),
                    "message_template_button_text": one.get("text", ""),
                }
                | ({"message_template_button_url": one["url"]} if one.get("url") else {})
                | ({"message_template_button_phone_number": one["phone_number"]} if one.get("phone_number") else {})
                for one in template.buttons()
            ]
        self._tell(template, "message_template_components_update", value)

    def hold(self, template: Template, message: Sent, now: float) -> None:
        """Keeps an accepted message back until pacing decides."""
        message.status = "held"
        template.held.append(message)
        if len(template.held) == 1:
            self._world.timeline.at(
                now + self._world.config.held_delay.pick(self._world.chance), self._held_long_enough, template
            )

    def _held_long_enough(self, due: float, template: Template) -> None:
        self.release(template)

    def release(self, template: Template) -> int:
        """Lets the held messages go out."""
        held, template.held = template.held, []
        now = self._world.timeline.now()
        for message in held:
            message.status = "accepted"
            self._world.statuses.begin(message, now)
        return len(held)

    def drop(self, template: Template) -> int:
        """Fails the held messages with 132015 and pauses the template."""
        held, template.held = template.held, []
        now = self._world.timeline.now()
        for message in held:
            self._world.statuses.emit(message, "failed", now, GraphError(132015, "Template is paused due to pacing."))
        self.pause(template, pacing=True)
        return len(held)

    def _reference(self, template: Template) -> dict[str, Any]:
        language = template.language.replace("_", "-") if self._world.config.hyphen_languages else template.language
        return {
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": language,
        }

    def _tell(self, template: Template, field_: str, value: dict[str, Any]) -> None:
        self._world.webhooks.push(
            account_change(template.waba.id, field_, value, self._world.timeline.now(), template.name)
        )
