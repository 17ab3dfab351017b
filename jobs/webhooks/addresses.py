"""Validation of callback URLs and of the addresses behind them.

A callback URL lets a client make the workers send a request from inside the hospital's network. So
every address outside the public internet is refused unless the operator allows it. The check is
made on the addresses that a host name resolves to, and the connection goes to a checked address, so
a name that resolves to another address later (DNS rebinding) has no effect.
"""

import re
import socket
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import httpx

from jobs.errors import CallbackCode, CallbackRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_CHARACTERS = 2000

#: A host name or address without escaped characters.
_HOST = re.compile(r"[A-Za-z0-9._:-]+")

#: Networks that count as public by their number but are refused: Azure's metadata service, IANA's
#: protocol assignments (one is Oracle's metadata service), 6to4 relays, 6to4 itself (it embeds any
#: IPv4 address), and IPv6 documentation addresses.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")
)

#: Addresses routed in the public IPv6 internet. Addresses outside can reach internal hosts: NAT64,
#: site-local and IPv4-compatible ones.
_PUBLIC_IPV6 = IPv6Network("2000::/3")


def parse_callback_url(text: str) -> httpx.URL:
    """Parse a callback URL and check its syntax.

    Raises:
        CallbackRefused: The URL is malformed; the code is `INVALID`.
    """
    if len(text) > MAX_URL_CHARACTERS or not text.isascii() or not text.isprintable():
        raise _invalid(f"At most {MAX_URL_CHARACTERS} printable ASCII characters.")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as exc:
        raise _invalid("It is not a URL.") from exc
    if url.scheme not in {"http", "https"} or not _HOST.fullmatch(url.raw_host.decode()):
        raise _invalid("It must begin with https:// or http:// and name a host.")
    if url.userinfo or "#" in text:
        raise _invalid("It may hold neither user names, nor passwords, nor a fragment.")
    if url.port is not None and not 0 < url.port < 65536:
        raise _invalid("There is no such port.")
    return url


def resolve(url: httpx.URL, *, allowed: Sequence[Network]) -> list[str]:
    """Return the addresses of a URL's host; refuse them all if one of them may not be called.

    The call blocks until the resolver answers.

    Args:
        url: URL from `parse_callback_url`.
        allowed: Non-public networks that may be called.

    Returns:
        Numeric addresses, preferred ones first.

    Raises:
        CallbackRefused: The code is `ADDRESS_REFUSED` if one address may not be called,
            `NOT_RESOLVED` if the host name is unknown, and `LOOKUP_FAILED` if the resolver failed
            temporarily.
    """
    try:
        # The resolver also normalises every spelling of an address: 127.1, 0x7f000001, 2130706433.
        found = socket.getaddrinfo(url.raw_host.decode(), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        if isinstance(exc, OSError) and exc.errno == socket.EAI_AGAIN:
            raise CallbackRefused(
                CallbackCode.LOOKUP_FAILED, "Host names cannot be looked up now."
            ) from exc
        raise CallbackRefused(CallbackCode.NOT_RESOLVED, "Its host name is not known.") from exc
    addresses = [str(address[0]) for *_, address in found]
    if not all(may_call(ip_address(address), allowed) for address in addresses):
        raise CallbackRefused(
            CallbackCode.ADDRESS_REFUSED,
            "Its host is inside a network that this service may not call; the operator can "
            "allow it (PNEUMOCAM_WEBHOOK_ALLOW).",
        )
    return list(dict.fromkeys(addresses))


def may_call(address: Address, allowed: Sequence[Network]) -> bool:
    """Return True if an address is public or in one of the allowed networks."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in allowed):
        return True
    if any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _invalid(detail: str) -> CallbackRefused:
    return CallbackRefused(CallbackCode.INVALID, detail)
