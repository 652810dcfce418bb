"""The shape of a composed request: its counts and sizes against their limits, and no content."""

from binascii import a2b_base64
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ki2api.kiro.limits import MOST_IN_A_MESSAGE, MOST_IN_A_RESULT, Limits, weight
from ki2api.kiro.names import MAX_NAME
from ki2api.kiro.rules.picture import look_at
from ki2api.kiro.rules.schema import MAX_DEPTH
from ki2api.models import Model

NEAR = 0.8
"""The share of its limit from which a figure is worth a look."""


class Figure(msgspec.Struct, frozen=True):
    """One figure of a request; `firm` tells whether more than its limit is refused or repaired."""

    rule: str
    name: str
    value: int
    limit: int
    firm: bool = True

    @property
    def share(self) -> float:
        """How much of the limit is used up."""
        return self.value / self.limit

    def __str__(self) -> str:
        return f"{self.rule} {self.name} {self.value} of {self.limit}"


class Shape(msgspec.Struct, frozen=True):
    """A request by figures alone, fit for a log."""

    model: str
    counts: dict[str, int]
    figures: tuple[Figure, ...]

    @property
    def near(self) -> tuple[Figure, ...]:
        """The figures that come near their limits."""
        return tuple(figure for figure in self.figures if figure.share >= NEAR)

    def __str__(self) -> str:
        counted = ", ".join(f"{count} {name}" for name, count in self.counts.items() if count)
        near = "; ".join(map(str, self.near)) or "no rule"
        return f"{self.model}, {counted}; near its limit: {near}"


def shape_of(body: bytes, model: Model, limits: Limits) -> Shape:
    """Measure a request as it would be sent."""
    state = msgspec.json.decode(body)["conversationState"]
    turns = [*state.get("history", ()), state["currentMessage"]]
    users = [turn["userInputMessage"] for turn in turns if "userInputMessage" in turn]
    others = [t["assistantResponseMessage"] for t in turns if "userInputMessage" not in t]
    results = list(_in_context(users, "toolResults"))
    tools = [each["toolSpecification"] for each in _in_context(users, "tools")]
    images, documents = _attached(users, "images"), _attached(users, "documents")
    counts = {
        "bytes": len(body),
        "turns of the user": len(users),
        "turns of the assistant": len(others),
        "tools": len(tools),
        "tool calls": sum(len(other.get("toolUses", ())) for other in others),
        "tool results": len(results),
        "images": len(images),
        "documents": len(documents),
    }
    heavy = weight(body) - sum(map(len, [*images, *documents]))
    figures = (
        Figure("§3.8", "weight", heavy, limits.weight_for(model.window)),
        Figure("H18", "history", len(turns) - 1, limits.max_history),
        *_of_tools(tools, limits),
        *_of_images(images, limits),
        *_of_documents(documents, limits),
        *_of_texts(users, results),
    )
    return Shape(model.id, counts, figures)


def repaired(rules: Iterable[str]) -> str:
    """Count repairs by their rules, such as `H4, T10 (12 times)`."""
    counted = Counter(rules).items()
    return ", ".join(rule if times == 1 else f"{rule} ({times} times)" for rule, times in counted)


def _attached(users: list[dict[str, Any]], name: str) -> list[str]:
    return [each["source"]["bytes"] for user in users for each in user.get(name, ())]


def _in_context(users: list[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    for user in users:
        yield from user.get("userInputMessageContext", {}).get(name, ())


def _of_tools(tools: list[dict[str, Any]], limits: Limits) -> Iterator[Figure]:
    if tools:
        yield Figure("T14", "tools", len(tools), limits.max_tools)
        yield Figure("T1", "longest name", _longest(tool["name"] for tool in tools), MAX_NAME)
        longest = _longest(tool["description"] for tool in tools)
        yield Figure("T5", "longest description", longest, limits.tool_description)
        deepest = max(_depth(tool["inputSchema"]["json"]) for tool in tools)
        yield Figure("T10", "deepest schema", deepest, MAX_DEPTH)


def _of_images(images: list[str], limits: Limits) -> Iterator[Figure]:
    if images:
        contents = [a2b_base64(image) for image in images]
        sizes = [found.size for content in contents if (found := look_at(content))]
        side = max((max(size) for size in sizes if size), default=0)
        yield Figure("H17", "images", len(images), limits.max_images)
        yield Figure("H17", "largest image", max(map(len, contents)), limits.max_image_bytes)
        yield Figure("H17", "longest side", side, limits.max_image_side)


def _of_documents(documents: list[str], limits: Limits) -> Iterator[Figure]:
    if documents:
        largest = max(len(a2b_base64(each)) for each in documents)
        yield Figure("§3.7", "documents", len(documents), limits.max_documents)
        yield Figure("§3.7", "largest document", largest, limits.max_document_bytes)


def _of_texts(users: list[dict[str, Any]], results: list[dict[str, Any]]) -> Iterator[Figure]:
    longest = _longest(user["content"] for user in users)
    yield Figure("§3.8", "longest message", longest, MOST_IN_A_MESSAGE, firm=False)
    if results:
        sizes = (sum(len(each.get("text", "")) for each in one["content"]) for one in results)
        yield Figure("§3.8", "longest tool result", max(sizes), MOST_IN_A_RESULT, firm=False)


def _longest(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)


def _depth(schema: dict[str, Any]) -> int:
    inner = [
        *schema.get("properties", {}).values(),
        *([schema["items"]] if "items" in schema else []),
    ]
    return 1 + max(map(_depth, inner)) if inner else 0
