"""axe finds no violation in any state, theme and width of the dashboard."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.conftest import ROOT, lacks
from tests.service.dashboard import visitor
from tests.service.dashboard_states import groups

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_DESK: ViewportSize = {"width": 1024, "height": 768}

#: Of WCAG 2.2, which axe leaves out unless it is asked: 24 px to hit.
RULES = {"target-size": {"enabled": True}}


def objections(page: Page, *, only: str | None = None) -> list[str]:
    """Return axe's violations on a page, by rule and element."""
    options = {"resultTypes": ["violations"], "rules": RULES}
    if only is not None:
        options = {"runOnly": [only]}
    found = page.evaluate("options => axe.run(options)", options)
    return [
        f"{one['id']}: {node['target']}: {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def objections_in_every_look(page: Page) -> dict[str, list[str]]:
    """As a page stands, in the other theme, which has other colours only, and on a phone."""
    page.evaluate(AXE.read_text())
    found = {"dark": objections(page)}
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    found["light"] = objections(page, only="color-contrast")
    page.set_viewport_size(SMALL_DESK)
    found["1024 px"] = too_wide(page)
    page.set_viewport_size(PHONE)
    found["phone"] = objections(page) + too_wide(page)
    return found


def too_wide(page: Page) -> list[str]:
    """Return whether part of a page lies beyond the screen's edge, out of reach of scrolling."""
    over = page.evaluate("document.body.scrollWidth - innerWidth")
    return [f"{over} px wider than the screen"] if over > 0 else []


@pytest.mark.timeout(900)
def test_axe_finds_nothing_in_any_state(browser: Browser, tmp_path: Path) -> None:
    if not AXE.exists():
        lacks("chromium", "axe-core is not installed; npm ci in frontend/")
    found: list[str] = []

    with closing(groups(tmp_path)) as all_groups:
        for group in all_groups:
            for name, state in group.states.items():
                with visitor(browser, group.origin) as page:
                    state.reach(page)
                    looks = objections_in_every_look(page)
                found += [f"{name}, {look}: {one}" for look, all_ in looks.items() for one in all_]

    assert not found, "\n".join(found)
