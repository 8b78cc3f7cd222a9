"""Files of a session on the console's page."""

from pathlib import Path

from cellblock_client.client import Session
from tests.support.browser import Page
from tests.support.pictures import gif

CSV = 'city,rain\n"Köln, am Rhein",840.5\n"say ""hi""",1\n'


def preview(page: Page, name: str) -> None:
    page.click("#refresh-files")
    page.click("#file-list button", name)
    page.one("#preview")


def test_a_text_file_is_previewed(page: Page, session: Session) -> None:
    session.files.write("notes.txt", "first\nsecond ☕\n".encode())
    preview(page, "notes.txt")
    page.says("first\nsecond ☕\n", "#preview pre")
    assert page.text("#preview-note") == "17 B"


def test_a_table_has_rows_and_columns(page: Page, session: Session) -> None:
    session.files.write("rain.csv", CSV.encode())
    preview(page, "rain.csv")
    page.until(lambda: page.all("#preview td"))
    assert [cell.text for cell in page.all("#preview th")] == ["city", "rain"]
    cells = [cell.text for cell in page.all("#preview td")]
    assert cells == ["Köln, am Rhein", "840.5", 'say "hi"', "1"]


def test_an_image_is_shown_whatever_its_name(page: Page, session: Session) -> None:
    session.files.write("picture.bin", gif(30, 20))
    preview(page, "picture.bin")
    width = "return document.querySelector('#preview img')?.naturalWidth"
    page.until(lambda: page.script(width) == 30)


def test_bytes_are_shown_as_such(page: Page, session: Session) -> None:
    session.files.write("raw.png", b"\xff\x00\x01not text")
    preview(page, "raw.png")
    page.says("ff 00 01 6e", "#preview pre")


def test_only_the_beginning_of_a_long_file_is_fetched(page: Page, session: Session) -> None:
    session.files.write("long.txt", b"x" * 600_000)
    preview(page, "long.txt")
    page.says("the first 256 KiB of 585.9 KiB", "#preview-note")


def test_a_file_is_downloaded(page: Page, session: Session) -> None:
    name = f"of {session.id}.csv"
    session.files.write(name, CSV.encode())
    page.click("#refresh-files")
    page.click("#file-list a")
    saved = page.downloads / name
    page.until(saved.exists)
    assert saved.read_text() == CSV


def test_a_generated_file_is_listed_after_its_session_ended(page: Page, session: Session) -> None:
    page.run("open('/mnt/data/kept.txt', 'w').write('kept')")
    page.finished()
    page.until(lambda: page.all(".note a"))
    session.delete()
    page.until(lambda: page.text("#session-facts .state") == "deleted")
    page.click(".note button")
    page.says("kept", "#preview pre")


def test_a_file_is_uploaded(page: Page, session: Session, tmp_path: Path) -> None:
    mine = tmp_path / "größe.txt"
    mine.write_bytes(b"1" * 3_000_000)
    page.until(lambda: page.one("#upload").is_enabled())
    page.driver.find_element("id", "upload-input").send_keys(str(mine))
    page.says("größe.txt", "#file-list")
    assert session.files.read("größe.txt") == mine.read_bytes()
