"""Templates: what may be created, the review, edits, deletion, pauses, quality, categories, analytics."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from tests.emulator.stage import WABA, Stage, stage


def template(name: str = "aviso", **more: Any) -> dict[str, Any]:
    body = {
        "type": "BODY",
        "text": "Olá {{1}}, seu pedido {{2}} saiu hoje cedo.",
        "example": {"body_text": [["Ana", "1"]]},
    }
    return {"name": name, "category": "UTILITY", "language": "pt_BR", "components": [body]} | more


async def create(it: Stage, value: dict[str, Any]) -> Any:
    return await it.graph("POST", f"{WABA}/message_templates", json=value)


async def events(it: Stage, count: int, field: str = "message_template_status_update") -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return [change["value"] for change in it.receiver.changes if change["field"] == field]

    await it.receiver.until(lambda: len(found()) >= count)
    return found()


async def test_the_review_decides_by_the_name() -> None:
    async with stage(review_delay="5ms") as it:
        _, answer = await create(it, template())
        assert answer["status"] == "PENDING"
        (approved,) = await events(it, 1)
        assert (approved["event"], approved["message_template_id"]) == ("APPROVED", int(answer["id"]))
        await create(it, template("aviso_reject", components=[{"type": "BODY", "text": "Outro texto."}]))
        rejected = (await events(it, 2))[1]
        assert (rejected["event"], rejected["reason"]) == ("REJECTED", "INVALID_FORMAT")
        await create(it, template("aviso_recategorize", components=[{"type": "BODY", "text": "Mais um texto."}]))
        (moved,) = await events(it, 1, "template_category_update")
        assert (moved["previous_category"], moved["new_category"]) == ("UTILITY", "MARKETING")
        await create(it, template("aviso_pending", components=[{"type": "BODY", "text": "Fica parado."}]))
        await it.emulator.settle()
        _, found = await it.graph("GET", f"{WABA}/message_templates?name=aviso_pending")
        assert found["data"][0]["status"] == "PENDING"


@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        (template("Nome"), None),
        (template(category="PROMO"), None),
        (template(language="portuguese"), None),
        (template(components=[]), None),
        (template(components=[{"type": "FOOTER", "text": "x"}]), 2388072),
        (template(components=[{"type": "BODY", "text": "x" * 1025}]), 2388040),
        (
            template(components=[{"type": "BODY", "text": "{{1}} está aqui agora", "example": {"body_text": [["x"]]}}]),
            2388299,
        ),
        (
            template(
                components=[
                    {"type": "BODY", "text": "um texto com {{2}} aqui no meio", "example": {"body_text": [["x"]]}}
                ]
            ),
            2388072,
        ),
        (template(components=[{"type": "BODY", "text": "texto com {{1}} aqui no meio"}]), 2388043),
        (template(components=[{"type": "BODY", "text": "a {{1}} b", "example": {"body_text": [["x"]]}}]), 2388293),
        (
            template(
                components=[{"type": "BODY", "text": "x"}, {"type": "HEADER", "format": "TEXT", "text": "x" * 61}]
            ),
            2388040,
        ),
        (template(components=[{"type": "BODY", "text": "x"}, {"type": "HEADER", "format": "IMAGE"}]), 2388273),
        (template(components=[{"type": "BODY", "text": "x"}, {"type": "FOOTER", "text": "olá {{1}}"}]), 2388073),
        (
            template(
                components=[
                    {"type": "BODY", "text": "x"},
                    {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]},
                ]
            ),
            2388040,
        ),
        (
            template(
                components=[
                    {"type": "BODY", "text": "x"},
                    {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "x", "url": "https://a.example/{{1}}/b"}]},
                ]
            ),
            2388047,
        ),
        (template(parameter_format="NAMED"), 2388072),
        (template(message_send_ttl_seconds=5), None),
    ],
)
async def test_wrong_definitions_are_refused(wrong: dict[str, Any], number: int | None) -> None:
    async with stage() as it:
        status, answer = await create(it, wrong)
        assert status == 400, answer
        assert answer["error"].get("error_subcode") == number


async def test_names_are_unique_in_a_language_and_rest_after_deletion() -> None:
    async with stage(review_delay="0") as it:
        _, first = await create(it, template())
        assert (await create(it, template()))[1]["error"]["error_subcode"] == 2388024
        assert (await create(it, template(language="en_US")))[0] == 200
        assert (await create(it, template("outro")))[1]["error"]["error_subcode"] == 2388024  # the same text again
        assert (await it.graph("DELETE", f"{WABA}/message_templates?name=aviso&hsm_id={first['id']}"))[0] == 200
        _, left = await it.graph("GET", f"{WABA}/message_templates?name=aviso")
        assert [one["language"] for one in left["data"]] == ["en_US"]
        assert (await create(it, template()))[1]["error"]["error_subcode"] == 2388023
        await it.control("clock", advance="31d")
        assert (await create(it, template()))[0] == 200


async def test_an_approved_template_is_edited_once_a_day() -> None:
    async with stage(review_delay="0") as it:
        _, made = await create(it, template())
        await events(it, 1)
        change = {"components": [{"type": "BODY", "text": "Um texto novo."}]}
        assert (await it.graph("POST", made["id"], json=change))[1]["success"] is True
        (edited,) = await events(it, 1, "message_template_components_update")
        assert edited["message_template_element"] == "Um texto novo."
        await events(it, 2)
        assert (await it.graph("POST", made["id"], json=change))[0] == 400
        await it.control("clock", advance="25h")
        assert (await it.graph("POST", made["id"], json=change))[0] == 200


def _tells(it: Stage, text: str) -> bool:
    return bool(it.receiver.changes) and text in str(it.receiver.changes[-1])


async def test_red_quality_pauses_for_three_then_six_hours_then_disables() -> None:
    async with stage() as it:
        for hours, title in ((3, "FIRST_PAUSE"), (6, "SECOND_PAUSE")):
            await it.control("template", name="oferta_semana", action="quality", to="RED")
            await it.receiver.until(functools.partial(_tells, it, title))
            await it.control("clock", advance=f"{hours}h")
            await it.receiver.until(
                lambda: it.receiver.changes[-1]["value"].get("other_info", {}).get("title") == "UNPAUSE"
            )
        await it.control("template", name="oferta_semana", action="quality", to="RED")
        await it.receiver.until(lambda: it.receiver.changes[-1]["value"].get("event") == "DISABLED")
        node = (await it.graph("GET", f"{WABA}/message_templates?name=oferta_semana"))[1]["data"][0]
        assert (await it.graph("DELETE", f"{WABA}/message_templates?name=oferta_semana"))[0] == 400
        assert node["status"] == "DISABLED"


async def test_a_pacing_pause_ends_only_by_hand_and_not_at_once() -> None:
    async with stage() as it:
        await it.control("template", name="oferta_semana", action="pause", pacing=True)
        template_id = it.world.templates.find("oferta_semana")[0].id
        assert (await it.graph("POST", f"{template_id}/unpause"))[1]["success"] is False
        await it.control("clock", advance="5d")
        assert (await it.graph("POST", f"{template_id}/unpause"))[1] == {"success": True}


async def test_a_category_change_is_announced_a_day_ahead() -> None:
    async with stage() as it:
        await it.control("template", name="confirmacao_pedido", action="category", to="MARKETING", announce=True)
        (announced,) = await events(it, 1, "template_category_update")
        assert (announced["new_category"], announced["correct_category"]) == ("UTILITY", "MARKETING")
        await it.control("clock", advance="25h")
        assert (await events(it, 2, "template_category_update"))[1]["previous_category"] == "UTILITY"


async def test_webhooks_may_spell_languages_with_a_hyphen() -> None:
    async with stage(hyphen_languages=True) as it:
        await it.control("template", name="oferta_semana", action="pause")
        assert (await events(it, 1))[0]["message_template_language"] == "pt-BR"


async def test_filters_and_summary_of_the_list() -> None:
    async with stage() as it:
        _, found = await it.graph(
            "GET", f"{WABA}/message_templates?category=MARKETING&status=APPROVED&summary=total_count"
        )
        assert [one["name"] for one in found["data"]] == ["oferta_semana"]
        assert found["summary"] == {"total_count": 1}
        _, found = await it.graph("GET", f"{WABA}/message_templates?content=consulta")
        assert [one["name"] for one in found["data"]] == ["lembrete_consulta"]


async def test_analytics_count_what_happened() -> None:
    async with stage() as it:
        await it.say()
        for _ in range(3):
            await it.send("template", {"name": "hello_world", "language": {"code": "en_US"}})
        await it.receiver.until(lambda: len(it.receiver.statuses) == 9)
        span = "start(1).end(4000000000).granularity(DAY)"
        _, found = await it.graph("GET", f"{WABA}?fields=analytics.{span}")
        assert found["analytics"]["data_points"][0]["delivered"] == 3
        template_id = it.world.templates.find("hello_world")[0].id
        query = {"start": "1", "end": "4000000000", "template_ids": f"[{template_id}]", "granularity": "DAILY"}
        status, answer = await it.graph("GET", f"{WABA}/template_analytics", params=query)
        assert (status, answer["error"]["code"]) == (400, 200007)
        await it.graph("POST", f"{WABA}?is_enabled_for_insights=true")
        _, found = await it.graph("GET", f"{WABA}/template_analytics", params=query)
        assert found["data"][0]["data_points"][0]["read"] == 3
