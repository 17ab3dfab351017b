"""Tests of the addresses that callbacks may have."""

import socket
from ipaddress import ip_address, ip_network

import pytest

from jobs.errors import CallbackRefused
from jobs.webhooks.addresses import may_call, parse_callback_url, resolve

INSIDE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",  # metadata of Alibaba's cloud
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # of Azure, with a public number
    "169.254.169.254",  # of most others
    "172.16.0.1",
    "192.0.0.192",  # of Oracle's
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of Amazon's
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_the_public_internet_is_refused(address: str) -> None:
    assert not may_call(ip_address(address), allowed=())


@pytest.mark.parametrize("address", ["1.1.1.1", "::ffff:1.1.1.1", "2606:4700::1111"])
def test_the_public_internet_may_be_called(address: str) -> None:
    assert may_call(ip_address(address), allowed=())


def test_an_operator_may_allow_networks() -> None:
    allowed = (ip_network("10.20.0.0/16"), ip_network("fd12::/16"))

    assert may_call(ip_address("10.20.3.4"), allowed)
    assert may_call(ip_address("::ffff:10.20.3.4"), allowed)
    assert may_call(ip_address("fd12::1"), allowed)
    assert not may_call(ip_address("10.21.0.1"), allowed)
    assert not may_call(ip_address("127.0.0.1"), allowed)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://localhost:6379/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_every_spelling_of_an_inside_address_is_refused(url: str) -> None:
    with pytest.raises(CallbackRefused) as refused:
        resolve(parse_callback_url(url), allowed=())

    assert refused.value.code == "callback_address_refused"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ris.example/hook",
        "//ris.example/hook",
        "ftp://ris.example/",
        "file:///etc/passwd",
        "gopher://ris.example:6379/_FLUSHALL",
        "http:///hook",
        "http://user@ris.example/",
        "http://user:secret@ris.example/",
        "http://ris.example\\@127.0.0.1/",
        "http://ris.example/#fragment",
        "http://ris.example:0/",
        "http://ris.example:65536/",
        "http://ris.example:port/",
        "http://ris example/",
        "http://ris.example/\r\nX-Injected: 1",
        "http://ris.example/\x00",
        "http://①②⑦.0.0.1/",
        "http://0177.0.0.1/",
        "http://[fe80::1%25eth0]/",
        "http://ris.example/" + "x" * 2000,
    ],
)
def test_what_is_no_url_to_call_is_refused(url: str) -> None:
    with pytest.raises(CallbackRefused) as refused:
        parse_callback_url(url)

    assert refused.value.code == "invalid_callback_url"
    assert url == "" or url not in str(refused.value)


def test_one_inside_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The owner of a name can list both, and hope that the second one is called."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
        for address in ("1.1.1.1", "127.0.0.1")
    ]
    # The only way to own a public name here.
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(CallbackRefused) as refused:
        resolve(parse_callback_url("https://ris.example/"), allowed=())

    assert refused.value.code == "callback_address_refused"


def test_a_name_that_nobody_knows_has_a_code_of_its_own() -> None:
    with pytest.raises(CallbackRefused) as refused:
        resolve(parse_callback_url("https://no..body/"), allowed=())

    assert refused.value.code == "callback_not_resolved"
