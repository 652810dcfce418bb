"""Pictures: in the body, or by their address."""

import pytest

from ki2api.conversation import ImageLinkPart, ImagePart
from ki2api.errors import InvalidRequest
from ki2api.protocols.pictures import picture
from ki2api.protocols.reading import Unserved


def see(url: str) -> list[ImagePart | ImageLinkPart]:
    return list(picture(url, "m", "m.url", Unserved(drop=False)))


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,aGk=", "data:image/PNG;charset=utf-8;base64,aGk="],
)
def test_a_data_url_is_a_picture(url: str) -> None:
    assert see(url) == [ImagePart("png", "aGk=", "m")]


@pytest.mark.parametrize("url", ["https://a.example/b.png", "HTTP://a.example"])
def test_an_address_is_a_link_that_knows_its_own_place(url: str) -> None:
    assert see(url) == [ImageLinkPart(url, "m.url")]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("data:image/png,raw", "a picture is a data: URL"),
        ("file:///etc/passwd", "a picture is a data: URL"),
        ("", "a picture is a data: URL"),
        ("data:image/bmp;base64,aGk=", "pictures of type 'image/bmp' are not supported"),
    ],
)
def test_anything_else_is_refused_with_its_place(url: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refused:
        see(url)
    assert refused.value.path == "m.url"
