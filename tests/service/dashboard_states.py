"""Every page of the dashboard in every state: looked at by axe, and in pictures."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.settings import ServiceSettings
from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    start_service,
    submit,
    wait_until_finished,
)
from tests.service.dashboard import (
    frozen,
    hold_requests,
    hold_uploads,
    submit_films,
    submitted,
    turned_film,
    variants,
    wait_until_kept,
    write_variants,
)

Step = Callable[[Page], object]

#: The service may have been started a moment ago, on a busy machine.
_PATIENCE_MS = 60_000


@dataclass(frozen=True)
class State:
    """A state of the dashboard: its URL, and the steps to it."""

    address: str
    steps: tuple[Step, ...]

    def reach(self, page: Page) -> None:
        """Bring a page into it."""
        page.goto(self.address)
        for step in self.steps:
            step(page)


@dataclass(frozen=True)
class Group:
    """The states in which a service can be found at one time, and its address."""

    origin: str
    states: dict[str, State]


def state(address: str, *steps: Step) -> State:
    return State(address, steps)


def sees(find: Callable[[Page], Locator]) -> Step:
    return lambda page: expect(find(page).first).to_be_visible(timeout=_PATIENCE_MS)


def says(text: str) -> Step:
    return sees(lambda page: page.get_by_text(text))


def press(key: str) -> Step:
    return lambda page: page.keyboard.press(key)


def click(role: Any, name: str) -> Step:
    return lambda page: page.get_by_role(role, name=name).first.click()


def search(words: str) -> Step:
    return lambda page: page.get_by_label("File name or reference").fill(words)


def never_answer(pattern: str) -> Step:
    return lambda page: (hold_requests(page, pattern), page.reload())


def break_down(path: str) -> Step:
    problem = {"type": "about:blank", "title": "Broken", "status": 500, "detail": "It broke down."}
    answer = {**problem, "request_id": "01KAAAAAAAAAAAAAAAAAAAAAAA", "errors": []}
    return lambda page: (
        page.route(path, lambda route: route.fulfill(status=500, json=answer)),
        page.reload(),
    )


def go_offline(page: Page) -> None:
    page.context.set_offline(True)


def speak_spanish(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Español").click()
    page.keyboard.press("Escape")


def hold_files_over(page: Page) -> None:
    page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer()
          dataTransfer.items.add(new File(['film'], 'film.dcm'))
          window.dispatchEvent(new DragEvent('dragenter', { dataTransfer }))
        }"""
    )


def lie_down(page: Page) -> None:
    for key in ("r", "h", "i", "+", "Shift+ArrowDown"):
        page.keyboard.press(key)


def scroll_to(find: Callable[[Page], Locator]) -> Step:
    return lambda page: find(page).first.scroll_into_view_if_needed()


worklist = sees(lambda page: page.get_by_role("row").get_by_role("link"))
scored = sees(lambda page: page.get_by_test_id("activation-map"))
film_alone = sees(lambda page: page.get_by_test_id("film"))
dialog = sees(lambda page: page.get_by_role("dialog"))


def groups(folder: Path) -> Generator[Group, None, None]:
    """One group after the other; each lasts until the next one is asked for."""
    service = start_service(folder / "open")
    try:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            yield Group(service.url, _new_states(folder))
            yield Group(service.url, _used_states(client))
            with frozen(*service.workers()):
                yield Group(service.url, _held_states(client))
    finally:
        service.stop()
    yield from _locked(folder / "locked")


def _new_states(folder: Path) -> dict[str, State]:
    """Nothing was ever submitted."""
    films = write_variants(folder, 3)
    letter = folder / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7")
    return {
        "worklist-empty": state("/", says("No films yet")),
        "worklist-loading": state("/", never_answer("*/v1/jobs?*"), says("Loading the worklist")),
        "worklist-error": state("/", break_down("**/v1/jobs?*"), says("This could not be loaded")),
        "submit": state("/submit", says("Drop films or folders")),
        "submit-not-sent": state(
            "/submit", lambda page: submit_films(page, letter), says("Not sent")
        ),
        "model-loading": state("/model", never_answer("*/v1/model"), says("Loading the model")),
        "model-no-films-yet": state("/model", says("No film was finished")),
        "dropping": state("/", says("No films yet"), hold_files_over, says("Drop to submit")),
        "offline": state(
            "/model",
            says("Operating point"),
            go_offline,
            click("link", "Worklist"),
            says("This could not be loaded"),
            says("Service not reachable"),
        ),
        "offline-sending": state(
            "/submit",
            says("Service ready"),
            go_offline,
            lambda page: submit_films(page, *films, letter),
            says("The service does not answer. Sending goes on"),
            says("Service not reachable"),
        ),
        "sending": state("/submit", lambda page: _hold_while_sending(page, films)),
        "left-films": state(
            "/submit",
            lambda page: _hold_while_sending(page, films),
            wait_until_kept,
            lambda page: page.reload(),
            says("were not sent when this page was left"),
        ),
        "not-found": state("/nowhere", says("There is no such page")),
    }


def _hold_while_sending(page: Page, films: list[Path]) -> None:
    hold_uploads(page)
    submit_films(page, *films)
    expect(submitted(page).get_by_role("progressbar").first).to_be_visible()


