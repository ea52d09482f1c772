"""Filling a dataset with the keyboard alone: by hand, with recorded calls, from a spreadsheet; changing an item and undoing."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.keyboard import tab_to, write
from tests.browser.test_journey import go
from tests.monitoring.factories import make_trace
from workers import tasks


def test_from_an_empty_list_to_an_imported_file_needs_no_mouse(page, project):
    make_trace(project, asked="Where is my money?", answered="On its way.")
    page.goto(f"/p/{project.slug}/")

    make_dataset(page)
    write_an_item(page)
    add_a_recorded_call(page)
    change_an_item(page)
    see_what_changed(page)
    remove_and_bring_back(page)
    import_rows(page)


def make_dataset(page: Page) -> None:
    go(page, "d", "Datasets")
    page.keyboard.press("n")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.insert_text("support/refunds")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="refunds")).to_be_visible()
    expect(page.get_by_text("Nothing in it yet")).to_be_visible()
    page.wait_for_load_state("load")


def write_an_item(page: Page) -> None:
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1, name="New item")).to_be_visible()
    tab_to(page, "Name of the blank")
    page.keyboard.insert_text("question")
    tab_to(page, "Its value")
    page.keyboard.insert_text("When do I get my refund?")
    tab_to(page, "Expected answer")
    page.keyboard.insert_text("Within five days.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toasts")).to_contain_text("Item 1 is in the dataset")
    expect(page.get_by_role("table", name="Items")).to_contain_text("When do I get my refund?")


def add_a_recorded_call(page: Page) -> None:
    go(page, "e", "Explore")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 chosen")).to_be_visible()
    tab_to(page, "Add to dataset", back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Add to dataset")).to_be_visible()
    expect(page.locator("main")).to_contain_text("1 chosen trace")
    expect(page.get_by_label("Name of the new dataset")).to_be_hidden()
    tab_to(page, "The recorded answers are right")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toasts")).to_contain_text("1 item added to support/refunds")
    expect(page.get_by_role("table", name="Items")).to_contain_text("On its way.")


def change_an_item(page: Page) -> None:
    page.wait_for_load_state("load")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Item 1")).to_be_visible()
    tab_to(page, "Expected answer")
    write(page, "Within three days.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toasts")).to_contain_text("Item 1 is saved")


def see_what_changed(page: Page) -> None:
    page.wait_for_load_state("load")
    tab_to(page, "revision 3")
    page.keyboard.press("Enter")
    expect(page.locator("main del")).to_have_text("five")
    expect(page.locator("main ins")).to_have_text("three")


def remove_and_bring_back(page: Page) -> None:
    tab_to(page, "Item 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Item 1")).to_be_visible()
    tab_to(page, "Remove")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Removed in revision 4")).to_be_visible()
    tab_to(page, "Bring it back")
    page.keyboard.press("Enter")
    expect(page.locator(".toasts")).to_contain_text("Item 1 is in the dataset again")


def import_rows(page: Page) -> None:
    go(page, "d", "Datasets")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="refunds")).to_be_visible()
    tab_to(page, "Import")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Import into support/refunds")).to_be_visible()
    tab_to(page, "Or paste rows")
    page.keyboard.insert_text("question\t__expected\nWhere is it?\tHere\nWho is it?\tMe\n")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 rows can be imported")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Importing")).to_be_visible()
    tasks.run_jobs("evals")
    expect(page.get_by_text("2 items added as revision 6")).to_be_visible()
    tab_to(page, "Show the items")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name="Items")).to_contain_text("Who is it?")
