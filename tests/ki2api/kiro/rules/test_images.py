from base64 import b64encode
from collections.abc import Callable
from struct import pack
from typing import Any

import pytest

from ki2api.conversation import ImageFormat, ImagePart, TextPart, ToolResultPart, Turn
from ki2api.errors import InvalidRequest
from ki2api.kiro.compose import Limits
from ki2api.kiro.limits import MIB
from ki2api.kiro.rules.images import LEFT_OUT

Hear = Callable[..., Any]
WORD = Turn("assistant", (TextPart("seen"),))
PATH = "messages[0].content[0]"


def image(data: bytes, declared: ImageFormat = "png") -> ImagePart:
    return ImagePart(declared, b64encode(data).decode(), PATH)


def show(*images: ImagePart) -> Turn:
    return Turn("user", images)


def test_an_image_goes_along(hear: Hear, png: str) -> None:
    heard = hear(show(ImagePart("png", png)))
    assert heard.turns[0]["images"] == [{"format": "png", "source": {"bytes": png}}]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
        (b"RIFF\0\0\0\0WEBP", "webp"),
    ],
)
def test_the_format_is_what_the_bytes_show(hear: Hear, head: bytes, found: str) -> None:
    declared: ImageFormat = "gif" if found == "png" else "png"
    heard = hear(show(image(head + bytes(20), declared)))
    assert heard.turns[0]["images"][0]["format"] == found
    assert "H17" in heard.rules


@pytest.mark.parametrize(
    "data", ["", "no base64!", "QQ", "Q===", "é", "bm8gaW1hZ2U=", "UklGRgAAAABBVkkg"]
)
def test_what_is_no_image_is_refused_with_its_place(hear: Hear, data: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hear(show(ImagePart("png", data, PATH)))
    assert caught.value.path == PATH


def test_line_breaks_in_base64_are_dropped(hear: Hear, png: str) -> None:
    heard = hear(show(ImagePart("png", f"{png[:9]}\r\n{png[9:]}\n")))
    assert heard.turns[0]["images"][0]["source"]["bytes"] == png


def test_an_image_over_the_limit_is_refused(hear: Hear) -> None:
    limits = Limits(max_image_bytes=28)
    assert hear(show(image(b"GIF89a" + bytes(22))), limits=limits)
    with pytest.raises(InvalidRequest, match="limit"):
        hear(show(image(b"GIF89a" + bytes(23))), limits=limits)


def test_the_oldest_images_over_the_limit_are_left_out(hear: Hear) -> None:
    one, two, three, four = (image(b"GIF89a" + bytes([each] * 20), "gif") for each in range(4))
    heard = hear(show(one), WORD, show(two, three), WORD, show(four), limits=Limits(max_images=2))
    kept = [turn.get("images", []) for turn in heard.turns]
    assert [[each["source"]["bytes"] for each in images] for images in kept] == [
        [],
        [],
        [three.data],
        [],
        [four.data],
    ]
    assert heard.turns[0]["content"] == LEFT_OUT
    assert LEFT_OUT in heard.turns[2]["content"]
    assert heard.rules.count("H17") == 2


def test_past_images_are_left_out_where_they_weigh_too_much_and_never_the_newest(
    hear: Hear,
) -> None:
    big = image(b"GIF89a" + bytes(900), "gif")
    heard = hear(show(big), WORD, show(big), WORD, show(big, big), limits=Limits(max_weight=2_500))
    assert [len(turn.get("images", [])) for turn in heard.turns] == [0, 0, 0, 0, 2]
    heard = hear(show(big), WORD, show(big), limits=Limits(max_weight=2_500))
    assert [len(turn.get("images", [])) for turn in heard.turns] == [1, 0, 1]


def test_a_model_without_eyes_gets_no_image_of_the_past(hear: Hear, png: str) -> None:
    heard = hear(
        show(ImagePart("png", png)), WORD, Turn("user", (TextPart("what?"),)), model="glm-5"
    )
    assert heard.turns[0]["content"] == LEFT_OUT
    assert "images" not in heard.turns[0]


def test_a_model_without_eyes_cannot_be_shown_an_image(hear: Hear, png: str) -> None:
    result = ToolResultPart("1", (ImagePart("png", png, PATH),))
    with pytest.raises(InvalidRequest, match=r"glm-5 reads no images") as caught:
        hear(Turn("user", (result,)), model="glm-5")
    assert caught.value.path == PATH


def test_a_refusal_has_the_figure_and_the_limit(hear: Hear) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hear(show(image(b"GIF89a" + bytes(13 * MIB))))
    assert (
        caught.value.message == f"{PATH}: The image has 13.1 MiB, the limit is 10 MiB (rule H17)."
    )
    with pytest.raises(InvalidRequest) as caught:
        hear(show(image(b"GIF89a" + pack("<HH", 8_001, 2))))
    assert caught.value.message == (
        f"{PATH}: The image is 8001 pixels long, the limit is 8000 (rule H17)."
    )


def test_it_is_said_why_an_older_image_was_left_out(hear: Hear) -> None:
    one, big = image(b"GIF89a" + bytes(20), "gif"), image(b"GIF89a" + bytes(900), "gif")
    count = hear(show(one), WORD, show(one), limits=Limits(max_images=1))
    weight = hear(show(big), WORD, show(big), WORD, show(big), limits=Limits(max_weight=2_500))
    blind = hear(show(one), WORD, Turn("user", (TextPart("what?"),)), model="glm-5")
    told = [each.text for heard in (count, weight, blind) for each in heard.composed.repairs]
    assert [text for text in told if text.startswith("an older")] == [
        "an older image was left out: the limit is 1",
        "an older image was left out: together they weigh more than the model takes",
        "an older image was left out: the model glm-5 reads none",
    ]
