"""Code blocks of the documentation."""

import re

from tests.conftest import ROOT


def printed(document: str, language: str) -> list[str]:
    """Every block of a language, without what it is indented by."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return ["\n".join(line[len(by) :] for line in code.splitlines()) for by, code in blocks]
