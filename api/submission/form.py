"""A multipart body, part by part, as it arrives: nobody has to hold a whole request."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.wire.errors import MalformedRequest, TooLarge

#: A form field that is not a file is a word or two.
_MAX_FIELD_BYTES = 8 * 1024


@dataclass(slots=True)
class _Headers:
    """The headers of one part, in the pieces the parser hands out."""

    name: bytes = b""
    value: bytes = b""
    disposition: bytes = b""


@dataclass(frozen=True, slots=True)
class _PartBegins:
    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class _Data:
    data: bytes


@dataclass(frozen=True, slots=True)
class _PartEnds:
    pass


@dataclass(frozen=True, slots=True)
class _BodyEnds:
    pass


_Event = _PartBegins | _Data | _PartEnds | _BodyEnds


@dataclass(frozen=True, slots=True)
class Part:
    """One field or file of a form. Its content can be read once, before the next part is asked for.

    Attributes:
        name: The form field.
        filename: What the client calls the file; None for a plain field.
    """

    name: str
    filename: str | None
    _body: "_Body" = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content, in the pieces in which it arrives."""
        while not isinstance(event := await self._body.next_event(), _PartEnds):
            assert isinstance(event, _Data)
            yield event.data

    async def text(self) -> str:
        """The content of a plain field.

        Raises:
            MalformedRequest: It is longer than a field may be, or not UTF-8.
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
    """Take a multipart/form-data body apart while it arrives (RFC 7578).

    Args:
        request: Whose body is read.
        max_bytes: Of the whole body. One that says it is larger is not read at all.

    Raises:
        MalformedRequest: The body is something else, breaks the format, or ends before its
            closing boundary.
        TooLarge: The body is, or says it is, larger than `max_bytes`.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data" or b"boundary" not in options:
        raise MalformedRequest("The body must be multipart/form-data with a boundary.")
    body = _Body(_limited(request.stream(), max_bytes), options[b"boundary"])
    while not isinstance(event := await body.next_event(), _BodyEnds):
        if isinstance(event, _PartBegins):
            yield Part(event.name, event.filename, body)
        # Otherwise the rest of a part that nobody read.


async def _limited(stream: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in stream:
        received += len(chunk)
        if received > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"A request's body may have {max_bytes} bytes.")


class _Body:
    """The parser pushes what it finds; readers pull it from here, one chunk ahead at most."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._events: deque[_Event] = deque()
        self._headers = _Headers()
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
                    "on_part_end": lambda: self._events.append(_PartEnds()),
                    "on_end": lambda: self._events.append(_BodyEnds()),
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
                raise MalformedRequest("The multipart body breaks the format.") from exc
        return self._events.popleft()

    def _on_part_begin(self) -> None:
        self._headers = _Headers()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._headers.name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers.value += data[start:end]

    def _on_header_end(self) -> None:
        if self._headers.name.lower() == b"content-disposition":
            self._headers.disposition = self._headers.value
        self._headers.name = self._headers.value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.disposition)
        if b"name" not in options:
            raise MalformedRequest("A part of the form has no name.")
        filename = options.get(b"filename")
        self._events.append(
            _PartBegins(
                name=options[b"name"].decode(errors="replace"),
                filename=None if filename is None else filename.decode(errors="replace"),
            )
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(_Data(data[start:end]))
