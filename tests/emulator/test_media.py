"""Media: upload, types and sizes, lives of ids and URLs, owners, redirects, resumable uploads, links."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from pytake_cli.emulator import defaults
from pytake_cli.emulator.samples import SAMPLES
from tests.emulator.stage import CUSTOMER, NUMBER, Stage, stage

JPEG = SAMPLES["image"][1]


async def upload(
    it: Stage, data: bytes, mime_type: str, *, declared: str | None = None, number: str = NUMBER, **more: str
) -> tuple[int, Any]:
    form = aiohttp.FormData({"messaging_product": "whatsapp", "type": declared or mime_type} | more)
    form.add_field("file", io.BytesIO(data), content_type=mime_type, filename="x")
    return await it.graph("POST", f"{number}/media", data=form)


async def test_up_resolve_down_delete() -> None:
    async with stage() as it:
        _, answer = await upload(it, JPEG, "image/jpeg")
        status, node = await it.graph("GET", answer["id"])
        assert (status, node["mime_type"], node["file_size"]) == (200, "image/jpeg", len(JPEG))
        async with it.client.get(node["url"]) as downloaded:
            assert downloaded.content_type == "image/jpeg"
            assert await downloaded.read() == JPEG
        async with aiohttp.ClientSession() as nobody, nobody.get(node["url"]) as refused:
            assert refused.status == 401
        assert (await it.graph("DELETE", answer["id"]))[1] == {"success": True}
        status, answer = await it.graph("GET", answer["id"])
        assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)


async def test_ids_and_urls_die_by_the_emulators_clock() -> None:
    async with stage() as it:
        _, mine = await upload(it, JPEG, "image/jpeg")
        _, node = await it.graph("GET", mine["id"])
        theirs = (await it.say(kind="image"))["message"]["image"]["id"]
        await it.control("clock", advance="301s")
        async with it.client.get(node["url"]) as answer:
            assert answer.status == 404
            assert answer.content_type == "text/html"
        await it.control("clock", advance="7d")
        assert (await it.graph("GET", theirs))[0] == 400
        assert (await it.graph("GET", mine["id"]))[0] == 200
        await it.control("clock", advance="24d")
        assert (await it.graph("GET", mine["id"]))[0] == 400


async def test_a_medium_belongs_to_its_number() -> None:
    async with stage(numbers=2) as it:
        other = str(int(NUMBER) + 1)
        _, answer = await upload(it, JPEG, "image/jpeg", number=other)
        await it.say()
        assert "not a valid" in await it.refused(100, "image", {"id": answer["id"]})
        assert (await it.graph("GET", f"{answer['id']}?phone_number_id={NUMBER}"))[0] == 400
        assert (await it.graph("DELETE", f"{answer['id']}?phone_number_id={NUMBER}"))[0] == 400
        assert (await it.graph("GET", f"{answer['id']}?phone_number_id={other}"))[0] == 200


@pytest.mark.parametrize(
    ("data", "mime_type", "declared", "code"),
    [
        (b"x", "application/zip", None, 100),
        (b"", "image/png", None, 100),
        (JPEG, "image/jpeg", "image/png", 131053),
        (b"%PDF-1.1", "image/png", None, 131053),
        (b"OggS" + bytes(24) + b"\x01vorbis", "audio/ogg", None, 131053),
        (JPEG + bytes(5 * 1024 * 1024), "image/jpeg", None, 131053),
        (b"RIFF\x00\x00\x00\x00WEBP" + bytes(100 * 1024), "image/webp", None, 131053),
    ],
)
async def test_types_and_sizes_are_checked(data: bytes, mime_type: str, declared: str | None, code: int) -> None:
    async with stage() as it:
        status, answer = await upload(it, data, mime_type, declared=declared)
        assert (status, answer["error"]["code"]) == (400, code)


async def test_large_documents_and_mime_parameters_pass() -> None:
    async with stage() as it:
        assert (await upload(it, b"%PDF-" + bytes(20 * 1024 * 1024), "application/pdf"))[0] == 200
        assert (await upload(it, SAMPLES["voice"][1], "audio/ogg; codecs=opus"))[0] == 200
        status, answer = await upload(it, JPEG, "image/jpeg", ttl_minutes="5")
        assert (status, answer["error"]["code"]) == (400, 100)


async def test_a_download_may_lead_to_another_host_and_tells_who_gave_it_the_token() -> None:
    async with stage(media_redirect=True) as it:
        _, answer = await upload(it, JPEG, "image/jpeg")
        _, node = await it.graph("GET", answer["id"])
        async with it.client.get(node["url"], allow_redirects=False) as redirect:
            assert redirect.status == 302
            target = redirect.headers["Location"]
        assert "localhost" in target
        async with aiohttp.ClientSession() as nobody, nobody.get(target) as downloaded:
            assert await downloaded.read() == JPEG
        async with it.client.get(target) as downloaded:
            assert downloaded.status == 200
        leaks = [entry["token_leaked"] for entry in await it.look("requests") if "token_leaked" in entry]
        assert leaks == [True, False]


async def test_resumable_uploads_go_on_where_they_stopped() -> None:
    async with stage() as it:
        parameters = {"file_name": "a.jpg", "file_length": str(len(JPEG)), "file_type": "image/jpeg"}
        _, session = await it.graph("POST", f"{defaults.APP_ID}/uploads", params=parameters)
        url = f"{it.emulator.url}/v25.0/{session['id']}"
        headers = {"Authorization": "OAuth any", "file_offset": "0"}
        async with it.client.post(url, data=JPEG[:50], headers=headers) as answer:
            assert (await answer.json())["file_offset"] == 50
        async with it.client.get(url, headers=headers) as answer:
            assert (await answer.json())["file_offset"] == 50
        async with it.client.post(url, data=JPEG[50:], headers=headers) as answer:
            assert answer.status == 400
        async with it.client.post(url, data=JPEG[50:], headers=headers | {"file_offset": "50"}) as answer:
            assert (await answer.json())["h"].startswith("4::")


async def test_links_are_fetched_when_asked_for() -> None:
    async def shop(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/f.jpg":
            return web.Response(body=JPEG, content_type="image/jpeg")
        return web.Response(status=404 if request.path == "/gone" else 200, text="<html>", content_type="text/html")

    runner = web.ServerRunner(web.Server(shop))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with stage(fetch_links=True) as it:
        await it.say()
        wanted = {"/f.jpg": None, "/gone": 131052, "/page": 131053}
        for path, code in wanted.items():
            before = len(it.receiver.statuses)
            await it.send("image", {"link": base + path})
            await it.receiver.until(lambda before=before: len(it.receiver.statuses) > before)  # type: ignore[misc]
            first = it.receiver.statuses[before]
            assert first.get("errors", [{"code": None}])[0]["code"] == code
            await it.emulator.settle()
    await runner.cleanup()


async def test_a_link_that_cannot_be_is_accepted_and_fails_later() -> None:
    async with stage() as it:
        await it.say()
        await it.send("document", {"link": "https://nowhere.invalid/a.pdf", "filename": "a.pdf"}, to=CUSTOMER)
        await it.receiver.until(lambda: len(it.receiver.statuses) == 1)
        assert it.receiver.statuses[0]["errors"][0]["code"] == 131052
