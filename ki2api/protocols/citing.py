"""Citations in OpenAI's form: a link behind the words, and a note of where that link stands."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from ki2api.conversation import WebPage

_ESCAPED = str.maketrans({"(": "%28", ")": "%29", " ": "%20"})


def links(pages: Sequence[WebPage], start: int) -> tuple[str, list[dict[str, Any]]]:
    """Write links to pages as Markdown, and say of each where in the whole text it stands.

    `start` is how many characters stand before. Each note has OpenAI's four fields of a citation.
    """
    text = ""
    notes: list[dict[str, Any]] = []
    for page in pages:
        link = f"([{_site(page.url)}]({page.url.translate(_ESCAPED)}))"
        begin = start + len(text) + 1
        text += f" {link}"
        place = {"start_index": begin, "end_index": begin + len(link)}
        notes.append({**place, "title": page.title, "url": page.url})
    return text, notes


def _site(url: str) -> str:
    """Return the host of an address, as a reader knows it."""
    return (urlsplit(url).hostname or url).removeprefix("www.")
