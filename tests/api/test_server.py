"""The listening socket: TLS as it must be, addresses that cannot be had."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pytake_cli import clock
from pytake_cli.api.server import bind, tls_context
from pytake_cli.errors import ConfigError
from pytake_cli.whatsapp.signature import sign
from tests.kit.door import SECRET, open_door, request, status


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = clock.now()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    pem, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    secret.touch(0o600)
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, secret


def client(newest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = newest
    return context


def test_tls_is_1_3_and_nothing_older(certificate: tuple[Path, Path]) -> None:
    async def run() -> None:
        async with open_door(tls=tls_context(*certificate)) as knock:
            reader, writer = await asyncio.open_connection("127.0.0.1", knock.port, ssl=client(ssl.TLSVersion.TLSv1_3))
            writer.write(request(b"{}", signature=sign(b"{}", SECRET)))
            assert status(await knock.answer(reader)) == 200
            writer.close()
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection("127.0.0.1", knock.port, ssl=client(ssl.TLSVersion.TLSv1_2))
            assert b"HTTP" not in await knock.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    asyncio.run(run())


def test_a_key_that_others_may_read_is_refused(certificate: tuple[Path, Path]) -> None:
    certificate[1].chmod(0o644)
    with pytest.raises(ConfigError, match="may be read by others"):
        tls_context(*certificate)


def test_a_certificate_that_is_none_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        tls_context(tmp_path / "nowhere.pem", certificate[1])
    certificate[0].write_text("no certificate")
    with pytest.raises(ConfigError, match=r"cert\.pem"):
        tls_context(*certificate)


def test_an_address_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
            bind("127.0.0.1", port)
    with pytest.raises(ConfigError, match="cannot listen"):
        bind("192.0.2.1", 0)
