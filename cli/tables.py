"""Tables in the terminal."""

from collections.abc import Sequence

import typer


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under the names of their columns, each column as wide as its longest cell."""
    table = [columns, *rows]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(columns))]
    for cells in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())
