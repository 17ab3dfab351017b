"""Speed of the dashboard, measured in traces of Chromium.

    python -m benchmarks.dashboard [--rows N] [--films N] [--trace FOLDER]

Starts the whole service and fills the worklist with small films and some large ones. Measures,
each time in a browser with an empty cache:

- the first load of the worklist: compressed bytes over the network of the page, its scripts and
  styles; and the largest contentful paint with the CPU slowed down to a quarter;
- frames a second while the worklist is scrolled from the first row to the last, and while window
  and level are dragged on a film: all frames that Chromium drew, and those that the page updated,
  since the compositor can scroll past rows that the page is too slow to fill;
- the time from the key press for the next film until that film is drawn, with its pictures fetched
  in advance.

No GPU is used: Chromium draws with the CPU, on the same cores as the service. As a reference, two
pages without the dashboard are measured as well: rows of plain text, and one canvas over another.
On a machine that others use, only the CPU times are meaningful: 20 ms of the page's own time a
frame allow 50 frames a second.
"""

import argparse
import io
import json
import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from benchmarks.machine import describe_machine
from tests.service.conftest import PROJECTED_FILM, start_service, submit, wait_until_finished
from tests.service.dashboard import launch_chromium, visitor

#: The film sent first, which is in the last row.
OLDEST = "oldest.jpg"

#: Largest number of films in one request.
_A_JOB = 500

#: Trace categories: paints, frames, and the marks that the injected scripts set.
_CATEGORIES = [
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "blink.user_timing",
    "loading",
]

#: Pixels a second; scrolling by hand is seldom faster.
_SCROLL_SPEED = 8_000

_DRAG_S = 5

#: Seconds that the slowed page has to load.
_LOAD_S = 4

#: Seconds that a film is shown before the next key press.
_LOOK_S = 1.0

#: Sets marks when the key for the next film is pressed, and when its picture has been drawn.
_MARK_NEXT = """
addEventListener('keydown', (event) => {
  if (event.key !== 'PageDown') return
  const film = () => document.querySelector('[data-testid=film]')?.getAttribute('aria-label')
  const before = film()
  performance.mark('pressed', { startTime: event.timeStamp })
  const look = () => {
    if (film() === undefined || film() === before) requestAnimationFrame(look)
    // The next frame begins when the frame with the film has been handed over.
    else requestAnimationFrame(() => performance.mark('shown'))
  }
  requestAnimationFrame(look)
}, { capture: true })
"""

#: Replaces the page by as many rows as the worklist has, each a line of text.
_PLAIN_ROWS = """
count => {
  document.body.style.cssText = 'margin:0;height:100vh;overflow:hidden;font:14px sans-serif'
  const row = (number) => `<div style="height:40px;border-bottom:1px solid #333">
    film-${number}.jpg 63 % Routine 12:00</div>`
  document.body.innerHTML = `<div style="height:100%;overflow:auto;background:#111;color:#eee">
    ${Array.from({ length: count }, (_, number) => row(number)).join('')}</div>`
}
"""

#: Replaces the page by a canvas that is redrawn at each movement, under a half opaque one.
_PLAIN_CANVAS = """
() => {
  const canvas = (opacity) => {
    const made = document.createElement('canvas')
    made.width = made.height = 1024
    made.style.cssText = `position:absolute;inset:0;width:850px;height:850px;opacity:${opacity}`
    document.body.append(made)
    return made.getContext('2d')
  }
  document.body.replaceChildren()
  const film = canvas(1)
  canvas(0.5).fillRect(0, 0, 1024, 1024)
  const image = film.createImageData(1024, 1024)
  addEventListener('pointermove', (event) => {
    new Uint32Array(image.data.buffer).fill(0xff000000 | event.clientX)
    film.putImageData(image, 0, 0)
  })
}
"""

_SHOWN = "count => performance.getEntriesByName('shown').length >= count"

Events = list[dict[str, Any]]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure the dashboard")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--trace", type=Path, metavar="FOLDER", help="keep the traces there")
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        if browser is None:
            raise SystemExit("No Chromium is installed.")
        print(f"Chromium {browser.version}", end="\n\n")
        service = start_service(Path(folder), PNEUMOCAM_MAX_OPEN=str(2 * options.rows))
        try:
            fill(service.url, options.rows, options.films)
            print("| measure | value | wanted |")
            print("| --- | ---: | ---: |")
            measure_first_load(browser, service.url, options.trace)
            measure_scrolling(browser, service.url, options.rows, options.trace)
            measure_dragging(browser, service.url, options.trace)
            measure_next_film(browser, service.url, options.films, options.trace)
            measure_plain_pages(browser, service.url, options.rows, options.trace)
        finally:
            service.stop()
        browser.close()


