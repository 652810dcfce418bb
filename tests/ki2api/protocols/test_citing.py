"""Citations in OpenAI's form."""

from ki2api.conversation import WebPage
from ki2api.protocols.citing import links

PAGE = WebPage(1, "https://www.a.test/wiki/A_(letter)", "A")
OTHER = WebPage(2, "https://b.test/", "B")


def test_each_note_says_where_its_link_stands() -> None:
    before = "A and B are."
    text, notes = links((PAGE, OTHER), len(before))
    assert text == (
        " ([a.test](https://www.a.test/wiki/A_%28letter%29)) ([b.test](https://b.test/))"
    )
    whole = before + text
    assert [whole[note["start_index"] : note["end_index"]] for note in notes] == [
        "([a.test](https://www.a.test/wiki/A_%28letter%29))",
        "([b.test](https://b.test/))",
    ]
    assert [(note["title"], note["url"]) for note in notes] == [
        ("A", PAGE.url),
        ("B", OTHER.url),
    ]


def test_without_pages_there_is_nothing() -> None:
    assert links((), 7) == ("", [])


def test_an_address_without_a_host_names_itself() -> None:
    assert links((WebPage(1, "a.test", "A"),), 0)[0] == " ([a.test](a.test))"
