"""People with keys: signing in, working with the keyboard alone, and never seeing each other's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.identity.keys import NewKey, create_key, revoke_key
from jobs.record.database import Database
from jobs.settings import ServiceSettings
from jobs.states import Scope
from tests.service.conftest import PROJECTED_FILM, PROJECTED_OPACITY, Service, start_service
from tests.service.dashboard import (
    READ_MS,
    open_submitted,
    submit_films,
    submitted,
    tab_to,
    visitor,
    write_variants,
)


@dataclass(frozen=True)
class Locked:
    """A service that asks for keys, and its database."""

    service: Service
    database: Database

    def new_key(self, name: str, *more: Scope) -> NewKey:
        return create_key(self.database, name, scopes=[Scope.SUBMIT, Scope.READ, *more])


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """A service of its own, because a key closes it to the tests without one."""
    folder = tmp_path_factory.mktemp("locked")
    database = Database(ServiceSettings(data_dir=folder).database_url)
    database.migrate()
    create_key(database, "first")
    service = start_service(folder)
    yield Locked(service, database)
    service.stop()
    database.close()


def sign_in(page: Page, key: NewKey) -> None:
    expect(page.get_by_label("Key")).to_be_focused()
    page.keyboard.type(key.text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_key_opens_the_dashboard_until_it_is_revoked(browser: Browser, locked: Locked) -> None:
    key = locked.new_key("ward 3")
    with visitor(browser, locked.service.url) as page:
        page.goto("/submit")
        sign_in(page, key)
        expect(page.get_by_role("heading", name="Submit films")).to_be_visible()
        submit_films(page, PROJECTED_OPACITY)
        expect(open_submitted(page, PROJECTED_OPACITY)).to_be_visible()
        [cookie] = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert key.text not in page.evaluate("document.cookie + JSON.stringify(localStorage)")

        revoke_key(locked.database, key.id)
        page.goto("/")

        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_key_is_refused_in_words(browser: Browser, locked: Locked) -> None:
    with visitor(browser, locked.service.url) as page:
        page.goto("/")
        expect(page.get_by_label("Key")).to_be_focused()
        page.keyboard.type("pcam_000000000000_wrong")
        page.keyboard.press("Enter")

        expect(page.get_by_role("alert")).to_contain_text("does not know this key")
        expect(page.get_by_label("Key")).to_be_focused()


def test_two_people_never_see_each_others_films(
    browser: Browser, locked: Locked, tmp_path: Path
) -> None:
    origin = locked.service.url
    [his, hers] = write_variants(tmp_path, 2, first=60)
    with visitor(browser, origin) as one, visitor(browser, origin) as other:
        one.goto("/")
        sign_in(one, locked.new_key("one"))
        submit_films(one, his)
        open_submitted(one, his)
        film = one.url
        other.goto("/")
        sign_in(other, locked.new_key("other"))
        expect(other.get_by_text("No films yet")).to_be_visible()

        other.get_by_label("File name or reference").fill(his.name)
        expect(other.get_by_text("No film matches")).to_be_visible()
        for address in (film, film.partition("/items")[0]):
            other.goto(address)
            expect(other.get_by_text("This could not be loaded")).to_be_visible()
            expect(other.get_by_test_id("probability")).to_have_count(0)
            expect(other.get_by_text(his.name)).to_have_count(0)
        other.goto("/")
        submit_films(other, hers)
        open_submitted(other, hers)
        one.goto("/")

        expect(one.get_by_role("link", name=his.name)).to_be_visible()
        expect(one.get_by_text(hers.name)).to_have_count(0)
        other.goto("/")
        expect(other.get_by_role("link", name=hers.name)).to_be_visible()
        expect(other.get_by_text(his.name)).to_have_count(0)


def test_the_whole_way_is_gone_with_the_keyboard_alone(browser: Browser, locked: Locked) -> None:
    """From the sign-in over the file dialog, list and viewer to the erased jobs."""
    films = (PROJECTED_FILM, PROJECTED_OPACITY)
    with visitor(browser, locked.service.url) as page:
        page.goto("/submit")
        sign_in(page, locked.new_key("keyboard", Scope.ERASE))
        expect(page.get_by_role("heading", name="Submit films")).to_be_visible()

        # Asked for before the keys: the browser hears of it on another way than of a key.
        with page.expect_file_chooser() as chooser:
            tab_to(page, page.get_by_role("button", name="Choose films"))
            page.keyboard.press("Enter")
        chooser.value.set_files(films)
        expect(submitted(page).get_by_role("meter")).to_have_count(2, timeout=READ_MS)

        page.keyboard.press("Control+Home")
        tab_to(page, page.get_by_role("link", name="Open worklist"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
        links = page.get_by_role("row").get_by_role("link")
        expect(links).to_have_count(2)
        tab_to(page, links.first)
        page.keyboard.press("ArrowDown")
        expect(links.nth(1)).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(links.first).to_be_focused()
        first = links.first.inner_text()
        page.keyboard.press("Enter")

        look_with_keys(page)
        page.keyboard.press("a")
        expect(page.get_by_label("Comment, if you like")).to_be_focused()
        page.keyboard.type("As seen")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Agree, said on")).to_be_visible()
        expect(page.get_by_label("Comment, if you like")).to_have_count(0)
        # Out of the field that is gone, a key is the viewer's again.
        page.keyboard.press("Escape")

        expect(page.get_by_role("link", name=first)).to_be_focused()
        page.keyboard.press("Space")
        expect(page.get_by_role("region", name="Chosen films")).to_contain_text("1 film chosen")
        tab_to(page, page.get_by_role("button", name="Erase 1 job"))
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Erase 1 job?")
        expect(dialog).to_be_visible()
        tab_to(page, dialog.get_by_role("button", name="Erase 1 job"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("No films yet")).to_be_visible()


def look_with_keys(page: Page) -> None:
    """Over two films, as a reader does, ending at the first."""
    expect(page.get_by_test_id("activation-map")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_test_id("activation-map")).to_have_count(0)
    page.keyboard.press("m")
    page.keyboard.press("]")
    expect(page.get_by_test_id("activation-map")).to_have_css("opacity", "0.55")
    page.keyboard.press("Shift+ArrowUp")
    expect(page.get_by_text("W 256 L 120")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_have_count(0)
    page.keyboard.press("PageDown")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.keyboard.press("PageUp")
    expect(page.get_by_text("1 of 2")).to_be_visible()
