"""The words that stop everything automatic, and those that start it again: above every flow, whole messages only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pytake_cli.flow.words import bare

# "cancelar" alone is not among them: it is what people answer when asked whether to cancel an order.
STOP_WORDS = (
    "stop", "stop all", "stopall", "unsubscribe", "opt out", "optout", "quit",
    "parar", "pare", "sair", "descadastrar", "descadastre", "me descadastre", "me remova",
    "cancelar inscrição", "cancelar inscricao", "cancelar assinatura", "não quero mais receber", "não receber",
)  # fmt: skip
START_WORDS = ("start", "unstop", "subscribe", "voltar a receber", "quero receber", "reativar", "começar", "inscrever")
STOP_ANSWER = {
    "pt": "Pronto: você não receberá mais mensagens automáticas nossas. Para voltar a receber, responda REATIVAR.",
    "en": "Done: you will get no more automatic messages from us. To get them again, answer START.",
}
START_ANSWER = {
    "pt": "Pronto: você voltará a receber nossas mensagens. Para parar, responda PARAR.",
    "en": "Done: you will get our messages again. To stop them, answer STOP.",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What an organisation goes by; an empty answer is none."""

    stop: frozenset[str]
    start: frozenset[str]
    stop_answer: str
    start_answer: str

    def verdict(self, text: str) -> Literal["stop", "start"] | None:
        """What the whole message asks for, folded for case, accents and the punctuation around it."""
        said = bare(text)
        if said in self.stop:
            return "stop"
        return "start" if said in self.start else None


_bare = lru_cache(maxsize=1000)(bare)  # of the words that are asked for with every batch


def words_of(settings: Mapping[str, Any], language: str, more: Sequence[str] = ()) -> Words:
    """The words of an organisation's settings, or the defaults; `more` stop as well.

    {"opt_out": {"stop": ["parar", "chega"], "start": ["voltar"], "stop_answer": "Ok!", "start_answer": ""}}

    The organisation's own stop words come beside the defaults, which cannot be taken away.
    """
    own = settings.get("opt_out")
    own = own if isinstance(own, Mapping) else {}
    short = "pt" if language.lower().startswith("pt") else "en"
    stop = frozenset(_bare(word) for word in (*STOP_WORDS, *_listed(own.get("stop")), *more))
    start = frozenset(_bare(word) for word in (*START_WORDS, *_listed(own.get("start"))))
    return Words(
        stop,
        start - stop,
        str(own.get("stop_answer", STOP_ANSWER[short])),
        str(own.get("start_answer", START_ANSWER[short])),
    )


def _listed(value: Any) -> Sequence[str]:
    return [str(word) for word in value] if isinstance(value, list | tuple) else ()
