"""What may stand in a contact: its own columns and the organisation's fields, as people type them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.policy import field_values
from pytake_cli.policy.field_values import Misfit, Value
from pytake_cli.policy.people import storable
from pytake_cli.services import fields
from pytake_cli.services.fields import Known

F = "f."  # in front of the organisation's own: `f.plano`
SHORT = {"lang": "language", "zone": "tz"}
LONGEST = 200  # characters of a name or a stage
HIGHEST_SCORE = 1_000_000_000
_LANGUAGE = re.compile(r"([a-z]{2,3})([-_][A-Za-z0-9]{2,8})*")
# ISO 639-1, and Filipino, which WhatsApp's templates know too
_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en"
    " eo es et eu fa ff fi fil fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu"
    " ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb"
    " nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr"
    " ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
LANGUAGES = frozenset(_ISO_639_1.split())

Changes = Mapping[str, Value | None]  # `name`, `stage` … or `f.plano` -> the value; None removes


def read(known: Known, given: Mapping[str, Value]) -> dict[str, Value | None]:
    """What somebody typed for a contact, as values; raises what is wrong with the first that does not fit.

    A field may be named with or without `f.`; an empty value removes.
    """
    found: dict[str, Value | None] = {}
    for typed, value in given.items():
        name = SHORT.get(typed, typed)
        if name in OWN:
            found[name] = _own(name, storable(str(value)).strip())
            continue
        bare = name.removeprefix(F)
        if bare == name and bare not in known.types:
            _refuse_typo(known, name)
        found[F + bare] = fields.parse(known, bare, value)
    return found


def _own(name: str, text: str) -> Value:
    try:
        return OWN[name](text)
    except Misfit as error:
        raise InvalidData(
            "PT-CONTACT-VALUE",
            error.template,
            fix="pytake contact set CONTACT {name}={example}",
            name=name,
            example=EXAMPLES[name],
            **error.values,
        ) from None


def unknown(known: Known, given: Iterable[str]) -> dict[str, str]:
    """The names that are neither ours nor a field's yet, as text fields to declare."""
    names = (SHORT.get(typed, typed).removeprefix(F) for typed in given if SHORT.get(typed, typed) not in OWN)
    return {name: "text" for name in names if name not in known.types and name not in ELSEWHERE}


def _refuse_typo(known: Known, name: str) -> None:
    """Names what changes what is no field, or a column of ours that comes nearer than any field does."""
    if name in ELSEWHERE:
        raise NotFound("PT-FIELD", "{name} is no field", fix=ELSEWHERE[name], name=name)
    near = difflib.get_close_matches(name, [*OWN, *known.types], 1, 0.6)
    if near and near[0] in OWN:
        raise NotFound(
            "PT-FIELD",
            "there is no field {name}",
            why="did you mean {near}?",
            fix="pytake field add {name} --type text" if fields.NAME.fullmatch(name) else "pytake field list",
            name=name,
            near=near[0],
        )


def _words(text: str) -> str:
    if len(text) > LONGEST:
        raise Misfit("it is longer than {most} characters", most=LONGEST)
    return text


def _zone(text: str) -> str:
    try:
        if text:
            ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misfit("there is no time zone {value}", value=text) from None
    return text


def _language(text: str) -> str:
    if text and not is_language(text):
        raise Misfit("there is no language {value}", value=text)
    return text


def is_language(text: str) -> bool:
    found = _LANGUAGE.fullmatch(text)
    return found is not None and found[1] in LANGUAGES


def _score(text: str) -> int:
    try:
        score = int(text or "0")
    except ValueError:
        score = HIGHEST_SCORE + 1
    if abs(score) > HIGHEST_SCORE:
        raise Misfit("{value} is no score: that is a whole number", value=text)
    return score


def _vip(text: str) -> bool:
    return bool(field_values.read("bool", text))


OWN: dict[str, Callable[[str], Value]] = {
    "name": _words,
    "language": _language,
    "tz": _zone,
    "stage": _words,
    "score": _score,
    "vip": _vip,
}
# what stands in a contact and is changed by another command
ELSEWHERE = {
    **dict.fromkeys(("tag", "tags"), "pytake contact tag CONTACT --tag vip"),
    **dict.fromkeys(("phone", "bsuid"), "pytake contact create PHONE && pytake contact merge CONTACT PHONE"),
    **dict.fromkeys(("blocked", "blocked_at"), "pytake contact block CONTACT"),
    **dict.fromkeys(("consent", "opted_out"), "pytake contact optin CONTACT --topic marketing"),
}
EXAMPLES = {
    "name": '"Ana Souza"',
    "language": "pt-BR",
    "tz": "America/Sao_Paulo",
    "stage": "cliente",
    "score": "80",
    "vip": "yes",
}
