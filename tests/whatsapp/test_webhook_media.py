"""Files in webhooks: described as far as Meta tells, the sender's name and type never believed."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import pytest

from tests.whatsapp.test_webhooks import incoming


def test_a_file_is_described_without_trusting_its_name() -> None:
    digest = hashlib.sha256(b"x").digest()
    raw = {
        "id": 1037,
        "mime_type": "application\\/pdf",
        "sha256": b64encode(digest).decode(),
        "filename": "../../etc/passwd",
    }
    media = incoming(kind="document", document=raw).media
    assert media is not None
    assert (media.id, media.mime_type, media.sha256, media.filename) == (
        "1037",
        "application/pdf",
        digest,
        "../../etc/passwd",
    )


@pytest.mark.parametrize(
    ("kind", "content", "voice"),
    [("audio", {"id": "1", "voice": True}, True), ("voice", {"id": "1"}, True), ("audio", {"id": "1"}, False)],
)
def test_a_voice_note_is_told_from_other_sound(kind: str, content: dict[str, Any], voice: bool) -> None:
    media = incoming(kind=kind, **{kind: content}).media
    assert media is not None
    assert media.voice is voice


@pytest.mark.parametrize("sha256", ["", "short", "ab" * 32, "ab" * 31, 7, None, "!" * 44])
def test_a_digest_is_read_as_base64_or_hex_or_not_at_all(sha256: Any) -> None:
    media = incoming(kind="image", image={"id": "1", "sha256": sha256}).media
    assert media is not None
    assert media.sha256 == (bytes.fromhex("ab" * 32) if sha256 == "ab" * 32 else None)
