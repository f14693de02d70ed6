"""The readers of answers, one for each thing that `ask` may expect."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

from pytake_cli.errors import InvalidData
from pytake_cli.flow import documents, locales
from pytake_cli.flow.answers import choices
from pytake_cli.flow.answers.moments import Moment, read_moment
from pytake_cli.flow.answers.numbers import read_number
from pytake_cli.flow.answers.outcomes import Accepted, Options, Refused
from pytake_cli.flow.language.people_filters import write_phone
from pytake_cli.flow.language.questions import read_time
from pytake_cli.flow.language.values import Value
from pytake_cli.flow.locales import Locale, locale_of
from pytake_cli.flow.reply import FILES, Reply
from pytake_cli.policy import phones

T = TypeVar("T")
Outcome = Accepted | Refused

MAX_LENGTH = 500  # characters of an answer that is not just kept as text; nobody writes a date that long
_WORDS = ("text", "button", "interactive")  # kinds that say something in words
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,63}")
_PHONE = re.compile(r"\+?[0-9(][0-9 ().\u2010-\u2015-]{5,25}[0-9]")
_CPF = re.compile(r"(?<![0-9])[0-9]{3}[. ]?[0-9]{3}[. ]?[0-9]{3}[- ]?[0-9]{2}(?![0-9])", re.ASCII)
_CNPJ = re.compile(
    r"(?<![0-9A-Z])[0-9A-Z]{2}[. ]?[0-9A-Z]{3}[. ]?[0-9A-Z]{3}[/ ]?[0-9A-Z]{4}[- ]?[0-9]{2}(?![0-9A-Z])", re.ASCII
)


def read(expect: str, reply: Reply, options: Options, now: datetime, language: str) -> Outcome:
    """What the reply means where `expect` is asked for; `now` is at the contact's clock."""
    reader, takes_words = _READERS[expect]
    if takes_words:
        if reply.kind not in _WORDS:
            if not (expect == "phone" and reply.kind == "contacts"):
                return Refused("kind")
        elif not reply.text.strip() and reply.choice is None:
            return Refused("empty")
        elif reply.choice is not None and expect not in _TAPPED and not options.choices:
            return Refused("old")
        elif len(reply.text) > MAX_LENGTH and expect not in _KEPT:
            return Refused("long")
    return reader(reply, options, now, locale_of(language))


def _text(reply: Reply, options: Options, _now: datetime, _locale: Locale) -> Outcome:
    text = reply.text.strip()
    if _is_below(len(text), options.min):
        return Refused("short")
    if _is_above(len(text), options.max):
        return Refused("long")
    if options.pattern is not None and not options.pattern.fullmatch(text):
        return Refused("format")
    return Accepted(text, text)


def _number(reply: Reply, options: Options, _now: datetime, locale: Locale) -> Outcome:
    number = read_number(reply.text, locale)
    if number is None:
        return Refused("format")
    return _sized(number, options) or Accepted(number, locales.format_number(number, locale))


def _email(reply: Reply, options: Options, _now: datetime, _locale: Locale) -> Outcome:
    found = _EMAIL.findall(re.sub(r"\s*@\s*", "@", reply.text))
    if len(found) != 1 or ".." in found[0] or len(found[0]) > 254:
        return Refused("format" if len(found) < 2 else "ambiguous")
    name, _, domain = found[0].strip(".").rpartition("@")
    address = f"{name}@{domain.lower()}"
    if options.pattern is not None and not options.pattern.fullmatch(address):
        return Refused("format")
    return Accepted(address, address)


def _phone(reply: Reply, options: Options, _now: datetime, locale: Locale) -> Outcome:
    if reply.kind == "contacts":
        shared = [number for card in reply.contacts for number in _numbers(card)]
        if len(shared) != 1:
            return Refused("ambiguous" if shared else "format")
        typed = shared
    else:
        typed = [reply.text.strip()]
        if re.search(r"[^\W\d_]", reply.text):
            typed = _PHONE.findall(reply.text)
    if len(typed) != 1:
        return Refused("ambiguous" if typed else "format")
    number = _phone_number(typed[0], options.country or locale.country)
    return Accepted(number, write_phone(number)) if number else Refused("format")


def _phone_number(typed: str, country: str | None) -> str | None:
    digits = re.sub(r"[^0-9]", "", typed)
    # people leave the + away: what is no number of their country may have its country code
    for attempt in (typed, f"+{digits}" if len(digits) >= 11 and "+" not in typed else ""):
        try:
            return phones.parse(attempt, country) if attempt else None
        except InvalidData:
            continue
    return None


