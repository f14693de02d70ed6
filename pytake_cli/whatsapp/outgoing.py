"""A message on its way out and the person or group it goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

AddressKind = Literal["phone", "bsuid", "parent_bsuid", "group"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is said, in Meta's shape and without an address: {"type": "text", "text": {"body": "olá"}}."""

    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """Whom it goes to. A phone is E.164 with `+`; BSUIDs and group ids are opaque and go out as they are."""

    kind: AddressKind
    value: str

    def fields(self) -> dict[str, str]:
        """The part of a request that addresses it: phones and groups in `to`, BSUIDs in `recipient`."""
        if self.kind == "phone":
            # without `+` Meta puts the business number's own country code in front
            return {"recipient_type": "individual", "to": "+" + self.value.lstrip("+")}
        if self.kind == "group":
            return {"recipient_type": "group", "to": self.value}
        return {"recipient_type": "individual", "recipient": self.value}


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """The members that have a value: Meta takes an absent one better than null."""
    return {key: value for key, value in values.items() if value is not None}
