"""Templates as files, `templates/NAME.LANG.yaml`: what a person writes becomes Meta's shape, each mistake has its line.

category: UTILITY
header: {image: files/caixa.jpg}      # or words; or video, document: FILE; or location: true
body: |
  Olá {{nome}}, o pedido {{pedido}} saiu para entrega.
footer: Loja Sul
buttons:
  - reply: Falar com alguém
  - url: https://loja.example/p/{{1}}
    text: Acompanhar
    example: https://loja.example/p/860198
examples: {nome: Karina, pedido: 860198}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytake_cli.errors import InvalidData
from pytake_cli.flow import reader
from pytake_cli.flow.positions import Path as At
from pytake_cli.flow.positions import Positions
from pytake_cli.flow.problems import FlowErrors, Phrase, Problem, Severity, near, problem
from pytake_cli.services.template_parts import buttons, expects
from pytake_cli.whatsapp import media
from pytake_cli.whatsapp.template_rules import RULES, Broken, check
from pytake_cli.whatsapp.template_slots import names
from pytake_cli.whatsapp.templates import language_code

SAMPLE = "file:"  # in the place of a sample's handle: a file that is uploaded when the template is submitted
KEYS = (
    *("name", "language", "category", "header", "body", "footer", "buttons", "examples", "cards", "offer"),
    *("ttl", "security", "expires_minutes", "parameters", "components"),
)
CARD_KEYS = ("header", "body", "buttons", "examples")
_FILES = ("image", "video", "document", "gif")
_DURATION = re.compile(r"(\d{1,7})\s*([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_FILE_NAME = re.compile(r"(.+?)(?:\.([a-z]{2,3}(?:[-_][A-Za-z]{2,4})?))?\.ya?ml")


class TemplateErrors(FlowErrors):
    """A template file that cannot be used; `problems` are all of its mistakes."""

    def __init__(self, problems: Any) -> None:
        super().__init__(problems)
        self.slug, self.fix = "PT-TEMPLATE-FILE", "pytake template lint"


@dataclass(slots=True)
class Written:
    """A template file: `draft` is what Meta is given, `problems` are by position."""

    path: str
    draft: dict[str, Any]
    positions: Positions
    raw: bool = False  # its components are in Meta's own shape
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        return [each for each in self.problems if each.severity == "error"]

    def say(
        self, slug: str, message: str, at: At, *, severity: Severity = "error", fix: str = "", **values: Any
    ) -> None:
        place = self.positions.value(at)
        self.problems.append(problem(slug, message, place, path=self.path, fix=fix, severity=severity, **values))


def read(source: bytes, path: Path, shown: str) -> Written:
    """Reads a file and checks it against Meta's rules; raises TemplateErrors only where it is no YAML at all."""
    try:
        document = reader.read(reader.decode(source, shown), shown)
    except FlowErrors as error:
        raise TemplateErrors(error.problems) from None
    if not isinstance(document.data, dict):
        raise TemplateErrors([problem("PT-TEMPLATE-FILE", "a template is a map: category, body, …", path=shown)])
    written = Written(shown, {}, document.positions, problems=list(document.problems))
    _Reading(written, path, document.data).read()
    for broken in check(written.draft):
        _broken(written, broken)
    return written


def usable(source: bytes, path: Path, shown: str) -> Written:
    """A file without mistakes; TemplateErrors else."""
    written = read(source, path, shown)
    if written.errors:
        raise TemplateErrors(written.problems)
    return written