def _date(reply: Reply, options: Options, now: datetime, locale: Locale) -> Outcome:
    moment = read_moment(reply.text, now, locale)
    if moment is None or not moment.days:
        return Refused("format")
    day = _day_within(moment, options)
    return day if isinstance(day, Refused) else Accepted(day, _shown(day, locale))


def _time(reply: Reply, options: Options, now: datetime, locale: Locale) -> Outcome:
    text = reply.text.strip()
    # a number alone is a day to who reads dates; here it is an hour
    moment = read_moment(f"{text}h" if text.isdigit() and len(text) <= 2 else text, now, locale)
    if moment is None or moment.time is None:
        return Refused("format")
    hour = _time_within(moment.time, moment.is_vague, options)
    return hour if isinstance(hour, Refused) else Accepted(hour, locales.format_time(hour, locale))


def _datetime(reply: Reply, options: Options, now: datetime, locale: Locale) -> Outcome:
    moment = read_moment(reply.text, now, locale)
    if moment is None or moment.time is None:
        return Refused("format")
    days = moment.days or (now.date(), date.fromordinal(now.toordinal() + 1))
    found = [datetime.combine(day, moment.time, tzinfo=now.tzinfo) for day in days]
    if not moment.days:
        found = [one for one in found if one > now]  # `9h` alone is the next one
    least, most = _moment_bound(options.min, now), _moment_bound(options.max, now)
    fits = [one for one in found if (least is None or one >= least) and (most is None or one <= most)]
    if not fits:
        return Refused("early" if least is not None and found[0] < least else "late")
    return Accepted(fits[0], locales.format_datetime(fits[0], locale))


def _yes_no(reply: Reply, _options: Options, _now: datetime, locale: Locale) -> Outcome:
    answer = choices.yes_or_no(reply)
    return answer if isinstance(answer, Refused) else Accepted(answer, locale.yes if answer else locale.no)


def _choice(reply: Reply, options: Options, _now: datetime, _locale: Locale) -> Outcome:
    chosen = choices.choose(reply, options.choices)
    return chosen if isinstance(chosen, Refused) else Accepted(chosen.id, chosen.title)


def _multi(reply: Reply, options: Options, _now: datetime, locale: Locale) -> Outcome:
    chosen = choices.choose_many(reply, options.choices)
    if isinstance(chosen, Refused):
        return chosen
    if _is_below(len(chosen), options.min):
        return Refused("few")
    if _is_above(len(chosen), options.max):
        return Refused("many")
    titles = [choice.title for choice in chosen]
    display = locale.last_join.join([", ".join(titles[:-1]), titles[-1]]) if len(titles) > 1 else "".join(titles)
    return Accepted([choice.id for choice in chosen], display)


def _file(*kinds: str) -> Callable[[Reply, Options, datetime, Locale], Outcome]:
    def reader(reply: Reply, options: Options, _now: datetime, _locale: Locale) -> Outcome:
        media = reply.media
        if media is None or reply.kind not in FILES:
            return Refused("kind")
        # a photo sent "as a file" is a photo all the same
        inside = str(media.get("mime_type") or "").partition("/")[0]
        if reply.kind not in kinds and not (reply.kind == "document" and inside in kinds):
            return Refused("kind")
        size = media.get("size")
        refused = _sized(size, options) if isinstance(size, int) else None
        return refused or Accepted(dict(media), str(media.get("filename") or reply.text or reply.kind))

    return reader


def _location(reply: Reply, _options: Options, _now: datetime, _locale: Locale) -> Outcome:
    place = reply.location
    if reply.kind != "location" or place is None:
        return Refused("kind")
    named = place.get("name") or place.get("address")
    return Accepted(dict(place), str(named or f"{place.get('latitude')}, {place.get('longitude')}"))


def _contact(reply: Reply, _options: Options, _now: datetime, _locale: Locale) -> Outcome:
    if reply.kind != "contacts" or not reply.contacts:
        return Refused("kind")
    card = reply.contacts[0]
    name = card.get("name")
    shown = str(name.get("formatted_name") or "") if isinstance(name, dict) else ""
    numbers = _numbers(card)
    first = _phone_number(numbers[0], None) if numbers else None
    value: dict[str, Value] = {"name": shown, "phone": first, "phones": list(numbers), "count": len(reply.contacts)}
    return Accepted(value, shown or first or "")


