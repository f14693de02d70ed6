"""A flow of RapidPro as its nodes find their way in it: exits, categories, languages, groups."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import ALIAS, Draft
from pytake_cli.flow.imports.given import Given, table, tables, text, texts, written
from pytake_cli.flow.imports.pieces import quoted
from pytake_cli.flow.imports.rapidpro_expressions import category, template
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.problems import Phrase

_LANGUAGES = {
    "afr": "af", "amh": "am", "ara": "ar", "ben": "bn", "bul": "bg", "cat": "ca", "ces": "cs", "dan": "da",
    "deu": "de", "ell": "el", "eng": "en", "est": "et", "fas": "fa", "fil": "fil", "fin": "fi", "fra": "fr",
    "fre": "fr", "guj": "gu", "hau": "ha", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "ind": "id",
    "ita": "it", "jpn": "ja", "kan": "kn", "kin": "rw", "kor": "ko", "lao": "lo", "lit": "lt", "mal": "ml",
    "mar": "mr", "mkd": "mk", "msa": "ms", "nld": "nl", "nor": "no", "pan": "pa", "pol": "pl", "por": "pt-BR",
    "ron": "ro", "rus": "ru", "slk": "sk", "slv": "sl", "som": "so", "spa": "es", "sqi": "sq", "swa": "sw",
    "swe": "sv", "tam": "ta", "tel": "te", "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur", "uzb": "uz",
    "vie": "vi", "zho": "zh", "zul": "zu",
}  # fmt: skip


def language(code: str) -> str:
    """`por` is pt-BR, `eng` is en; "" for one that flow files have no name for."""
    return _LANGUAGES.get(code.lower(), code if len(code) == 2 and code.isalpha() and code.islower() else "")


@dataclass(slots=True)
class Journey:
    """One flow of the export and the draft that it becomes."""

    flow: Given
    draft: Draft
    flows: dict[str, str]  # uuid -> our name
    groups: dict[str, str]  # uuid -> name; those by query begin with \0
    dump: str = ""  # every text of the flow, to see what is read anywhere
    entries: dict[str, str] = field(default_factory=dict)  # node -> step
    spoken: dict[str, str] = field(default_factory=dict)  # code of a language -> ours

    def __post_init__(self) -> None:
        self.dump = "\n".join(written(self.flow))
        for code in table(self.flow, "localization"):
            found = language(code) if isinstance(code, str) else ""
            if found and found != self.draft.language:
                self.spoken[code] = found
            else:
                item = self.draft.item("localization", title=str(code)[:40])
                item.changed(
                    Phrase("its texts are left out: flow files have no such language, or it is the flow's own")
                )

    def translated(self, action: Given, key: str) -> dict[str, list[str]]:
        """Language -> the texts of a key of an action, case or category."""
        ident = text(action, "uuid")
        found = {ours: texts(table(self.flow, "localization", code, ident), key) for code, ours in self.spoken.items()}
        return {ours: each for ours, each in found.items() if each}

    def words(self, action: Given, key: str, given: str, item: Item) -> str | dict[str, str]:
        """A text, or a text by language where there are translations."""
        own = template(given, item)
        others = {ours: template(each[0], item) for ours, each in self.translated(action, key).items()}
        return {self.draft.language: own, **others} if others else own

    def target(self, node: Given, exit_uuid: str) -> str:
        """The step that an exit leads to."""
        found = next((each for each in tables(node, "exits") if text(each, "uuid") == exit_uuid), {})
        return self.entries.get(text(found, "destination_uuid"), "end")

    def onward(self, node: Given) -> str:
        """Where a node without a router leads."""
        first = next(iter(tables(node, "exits")), {})
        return self.entries.get(text(first, "destination_uuid"), "end")

    def result(self, name: str, value: str, way: str) -> dict[str, str]:
        """What a result and its category become."""
        key = names.variable(name, ())
        return {key: value, category(key): quoted(way).text}

    def reads(self, *words: str) -> bool:
        """True if one of the words stands anywhere in the flow."""
        return any(word in self.dump for word in words)

    def alias(self, item: Item, step: str, then: str) -> None:
        """A part that only leads on."""
        item.step = ""
        self.draft.steps[step] = {ALIAS: then}
