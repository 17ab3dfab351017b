"""Decoding of text values by their Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 section 6.1)."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

#: Python codec of each defined term, without its `ISO_IR` or `ISO 2022 IR`.
_CODECS: Final = {
    "6": "ascii",
    "13": "shift_jis",
    "58": "gb2312",
    "87": "iso2022_jp_2",
    "100": "latin_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "149": "euc_kr",
    "159": "iso2022_jp_2",
    "166": "tis_620",
    "192": "utf_8",
    "203": "iso8859_15",
    "GB18030": "gb18030",
    "GBK": "gbk",
}

#: Codec that each escape sequence (without its ESC) switches to, PS3.3 tables C.12-3 and C.12-4.
_ESCAPES: Final = {
    b"(B": "ascii",
    b"-A": "latin_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "tis_620",
    b"-b": "iso8859_15",
    b")I": "shift_jis",
    b"(J": "shift_jis",
    b"$B": "iso2022_jp_2",
    b"$(D": "iso2022_jp_2",
    b"$)C": "euc_kr",
    b"$)A": "gb2312",
}

_ESCAPE: Final = re.compile(rb"\x1b(" + b"|".join(map(re.escape, _ESCAPES)) + rb")")

#: Codecs that need the escape sequence itself, and end where ASCII is switched to.
_STATEFUL: Final = "iso2022_jp_2"


def codecs_of(character_set: str) -> tuple[str, ...]:
    """Return the Python codecs of a Specific Character Set value, the initial one first.

    Unknown terms are left out; without any known one the default repertoire, ASCII, is returned.
    """
    terms = [term.strip("\0 ").upper() for term in character_set.split("\\")]
    names = [
        _CODECS.get(term.removeprefix("ISO_IR ").removeprefix("ISO 2022 IR ")) for term in terms
    ]
    known = tuple(name for name in names if name is not None)
    # A multi-byte set of ISO 2022 is reached by an escape sequence; values begin in ASCII.
    return ("ascii", *known) if not known or known[0] == _STATEFUL else known


def decode_text(value: bytes, codecs: Sequence[str]) -> str:
    """Decode a value without its padding.

    Bytes that the character set does not have are tried as UTF-8, then as Latin-1: devices
    declare one set and write another, and a name with a wrong letter is better than none.

    Args:
        value: Bytes as they are in the file.
        codecs: From `codecs_of`.
    """
    value = value.strip(b"\0 ")
    parts = _ESCAPE.split(value) if b"\x1b" in value else [value]
    texts = [_decode(parts[0], codecs[0])]
    for escape, part in zip(parts[1::2], parts[2::2], strict=True):
        codec = _ESCAPES[escape]
        texts.append(_decode(b"\x1b" + escape + part if codec == _STATEFUL else part, codec))
    return "".join(texts).strip()


def _decode(part: bytes, codec: str) -> str:
    for attempt in (codec, "utf_8"):
        with suppress(UnicodeDecodeError):
            return part.decode(attempt)
    return part.decode("latin_1")
