"""Runs one request dry through the chain of the settings, and records what each stage does."""

from collections.abc import Mapping, Sequence
from secrets import token_hex
from time import time
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from ki2api.accounts.sources import Found
from ki2api.app import proved
from ki2api.blame import blamed
from ki2api.cli.explanation.changes import changes, looked
from ki2api.cli.explanation.dialect import PATHS
from ki2api.cli.explanation.quiet import KeptState, nothing_sent
from ki2api.conversation import Conversation
from ki2api.errors import GatewayError
from ki2api.flow import GatewayFlow, NothingSent
from ki2api.keys import DEFAULT_KEY
from ki2api.protocols import ClientProtocol, RawRequest
from ki2api.settings import Loaded
from ki2api.web.gateway import Gateway
from pipeline import Chain, Next, Secret, Stage, StageConfig
from pipeline.stage import AnyStage


class Told(Struct):
    """What one stage did; `did` holds its notes and changes in order."""

    stage: str
    reached: bool = False
    did: list[str] = field(default_factory=list)


class Outcome(Struct):
    """How the flow ended: by what would be sent, by an error, or by a stage's own answer."""

    flow: GatewayFlow
    stages: list[Told]
    sent: NothingSent | None = None
    asked: Conversation | None = None
    """The conversation as it reached the endpoint; a stage may put its own back afterwards."""
    error: GatewayError | None = None
    by: str = ""
    """The stage that raised the error or answered."""
    cause: str = ""
    """What code went wrong, where it is no refusal."""
    held_back: list[str] = field(default_factory=list)


class _Look(Stage[GatewayFlow, StageConfig]):
    """Stands between two stages: what changed since the one before was done by that stage."""

    def __init__(self, before: "_Look | None", told: Told | None) -> None:
        super().__init__(StageConfig())
        self._before = before
        self._told = told
        self.seen: Mapping[str, Any] = {}
        self.notes = 0
        self.raised: BaseException | None = None
        self.rest: list[str] = []
        """What the stage inside did before it ended the flow."""

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Look, tell what the stage outside did, and call on."""
        self.raised = None
        if self._before and self._told:
            self._told.reached = True
            self._told.did = self._before.since(flow)
        self.seen, self.notes = looked(flow), len(flow.notes)
        try:
            await call_next(flow)
        except BaseException as error:
            self.raised = error
            raise
        finally:
            self.rest = self.since(flow)

    def since(self, flow: GatewayFlow) -> list[str]:
        """Tell what happened to the flow since this look."""
        notes = (note.text for note in flow.notes[self.notes :])
        return [*notes, *changes(self.seen, looked(flow))]


async def run_dry(loaded: Loaded, found: Found, protocol: ClientProtocol, body: bytes) -> Outcome:
    """Run a request; raises SettingsError or OrderError where the settings have faults."""
    loaded = _with_a_key(loaded)
    with nothing_sent() as held:
        gateway = proved(loaded, found, KeptState(loaded.settings.state.path)).gateway
        await gateway.pool.start()
        await gateway.chain.start()
        try:
            outcome = await _run(gateway, _flow(loaded, protocol, body))
        finally:
            await gateway.chain.stop()
            await gateway.pool.stop()
    outcome.held_back = list(dict.fromkeys(held))
    return outcome


def _with_a_key(loaded: Loaded) -> Loaded:
    """Let settings that know keys by their hashes only have one for this run."""
    settings = loaded.settings
    if settings.server.api_keys or not settings.keys:
        return loaded
    server = replace(settings.server, api_keys=(Secret(token_hex()),))
    return replace(loaded, settings=replace(settings, server=server))


def _flow(loaded: Loaded, protocol: ClientProtocol, body: bytes) -> GatewayFlow:
    keys = loaded.settings.server.api_keys
    key = keys[0].reveal() if keys else DEFAULT_KEY  # for the key ring, to whom it belongs
    flow = GatewayFlow()
    flow.dry = flow.watched = True
    flow.protocol = protocol
    flow.request = RawRequest(
        id=flow.id,
        path=PATHS.get(protocol.name.replace("_", "-"), ""),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        body=body,
        received=time(),
    )
    return flow


async def _run(gateway: Gateway, flow: GatewayFlow) -> Outcome:
    stages = gateway.chain.stages
    outcome = Outcome(flow, [Told(name) for name, _ in stages])
    looks = _looks(outcome.stages)
    named: list[tuple[str, AnyStage]] = [("look", looks[0])]
    for (name, stage), look in zip(stages, looks[1:], strict=True):
        named += [(name, stage), ("look", look)]
    try:
        await Chain(named, gateway.chain.endpoint).run(flow)
    except NothingSent as end:
        outcome.sent = end
    except GatewayError as error:
        outcome.error = error
    except Exception as error:  # noqa: BLE001 - whatever a stage did wrong is told, as a client is
        outcome.error = blamed(error, flow.id)
        outcome.cause = f"{type(error).__name__}: {error}"
    finally:
        await flow.aclose()
    _settle(outcome, looks)
    return outcome


def _looks(stages: Sequence[Told]) -> list[_Look]:
    looks = [_Look(None, None)]
    for told in stages:
        looks.append(_Look(looks[-1], told))
    return looks


def _settle(outcome: Outcome, looks: Sequence[_Look]) -> None:
    """Find who ended the flow: the stage inside the innermost look that saw its end."""
    if outcome.sent:
        outcome.asked = looks[-1].seen["conversation"]
        return
    reached = sum(told.reached for told in outcome.stages)
    if reached < len(outcome.stages):
        outcome.stages[reached].reached = True
        outcome.stages[reached].did = looks[reached].rest
    # An error may have been put in the place of another one on the way out.
    last = looks[0].raised
    raised = [at for at, look in enumerate(looks) if last and look.raised is last]
    names = [*(told.stage for told in outcome.stages), "Kiro's rules"]
    outcome.by = names[max(raised, default=reached)]
