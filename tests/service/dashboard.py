"""Helpers shared by the dashboard's tests, screenshots and benchmark."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, CDPSession, Locator, Page, Playwright, expect

from tests.conftest import ROOT
from tests.servers.process import freeze_between_writes

_FILMS = ROOT / "tests" / "films"

# A busy machine takes longer than Playwright's five seconds over what is instant on an idle one.
expect.set_options(timeout=20_000)

#: Long enough for the first film on a busy machine, whose worker has just been started.
READ_MS = 60_000


#: The first is built without windows, and takes a third less of the processor.
_CHROMIUM = ("chromium-headless-shell", "chromium", "google-chrome")


def launch_chromium(playwright: Playwright, **options: Any) -> Browser | None:
    """Debian's Chromium, or None where none is installed; Playwright's own are not needed."""
    binary = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if binary is None:
        return None
    return playwright.chromium.launch(
        executable_path=binary,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
        **options,
    )


@contextmanager
def visitor(browser: Browser, origin: str, **options: Any) -> Iterator[Page]:
    """A page of a browser that nobody has used; it has not opened anything yet.

    Anything that it asks of another host, any script error, and anything that the content security
    policy stops, fails at the end.
    """
    options = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options}
    context = browser.new_context(base_url=origin, **options)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda request: (
            faults.append(request.url)
            if not request.url.startswith((origin, "blob:", "data:"))
            else None
        ),
    )
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    try:
        yield page
    finally:
        context.close()
    assert faults == []


def submit_films(page: Page, *films: Path) -> None:
    """Choose films, as the file dialog would."""
    page.locator('input[type="file"][aria-label="Choose films"]').set_input_files(films)


def hold_requests(page: Page, pattern: str) -> CDPSession:
    """Let what is asked begin and never arrive, until `Fetch.disable`."""
    devtools = page.context.new_cdp_session(page)
    held = {"urlPattern": pattern, "requestStage": "Request"}
    devtools.send("Fetch.enable", {"patterns": [held]})
    return devtools


def hold_uploads(page: Page) -> CDPSession:
    """Let films be sent and never arrive."""
    return hold_requests(page, "*/v1/jobs")


def wait_until_kept(page: Page) -> None:
    """Until the browser keeps what is not sent yet, and lets the page be left without asking."""
    page.wait_for_function(
        """() => {
          const leaving = new Event('beforeunload', { cancelable: true })
          dispatchEvent(leaving)
          return !leaving.defaultPrevented
        }"""
    )


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders on the page, as from the desktop."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}

    def drag(step: str) -> None:
        at = {"type": step, "x": 400, "y": 300, "data": data}
        devtools.send("Input.dispatchDragEvent", at)

    expect(page.locator("#content")).to_be_visible()  # which takes films from then on
    offer = page.get_by_text("Drop to submit")
    drag("dragEnter")
    expect(offer).to_be_visible()
    # The page says with each movement that it takes them, in its own time; without that a drop is
    # none. A hand would wait as well, and try again.
    for _ in range(10):
        drag("dragOver")
        page.wait_for_timeout(100)
        drag("drop")
        with suppress(AssertionError):
            expect(offer).to_have_count(0, timeout=2_000)
            break
    expect(offer).to_have_count(0)
    devtools.detach()


@contextmanager
def frozen(*processes: psutil.Process) -> Iterator[None]:
    """Hold processes where they are; whatever is left of them goes on afterwards."""
    freeze_between_writes(*processes)
    try:
        yield
    finally:
        for process in processes:
            if process.is_running():
                process.resume()


def submitted(page: Page) -> Locator:
    """The list of what was submitted from a page."""
    return page.get_by_role("list", name="Submitted films")


def open_submitted(page: Page, film: Path) -> Locator:
    """Open a submitted film's viewer once it is read; its probability."""
    row = submitted(page).get_by_role("listitem").filter(has_text=film.name)
    expect(row.get_by_role("meter")).to_be_visible(timeout=READ_MS)
    row.get_by_role("link").click()
    probability = page.get_by_test_id("probability")
    expect(probability).to_be_visible()
    return probability


def variant(number: int) -> bytes:
    """A film that may be published and that no other number gives.

    Both films, one after the other, a little less of them and darker or brighter each time, so that
    their probabilities differ: below the threshold and above it. They are less sharp than the
    projections, whose grain looks like a little opacity.
    """
    source = ("projected-chest.png", "projected-opacity.png")[number % 2]
    gamma = 0.8 + 0.5 * (number * 7 % 10) / 10
    with Image.open(_FILMS / source) as image:
        film = image.convert("L").filter(ImageFilter.GaussianBlur(3))
    edge = number // 2
    film = film.crop((edge, edge, film.width - edge, film.height - edge)).resize((512, 512))
    film = film.point([round(255 * (level / 255) ** gamma) for level in range(256)])
    buffer = io.BytesIO()
    film.save(buffer, "PNG")
    return buffer.getvalue()


def variants(count: int, *, first: int = 0) -> list[tuple[str, bytes]]:
    """So many of them, with the names under which they are sent."""
    return [(f"film-{number:02}.png", variant(number)) for number in range(first, first + count)]


def write_variants(folder: Path, count: int, *, first: int = 0) -> list[Path]:
    """The same as files in a folder."""
    paths = []
    for name, content in variants(count, first=first):
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    return paths


def turned_film(film: Path) -> bytes:
    """A film that lies on its side, which is not scored."""
    buffer = io.BytesIO()
    with Image.open(film) as image:
        image.transpose(Image.Transpose.ROTATE_90).save(buffer, "PNG")
    return buffer.getvalue()


def tab_to(page: Page, target: Locator) -> None:
    """Go on with the Tab key until something has the focus, and shows it."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            assert target.evaluate(_SHOWS_FOCUS), f"no sign of the focus on {target}"
            return
    raise AssertionError(f"Tab does not reach {target}")


_SHOWS_FOCUS = """
element => [null, '::after'].some(
  part => getComputedStyle(element, part).outlineStyle !== 'none'
)
"""
