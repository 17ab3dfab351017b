"""Arrays of tables in TOML files, such as `[[source]]`, read so that a mistake names its line."""

import re
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Table = TypeVar("Table", bound=BaseModel)

_SYNTAX_LINE = re.compile(r"(.*) \(at line (\d+), column \d+\)")


class InvalidFile(Exception):
    """A file cannot be used; the message is one line and names the file and the line."""


def read_tables(path: Path, name: str, kind: type[Table]) -> tuple[Table, ...]:
    """Return the tables of one name in a file, in order.

    Args:
        path: The file, which holds tables of this name only.
        name: Name of the tables, as in `[[name]]`.
        kind: Model of one table.

    Raises:
        InvalidFile: The file cannot be read, or a table has a mistake.
    """
    try:
        text = path.read_text()
        document = tomllib.loads(text)
    except OSError as exc:
        raise InvalidFile(f"{path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidFile(f"{path}: it is not UTF-8") from exc
    except tomllib.TOMLDecodeError as exc:
        raise InvalidFile(f"{path}{_syntax_error(str(exc))}") from exc
    listed = document.pop(name, [])
    if document:
        unknown = next(iter(document))
        line = _line_of(text.splitlines(), unknown)
        raise InvalidFile(f"{path}, line {line}: {unknown!r} is unknown; use [[{name}]]")
    if not isinstance(listed, list):
        line = _line_of(text.splitlines(), name)
        raise InvalidFile(f"{path}, line {line}: write [[{name}]] with two brackets")
    tables = []
    for index, table in enumerate(listed):
        try:
            tables.append(kind.model_validate(table))
        except ValidationError as exc:
            error = exc.errors()[0]
            key = str(error["loc"][0]) if error["loc"] else ""
            line = _line_in_table(text.splitlines(), name, index, key)
            said = error["msg"].removeprefix("Value error, ")
            shown = f"{key}: {said}" if key else said
            raise InvalidFile(f"{path}, line {line}: {shown}") from exc
    return tuple(tables)


def _syntax_error(said: str) -> str:
    match = _SYNTAX_LINE.fullmatch(said)
    return f": {said}" if match is None else f", line {match[2]}: {match[1]}"


def _line_in_table(lines: list[str], name: str, index: int, key: str) -> int:
    """Return the number of the line with a key of a table, or of the table's first line."""
    header = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
    starts = [number for number, line in enumerate(lines) if header.match(line)]
    if index >= len(starts):
        return 1  # written in another form, such as an array of inline tables
    start = starts[index]
    end = starts[index + 1] if index + 1 < len(starts) else len(lines)
    return start + _line_of(lines[start:end], key)


def _line_of(lines: list[str], key: str) -> int:
    """Return the number, from 1, of the first line that sets a key; 1 if there is none."""
    setting = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}\b[\"']?\s*[=.\]]")
    numbers = (number for number, line in enumerate(lines, start=1) if setting.match(line))
    return next(numbers, 1)
