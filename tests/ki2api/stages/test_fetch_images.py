"""The stage that fetches pictures."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence

import pytest

from ki2api.conversation import (
    Conversation,
    ImageLinkPart,
    ImagePart,
    Part,
    TextPart,
    ToolResultPart,
    Turn,
)
from ki2api.errors import InvalidRequest
from ki2api.fetching.fetcher import Fetcher, Unfetched
from ki2api.flow import GatewayFlow
from ki2api.stages.fetch_images import LEFT_OUT, FetchImages, FetchImagesConfig
from pipeline.testing import build_flow, run_stage

pytestmark = pytest.mark.anyio
GIF = b"GIF89a"
DATA = b64encode(GIF).decode()


class Web(Fetcher):
    """Has a picture at every address, but for some."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[tuple[str, int]] = []

    async def fetch(self, address: str, most: int) -> bytes:
        self.fetched.append((address, most))
        if "missing" in address:
            raise Unfetched("its host answered 404")
        if "late" in address:
            await asyncio.Event().wait()
        return b"<html>" if "page" in address else GIF


def link(name: str) -> ImageLinkPart:
    return ImageLinkPart(f"https://a.example/{name}", f"at {name}")


def image(name: str) -> ImagePart:
    return ImagePart("gif", DATA, f"at {name}")


async def run(
    web: Web, *turns: Sequence[Part], config: FetchImagesConfig | None = None
) -> GatewayFlow:
    conversation = Conversation("m", tuple(Turn("user", tuple(parts)) for parts in turns))
    flow = build_flow(GatewayFlow, conversation=conversation)
    return await run_stage(FetchImages(config or FetchImagesConfig(), web), flow)


async def test_pictures_stand_where_their_addresses_stood() -> None:
    web = Web()
    result = ToolResultPart("1", (TextPart("x"), link("b")))
    flow = await run(web, [TextPart("see"), link("a")], [result])
    first, second = flow.conversation.turns
    assert first.parts == (TextPart("see"), image("a"))
    assert second.parts == (ToolResultPart("1", (TextPart("x"), image("b"))),)
    assert [note.text for note in flow.notes] == ["2 fetched, 0 left out"]
    assert {most for _, most in web.fetched} == {5 * 1024 * 1024}


async def test_without_an_address_nothing_is_done() -> None:
    web = Web()
    flow = await run(web, [TextPart("hi"), image("a")])
    assert (web.fetched, flow.notes) == ([], [])


async def test_an_address_that_comes_twice_is_fetched_once() -> None:
    web = Web()
    again = ImageLinkPart("https://a.example/a", "again")
    flow = await run(web, [link("a")], [again])
    assert len(web.fetched) == 1
    assert [turn.parts for turn in flow.conversation.turns] == [
        (image("a"),),
        (ImagePart("gif", DATA, "again"),),
    ]


async def test_of_too_many_the_newest_are_fetched() -> None:
    flow = await run(Web(), [link("a"), link("b")], [link("c")], config=FetchImagesConfig(most=2))
    assert [turn.parts for turn in flow.conversation.turns] == [
        (TextPart(LEFT_OUT, "at a"), image("b")),
        (image("c"),),
    ]
    assert [note.text for note in flow.notes] == ["2 fetched, 1 left out"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", "was not fetched: its host answered 404"),
        ("page", "none of png, jpeg, gif and webp"),
        ("late", "within 0.01 s"),
    ],
)
async def test_a_picture_that_cannot_be_had_is_refused_with_its_place(name: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refused:
        await run(Web(), [link("a"), link(name)], config=FetchImagesConfig(seconds=0.01))
    assert refused.value.path == f"at {name}"


async def test_of_a_dry_flow_nothing_is_fetched() -> None:
    web = Web()
    conversation = Conversation("m", (Turn("user", (TextPart("see"), link("a"))),))
    flow = build_flow(GatewayFlow, conversation=conversation)
    flow.dry = True
    await run_stage(FetchImages(FetchImagesConfig(), web), flow)
    (turn,) = flow.conversation.turns
    assert turn.parts == (TextPart("see"), TextPart(LEFT_OUT, "at a"))
    assert [note.text for note in flow.notes] == [
        "1 would be fetched; here [image] stands for each"
    ]
    assert web.fetched == []
