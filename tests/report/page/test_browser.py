"""A report in a real browser, from disk and without a network: it is read, sorted and opened."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from stored_run import answers, draw_pictures, store_run

from fastcnn.narrator import HushedNarrator
from fastcnn.report.page.subject import ScoredModel, Subject
from fastcnn.report.page.unlabelled import render_unlabelled
from fastcnn.reporting import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WIDTHS = {"phone": 390, "desktop": 1280}

Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two strategies on twelve classes, some with names as nobody should give."""
    classes = [f"kind_{number}" for number in range(10)] + ["<b>bold</b> & 'quoted'", 'a "b" $x_1$']
    run = store_run(tmp_path_factory.mktemp("report"), classes, n=96)
    return write_report(run, narrator=HushedNarrator(quiet=True))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None and os.environ.get("CI"):
        pytest.fail("no Chromium is installed here, and CI shall not do without: see .ci/run")
    if program is None:
        pytest.skip("no Chromium is installed here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install '.[dev]'")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, report: Path) -> Callable[..., Any]:
    """Open the report in a context of its own; leaving it fails on any error of the page."""

    @contextmanager
    def opened(file: Path | None = None, **context: Any) -> Iterator[Any]:
        with browser.new_context(offline=True, **context) as alone:
            page = alone.new_page()
            page.set_default_timeout(10_000)
            said: list[str] = []
            asked: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            page.goto((file or report).as_uri())
            yield page
            assert said == []
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []

    return opened


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: they are for people to look at."""
    given = os.environ.get("FASTCNN_SCREENSHOTS")
    folder = Path(given) if given else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("device", WIDTHS)
def test_no_page_is_wider_than_its_screen(visit: Visit, shots: Path, device: str) -> None:
    with visit(viewport={"width": WIDTHS[device], "height": 844}) as page:
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=shots / f"{device}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_heading_sorts_the_classes(visit: Visit, by: str) -> None:
    with visit(viewport={"width": WIDTHS["desktop"], "height": 900}) as page:
        table = page.locator("#m0-classes table")

        def sort(heading: str) -> list[str]:
            button = table.get_by_role("button", name=heading, exact=True)
            if by == "keyboard":
                button.focus()
                page.keyboard.press("Enter")
            else:
                button.click()
            place = button.evaluate("one => one.parentElement.cellIndex + 1")
            return list(table.locator(f"tbody tr > :nth-child({place})").all_inner_texts())

        precision = table.locator("th", has_text="Precision")
        falling = [float(text[:5]) for text in sort("Precision")]
        assert falling == sorted(falling, reverse=True) and len(set(falling)) > 1
        assert precision.get_attribute("aria-sort") == "descending"
        rising = [float(text[:5]) for text in sort("Precision")]
        assert rising == falling[::-1] == sorted(falling)
        assert precision.get_attribute("aria-sort") == "ascending"
        names = sort("Class")
        assert precision.get_attribute("aria-sort") == "none"
        assert names[-10:] == [f"kind_{number}" for number in range(10)]
        assert sort("Class") == names[::-1]


def test_a_confusion_opens_its_images(visit: Visit, shots: Path) -> None:
    """By a click, and closed by its button; by the keyboard, and closed by Escape."""
    with visit(viewport={"width": WIDTHS["phone"], "height": 844}) as page:
        cell = page.locator("#m0-confusions td.wrong button").first
        name = cell.get_attribute("popovertarget")
        dialog = page.locator(f"#{name}")
        assert not dialog.is_visible()
        cell.click()
        assert dialog.is_visible()
        shown = dialog.locator("svg.picture")
        assert shown.count() == int(cell.inner_text())
        assert shown.first.get_attribute("aria-label") in dialog.inner_text()
        sides = shown.first.locator("use").evaluate("one => one.getBBox().width")
        assert sides >= 40  # the picture is there, not only its frame
        page.screenshot(path=shots / "confusion-phone.png")
        dialog.get_by_role("button", name="Close").click()
        assert not dialog.is_visible()
        cell.focus()
        page.keyboard.press("Enter")
        assert dialog.is_visible()
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert page.evaluate("document.activeElement.getAttribute('popovertarget')") == name


def test_arrow_keys_go_through_the_matrix(visit: Visit) -> None:
    with visit(viewport={"width": WIDTHS["desktop"], "height": 900}) as page:
        matrix = page.locator("#m0-confusions table.matrix")
        assert matrix.locator("button[tabindex='0']").count() == 1
        first = matrix.locator("tbody tr").first.locator("button")
        first.first.focus()
        page.keyboard.press("ArrowRight")
        second = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert second == first.nth(1).get_attribute("aria-label")
        assert matrix.locator("button[tabindex='0']").count() == 1


def test_strange_names_stay_text(visit: Visit) -> None:
    with visit(viewport={"width": WIDTHS["desktop"], "height": 900}) as page:
        assert page.locator("#m0-classes th", has_text="<b>bold</b> & 'quoted'").count() == 1
        assert page.locator("b", has_text="bold").filter(has_not_text="<b>").count() == 0


def test_it_prints_without_what_cannot_be_clicked(visit: Visit, shots: Path) -> None:
    with visit(viewport={"width": WIDTHS["desktop"], "height": 900}) as page:
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert page.locator("#verdict").is_visible()
        page.pdf(path=shots / "print.pdf", format="A4")
        assert (shots / "print.pdf").stat().st_size > 50_000


@pytest.mark.parametrize("device", WIDTHS)
def test_a_page_of_images_without_labels_is_a_page_too(
    visit: Visit, shots: Path, tmp_path: Path, device: str
) -> None:
    paths = draw_pictures(tmp_path / "new", ["cat", "dog", "fox"], 24)
    table = answers(paths, ["cat", "dog", "fox"], seed=0, skill=1.0)
    unlabelled = table.drop(columns=["target", "correct", "loss"])
    subject = Subject("new", None, [ScoredModel("head", unlabelled, tmp_path / "new")])
    file = tmp_path / "unlabelled.html"
    file.write_text(render_unlabelled(subject, saliency=False, narrator=HushedNarrator(quiet=True)))
    with visit(file, viewport={"width": WIDTHS[device], "height": 844}) as page:
        page.screenshot(path=shots / f"unlabelled-{device}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]
        page.get_by_role("button", name="Mean confidence").click()
        column = page.locator("#seen tbody tr > :nth-child(4)").all_inner_texts()
        assert column == sorted(column, reverse=True) and len(column) == 3
        page.get_by_role("link", name="How it was made").click()
        assert page.get_by_text("No run is known that trained this model").is_visible()


def test_what_is_cut_off_says_so(visit: Visit) -> None:
    """On a phone the wide tables; on a desk nothing that fits."""
    for device, is_cut in (("phone", True), ("desktop", False)):
        with visit(viewport={"width": WIDTHS[device], "height": 844}) as page:
            box = page.locator("#m0-classes .scroll")
            page.wait_for_timeout(100)
            assert ("wide" in (box.get_attribute("class") or "").split()) == is_cut