class _Reading:
    """One file on its way to Meta's shape."""

    def __init__(self, written: Written, path: Path, data: Mapping[str, Any]) -> None:
        self.written, self.path, self.data = written, path, data
        self.named = False

    def read(self) -> None:
        data, draft = self.data, self.written.draft
        self._known(data, KEYS, ())
        stem = _FILE_NAME.fullmatch(self.path.name)
        draft["name"] = data.get("name", stem.group(1) if stem else self.path.stem)
        draft["language"] = self._language(data.get("language", stem.group(2) if stem else None))
        draft["category"] = str(data.get("category", "")).upper()
        texts = [data.get("body"), self._words_of(data.get("header"))]
        texts += [card.get("body") for card in self._maps("cards", data)]
        self.named = any(not name.isdigit() for text in texts for name in names(text))
        draft["parameter_format"] = "NAMED" if self.named else "POSITIONAL"
        if "parameters" in data:
            draft["parameter_format"] = str(data["parameters"]).upper()
        if "ttl" in data:
            draft["message_send_ttl_seconds"] = self._seconds(data["ttl"])
        if "components" in data:
            self.written.raw = True
            draft["components"] = data["components"] if isinstance(data["components"], list) else []
        elif draft["category"] == "AUTHENTICATION":
            draft["components"] = self._codes()
        else:
            draft["components"] = self._components()

    def _known(self, data: Mapping[str, Any], keys: tuple[str, ...], at: At) -> None:
        for key in data:
            if key not in keys:
                meant = near(key, keys)
                self.written.say(
                    "PT-TEMPLATE-KEY",
                    "a template has no key `{key}`",
                    (*at, key),
                    fix="did you mean `{meant}`?" if meant else "there are {known}",
                    key=key,
                    meant=meant,
                    known=", ".join(keys),
                )

    def _language(self, given: Any) -> str:
        try:
            return language_code(str(given or ""))
        except InvalidData:
            return str(given or "")  # the rules say so, with the place

    def _seconds(self, given: Any) -> Any:
        found = _DURATION.fullmatch(str(given).strip())
        return int(found.group(1)) * _SECONDS[found.group(2)] if found else str(given)

    @staticmethod
    def _words_of(header: Any) -> Any:
        return header.get("text") if isinstance(header, dict) else header

    def _maps(self, key: str, data: Mapping[str, Any], at: At = ()) -> list[dict[str, Any]]:
        """The maps of a list, with a word about what is none."""
        given = data.get(key, [])
        if not isinstance(given, list):
            given = [given]
        for index, each in enumerate(given):
            if not isinstance(each, dict):
                expects(self.written, (*at, key, index), Phrase("a map"))
        return [each if isinstance(each, dict) else {} for each in given]

    def _components(self) -> list[dict[str, Any]]:
        data = self.data
        parts = self._parts(data, ())
        if "offer" in data:
            offer = data["offer"] if isinstance(data["offer"], dict) else {"text": data["offer"]}
            told = {"text": str(offer.get("text", "")), "has_expiration": offer.get("expires", True) is True}
            parts.insert(0, {"type": "LIMITED_TIME_OFFER", "limited_time_offer": told})
        if "footer" in data:
            parts.insert(self._before_buttons(parts), {"type": "FOOTER", "text": _text(data["footer"])})
        if "cards" in data:
            cards = []
            for index, card in enumerate(self._maps("cards", data)):
                self._known(card, CARD_KEYS, ("cards", index))
                cards.append({"components": self._parts(card, ("cards", index))})
            parts.append({"type": "CAROUSEL", "cards": cards})
        return parts

    @staticmethod
    def _before_buttons(parts: list[dict[str, Any]]) -> int:
        return next((index for index, part in enumerate(parts) if part["type"] == "BUTTONS"), len(parts))

    def _parts(self, data: Mapping[str, Any], at: At) -> list[dict[str, Any]]:
        """Header, body and buttons of a template, or of a card."""
        examples = self._examples(data, at)
        found = []
        if "header" in data:
            found.append(self._header(data["header"], examples, (*at, "header")))
        if "body" in data:
            found.append(self._part({"type": "BODY", "text": _text(data["body"])}, examples, "body_text", ""))
        if "buttons" in data:
            given = self._maps("buttons", data, at)
            found.append({"type": "BUTTONS", "buttons": buttons(self.written, given, (*at, "buttons"))})
        return found

    def _examples(self, data: Mapping[str, Any], at: At) -> dict[str, str]:
        given = data.get("examples", {})
        if not isinstance(given, dict):
            expects(self.written, (*at, "examples"), Phrase("a map of variables and examples"))
            return {}
        return {str(name): _text(value) for name, value in given.items()}

    def _part(self, part: dict[str, Any], examples: Mapping[str, str], member: str, prefix: str) -> dict[str, Any]:
        """The part with its examples, as Meta wants them: by name, or in order."""
        wanted = names(part["text"])
        given = {name: examples.get(f"{prefix}{name}", examples.get(name, "")) for name in wanted}
        if not wanted or not all(given.values()):
            return part
        if self.named:
            rows = [{"param_name": name, "example": given[name]} for name in wanted]
            return part | {"example": {f"{member}_named_params": rows}}
        values = [given[name] for name in sorted(wanted, key=lambda name: (len(name), name))]
        return part | {"example": {member: [values] if member == "body_text" else values}}

    def _header(self, given: Any, examples: Mapping[str, str], at: At) -> dict[str, Any]:
        if not isinstance(given, dict) or "text" in given:
            part = {"type": "HEADER", "format": "TEXT", "text": _text(self._words_of(given))}
            own = {name: value for name, value in examples.items() if self.named or name.startswith("header.")}
            return self._part(part, own, "header_text", "header.")
        kind = next(iter(given), "")
        if kind in ("location", "product"):
            return {"type": "HEADER", "format": kind.upper()}
        if kind not in _FILES:
            expects(self.written, at, Phrase("words, or one of image, video, document, gif, location and product"))
            return {"type": "HEADER", "format": str(kind).upper()}
        return {"type": "HEADER", "format": kind.upper(), "example": {"header_handle": [self._sample(kind, given, at)]}}

    def _sample(self, kind: str, given: Mapping[str, Any], at: At) -> str:
        """A file beside the template, or the handle of one that was uploaded."""
        where = str(given[kind])
        if "::" in where:
            return where
        path = (self.path.parent / where).resolve()
        try:
            media.check_file(path, kind="image" if kind == "gif" else kind)
        except (InvalidData, OSError) as error:
            reason = str(error) if isinstance(error, InvalidData) else error.strerror or "cannot be read"
            self.written.say(
                "PT-TEMPLATE-SAMPLE", "the sample {file}: {reason}", (*at, kind), file=where, reason=reason
            )
        return f"{SAMPLE}{path}"

    def _codes(self) -> list[dict[str, Any]]:
        """One-time codes, whose words are Meta's."""
        data = self.data
        for key in ("header", "body", "cards", "offer"):
            if key in data:
                self.written.say("PT-TEMPLATE-KEY", "Meta writes the {key} of one-time codes itself", (key,), key=key)
        body: dict[str, Any] = {"type": "BODY"}
        if not isinstance(data.get("security", False), bool):
            expects(self.written, ("security",), Phrase("true or false"))
        elif data.get("security"):
            body["add_security_recommendation"] = True
        parts = [body]
        if "expires_minutes" in data:
            parts.append({"type": "FOOTER", "code_expiration_minutes": data["expires_minutes"]})
        given = self._maps("buttons", data) or [{"otp": "copy_code"}]
        return [*parts, {"type": "BUTTONS", "buttons": buttons(self.written, given, ("buttons",))}]


