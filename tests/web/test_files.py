"""Pictures and other files, from attaching them to the other person's screen."""

from pathlib import Path

from playwright.async_api import expect

from tests.web.files import PDF, hills, photo_of_12_mib
from tests.web.people import People


async def test_a_photo_is_shown_as_a_thumbnail_and_opens_in_full_size(people: People, tmp_path: Path) -> None:
    photo = hills(tmp_path / "hills.jpg")
    ann, bob = await people.pair()

    await ann.attach(photo)
    await ann.send("Look")

    shown = bob.message("Look").get_by_role("button", name="Open image hills.jpg")
    await expect(shown.locator("img")).to_have_js_property("complete", value=True)
    assert await shown.locator("img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") < 1600
    await shown.click()
    large = bob.dialog.get_by_role("img", name="hills.jpg")
    await expect(large).to_have_js_property("naturalWidth", 1600)


async def test_a_document_is_a_link_with_name_and_size_and_downloads_the_same_bytes(
    people: People, tmp_path: Path
) -> None:
    document = tmp_path / "plan.pdf"
    document.write_bytes(PDF)
    ann, bob = await people.pair()

    await ann.attach(document)
    await ann.send("The plan")

    link = bob.message("The plan").get_by_role("link", name="plan.pdf")
    await expect(link).to_contain_text(f"{len(PDF)} byte")
    async with bob.page.expect_download() as started:
        await link.click()
    await (await started.value).save_as(tmp_path / "received")
    assert (tmp_path / "received").read_bytes() == PDF


async def test_a_file_of_an_unsupported_type_is_rejected_and_the_text_stays(people: People, tmp_path: Path) -> None:
    program = tmp_path / "tool.exe"
    program.write_bytes(b"MZ" + bytes(2000))
    ann, _ = await people.pair()

    await ann.composer.fill("With this tool")
    await ann.attach(program)

    await expect(ann.page.get_by_role("alert")).to_contain_text("This file type isn't supported")
    await expect(ann.composer).to_have_value("With this tool")
    await ann.page.get_by_role("button", name="Remove tool.exe").click()
    await ann.composer.press("Enter")
    await expect(ann.tick("With this tool")).to_be_visible()


async def test_a_file_that_is_too_large_is_rejected_with_the_limit_and_the_text_stays(
    people: People, tmp_path: Path
) -> None:
    film = tmp_path / "film.pdf"
    with film.open("wb") as file:
        file.write(PDF)
        file.truncate(200 * 1024 * 1024)
    ann, _ = await people.pair()

    await ann.composer.fill("My film")
    await ann.attach(film)

    await expect(ann.page.get_by_role("alert")).to_contain_text("too large. The maximum is")
    await expect(ann.composer).to_have_value("My film")


async def test_a_photo_of_12_mib_and_a_document_fit_in_one_message(people: People, tmp_path: Path) -> None:
    photo = photo_of_12_mib(tmp_path / "large.jpg")
    document = tmp_path / "plan.pdf"
    document.write_bytes(PDF)
    ann, bob = await people.pair()

    await ann.attach(photo, document)
    await ann.send("Both")

    # The message is sent once its files are uploaded; until then it shows their progress.
    await expect(ann.tick("Both")).to_be_visible()
    await expect(bob.message("Both").get_by_role("link", name="plan.pdf")).to_be_visible()
    shown = bob.message("Both").get_by_role("button", name="Open image large.jpg").locator("img")
    await expect(shown).to_have_js_property("complete", value=True)
    assert 0 < await shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") < 2_600
