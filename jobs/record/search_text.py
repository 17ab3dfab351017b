"""How names are compared when somebody searches for one."""

import unicodedata


def fold(text: str) -> str:
    """Without case, accents and compatibility forms: "Núñez" and "NUNEZ" are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def search_text(filename: str, reference: str | None) -> str:
    """What a film is found by: its file's name and its job's reference, folded, a line each."""
    return f"{fold(filename)}\n{fold(reference or '')}"


def search_words(text: str) -> list[str]:
    """The folded words of a search, all of which a film's text must hold, in any order."""
    return fold(text).split()
