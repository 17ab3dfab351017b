"""CSV files of other sources."""

import csv
from collections.abc import Collection
from pathlib import Path

from model.errors import InvalidLabels


def read_table(path: Path, columns: Collection[str]) -> list[dict[str, str]]:
    """Read these columns of a CSV file; blanks around values are removed.

    Raises:
        InvalidLabels: The file cannot be read, lacks a column, or has no rows.
    """
    try:
        # Spreadsheets put a byte order mark before the first column's name.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            if missing := set(columns) - set(reader.fieldnames or ()):
                raise InvalidLabels(f"{path.name} lacks the columns {', '.join(sorted(missing))}")
            rows = [{column: row[column].strip() for column in columns} for row in reader]
    except OSError as exc:
        raise InvalidLabels(f"{path} cannot be read: {exc.strerror}") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise InvalidLabels(f"{path.name} is no CSV file in UTF-8") from exc
    if not rows:
        raise InvalidLabels(f"{path.name} has no rows")
    return rows
