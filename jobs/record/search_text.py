"""Text normalisation for the search by file name, reference and patient."""

import unicodedata


def fold(text: str) -> str:
    """Remove case, accents and compatibility forms, so that "Núñez" equals "NUNEZ"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def search_text(filename: str, reference: str | None, *more: str | None) -> str:
    """Return the searchable text of an item, folded, one value per line.

    Args:
        filename: Name of the item's file.
        reference: Reference of its job.
        more: Values of the film's identity that a search finds.
    """
    return "\n".join(fold(value or "") for value in (filename, reference, *filter(None, more)))


def search_words(text: str) -> list[str]:
    """Split a query into folded words. An item matches if its text contains all, in any order."""
    return fold(text).split()
