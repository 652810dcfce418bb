"""The chain of a gateway around an example, with a Kiro that does as it is told inside."""

import ast
import re
import shutil
import tomllib
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.app import BUILT_IN
from ki2api.budget import RetryBudget
from ki2api.conversation import Conversation
from ki2api.errors import GatewayError
from ki2api.events import (
    EndReason,
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
)
from ki2api.flow import EventStream, GatewayFlow
from ki2api.keys import KeyRing
from ki2api.models import Catalogue
from ki2api.protocols import RawRequest
from ki2api.protocols.openai_chat import OPENAI_CHAT
from pipeline import Assembly, Batch, Catalog, Secret, assemble
from pipeline.testing import build_flow

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
WORDS = PartStarted(0, "text")
CHAIN = ("auth", "encode-stream", "normalize", "route", "retry")


class Kiro:
    """Says the same to everybody, a batch for each delta, and keeps account of who asked.

    It raises what `fails` holds first, and before the end of its answer what `breaks` is.
    """

    requires = frozenset({"conversation", "target"})
    answers = frozenset({"events"})

    def __init__(
        self,
        says: tuple[str, ...],
        part: PartStarted,
        *,
        reason: EndReason,
        fails: list[Exception],
        breaks: Exception | None,
    ) -> None:
        self.says = says
        self.part = part
        self.asked: list[Conversation] = []
        self.said = self.closed = 0
        self._reason = reason
        self._fails = fails
        self._breaks = breaks

    async def __call__(self, flow: GatewayFlow) -> None:
        self.asked.append(flow.conversation)
        if self._fails:
            raise self._fails.pop(0)
        flow.events = self._events()

    async def _events(self) -> AsyncIterator[Batch[ReplyEvent]]:
        try:
            yield (ReplyStarted(10), self.part)
            for delta in self.says:
                self.said += 1
                yield (PartDelta(0, delta),)
            if self._breaks is not None:
                raise self._breaks
            usage = UsageReported(Usage(10, 5, "upstream"))
            yield (PartEnded(0), usage, ReplyEnded(self._reason))
        finally:
            self.closed += 1


class Served:
    """A chain that is asked as the door asks it: in OpenAI's dialect, and closed at the end."""

    def __init__(self, assembly: Assembly[GatewayFlow], kiro: Kiro) -> None:
        self.chain = assembly.chain
        self.warnings = assembly.warnings
        self.kiro = kiro
        self.answered = ""

    async def ask(
        self,
        words: str = "Hi",
        *,
        stream: bool = False,
        leave_after: int | None = None,
        headers: dict[str, str] | None = None,
        key: str = "k",
        clock: Callable[[], float] = lambda: 0.0,
        **body: Any,
    ) -> GatewayFlow:
        """Send a request through and return its flow, with all that was answered in `answered`."""
        asked = {"messages": [{"role": "user", "content": words}], "model": "auto", **body}
        request = RawRequest(
            id="f1",
            path="/v1/chat/completions",
            headers={"authorization": f"Bearer {key}", **(headers or {})},
            body=msgspec.json.encode({**asked, "stream": stream}),
            received=0.0,
        )
        flow = build_flow(GatewayFlow, clock=clock, request=request, protocol=OPENAI_CHAT)
        try:
            await self.chain.run(flow)
            await self._read(flow, leave_after)
        except GatewayError as error:
            flow.failure = error
        finally:
            await flow.aclose()
        return flow

    async def _read(self, flow: GatewayFlow, leave_after: int | None) -> None:
        pieces: list[bytes] = []
        if isinstance(flow.response, EventStream):
            async for piece in flow.response.pieces:
                pieces.append(piece)
                if len(pieces) == leave_after:
                    break
            await flow.response.pieces.aclose()
        else:
            pieces.append(flow.response.content)
        self.answered = b"".join(pieces).decode()

    @property
    def words(self) -> str:
        """What the assistant said, streamed or whole."""
        return "".join(choice.get("content") or "" for choice in self._said)

    @property
    def arguments(self) -> str:
        """The arguments of the tool that was called."""
        calls = [call for said in self._said for call in said.get("tool_calls") or ()]
        return "".join(call["function"].get("arguments", "") for call in calls)

    @property
    def reason(self) -> str:
        """Why the answer ended, in the dialect's word."""
        (reason,) = re.findall(r'"finish_reason":"(\w+)"', self.answered)
        return str(reason)

    @property
    def _said(self) -> list[dict[str, Any]]:
        lines = re.findall(r"^(?:data: )?(\{.*\})$", self.answered, re.MULTILINE)
        choices = [c for line in lines for c in msgspec.json.decode(line).get("choices", ())]
        return [choice.get("delta", choice.get("message")) for choice in choices]


@pytest.fixture
def table() -> Callable[[str], str]:
    """Reads the TOML that stands at the top of an example."""

    def table(name: str) -> str:
        module = ast.parse((EXAMPLES / f"{name}.py").read_text())
        docstring = ast.get_docstring(module, clean=False) or ""
        return "\n".join(re.findall(r"^    (.*)$", docstring, re.MULTILINE))

    return table


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory of this test, with copies of all examples."""
    for path in EXAMPLES.glob("*.py"):
        shutil.copyfile(path, tmp_path / path.name)
        (tmp_path / path.name).chmod(0o644)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def serve(folder: Path) -> Callable[..., Served]:
    """Puts tables into the default chain, around a Kiro."""

    def serve(
        *tables: str,
        says: tuple[str, ...] = ("Hello ", "there"),
        part: PartStarted = WORDS,
        reason: EndReason = "end",
        fails: Iterable[Exception] = (),
        breaks: Exception | None = None,
    ) -> Served:
        kiro = Kiro(says, part, reason=reason, fails=list(fails), breaks=breaks)
        text = "\n".join(tables)
        services = {
            Catalogue: Catalogue(),
            KeyRing: KeyRing((Secret("k"),)),
            RetryBudget: RetryBudget(),
        }
        assembly = assemble(
            tomllib.loads(text)["pipeline"],
            catalog=Catalog(BUILT_IN),
            endpoint=kiro,
            flow_type=GatewayFlow,
            services=services,
            defaults=CHAIN,
            folder=folder,
            text=text,
            source="config.toml",
        )
        return Served(assembly, kiro)

    return serve
