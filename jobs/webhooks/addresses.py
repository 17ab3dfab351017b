"""Which addresses a client may make this service call.

A callback URL is a request that a client makes the workers send from inside the hospital's network.
So everything but the public internet is refused unless the operator lists it, the check is made on
what a name resolves to, and the connection goes to an address that was checked: a name that
resolves to something else a moment later (DNS rebinding) changes nothing.
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

#: A name or an address, without what is escaped in it.
_HOST = re.compile(r"[A-Za-z0-9._:-]+")

#: Public by their numbers, and yet not: Azure's metadata service, IANA's protocol assignments
#: (Oracle's metadata service is one), relays of 6to4, and 6to4, which embeds any IPv4 address.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")
)

#: All that is routed in the public IPv6 internet. What lies outside can lead inside: NAT64,
#: site-local and IPv4-compatible addresses.
_PUBLIC_IPV6 = IPv6Network("2000::/3")


def parse_callback_url(text: str) -> httpx.URL:
    """The URL that a client gave, if it is one that could be called.

    Raises:
        CallbackRefused: With the code `INVALID`.
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
    """The addresses of a URL's host, all of which may be called.

    Blocks for as long as the resolver takes.

    Args:
        url: From `parse_callback_url`.
        allowed: Networks that may be called though they are not public.

    Returns:
        Numeric addresses, those to prefer first.

    Raises:
        CallbackRefused: With the code `ADDRESS_REFUSED` if one of them may not be called,
            `NOT_RESOLVED` if there is none, or `LOOKUP_FAILED`.
    """
    try:
        # Every spelling of an address goes through here as well: 127.1, 0x7f000001, 2130706433.
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
            "Its host is inside a network that this service may not call; whoever runs the service "
            "can allow it (PNEUMOCAM_WEBHOOK_ALLOW).",
        )
    return list(dict.fromkeys(addresses))


def may_call(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is public, or in one of the networks that are allowed."""
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
