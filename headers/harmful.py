"""Beginnings of files that a computer would run, unpack or open as a document."""

from typing import Final

_BINARY: Final = (
    b"MZ",  # Windows programs and libraries
    b"\x7fELF",
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),  # Mach-O
    b"\xca\xfe\xba\xbe",  # Java classes and Mach-O for several processors
    b"dex\n",
    b"\0asm",
    b"\x1bLua",
    b"L\0\0\0\x01\x14\x02\0",  # Windows shortcuts
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # older Office documents and installers
    *(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"),
    *(b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"MSCF"),
    b"!<arch>\n",
    b"\xed\xab\xee\xdb",  # RPM packages
)

#: In lower case; programs that interpret these skip white space and a byte order mark before.
_TEXTUAL: Final = (
    *(b"#!", b"%pdf", b"%!ps", b"{\\rtf", b"@echo", b"[autorun", b"[internetshortcut"),
    *(b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<?", b"<%", b"<iframe"),
)

_SKIPPED: Final = b"\xef\xbb\xbf \t\r\n"


def begins_harmful(data: bytes) -> bool:
    """Return whether bytes begin like a program, a script, an archive or an active document."""
    return data.startswith(_BINARY) or data.lstrip(_SKIPPED)[:32].lower().startswith(_TEXTUAL)