def _text(value: Any) -> str:
    """A text as it is sent; a block's last line break is the file's, not the message's."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).rstrip("\n")


# what a rule speaks of -> where the file says it
_PLACES: dict[str, At] = {
    "limited_time_offer": ("offer",),
    "message_send_ttl_seconds": ("ttl",),
    "parameter_format": ("parameters",),
    "carousel": ("cards",),
    "components": (),
}
_STEP = re.compile(r"([a-z_]+)(?:\[(\d+)\])?")


def _broken(written: Written, broken: Broken) -> None:
    at: list[str | int] = []
    for step in broken.where.removeprefix("carousel.").split("."):
        found = _STEP.fullmatch(step)
        if found is not None and step not in _PLACES:
            at += [found.group(1), *([int(found.group(2))] if found.group(2) else [])]
        at += _PLACES.get(step, ())
    if broken.rule == "example" and "buttons" not in at and written.positions.has((*at[:-1], "examples")):
        at[-1:] = ["examples"]
    written.say(
        "PT-TEMPLATE-RULE",
        "{rule} ({name}; got {given})",
        ("components",) if written.raw and broken.where not in ("name", "language", "category") else tuple(at),
        rule=Phrase(RULES[broken.rule]),
        name=broken.rule,
        given=broken.given,
    )
