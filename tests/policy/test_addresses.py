"""Which addresses flows may call, and that no way of writing an inner one gets by."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy.addresses import Allowed, Refused, check_address, read_url
from tests.kit import ssrf

NOBODY = Allowed()


def test_there_are_more_than_two_hundred_hostile_urls_and_none_is_tried() -> None:
    urls = ssrf.hostile_urls(8080)
    assert len(urls) > 200
    assert [url for url in urls if not _refused(url)] == []


def _refused(url: str) -> bool:
    try:
        read_url(url, NOBODY)
    except Refused:
        return True
    return False


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://api.example.com/v1?a=1&b=[2]", "https://api.example.com/v1?a=1&b=[2]"),
        ("HTTPS://API.Example.COM.:443", "https://api.example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://padaria-são-joão.com.br/olá?q=ç#top", "https://xn--padaria-so-joo-yhbe.com.br/ol%C3%A1?q=%C3%A7"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::6810:84e5]/a%20b", "https://[2606:4700::6810:84e5]/a%20b"),
        ("https://example.com//a/../b", "https://example.com/a/../b"),
    ],
)
def test_public_urls_are_read(url: str, read: str) -> None:
    assert read_url(url, NOBODY).url == read


def test_what_the_operator_named_is_allowed_and_nothing_beside_it() -> None:
    allowed = Allowed(["127.0.0.1:8080", "erp.lan", "[::1]:9000", "api.example.com:8443"])
    for url in ("http://127.0.0.1:8080/", "http://erp.lan/", "https://ERP.lan./x", "http://[::1]:9000/"):
        read_url(url, allowed)
    read_url("https://api.example.com:8443/", allowed)
    read_url("https://api.example.com/", allowed)
    for url in ("http://127.0.0.1/", "http://127.0.0.1:8081/", "http://erp.lan:8080/", "http://x.erp.lan/"):
        with pytest.raises(Refused):
            read_url(url, allowed)
    for entry in ("", "user@host", "host:99999", "http://host", "host/path x"):
        with pytest.raises(Refused):
            Allowed([entry])


@given(st.ip_addresses(v=4))
def test_no_address_that_python_calls_private_gets_by(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        with pytest.raises(Refused):
            check_address(str(address))


@given(st.ip_addresses(v=4))
def test_no_inner_address_gets_by_inside_another_one(address: IPv4Address) -> None:
    number = int(address)
    for prefix, shift in (("::", 0), ("::ffff:0:0", 0), ("64:ff9b::", 0), ("64:ff9b:1::", 0), ("2002::", 80)):
        with pytest.raises(Refused):
            check_address(str(IPv6Address(int(IPv6Address(prefix)) | number << shift)))


@given(st.text(max_size=60))
def test_any_text_is_either_refused_or_names_a_public_host(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/", f"https://example.com/{text}"):
        try:
            target = read_url(url, NOBODY)
        except Refused:
            continue
        assert target.url.isascii()
        assert target.url.isprintable()
        assert " " not in target.url
        assert target.port in (80, 443)
        assert read_url(target.url, NOBODY) == target
