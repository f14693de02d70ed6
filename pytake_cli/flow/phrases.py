"""The few words that the engine says of itself, where a flow says nothing else."""

from __future__ import annotations

_PHRASES: dict[str, dict[str, str]] = {
    "more": {"pt": "Mais opções", "en": "More options", "es": "Más opciones"},
    "choose": {"pt": "Ver opções", "en": "See options", "es": "Ver opciones"},
    "open": {"pt": "Abrir", "en": "Open", "es": "Abrir"},
    "invalid": {
        "pt": "Não entendi. Pode responder de outro jeito?",
        "en": "I did not understand. Could you answer in another way?",
        "es": "No entendí. ¿Puedes responder de otra manera?",
    },
    "choice": {
        "pt": "Não entendi. Escolha uma das opções, por favor.",
        "en": "I did not understand. Please choose one of the options.",
        "es": "No entendí. Elige una de las opciones, por favor.",
    },
}


def phrase(name: str, language: str) -> str:
    """In the language, else in English."""
    texts = _PHRASES[name]
    return texts.get(language.split("-")[0].split("_")[0].lower()) or texts["en"]
