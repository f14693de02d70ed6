"""pywa, an independent client, sends every kind of message it knows to the emulator, synchronously and not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pytake_cli.emulator import defaults
from tests.emulator.pywa_sends import SENDS, TO, at
from tests.emulator.pywa_world import EmulatorProcess, ToEmulatorAsync, client, errors, pywa_async, running
from tests.emulator.pywa_world import templates as tt


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with running("limit_pairs=false", "limit_throughput=false", "window_errors=sync") as started:
        started.control("say", contact=TO, text="oi")
        yield started


@pytest.fixture
def wa(emulator: EmulatorProcess) -> Iterator[Any]:
    with client(emulator.url) as wa:
        yield wa


@pytest.mark.parametrize("name", SENDS)
def test_pywa_sends_it_and_the_emulator_takes_it(emulator: EmulatorProcess, wa: Any, name: str) -> None:
    method, arguments, kind, path, expected = SENDS[name]
    sent = getattr(wa, method)(TO, **arguments, tracker=f"t:{name}")
    body = emulator.last_body()
    assert sent.id.startswith("wamid.")
    assert kind in body
    assert at(body, path) == expected


@pytest.mark.parametrize("name", ["text", "list", "image bytes", "template", "contact", "carousel"])
def test_pywas_async_client_sends_it_too(emulator: EmulatorProcess, name: str) -> None:
    method, arguments, kind, path, expected = SENDS[name]

    async def send() -> Any:
        session = httpx.AsyncClient(transport=ToEmulatorAsync(emulator.url))
        async with session:
            wa = pywa_async.WhatsApp(phone_id=defaults.PHONE_NUMBER_ID, token="any", session=session)
            return await getattr(wa, method)(TO, **arguments)

    sent = asyncio.run(send())
    body = emulator.last_body()
    assert sent.id.startswith("wamid.")
    assert kind in body
    assert at(body, path) == expected


def test_a_reply_a_reaction_a_receipt_and_typing(emulator: EmulatorProcess, wa: Any) -> None:
    wamid = emulator.control("say", contact=TO, text="oi")["wamid"]
    assert wa.mark_message_as_read(wamid).success
    assert wa.indicate_typing(wamid).success
    wa.send_message(TO, "resposta", reply_to_message_id=wamid)
    assert emulator.last_body()["context"] == {"message_id": wamid}
    wa.send_reaction(TO, "👍", wamid)
    assert emulator.last_body()["reaction"] == {"message_id": wamid, "emoji": "👍"}
    wa.remove_reaction(TO, wamid)
    assert emulator.last_body()["reaction"]["emoji"] == ""


def test_a_bsuid_is_a_recipient(emulator: EmulatorProcess, wa: Any) -> None:
    user_id = emulator.control("customers", contact=TO)["user_id"]
    sent = wa.send_message(user_id, "olá")
    assert sent.input == user_id


def test_pywa_knows_the_errors_by_their_codes(emulator: EmulatorProcess, wa: Any) -> None:
    with pytest.raises(errors.WhatsAppError, match="at most 4096"):
        wa.send_message(TO, "x" * 4097)
    with pytest.raises(errors.ReEngagementMessage):
        wa.send_message("+5511968184222", "fora da janela")
    with pytest.raises(errors.TemplateNotExists):
        wa.send_template(TO, "nada", tt.TemplateLanguage.PORTUGUESE_BR)
    with pytest.raises(errors.TemplateParamCountMismatch):
        wa.send_template(TO, "confirmacao_pedido", tt.TemplateLanguage.PORTUGUESE_BR)
    emulator.control("faults", kind="error", code=130429, count=1)
    with pytest.raises(errors.RateLimitHit):
        wa.send_message(TO, "rápido demais")
    emulator.control("faults", kind="html", count=1)
    with pytest.raises(errors.WhatsAppError):
        wa.send_message(TO, "gateway")


def test_media_go_up_down_and_away(emulator: EmulatorProcess, wa: Any) -> None:
    media = wa.upload_media(b"%PDF-1.1 hello", mime_type="application/pdf", filename="a.pdf")
    found = wa.get_media_url(media.id)
    assert found.mime_type == "application/pdf"
    assert found.file_size == 14
    assert wa.get_media_bytes(found.url) == b"%PDF-1.1 hello"
    assert wa.delete_media(media.id).success
    with pytest.raises(errors.WhatsAppError):
        wa.get_media_url(media.id)
