"""The door of the Graph API: versions, paths, tokens, headers, fields, pages, errors in Meta's shape."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.emulator.stage import NUMBER, WABA, Stage, stage


async def error(it: Stage, method: str, path: str, **more: Any) -> tuple[int, int]:
    status, answer = await it.graph(method, path, **more)
    assert set(answer["error"]) >= {"message", "type", "code", "fbtrace_id"}
    return status, answer["error"]["code"]


async def test_any_version_is_served_and_told_in_a_header() -> None:
    async with stage() as it:
        for version in ("v17.0", "v23.0", "v26.0", "v101.0"):
            async with it.client.get(f"{it.emulator.url}/{version}/{NUMBER}") as answer:
                assert answer.status == 200
                assert answer.headers["facebook-api-version"] == version
                assert answer.headers["x-fb-trace-id"]
                assert WABA in answer.headers["x-business-use-case-usage"]


async def test_unknown_paths_objects_and_methods_are_code_100() -> None:
    async with stage() as it:
        assert await error(it, "GET", "no/such/path") == (400, 100)
        assert await error(it, "GET", "99999") == (400, 100)
        assert await error(it, "POST", "99999/messages", json={}) == (400, 100)
        assert await error(it, "DELETE", f"{NUMBER}/messages") == (400, 100)
        assert await error(it, "PATCH", NUMBER) == (400, 100)
        _, answer = await it.graph("GET", "99999")
        assert answer["error"]["error_subcode"] == 33


async def test_a_token_is_needed_everywhere_and_can_be_revoked() -> None:
    async with stage() as it:
        async with aiohttp.ClientSession() as nobody:
            for path in (NUMBER, f"{NUMBER}/messages", "whatsapp_business/attachments/?mid=1", "nonsense"):
                async with nobody.get(f"{it.emulator.url}/v25.0/{path}") as answer:
                    assert answer.status == 401
                    assert (await answer.json())["error"]["code"] == 190
            async with nobody.get(f"{it.emulator.url}/v25.0/{NUMBER}?access_token=x") as answer:
                assert answer.status == 200
        assert await error(it, "GET", NUMBER, headers={"Authorization": "Bearer expired"}) == (401, 190)
        await it.control("token", revoke="any")
        assert await error(it, "GET", NUMBER) == (401, 190)
        await it.control("token", restore="any")
        assert (await it.graph("GET", NUMBER))[0] == 200


async def test_only_known_tokens_pass_when_some_are_named() -> None:
    async with stage(tokens="good,better") as it:
        assert await error(it, "GET", NUMBER) == (401, 190)
        assert (await it.graph("GET", NUMBER, headers={"Authorization": "Bearer better"}))[0] == 200


async def test_a_body_that_is_not_json_is_an_error_of_metas_shape() -> None:
    async with stage() as it:
        for body in (b"", b"{", b"[]", b"null", b"\xff\xfe"):
            assert await error(it, "POST", f"{NUMBER}/messages", data=body) == (400, 100)


async def test_fields_choose_what_is_shown() -> None:
    async with stage() as it:
        _, node = await it.graph("GET", f"{NUMBER}?fields=display_phone_number,throughput")
        assert node == {"display_phone_number": "+551140001234", "throughput": {"level": "STANDARD"}, "id": NUMBER}
        _, node = await it.graph("GET", NUMBER)
        assert {"verified_name", "quality_rating", "platform_type"} <= node.keys()
        assert "certificate" not in node
        assert await error(it, "GET", f"{NUMBER}?fields=shoe_size") == (400, 100)


async def test_lists_come_in_pages_with_a_full_next_url() -> None:
    async with stage() as it:
        seen, url = [], f"{WABA}/message_templates?limit=2&fields=name"
        while url:
            _, answer = await it.graph("GET", url)
            seen += [node["name"] for node in answer["data"]]
            url = answer["paging"].get("next", "")
            assert not url or "access_token=any" in url
        assert len(seen) == len(set(seen)) == 5
        _, first = await it.graph("GET", f"{WABA}/message_templates?limit=2&fields=name")
        _, second = await it.graph("GET", first["paging"]["next"])
        _, back = await it.graph("GET", second["paging"]["previous"])
        assert back["data"] == first["data"]


async def test_an_empty_page_may_have_a_next_one() -> None:
    async with stage(empty_page=True) as it:
        _, answer = await it.graph("GET", f"{WABA}/message_templates")
        assert answer["data"] == []
        _, answer = await it.graph("GET", answer["paging"]["next"])
        assert len(answer["data"]) == 5


async def test_management_calls_have_an_hourly_limit() -> None:
    async with stage(calls_per_hour=3) as it:
        for _ in range(3):
            assert (await it.graph("GET", WABA))[0] == 200
        assert await error(it, "GET", NUMBER) == (400, 80007)
        await it.control("clock", advance="1h")
        assert (await it.graph("GET", WABA))[0] == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{WABA}?fields=health_status", "health_status"),
        (f"{WABA}?fields=analytics.start(1).end(2000000000).granularity(DAY)", "analytics"),
        (f"{WABA}/subscribed_apps", "data"),
        (f"{NUMBER}/settings", "calling"),
        (f"{NUMBER}/whatsapp_business_profile?fields=about,vertical", "data"),
        (f"{NUMBER}/whatsapp_commerce_settings", "data"),
        (f"{NUMBER}/username", None),
        ("debug_token?input_token=any", "data"),
        ("app", "id"),
        ("me", "id"),
        ("4000000000001/owned_whatsapp_business_accounts", "data"),
        ("message_template_library?search=pedido", "data"),
        (f"{WABA}/message_template_previews?category=AUTHENTICATION&languages=pt_BR", "data"),
    ],
)
async def test_the_smaller_edges_answer(path: str, name: str | None) -> None:
    async with stage() as it:
        status, answer = await it.graph("GET", path)
        assert status == 200, answer
        assert name is None or name in answer


async def test_registration_asks_for_code_and_pin() -> None:
    async with stage() as it:
        _, added = await it.graph("POST", f"{WABA}/phone_numbers", json={"cc": "55", "phone_number": "1140009999"})
        number = added["id"]
        register = {"messaging_product": "whatsapp", "pin": "123456"}
        assert await error(it, "POST", f"{number}/register", json=register) == (400, 133006)
        asked = {"code_method": "SMS", "language": "pt_BR"}
        assert (await it.graph("POST", f"{number}/request_code", params=asked))[1] == {"success": True}
        assert await error(it, "POST", f"{number}/verify_code", json={"code": "000000"}) == (400, 136025)
        assert (await it.graph("POST", f"{number}/verify_code", json={"code": "123456"}))[0] == 200
        assert (await it.graph("POST", f"{number}/register", json=register))[0] == 200
        assert await error(it, "POST", f"{number}/register", json=register | {"pin": "654321"}) == (400, 133005)
        for _ in range(7):
            await it.graph("POST", f"{number}/register", json=register)
        assert await error(it, "POST", f"{number}/register", json=register) == (400, 133016)
