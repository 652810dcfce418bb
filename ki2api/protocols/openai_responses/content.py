"""The content of Responses' items as canonical parts."""

from collections.abc import Iterator

from ki2api.conversation import ResultContent, TextPart
from ki2api.errors import InvalidRequest
from ki2api.protocols.files import NOT_FETCHED, NOT_STORED, attached_file
from ki2api.protocols.openai_responses import wire
from ki2api.protocols.pictures import picture
from ki2api.protocols.reading import Unserved


def shown(contents: wire.Contents, at: str, unserved: Unserved) -> Iterator[ResultContent]:
    """Read words, pictures and files; a bare string is a text."""
    if isinstance(contents, str):
        yield TextPart(contents, at)
        return
    for index, content in enumerate(contents or ()):
        yield from _shown(content, f"{at}[{index}]", unserved)


def joined(contents: list[wire.Content] | None) -> str:
    """Return the words of a list of texts."""
    return "\n\n".join(content.text for content in contents or () if content.text)


def _shown(content: wire.Content, at: str, unserved: Unserved) -> Iterator[ResultContent]:
    match content.type:
        case "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text":
            yield TextPart(_required(content.text, f"{at}.text"), at)
        case "refusal":
            yield TextPart(_required(content.refusal, f"{at}.refusal"), at)
        case "input_image" | "image_url" | "computer_screenshot":
            yield from _image(content, at, unserved)
        case "input_file" if content.file_url:
            unserved.found(f"{at}.file_url", NOT_FETCHED)
        case "input_file":
            yield from attached_file(
                content.file_data, content.file_id, content.filename, at, unserved
            )
        case other:
            unserved.found(at, f"content of type {other!r} is not supported")


def _image(content: wire.Content, at: str, unserved: Unserved) -> Iterator[ResultContent]:
    match content.image_url:
        case wire.ImageURL(url=url):
            yield from picture(url, at, f"{at}.image_url.url", unserved)
        case str(url):
            yield from picture(url, at, f"{at}.image_url", unserved)
        case None if content.file_id:
            unserved.found(f"{at}.file_id", NOT_STORED)
        case _:
            raise InvalidRequest("Field required", path=f"{at}.image_url")


def _required(text: str | None, at: str) -> str:
    if text is None:
        raise InvalidRequest("Field required", path=at)
    return text
