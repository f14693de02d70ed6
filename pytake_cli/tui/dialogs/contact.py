"""The form of a contact: what they are called, their language, what the business keeps of them."""

from __future__ import annotations

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.form import Form, Question
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, own


class EditContact(Form):
    """What was changed, as a PATCH of the contact takes it; `card` is the contact as the API tells it."""

    def __init__(self, card: Json) -> None:
        super().__init__(own(_("Edit {name}").format(name=card["display"])), _questions(card))
        self._card = card

    def answer(self, given: Json) -> Json:
        changed = {
            name: value
            for name, value in given.items()
            if not name.startswith("f.") and value != (self._card.get(name) or "")
        }
        fields = {name[2:]: value or None for name, value in given.items() if name.startswith("f.")}
        own_fields = {name: value for name, value in fields.items() if value != _text(self._card["fields"].get(name))}
        return {**changed, "fields": own_fields} if own_fields else changed


def _questions(card: Json) -> list[Question]:
    names = (("name", _("name given")), ("stage", _("stage")), ("language", _("language")), ("tz", _("time zone")))
    asked = [Question(name, Safe(title), _text(card.get(name))) for name, title in names]
    return asked + [
        Question(f"f.{name}", Safe(name), _text(value)) for name, value in sorted((card.get("fields") or {}).items())
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)
