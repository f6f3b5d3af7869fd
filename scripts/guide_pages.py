"""The guides' pictures of other pages than the editor, of the project that ``guide_pictures.py`` makes."""

from typing import Any

from guide_pictures import Shot

PHONE = {"width": 390, "height": 720}
PLAIN = {"width": 1180, "height": 640}


def _picked(page: Any) -> None:
    checks = page.locator(".tile-check")
    page.locator(".tile").first.hover()
    checks.nth(0).click()
    checks.nth(4).click(modifiers=["Shift"])
    page.locator("summary", has_text="Selected 5").click()


def _reviewed(page: Any) -> None:
    page.get_by_role("button", name="XML", exact=True).click()
    config = page.locator("textarea[name=config]")
    said = config.input_value()
    config.fill(said.replace('value="RBC"', 'value="Red cell"').replace('<Label value="Platelets"/>', ""))
    gone = page.locator(".schema-gone label")
    gone.filter(has_text="RBC").locator("select").select_option(label="becomes Red cell")
    page.get_by_role("button", name="Review changes").click()
    page.locator(".schema-changes [data-change]").first.wait_for()
    page.locator(".schema-changes").evaluate("one => one.scrollIntoView({block: 'center'})")


def _tried(page: Any) -> Any:
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Try it").click()
    tried = opened.value
    tried.wait_for_selector('[data-face="task"]')
    return tried


def _mixed(page: Any) -> None:
    page.fill("#percent", "20")
    page.get_by_role("button", name="Mix in").click()
    page.get_by_text("The queue has 1").wait_for()
    page.reload()  # without the toast
    page.locator("#honeypots").evaluate("one => one.scrollIntoView({block: 'center'})")


def _sent_back(page: Any) -> None:
    page.fill("#comment", "@ann two cells at the lower border are missing")
    page.locator('[data-command="review.reject"]').click()
    page.wait_for_selector('[data-face]:not([data-face="task"]):not([hidden])')


def _as_it_is(page: Any) -> None:
    page.evaluate("document.fonts.ready")


SHOTS = (
    Shot("", "reviewer", "checked cells", _sent_back, "/review/{queue}/"),
    Shot("notifications", "annotator", "", _as_it_is, "/notifications/", "main tbody", PLAIN),
    Shot("bulk", "owner", "", _picked, "/p/cells/items/?query=class:WBC", ".tile", PLAIN),
    Shot("dry-run", "owner", "", _reviewed, "/p/cells/schemas/cells/edit/", "main form", PLAIN),
    Shot("try-it", "owner", "", _tried, "/p/cells/schemas/cells/edit/", "main form"),
    Shot("honeypots", "owner", "first cells", _mixed, "/p/cells/queues/{queue}/", "#honeypots", PLAIN),
    Shot("vote", "annotator", "doubtful cells", _as_it_is, "/vote/{queue}/", '[data-face="question"]', PHONE),
)
