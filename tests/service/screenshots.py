"""Pictures of every page and state of the dashboard, to be looked at.

    python -m tests.service.screenshots

starts a service of its own with films that may be published, and writes into `var/screenshots`:
each state at 1440 x 900, dark and light, and at 390 x 844.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import ROOT
from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    start_service,
    submit,
    wait_until_finished,
)

SCREENSHOTS = ROOT / "var" / "screenshots"


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    theme: str
    width: int
    height: int


LOOKS = {
    "dark": Look("dark", 1440, 900),
    "light": Look("light", 1440, 900),
    "phone": Look("dark", 390, 844),
}

Reach = Callable[[Page], None]


@dataclass(frozen=True)
class State:
    """Where a state is, and what to do there until it is in sight."""

    address: str
    reach: Reach | None = None


def states(client: httpx.Client, folder: Path) -> dict[str, State]:
    """Every state by name, after bringing the service into them."""
    turned = folder / "turned.png"
    with Image.open(PROJECTED_OPACITY) as film:
        film.transpose(Image.Transpose.ROTATE_90).save(turned)
    first = submit(
        client,
        ("ward-3-bed-1.png", PROJECTED_OPACITY.read_bytes()),
        ("ward-3-bed-2.png", PROJECTED_FILM.read_bytes()),
        ("turned.png", turned.read_bytes()),
        ("broken.dcm", PROJECTED_FILM.with_suffix(".dcm").read_bytes()[:60_000]),
        reference="Ward 3",
    )
    stat = submit(
        client,
        ("emergency.dcm", PROJECTED_OPACITY.with_suffix(".dcm").read_bytes()),
        priority="stat",
        reference="Emergency",
    )
    wait_until_finished(client, first)
    wait_until_finished(client, stat)
    said = {"opinion": "disagree", "comment": "A skin fold."}
    client.post(f"{stat['links']['self']}/items/0/feedback", json=said).raise_for_status()
    job, scored = f"/jobs/{first['id']}", f"/jobs/{first['id']}/items/0"
    return {
        "worklist": State("/"),
        "worklist-search": State("/", search("ward bed")),
        "worklist-none": State("/", search("nobody")),
        "worklist-chosen": State("/", choose_all),
        "submit": State("/submit"),
        "submission": State(job),
        "viewer": State(scored),
        "viewer-side-by-side": State(scored, press("s")),
        "viewer-contours": State(scored, press("c")),
        "viewer-region": State(scored, press("g")),
        "viewer-judging": State(scored, press("a")),
        "viewer-judged": State(f"/jobs/{stat['id']}/items/0"),
        "viewer-not-scored": State(f"{job}/items/2"),
        "viewer-failed": State(f"{job}/items/3"),
        "shortcuts": State(scored, press("?")),
        "shortcuts-changing": State(scored, change_keys),
        "model": State("/model"),
        "not-found": State("/nowhere"),
    }


def press(key: str) -> Reach:
    return lambda page: page.keyboard.press(key)


def search(words: str) -> Reach:
    return lambda page: page.get_by_label("File name or reference").fill(words)


def choose_all(page: Page) -> None:
    # On a phone there is no column for it.
    if (box := page.get_by_role("checkbox", name="Choose all that are loaded")).is_visible():
        box.click()


def change_keys(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("button", name="Change keys").click()
    page.get_by_role("button", name="Key of Invert:").click()
    page.keyboard.press("m")


def take(browser: Browser, origin: str, look: str, states: dict[str, State]) -> None:
    """One picture of each state in one look."""
    wanted = LOOKS[look]
    context = browser.new_context(
        viewport={"width": wanted.width, "height": wanted.height}, locale="en-GB"
    )
    context.add_init_script(
        f"localStorage.setItem('pneumocam.theme', JSON.stringify('{wanted.theme}'))"
    )
    page = context.new_page()
    for name, state in states.items():
        page.goto(origin + state.address)
        page.wait_for_timeout(800)  # what is drawn on a canvas has no event
        if state.reach is not None:
            state.reach(page)
        page.wait_for_timeout(800)
        page.screenshot(path=SCREENSHOTS / f"{name}-{look}.png")
    context.close()


def main() -> None:
    """Take all pictures; say where they are."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        service = start_service(Path(folder) / "data")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            with httpx.Client(base_url=service.url, timeout=60) as client:
                found = states(client, Path(folder))
            for look in LOOKS:
                take(browser, service.url, look, found)
        finally:
            browser.close()
            service.stop()
    print(f"{len(found) * len(LOOKS)} pictures in {SCREENSHOTS}")


if __name__ == "__main__":
    main()