def fill(url: str, rows: int, films: int) -> None:
    """Submit small films of the same content, then large ones, and wait for their results."""
    small = scaled(256)
    with httpx.Client(base_url=url, timeout=600) as client:
        wait_until_finished(client, submit(client, (OLDEST, small)))
        names = [f"film-{number:05}.jpg" for number in range(rows - films - 1)]
        jobs = [
            submit(client, *[(name, small) for name in names[first : first + _A_JOB]])
            for first in range(0, len(names), _A_JOB)
        ]
        jobs.append(submit(client, *[(f"large-{n:02}.jpg", scaled(2048, n)) for n in range(films)]))
        for job in jobs:
            wait_until_finished(client, job, timeout_s=1800)


def scaled(side: int, number: int = 0) -> bytes:
    """Return a film of the tests in another size, as a different file for each number."""
    buffer = io.BytesIO()
    with Image.open(PROJECTED_FILM) as film:
        film.convert("L").resize((side, side)).save(buffer, "JPEG", comment=f"{number}")
    return buffer.getvalue()


def measure_first_load(browser: Browser, url: str, traces: Path | None) -> None:
    """Measure the bytes of the first load, and its largest contentful paint."""
    with visitor(browser, url) as page:
        devtools = page.context.new_cdp_session(page)
        files = sizes_of_files(devtools, url)
        page.goto("/")
        expect(page.get_by_role("row").nth(5)).to_be_visible()
        tell("first load, compressed", sum(files.values()) / 1000, "kB", "< 250")
    paints = []
    for _ in range(5):
        with visitor(browser, url) as page:
            devtools = page.context.new_cdp_session(page)
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            with traced(browser, page, traces, "first-load") as events:
                page.goto("/")
                # Polling the page would use its slowed CPU.
                page.wait_for_timeout(1000 * _LOAD_S)
            expect(page.get_by_role("row").nth(5)).to_be_visible()
            paints.append(largest_paint_ms(events))
    tell("largest contentful paint, CPU slowed 4 x, median of 5", median(paints), "ms", "< 1500")


def sizes_of_files(devtools: CDPSession, url: str) -> dict[str, int]:
    """Return a counter of the transferred bytes without the service's data; filled later."""
    wanted: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def on_response(event: dict[str, Any]) -> None:
        path = event["response"]["url"].removeprefix(url)
        if not path.startswith(("/v1/", "/readyz")):
            wanted[event["requestId"]] = path

    def on_end(event: dict[str, Any]) -> None:
        if path := wanted.get(event["requestId"]):
            sizes[path] = int(event["encodedDataLength"])

    devtools.on("Network.responseReceived", on_response)
    devtools.on("Network.loadingFinished", on_end)
    devtools.send("Network.enable")
    return sizes


def largest_paint_ms(events: Events) -> float:
    """Return the time from navigation start to the last candidate, as Chromium's tools do."""
    [*_, last] = [e for e in events if e["name"] == "largestContentfulPaint::Candidate"]
    starts = [
        e["ts"]
        for e in events
        if e["name"] == "navigationStart" and e["args"]["frame"] == last["args"]["frame"]
    ]
    return float(last["ts"] - max(starts)) / 1000


def measure_scrolling(browser: Browser, url: str, rows: int, traces: Path | None) -> None:
    """Measure frames a second while the whole list is scrolled and its pages are fetched."""
    with visitor(browser, url) as page:
        page.goto("/")
        expect(page.get_by_role("row").nth(5)).to_be_visible()
        devtools = page.context.new_cdp_session(page)
        last = page.get_by_role("link", name=OLDEST, exact=True)
        with traced(browser, page, traces, "scrolling") as events:
            while last.count() == 0:
                scroll(devtools, 40 * rows)
        tell_frames(f"scrolling {rows} rows", events)


def scroll(devtools: CDPSession, pixels: int) -> None:
    """Scroll like a wheel that turns steadily."""
    place = {"x": 700, "y": 500}
    gesture = {"yDistance": -pixels, "speed": _SCROLL_SPEED, "gestureSourceType": "mouse"}
    devtools.send("Input.synthesizeScrollGesture", {**place, **gesture, "preventFling": True})


def measure_dragging(browser: Browser, url: str, traces: Path | None) -> None:
    """Measure frames a second while the pointer moves in circles with its button held."""
    with visitor(browser, url) as page:
        open_newest(page)
        with traced(browser, page, traces, "dragging") as events:
            drag(page)
        tell_frames("dragging window and level, map shown", events)


