"""`health_status`: can the number send, and which entity stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Number, Waba
    from pytake_cli.emulator.world import World

_RANK = ("AVAILABLE", "LIMITED", "BLOCKED")


def _entity(kind: str, id_: str, problem: tuple[str, int, str, str] | None) -> dict[str, Any]:
    if problem is None:
        return {"entity_type": kind, "id": id_, "can_send_message": "AVAILABLE"}
    state, code, text, solution = problem
    error = {"error_code": code, "error_description": text, "possible_solution": solution}
    return {"entity_type": kind, "id": id_, "can_send_message": state, "errors": [error]}


def _of_number(number: Number) -> tuple[str, int, str, str] | None:
    if number.status == "BANNED":
        return "BLOCKED", 141014, "The phone number is banned.", "Request a review in WhatsApp Manager."
    if not number.registered:
        return "BLOCKED", 141000, "The phone number is not registered.", "Register the phone number."
    if number.payment_problem:
        return "BLOCKED", 141006, "There is an error with the payment method.", "Check the payment method."
    return None


def health(world: World, waba: Waba, number: Number | None) -> dict[str, Any]:
    """The worst entity decides."""
    banned = (
        ("BLOCKED", 141014, "The WhatsApp Business Account is banned.", "Request a review.") if waba.banned else None
    )
    now = world.timeline.now()
    limited = [kind for kind, end in waba.restrictions.items() if end > now]
    if limited and not banned:
        banned = (
            "LIMITED",
            141010,
            f"The account is restricted: {', '.join(limited)}.",
            "Wait until the restriction ends.",
        )
    entities = [
        _entity("WABA", waba.id, banned),
        _entity("BUSINESS", waba.business.id, None),
        _entity("APP", world.app_id, None),
    ]
    if number is not None:
        entities.insert(0, _entity("PHONE_NUMBER", number.id, _of_number(number)))
    worst = max((entity["can_send_message"] for entity in entities), key=_RANK.index)
    return {"can_send_message": worst, "entities": entities}
