"""Text normalisation for the search by file name and reference."""

import unicodedata


def fold(text: str) -> str:
    """Remove case, accents and compatibility forms, so that "Núñez" equals "NUNEZ"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def search_text(filename: str, reference: str | None) -> str:
    """Return the searchable text of an item: folded file name and job reference, one per line."""
    return f"{fold(filename)}\n{fold(reference or '')}"


def search_words(text: str) -> list[str]:
    """Split a query into folded words. An item matches if its text contains all, in any order."""
    return fold(text).split()
