"""Multipart bodies read part by part as they arrive, so that no request is held whole."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.wire.errors import MalformedRequest, TooLarge

#: Bytes of a form field that is not a file: a few words.
_MAX_FIELD_BYTES = 8 * 1024

#: The characters that browsers escape in names (HTML standard, "multipart/form-data").
_ESCAPED = {"%22": '"', "%0D": "\r", "%0A": "\n"}


@dataclass(frozen=True, slots=True)
class _Head:
    """The beginning of a part."""

    name: str
    filename: str | None


class _End(Enum):
    """The end of a part, or of the body."""

    PART = auto()
    BODY = auto()


_Event = _Head | bytes | _End


@dataclass(frozen=True, slots=True)
class Part:
    """One field or file of a form. Its content can be read once, before the next part begins.

    Attributes:
        name: Name of the form field.
        filename: Name of the file at the client; None for a plain field.
    """

    name: str
    filename: str | None
    _body: "_Body" = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the content in the pieces in which it arrives."""
        while isinstance(event := await self._body.next_event(), bytes):
            yield event

    async def text(self) -> str:
        """Return the content of a plain field.

        Raises:
            MalformedRequest: The content is longer than a field may be, or not UTF-8.
        """
        content = b""
        async for chunk in self.chunks():
            content += chunk
            if len(content) > _MAX_FIELD_BYTES:
                raise MalformedRequest(f"The field {self.name!r} is too long.")
        try:
            return content.decode()
        except UnicodeDecodeError as exc:
            raise MalformedRequest(f"The field {self.name!r} is not UTF-8.") from exc


async def read_parts(request: Request, *, max_bytes: int) -> AsyncIterator[Part]:
    """Yield the parts of a multipart/form-data body while it arrives (RFC 7578).

    Args:
        request: Request whose body has not been read.
        max_bytes: Largest body. One that announces more is not read at all.

    Raises:
        MalformedRequest: The body has another media type, is malformed, or ends before its closing
            boundary.
        TooLarge: The body has, or announces, more than `max_bytes`.
    """
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data" or b"boundary" not in options:
        raise MalformedRequest("The body must be multipart/form-data with a boundary.")
    stream = limited_stream(request, max_bytes=max_bytes)
    async for part in _parts(_Body(stream, options[b"boundary"], _form_head)):
        yield part


async def read_related_parts(
    request: Request, boundary: bytes, *, max_bytes: int
) -> AsyncIterator[Part]:
    """Yield the parts of a multipart/related body while it arrives (RFC 2387), without names.

    Args:
        request: Request whose body has not been read.
        boundary: Boundary from its Content-Type.
        max_bytes: Largest body. One that announces more is not read at all.

    Raises:
        MalformedRequest: The body is malformed, or ends before its closing boundary.
        TooLarge: The body has, or announces, more than `max_bytes`.
    """
    stream = limited_stream(request, max_bytes=max_bytes)
    async for part in _parts(_Body(stream, boundary, lambda _: _Head("", None))):
        yield part


async def limited_stream(request: Request, *, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield a request's body as it arrives.

    Raises:
        TooLarge: The body has, or announces, more than `max_bytes`.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


async def _parts(body: "_Body") -> AsyncIterator[Part]:
    while (event := await body.next_event()) is not _End.BODY:
        if isinstance(event, _Head):
            yield Part(event.name, event.filename, body)
        # Anything else is the rest of a part that was not read to its end.


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"A request's body may have {max_bytes} bytes.")


class _Body:
    """Events of python-multipart's push parser, to be pulled: at most one chunk is read ahead.

    The parser bounds the boundary (256 bytes), the headers of a part (8) and each of them (4 KiB).
    """

    def __init__(
        self,
        stream: AsyncIterator[bytes],
        boundary: bytes,
        head_of: Callable[[Mapping[bytes, bytes]], _Head],
    ) -> None:
        self._stream = stream
        self._head_of = head_of
        self._events: deque[_Event] = deque()
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": lambda: self._events.append(_End.PART),
                    "on_end": lambda: self._events.append(_End.BODY),
                },
            )
        except FormParserError as exc:
            raise MalformedRequest("The multipart boundary is not usable.") from exc

    async def next_event(self) -> _Event:
        while not self._events:
            chunk = await anext(self._stream, None)
            if chunk is None:
                raise MalformedRequest("The multipart body ends before its closing boundary.")
            try:
                self._parser.write(chunk)
            except FormParserError as exc:
                raise MalformedRequest("The multipart body is malformed.") from exc
        return self._events.popleft()

    def _on_part_begin(self) -> None:
        self._name = self._value = b""
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _on_headers_finished(self) -> None:
        self._events.append(self._head_of(self._headers))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])


def _form_head(headers: Mapping[bytes, bytes]) -> _Head:
    _, options = parse_options_header(headers.get(b"content-disposition", b""))
    if b"name" not in options:
        raise MalformedRequest("A part of the form has no name.")
    filename = options.get(b"filename")
    return _Head(_decode(options[b"name"]), None if filename is None else _decode(filename))


def _decode(name: bytes) -> str:
    """Decode a name; what is not UTF-8 is replaced, and what browsers escape is restored."""
    text = name.decode(errors="replace")
    for escaped, character in _ESCAPED.items():
        text = text.replace(escaped, character)
    return text
