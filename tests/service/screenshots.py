"""Pictures of every page and state of the dashboard, to be looked at.

    python -m tests.service.screenshots [STATE ...]

starts services of its own with films that may be published, and writes into `var/screenshots`:
each state at 1440 x 900, dark and light, on a phone and on a 4K monitor; or only the states whose
names begin with one of the words.
"""

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from tests.conftest import ROOT
from tests.service.dashboard import launch_chromium, visitor
from tests.service.dashboard_states import Group, groups

SCREENSHOTS = ROOT / "var" / "screenshots"


@dataclass(frozen=True)
class Look:
    """Theme, size and zoom of a screenshot."""

    theme: str
    width: int
    height: int


LOOKS = {
    "dark": Look("dark", 1440, 900),
    "light": Look("light", 1440, 900),
    "phone": Look("dark", 390, 844),
    "4k": Look("dark", 3840, 2160),
}


def take(browser: Browser, group: Group, wanted: Sequence[str]) -> int:
    """The pictures of a group's states; how many."""
    taken = 0
    for name, state in group.states.items():
        if wanted and not name.startswith(tuple(wanted)):
            continue
        for as_seen, look in LOOKS.items():
            viewport = {"width": look.width, "height": look.height}
            with visitor(browser, group.origin, viewport=viewport) as page:
                page.add_init_script(
                    f"localStorage.setItem('pneumocam.theme', JSON.stringify('{look.theme}'))"
                )
                state.reach(page)
                page.wait_for_timeout(300)  # what is drawn on a canvas has no event
                page.screenshot(path=SCREENSHOTS / f"{name}-{as_seen}.png")
            taken += 1
    return taken


def main() -> None:
    """Take the pictures; say where they are."""
    parser = argparse.ArgumentParser(description="Take pictures of the dashboard")
    parser.add_argument("states", nargs="*", metavar="STATE")
    wanted: list[str] = parser.parse_args().states
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    taken = 0
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        if browser is None:
            raise SystemExit("No Chromium is installed.")
        with TemporaryDirectory() as folder, closing(groups(Path(folder))) as all_groups:
            for group in all_groups:
                taken += take(browser, group, wanted)
        browser.close()
    print(f"{taken} pictures in {SCREENSHOTS}")


if __name__ == "__main__":
    main()
