"""Fetches pictures that are given by their address; not in the chain unless it is put there."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta
from msgspec.structs import replace

from ki2api.conversation import (
    Conversation,
    ImageLinkPart,
    ImagePart,
    Part,
    ResultContent,
    TextPart,
    ToolResultPart,
)
from ki2api.errors import InvalidRequest
from ki2api.fetching.fetcher import Fetcher, Unfetched
from ki2api.flow import GatewayFlow
from ki2api.kiro.magic import image_format
from pipeline import Next, Stage, StageConfig

LEFT_OUT = "[image]"
_MIB = 1024 * 1024

Fetched: TypeAlias = Mapping[str, ImagePart]
"""Pictures by their addresses."""


class FetchImagesConfig(StageConfig, frozen=True):
    """How much is fetched for one request."""

    most: Annotated[int, Meta(ge=1, le=10)] = 10
    """Pictures; of more, the newest."""
    max_mib: Annotated[float, Meta(gt=0, le=10)] = 5.0
    """For each picture."""
    seconds: Annotated[float, Meta(gt=0, le=60)] = 5.0
    """For all pictures of a request together."""


class FetchImages(Stage[GatewayFlow, FetchImagesConfig]):
    """Puts pictures where the conversation has only their addresses."""

    name = "fetch-images"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation"})

    def __init__(self, config: FetchImagesConfig, fetcher: Fetcher) -> None:
        super().__init__(config)
        self._fetcher = fetcher

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Change `flow.conversation`; raises InvalidRequest where a picture cannot be had."""
        newest = {link.url: link for link in reversed(list(_links(flow.conversation)))}
        if newest:
            wanted = list(newest.values())[: self.config.most]
            fetched = {} if flow.dry else await self._fetch(wanted)
            flow.conversation = _shown(flow.conversation, fetched)
            told = f"{len(fetched)} fetched, {len(newest) - len(fetched)} left out"
            would = f"{len(wanted)} would be fetched; here {LEFT_OUT} stands for each"
            flow.note(self.name, would if flow.dry else told)
        await call_next(flow)

    async def _fetch(self, links: list[ImageLinkPart]) -> Fetched:
        tasks: list[asyncio.Task[ImagePart]] = []
        try:
            async with asyncio.timeout(self.config.seconds), asyncio.TaskGroup() as group:
                tasks += [group.create_task(self._one(link)) for link in links]
        except TimeoutError:
            each = zip(links, tasks, strict=True)
            late = next((link for link, task in each if task.cancelled()), links[0])
            why = f"The picture did not come within {self.config.seconds:g} s."
            raise InvalidRequest(why, path=late.at) from None
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return {link.url: task.result() for link, task in zip(links, tasks, strict=True)}

    async def _one(self, link: ImageLinkPart) -> ImagePart:
        try:
            content = await self._fetcher.fetch(link.url, int(self.config.max_mib * _MIB))
        except Unfetched as error:
            raise InvalidRequest(f"The picture was not fetched: {error}.", path=link.at) from None
        found = image_format(content)
        if found is None:
            why = "What was fetched is none of png, jpeg, gif and webp."
            raise InvalidRequest(why, path=link.at)
        return ImagePart(found, b64encode(content).decode(), link.at)


def _links(conversation: Conversation) -> Iterator[ImageLinkPart]:
    for turn in conversation.turns:
        for part in turn.parts:
            inner = part.content if isinstance(part, ToolResultPart) else (part,)
            yield from (each for each in inner if isinstance(each, ImageLinkPart))


def _shown(conversation: Conversation, fetched: Fetched) -> Conversation:
    turns = tuple(
        replace(turn, parts=tuple(_part(part, fetched) for part in turn.parts))
        for turn in conversation.turns
    )
    return replace(conversation, turns=turns)


def _part(part: Part, fetched: Fetched) -> Part:
    if isinstance(part, ToolResultPart):
        return replace(part, content=tuple(_content(each, fetched) for each in part.content))
    return _content(part, fetched) if isinstance(part, ImageLinkPart) else part


def _content(content: ResultContent, fetched: Fetched) -> ResultContent:
    if not isinstance(content, ImageLinkPart):
        return content
    found = fetched.get(content.url)
    return replace(found, at=content.at) if found else TextPart(LEFT_OUT, content.at)