def drag(page: Page) -> None:
    """Move the pointer in circles for a while, with its button held."""
    page.mouse.move(600, 450)
    page.mouse.down()
    began = time.perf_counter()
    while (at := time.perf_counter() - began) < _DRAG_S:
        page.mouse.move(600 + 150 * math.sin(4 * at), 450 + 100 * math.cos(4 * at))
    page.mouse.up()


def measure_plain_pages(browser: Browser, url: str, rows: int, traces: Path | None) -> None:
    """Measure Chromium on pages that do almost nothing, as a reference."""
    with visitor(browser, url) as page:
        page.goto("about:blank")
        page.evaluate(_PLAIN_ROWS, rows)
        devtools = page.context.new_cdp_session(page)
        with traced(browser, page, traces, "plain-scrolling") as events:
            scroll(devtools, 40 * rows)
        tell_frames("plain rows", events)
    with visitor(browser, url) as page:
        page.goto("about:blank")
        page.evaluate(_PLAIN_CANVAS)
        with traced(browser, page, traces, "plain-canvas") as events:
            drag(page)
        tell_frames("plain canvas", events)


def measure_next_film(browser: Browser, url: str, films: int, traces: Path | None) -> None:
    """Measure the time from the key press to the next film's picture."""
    with visitor(browser, url) as page:
        page.add_init_script(_MARK_NEXT)
        open_newest(page)
        waits = []
        with traced(browser, page, traces, "next-film") as events:
            for film in range(2, films + 1):
                page.wait_for_timeout(1000 * _LOOK_S)
                page.keyboard.press("PageDown")
                expect(page.get_by_text(f"{film} of ")).to_be_visible()
                page.wait_for_function(_SHOWN, arg=film - 1)
        pressed, shown = marks(events, "pressed"), marks(events, "shown")
        waits = [(b - a) / 1000 for a, b in zip(pressed, shown, strict=True)]
        times = [page_time_ms(events, a, b) for a, b in zip(pressed, shown, strict=True)]
    tell("next film: the page's processor time, median", median(times), "ms", "")
    tell(f"next film shown after its key, median of {len(waits)}", median(waits), "ms", "")
    tell(f"next film shown after its key, slowest of {len(waits)}", max(waits), "ms", "<= 100")


def open_newest(page: Page) -> None:
    """Open the newest film in the viewer, with its map."""
    page.goto("/")
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_test_id("activation-map")).to_be_visible()
    page.wait_for_timeout(1000 * _LOOK_S)


@contextmanager
def traced(browser: Browser, page: Page, folder: Path | None, name: str) -> Iterator[Events]:
    """Trace Chromium; the yielded list has the events after the context ends."""
    events: Events = []
    browser.start_tracing(page=page, categories=_CATEGORIES)
    page.evaluate("performance.mark('begin')")
    yield events
    page.evaluate("performance.mark('end')")
    trace = browser.stop_tracing()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_bytes(trace)
    events += json.loads(trace)["traceEvents"]


def marks(events: Events, name: str) -> list[float]:
    """Return the time of a mark, in microseconds."""
    return sorted(e["ts"] for e in events if e["name"] == name and "blink.user_timing" in e["cat"])


def page_time_ms(events: Events, begin: float, end: float) -> float:
    """Return the CPU time of the page's main thread between two times."""
    [mark] = [e for e in events if e["name"] == "begin" and "blink.user_timing" in e["cat"]]
    tasks = (
        e["tdur"]
        for e in events
        if e["name"] == "RunTask" and (e["pid"], e["tid"]) == (mark["pid"], mark["tid"])
        if "tdur" in e and begin <= e["ts"] <= end
    )
    return float(sum(tasks)) / 1000


def tell_frames(what: str, events: Events) -> None:
    """Return frames a second, also in the slowest second, and the page's CPU time a frame."""
    [begin], [end] = marks(events, "begin"), marks(events, "end")
    for name, kind in (("DrawFrame", "drawn"), ("BeginMainThreadFrame", "with the page's part")):
        times = [e["ts"] for e in events if e["name"] == name and begin <= e["ts"] <= end]
        seconds = [
            sum(at <= time < at + 1_000_000 for time in times)
            for at in range(int(begin), int(end - 1_000_000), 250_000)
        ]
        a_second = len(times) / (end - begin) * 1_000_000
        tell(f"{what}: frames a second, {kind}", a_second, "", ">= 50")
        tell(f"{what}: the same in the worst second", min(seconds), "", "")
    tell(
        f"{what}: the page's processor time a frame",
        page_time_ms(events, begin, end) / len(times),
        "ms",
        "< 20",
    )


def tell(what: str, value: float, unit: str, wanted: str) -> None:
    """Print one line of the table."""
    print(f"| {what} | {value:.1f} {unit} | {wanted} |", flush=True)


if __name__ == "__main__":
    main()
