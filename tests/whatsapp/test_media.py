"""Files up and down: limits before sending, digests after receiving, and the token only where it belongs."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from pytake_cli.errors import InvalidData, LimitReached, NotFound
from pytake_cli.whatsapp import media
from pytake_cli.whatsapp.client import Graph, GraphError
from pytake_cli.whatsapp.media import Stored
from pytake_cli.whatsapp.media_files import Arriving
from pytake_cli.whatsapp.updates import MediaRef
from tests.whatsapp.server import Answer, Asked, Handler, Server, always, refusal, run
from tests.whatsapp.test_media_types import FILES, OGG, webp

JPEG = FILES["jpeg"][0] + bytes(1000)
DIGEST = hashlib.sha256(JPEG).digest()
MOST = 1_000_000


def ref(url: str | None = None, sha256: bytes | None = DIGEST, mime_type: str = "image/jpeg") -> MediaRef:
    return MediaRef("77", mime_type, sha256, "../../etc/passwd", url, False, False)


def meta(*files: bytes | int, resolved: dict[str, Any] | None = None, stray: str = "") -> Handler:
    """A Meta whose downloads answer in turn: bytes, or an HTTP status."""
    left = list(files)

    async def handler(asked: Asked, request: web.Request) -> Answer:
        if asked.path == "/v25.0/77":
            url = f"{stray or request.url.origin()}/file"
            return {"id": "77", "url": url, "mime_type": "image/jpeg", "file_size": "1011", **(resolved or {})}
        found = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(status=found) if isinstance(found, int) else web.Response(body=found)

    return handler


async def downloading(
    answer: Handler, folder: Path, *, most: int = MOST, of: MediaRef | None = None
) -> tuple[Stored, list[Asked]]:
    async with Server(answer) as server, Graph("secret", url=server.url) as graph:
        wanted = of or ref()
        if wanted.url == "here":
            wanted = ref(f"{server.url}/file")
        stored = await media.download(graph, wanted, folder, phone_number_id="1", most_bytes=most)
        return stored, server.asked


def test_a_file_comes_to_rest_under_its_digest_for_us_alone(tmp_path: Path) -> None:
    stored, asked = run(downloading(meta(JPEG), tmp_path))
    assert stored == Stored(tmp_path / DIGEST.hex()[:2] / DIGEST.hex(), DIGEST, len(JPEG), "image/jpeg", True, True)
    assert stored.path.read_bytes() == JPEG
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(stored.path.parent.stat().st_mode) == 0o700
    assert [one.headers["authorization"] for one in asked] == ["Bearer secret"] * 2
    assert asked[0].query == {"phone_number_id": "1"}
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [DIGEST.hex()]


def test_the_address_of_the_webhook_saves_a_question(tmp_path: Path) -> None:
    _, asked = run(downloading(meta(JPEG), tmp_path, of=ref("here")))
    assert [one.path for one in asked] == ["/file"]


def test_a_stale_address_is_asked_for_once_more(tmp_path: Path) -> None:
    stored, asked = run(downloading(meta(404, JPEG), tmp_path, of=ref("here")))
    assert stored.intact
    assert [one.path for one in asked] == ["/file", "/v25.0/77", "/file"]


def test_a_file_that_is_gone_twice_is_lost(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        run(downloading(meta(404), tmp_path))
    assert caught.value.slug == "PT-WA-MEDIA-LOST"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_id_that_meta_no_longer_knows_is_lost(tmp_path: Path) -> None:
    async def unknown(_asked: Asked, _request: web.Request) -> Answer:
        return refusal(100, error_subcode=33)

    with pytest.raises(NotFound):
        run(downloading(unknown, tmp_path))


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (503, True), (429, True), (401, False)])
def test_a_refused_download_tells_whether_to_try_again(status: int, retryable: bool, tmp_path: Path) -> None:
    with pytest.raises(GraphError) as caught:
        run(downloading(meta(status), tmp_path))
    assert (caught.value.retryable, caught.value.unknown) == (retryable, False)


def test_a_wrong_digest_is_fetched_again_and_then_kept_and_flagged(tmp_path: Path) -> None:
    other = JPEG + b"x"
    stored, asked = run(downloading(meta(other, JPEG), tmp_path))
    assert stored.intact
    assert len(asked) == 4
    stored, _ = run(downloading(meta(other), tmp_path / "b"))
    assert (stored.intact, stored.sha256) == (False, hashlib.sha256(other).digest())


def test_without_a_digest_in_the_webhook_the_resolved_one_counts(tmp_path: Path) -> None:
    answer = meta(JPEG, resolved={"sha256": "00" * 32})
    stored, _ = run(downloading(answer, tmp_path, of=ref(sha256=None)))
    assert not stored.intact


def test_a_file_that_is_not_what_it_says_is_kept_and_flagged(tmp_path: Path) -> None:
    page = b"<html><script>alert(1)</script>"
    stored, _ = run(downloading(meta(page), tmp_path, of=ref(sha256=None)))
    assert (stored.mime_type, stored.genuine) == ("text/html", False)


@pytest.mark.parametrize("announced", [{"file_size": MOST + 1}, {}])
def test_a_file_that_is_too_large_is_refused_by_word_or_by_count(announced: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(LimitReached) as caught:
        run(downloading(meta(bytes(MOST + 1), resolved=announced), tmp_path))
    assert caught.value.slug == "PT-WA-MEDIA"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x01" + bytes(20)


def test_a_small_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitReached):
        run(downloading(meta(png(20_000, 20_000)), tmp_path, of=ref(sha256=None)))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    stored, _ = run(downloading(meta(png(5000, 5000)), tmp_path, of=ref(sha256=None, mime_type="image/png")))
    assert stored.genuine


def test_a_stream_without_end_is_cut_at_the_limit(tmp_path: Path) -> None:
    async def endless(asked: Asked, request: web.Request) -> Answer:
        if asked.path != "/file":
            return {"url": f"{request.url.origin()}/file"}
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(bytes(65536))
        return response

    with pytest.raises(LimitReached):
        run(downloading(endless, tmp_path))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_token_does_not_follow_a_redirect_to_another_server(tmp_path: Path) -> None:
    async def work() -> tuple[Stored, list[Asked], list[Asked]]:
        async with Server(meta(JPEG)) as other:

            async def redirecting(asked: Asked, request: web.Request) -> Answer:
                if asked.path == "/v25.0/77":
                    return {"url": f"{request.url.origin()}/file"}
                return web.Response(status=302, headers={"location": f"{other.url}/elsewhere"})

            async with Server(redirecting) as server, Graph("secret", url=server.url) as graph:
                stored = await media.download(graph, ref(), tmp_path, most_bytes=MOST)
                return stored, server.asked, other.asked

    stored, here, there = run(work())
    assert stored.intact
    assert all("authorization" in asked.headers for asked in here)
    assert [("authorization" in asked.headers, asked.path) for asked in there] == [(False, "/elsewhere")]


def test_redirects_in_circles_end(tmp_path: Path) -> None:
    async def circle(asked: Asked, request: web.Request) -> Answer:
        if asked.path == "/v25.0/77":
            return {"url": f"{request.url.origin()}/file"}
        return web.Response(status=302, headers={"location": "/file"})

    with pytest.raises(GraphError):
        run(downloading(circle, tmp_path))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", True),
        ("https://graph.facebook.com/x", True),
        ("https://scontent.xx.fbcdn.net/v", True),
        ("https://mmg.whatsapp.net/v", True),
        ("http://lookaside.fbsbx.com/x", False),
        ("https://lookaside.fbsbx.com:8443/x", False),
        ("https://fbsbx.com.evil.example/x", False),
        ("https://evilfbsbx.com/x", False),
        ("https://evil.example/?x=.fbsbx.com", False),
        ("https://evil.example#.facebook.com", False),
        ("https://graph.facebook.com@evil.example/", False),
        ("http://127.0.0.1:9/", False),
        ("http://127.0.0.1:8788/file", True),
        ("https://127.0.0.1:8788/file", False),
    ],
)
def test_the_token_goes_to_meta_and_to_the_configured_graph_only(url: str, allowed: bool) -> None:
    assert media.token_may_go("http://127.0.0.1:8788", URL(url)) is allowed


@pytest.mark.parametrize(
    "stray",
    ["http://127.0.0.1:9", "http://169.254.169.254", "https://10.0.0.1", "https://localhost", "http://a.example"],
)
def test_nothing_is_fetched_from_inside_or_without_tls(stray: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with Graph("secret") as graph:
            await media.download(graph, ref(f"{stray}/file"), tmp_path, most_bytes=MOST)

    with pytest.raises(NotFound) as caught:
        run(work())
    assert "secret" not in str(caught.value)


def test_the_same_content_twice_is_one_file(tmp_path: Path) -> None:
    for _ in range(2):
        with Arriving(tmp_path) as file:
            file.write(b"abc")
            path = file.keep()
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


def test_a_symlink_in_the_way_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_bytes(b"mine")
    name = hashlib.sha256(b"abc").hexdigest()
    folder = tmp_path / "media"
    (folder / name[:2]).mkdir(parents=True)
    (folder / name[:2] / name).symlink_to(outside / "victim")
    with Arriving(folder) as file:
        file.write(b"abc")
        path = file.keep()
    assert (outside / "victim").read_bytes() == b"mine"
    assert not path.is_symlink()
    path.unlink()
    path.parent.rmdir()
    (folder / name[:2]).symlink_to(outside)
    with Arriving(folder) as file, pytest.raises(OSError, match=r"."):
        file.write(b"abc")
        file.keep()
    assert os.listdir(outside) == ["victim"]


def test_an_unfinished_file_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Arriving(tmp_path) as file:
        file.write(b"abc" * 1 * (1 // 0))
    assert list(tmp_path.iterdir()) == []


async def uploading(path: Path, **options: Any) -> tuple[str, list[Asked]]:
    async with Server(always({"id": "1037"})) as server, Graph("secret", url=server.url) as graph:
        return await media.upload(graph, "1", path, **options), server.asked


def test_an_upload_is_a_form_with_the_type_twice(tmp_path: Path) -> None:
    path = tmp_path / "foto.bin"
    path.write_bytes(JPEG)
    media_id, [asked] = run(uploading(path, filename='a/b"\n.jpg'))
    assert media_id == "1037"
    assert asked.path == "/v25.0/1/media"
    assert asked.headers["content-type"].startswith("multipart/form-data")
    assert asked.headers["authorization"] == "Bearer secret"
    for part in (b'name="messaging_product"\r\n\r\nwhatsapp', b"image/jpeg", JPEG, b'name="file"; filename="b.jpg"'):
        assert part in asked.body
    assert asked.body.count(b"image/jpeg") == 2


STICKER = webp(b"VP8X", bytes(4) + b"\x00\x00\x00\x00" + (511).to_bytes(3, "little") * 2)
MOVING = webp(b"VP8X", bytes(4) + b"\x02\x00\x00\x00" + (511).to_bytes(3, "little") * 2)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"", {}),
        (FILES["html"][0], {"mime_type": "image/jpeg"}),
        (FILES["elf"][0], {"mime_type": "application/pdf"}),
        (JPEG + bytes(5 * 1024 * 1024), {}),
        (FILES["mp4"][0] + bytes(16 * 1024 * 1024), {}),
        (b"OggS\x00\x02" + bytes(22) + b"\x01vorbis" + bytes(20), {}),
        (STICKER + bytes(100 * 1024), {}),
        (MOVING + bytes(500 * 1024), {}),
        (webp(b"VP8X", bytes(14)), {}),
        (FILES["gif"][0], {"kind": "image"}),
        (JPEG, {"kind": "video"}),
    ],
)
def test_what_meta_would_not_take_is_not_uploaded(content: bytes, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidData) as caught:
        run(uploading(path, **options))
    assert caught.value.slug == "PT-WA-MEDIA"
    assert caught.value.why.format(**caught.value.values)


@pytest.mark.parametrize(
    ("name", "content", "mime_type"),
    [
        ("a.pdf", FILES["pdf"][0], "application/pdf"),
        ("a.docx", FILES["office"][0], "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xls", FILES["old office"][0], "application/vnd.ms-excel"),
        ("a.txt", b"oi", "text/plain"),
        ("a.csv", b"a,b", "text/csv"),
        ("a.docx", FILES["pdf"][0], "application/pdf"),
        ("a.ogg", OGG, "audio/ogg; codecs=opus"),
        ("a.webp", MOVING + bytes(200 * 1024), "image/webp"),
        ("a.zip", FILES["office"][0], "application/zip"),
    ],
)
def test_a_file_is_sent_as_what_it_is(name: str, content: bytes, mime_type: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert media.check_file(path) == mime_type


def test_deleting_names_the_number() -> None:
    async def work() -> list[Asked]:
        async with Server(always({"success": True})) as server, Graph("secret", url=server.url) as graph:
            await media.delete(graph, "77", "1")
            return server.asked

    [asked] = run(work())
    assert (asked.method, asked.path, asked.query) == ("DELETE", "/v25.0/77", {"phone_number_id": "1"})


def test_an_interrupted_sample_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)
    session = "upload:MTphdHRh?sig=ARZ%2Fx"
    offsets: list[str] = []

    async def answer(asked: Asked, _request: web.Request) -> Answer:
        if asked.path.endswith("/uploads"):
            return {"id": session}
        assert asked.headers["authorization"] == "OAuth secret"
        if asked.method == "GET":
            return {"id": session, "file_offset": 500}
        offsets.append(asked.headers["file_offset"])
        return {"h": "4::aW"} if len(offsets) > 1 else web.Response(status=500)

    async def work() -> tuple[str, list[Asked]]:
        async with Server(answer) as server, Graph("secret", url=server.url) as graph:
            return await media.upload_sample(graph, "3", path, "image/jpeg"), server.asked

    handle, asked = run(work())
    assert (handle, offsets) == ("4::aW", ["0", "500"])
    assert asked[0].query == {"file_name": "a.jpg", "file_length": str(len(JPEG)), "file_type": "image/jpeg"}
    assert asked[1].query == {"sig": "ARZ/x"}
    assert (asked[1].body, asked[3].body) == (JPEG, JPEG[500:])


def test_a_refused_sample_is_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)

    async def work() -> int:
        async with Server(always(b'{"error":{"code":100}}', 400)) as server, Graph("secret", url=server.url) as graph:
            with pytest.raises(GraphError):
                await media.upload_sample(graph, "3", path, "image/jpeg")
            return len(server.asked)

    assert run(work()) == 1
