"""Signatures over raw bodies."""

from __future__ import annotations

import hashlib
import hmac
import random

import pytest

from pytake_cli.whatsapp.signature import sign, signed_by

BODY = b'{"object":"whatsapp_business_account","entry":[]}'
SECRET = "0123456789abcdef"
RIGHT = sign(BODY, SECRET).encode()


def test_a_signature_is_what_meta_computes() -> None:
    assert RIGHT.decode() == "sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


def test_any_of_several_secrets_may_have_signed() -> None:
    assert signed_by(RIGHT, BODY, ["another", SECRET, "third"]) == SECRET
    assert signed_by(RIGHT, BODY, ["another"]) is None
    assert signed_by(RIGHT, BODY, []) is None


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"sha256=",
        RIGHT[:-1],
        RIGHT + b"0",
        RIGHT.upper(),
        b"sha256=" + RIGHT[7:].upper(),
        RIGHT.replace(b"sha256", b"sha1"),
        RIGHT[7:],
        RIGHT + b"," + RIGHT,
        b" " + RIGHT,
        RIGHT + b"\n",
        b"sha256=" + b"0" * 64,
        b"sha256=" + "é".encode() * 32,
    ],
)
def test_whatever_is_not_exactly_the_signature_is_refused(header: bytes) -> None:
    assert signed_by(header, BODY, [SECRET]) is None


def test_one_flipped_bit_spoils_it() -> None:
    chance = random.Random(1)
    for _ in range(500):
        body = bytearray(BODY)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        assert signed_by(RIGHT, bytes(body), [SECRET]) is None


def test_no_random_digest_passes() -> None:
    chance = random.Random(2)
    for _ in range(10_000):
        assert signed_by(b"sha256=" + chance.randbytes(32).hex().encode(), BODY, [SECRET, "other"]) is None
