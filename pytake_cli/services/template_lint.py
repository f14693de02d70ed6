"""What is wrong with template files, and what is worth a word: how they read to Meta's reviewers, what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytake_cli.flow.positions import Positions
from pytake_cli.flow.problems import Phrase
from pytake_cli.policy import template_advice as advice
from pytake_cli.policy.campaigns import Money
from pytake_cli.policy.pricing import Table
from pytake_cli.services.template_files import TemplateErrors, Written, read
from pytake_cli.whatsapp.fields import tables, word
from pytake_cli.whatsapp.template_rules import kind_of


@dataclass(frozen=True, slots=True)
class Prices:
    """What a message costs in the country where most of it goes, on a day."""

    table: Table
    country: str
    on: str

    def of(self, category: str) -> Money | None:
        """The first tier's price; None where the table has none."""
        tiers = self.table.tiers(self.country, category, self.on)
        return Money(tiers[0].micros, tiers[0].currency) if tiers else None


def examine(files: Iterable[tuple[bytes, Path, str]], prices: Prices) -> list[Written]:
    """The files with all their mistakes and warnings; (content, path, path as it is shown)."""
    found = [_read(source, path, shown) for source, path, shown in files]
    for written in found:
        if written.draft:
            _advise(written, prices)
    _compare(found)
    return found


def _read(source: bytes, path: Path, shown: str) -> Written:
    try:
        return read(source, path, shown)
    except TemplateErrors as error:
        return Written(shown, {}, Positions(""), problems=list(error.problems))


def _advise(written: Written, prices: Prices) -> None:
    texts = list(_texts(written.draft["components"]))
    offers = advice.offers(texts)
    if written.draft["category"] == "UTILITY" and offers:
        _costs(
            written,
            prices,
            "MARKETING",
            Phrase("this reads like marketing ({words}), and may be filed so"),
            Phrase(
                "this reads like marketing ({words}), and may be filed so: {dear} a message in {country}, not {cheap}"
            ),
            offers,
        )
    elif written.draft["category"] == "MARKETING" and not offers and (agreed := advice.agreements(texts)):
        _costs(
            written,
            prices,
            "UTILITY",
            Phrase("this reads like utility ({words}), which costs less"),
            Phrase("this reads like utility ({words}), which costs {cheap} a message in {country}, not {dear}"),
            agreed,
        )
    for links in advice.hidden_links(texts):
        written.say(
            "PT-TEMPLATE-REVIEW",
            "Meta rejects templates with links to {host}",
            _place(written, links),
            severity="warning",
            fix="write the address of your own site",
            host=links,
        )
    for asked in advice.secrets_asked(texts):
        written.say(
            "PT-TEMPLATE-REVIEW",
            "Meta rejects templates that ask for such things: {words}",
            _place(written, asked),
            severity="warning",
            words=asked,
        )


def _costs(written: Written, prices: Prices, other: str, plain: str, priced: str, words: Sequence[str]) -> None:
    """Says how it reads; with both prices where they are known."""
    mine, others = prices.of(written.draft["category"]), prices.of(other)
    known = mine is not None and others is not None and mine.currency == others.currency
    cheap, dear = sorted((mine, others), key=lambda each: each.micros if each else 0) if known else (None, None)
    written.say(
        "PT-TEMPLATE-PRICE",
        priced if known else plain,
        ("category",),
        severity="warning",
        words=", ".join(words[:4]),
        country=prices.country,
        cheap=str(cheap),
        dear=str(dear),
    )


def _place(written: Written, words: str) -> Any:
    """The part of the file that says it."""
    for at, node in written.positions.values.items():
        if words in str(getattr(node, "value", "")).casefold() and isinstance(node.value, str):
            return at
    return ()


def _texts(components: Sequence[Any]) -> Iterable[str]:
    """Everything that a reader sees, and where its buttons lead."""
    for part in components:
        if isinstance(part, dict):
            yield from (found for member in ("text", "url") if (found := word(part.get(member))))
            offer = part.get("limited_time_offer")
            yield from (found for found in [word(offer.get("text"))] if found) if isinstance(offer, dict) else ()
            for inner in ("buttons", "cards", "components"):
                yield from _texts(tables(part.get(inner)))


def _compare(found: Sequence[Written]) -> None:
    """Two files of one template, or of the same words, which Meta takes once."""
    names: dict[tuple[Any, ...], Written] = {}
    words: dict[tuple[Any, ...], Written] = {}
    for written in found:
        if not written.draft:
            continue
        language = written.draft["language"]
        key = (written.draft["name"], language)
        told = {kind_of(part): part.get("text") for part in tables(written.draft["components"])}
        says = (language, told.get("BODY"), told.get("FOOTER"))
        if key in names:
            message = Phrase("{other} is the same template: {name} in {language}")
            written.say("PT-TEMPLATE-TWICE", message, ("name",), other=names[key].path, name=key[0], language=language)
        elif told.get("BODY") and says in words:
            message = Phrase("{other} has the same words, and Meta takes them once a language")
            written.say("PT-TEMPLATE-TWICE", message, ("body",), severity="warning", other=words[says].path)
        names.setdefault(key, written)
        words.setdefault(says, written)