def _used_states(client: httpx.Client) -> dict[str, State]:
    """Films were read, and judged, and erased."""
    first = submit(
        client,
        ("ward-3-bed-1.png", PROJECTED_OPACITY.read_bytes()),
        ("ward-3-bed-2.png", PROJECTED_FILM.read_bytes()),
        ("turned.png", turned_film(PROJECTED_OPACITY)),
        ("broken.dcm", PROJECTED_FILM.with_suffix(".dcm").read_bytes()[:60_000]),
        reference="Ward 3",
    )
    night = submit(client, *variants(24), reference="Night shift")
    stat = submit(
        client,
        ("emergency.dcm", PROJECTED_OPACITY.with_suffix(".dcm").read_bytes()),
        priority="stat",
        reference="Emergency",
    )
    erased = submit(client, ("erased.png", PROJECTED_FILM.read_bytes()))
    for submitted_job in (first, night, stat, erased):
        wait_until_finished(client, submitted_job)
    client.delete(erased["links"]["self"]).raise_for_status()
    said = {"opinion": "disagree", "comment": "A skin fold."}
    client.post(f"{stat['links']['self']}/items/0/feedback", json=said).raise_for_status()
    place = f"/jobs/{first['id']}"
    film = f"{place}/items/0"
    drift = page_heading("The last four weeks")
    return {
        "worklist": state("/", worklist),
        "worklist-suspicious": state("/?sort=-probability", worklist),
        "worklist-search": state("/", worklist, search("ward bed"), says("2 films")),
        "worklist-none": state("/", worklist, search("nobody"), says("No film matches")),
        "worklist-chosen": state("/", worklist, click("checkbox", "Choose all that are loaded")),
        "worklist-erasing": state(
            "/",
            worklist,
            click("checkbox", "Choose emergency.dcm"),
            click("button", "Erase"),
            dialog,
        ),
        "settings": state("/", worklist, click("button", "Settings"), says("Language")),
        "spanish": state("/", worklist, speak_spanish, says("Lista de trabajo")),
        "spanish-viewer": state("/", worklist, speak_spanish, _open("emergency.dcm"), scored),
        "submission": state(place, says("4 of 4 films done")),
        "submission-erased": state(f"/jobs/{erased['id']}", says("This job has been erased")),
        "viewer": state(film, scored),
        "viewer-side-by-side": state(film, scored, press("s")),
        "viewer-contours": state(film, scored, press("c")),
        "viewer-region": state(film, scored, press("g")),
        "viewer-turned": state(film, scored, lie_down),
        "viewer-judging": state(film, scored, press("a"), says("Comment, if you like")),
        "viewer-judged": state(f"/jobs/{stat['id']}/items/0", scored, says("A skin fold.")),
        "viewer-not-scored": state(f"{place}/items/2", film_alone, says("not_upright")),
        "viewer-failed": state(f"{place}/items/3", says("Could not be read")),
        "viewer-offline": state(film, scored, go_offline, click("button", "Next film")),
        "shortcuts": state(film, scored, press("?"), dialog),
        "shortcuts-changing": state(film, scored, press("?"), dialog, _change_keys),
        "model": state("/model", says("Operating point"), sees(drift)),
        "model-curves": state(
            "/model",
            scroll_to(lambda page: page.get_by_role("figure", name="ROC curve").get_by_text("As")),
        ),
        "model-drift": state("/model", sees(drift), scroll_to(_text("First reason"))),
    }


def page_heading(name: str) -> Callable[[Page], Locator]:
    return lambda page: page.get_by_role("heading", name=name)


def _text(text: str) -> Callable[[Page], Locator]:
    return lambda page: page.get_by_text(text)


def _open(name: str) -> Step:
    return lambda page: page.get_by_role("link", name=name).first.click()


def _change_keys(page: Page) -> None:
    page.get_by_role("button", name="Change keys").click()
    page.get_by_role("button", name="Key of Invert:").click()
    page.keyboard.press("m")


def _held_states(client: httpx.Client) -> dict[str, State]:
    """The worker stands still, so that films wait."""
    waiting = submit(client, *variants(6, first=40), reference="Ward 3")
    cancelled = submit(client, *variants(1, first=50))
    client.post(f"{cancelled['links']['self']}/cancel").raise_for_status()
    place = f"/jobs/{waiting['id']}"
    return {
        "worklist-waiting": state("/?state=queued", worklist),
        "submission-waiting": state(place, says("0 of 6 films done")),
        "viewer-waiting": state(f"{place}/items/0", says("The film is not read yet")),
        "viewer-cancelled": state(f"/jobs/{cancelled['id']}/items/0", says("was cancelled")),
        "not-ready": state("/", worklist, says("Service not ready")),
    }


def _locked(folder: Path) -> Generator[Group, None, None]:
    """It asks for a key."""
    database = Database(ServiceSettings(data_dir=folder).database_url)
    database.migrate()
    key = create_key(database, "ward 3")
    database.close()
    service = start_service(folder)
    field = sees(lambda page: page.get_by_label("Key"))

    def show(text: str) -> tuple[Step, Step]:
        return lambda page: page.keyboard.insert_text(text), press("Enter")

    try:
        yield Group(
            service.url,
            {
                "sign-in": state("/", field),
                "sign-in-refused": state(
                    "/", field, *show("pcam_wrong"), says("does not know this key")
                ),
                "signed-in": state("/", field, *show(key.text), says("No films yet")),
            },
        )
    finally:
        service.stop()