def _cpf(reply: Reply, _options: Options, _now: datetime, _locale: Locale) -> Outcome:
    number = _only(_CPF, reply.text)
    if number is None:
        return Refused("format")
    return Accepted(number, documents.write_cpf(number)) if documents.is_cpf(number) else Refused("check")


def _cnpj(reply: Reply, _options: Options, _now: datetime, _locale: Locale) -> Outcome:
    number = _only(_CNPJ, reply.text.upper())
    if number is None:
        return Refused("format")
    return Accepted(number, documents.write_cnpj(number)) if documents.is_cnpj(number) else Refused("check")


# expect -> its reader, and whether it reads words, so that anything else is of the wrong kind
_READERS: dict[str, tuple[Callable[[Reply, Options, datetime, Locale], Outcome], bool]] = {
    "audio": (_file("audio"), False),
    "choice": (_choice, True),
    "cnpj": (_cnpj, True),
    "contact": (_contact, False),
    "cpf": (_cpf, True),
    "date": (_date, True),
    "datetime": (_datetime, True),
    "document": (_file("document"), False),
    "email": (_email, True),
    "file": (_file(*FILES), False),
    "image": (_file("image"), False),
    "location": (_location, False),
    "multi": (_multi, True),
    "number": (_number, True),
    "phone": (_phone, True),
    "regex": (_text, True),
    "text": (_text, True),
    "time": (_time, True),
    "video": (_file("video"), False),
    "yes_no": (_yes_no, True),
}
_TAPPED = ("choice", "multi", "yes_no")  # where a tapped button answers, whatever the question's own choices
_KEPT = ("text", "regex")  # as they were written
EXPECTS = tuple(_READERS)


def _shown(day: date, locale: Locale) -> str:
    """Shown back in words where 03/06 may be June."""
    return locales.format_date(day, locale, "short" if locale.day_first else "medium")


def _only(pattern: re.Pattern[str], text: str) -> str | None:
    found = {documents.compact(piece) for piece in pattern.findall(text)}
    return found.pop() if len(found) == 1 else None


def _numbers(card: dict[str, Any]) -> list[str]:
    """The phone numbers of a contact's card; Meta's `wa_id` where there is one, as it is complete."""
    found = [phone for phone in card.get("phones") or () if isinstance(phone, dict)]
    typed = [f"+{phone['wa_id']}" if phone.get("wa_id") else str(phone.get("phone") or "") for phone in found]
    return [number for number in typed if number]


def _is_below(number: int | Decimal, least: Value) -> bool:
    bound = _bound(least)
    return bound is not None and number < bound


def _is_above(number: int | Decimal, most: Value) -> bool:
    bound = _bound(most)
    return bound is not None and number > bound


def _bound(value: Value) -> Decimal | None:
    """A bound as a number; what is no bound for this kind of answer, here and below, bounds nothing."""
    try:
        bound = Decimal(str(value))
    except ArithmeticError:
        return None
    return bound if bound.is_finite() else None


def _sized(number: int | Decimal, options: Options) -> Refused | None:
    if _is_below(number, options.min):
        return Refused("small")
    return Refused("big") if _is_above(number, options.max) else None


def _day_within(moment: Moment, options: Options) -> date | Refused:
    least, most = _day_bound(options.min), _day_bound(options.max)
    for day in moment.days:
        if (least is None or day >= least) and (most is None or day <= most):
            return day
    return Refused("early" if least is not None and moment.days[0] < least else "late")


def _day_bound(value: Value) -> date | None:
    if isinstance(value, str):
        value = _parsed(date.fromisoformat, value[:10])
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def _moment_bound(value: Value, now: datetime) -> datetime | None:
    if isinstance(value, str):
        value = _parsed(datetime.fromisoformat, value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=now.tzinfo)
    return None


def _time_within(hour: time, is_vague: bool, options: Options) -> time | Refused:
    least, most = _time_bound(options.min), _time_bound(options.max)
    later = hour.replace(hour=hour.hour + 12) if is_vague else hour
    # `3` where 8:00 to 18:00 is asked for is 15:00
    for candidate in (hour, later):
        if (least is None or candidate >= least) and (most is None or candidate <= most):
            return candidate
    return Refused("early" if least is not None and hour < least else "late")


def _parsed(parse: Callable[[str], T], text: str) -> T | None:
    try:
        return parse(text)
    except ValueError:
        return None


def _time_bound(value: Value) -> time | None:
    if isinstance(value, str):
        value = _parsed(read_time, value)
    if isinstance(value, datetime):
        return value.time()
    return value if isinstance(value, time) else None
