"""A request runs dry: every stage does its part, and nothing leaves this process."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from ki2api.accounts.sources import Found, find
from ki2api.cli.explanation.findings import Findings, findings
from ki2api.cli.explanation.run import run_dry
from ki2api.cli.explanation.told import document, told
from ki2api.protocols.registry import DIALECTS
from ki2api.settings import load

pytestmark = pytest.mark.anyio
ASKED: dict[str, Any] = {
    "model": "claude-sonnet-4-5-20250929",
    "max_tokens": 10,
    "temperature": 0.5,
    "messages": [{"role": "user", "content": "Hello"}, {"role": "user", "content": "there"}],
}
ACCOUNT = '[[accounts]]\nname = "me"\napi-key = "ksk_0123456789abcdef"\nprofile-arn = "{arn}"\n'
ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/MINE"
STAGES = {
    "brief.py": """
from msgspec.structs import replace
from ki2api.conversation import TextPart
requires = {"conversation"}
def request(flow):
    flow.conversation = replace(flow.conversation, system=(TextPart("Be brief."),))
""",
    "phone.py": """
import httpx
requires = {"conversation"}
async def request(flow):
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.get("http://127.0.0.1:9/secret-path")
""",
    "answers.py": """
from ki2api.flow import GatewayFlow
from ki2api.protocols import Body
from pipeline import Stage, StageConfig
class Answers(Stage[GatewayFlow, StageConfig]):
    name = "answers"
    answers = frozenset({"response"})
    async def __call__(self, flow, call_next):
        flow.note("answers", "from the cache")
        flow.response = Body(b"cached")
""",
    "refuses.py": """
from ki2api.errors import InvalidRequest
def request(flow):
    raise InvalidRequest("Not on a Sunday.", path="messages")
""",
    "outside.py": """
from ki2api.errors import CallerError, InvalidRequest
from ki2api.flow import GatewayFlow
from pipeline import Stage, StageConfig
class Outside(Stage[GatewayFlow, StageConfig]):
    name = "outside"
    answers = frozenset({"response"})
    async def __call__(self, flow, call_next):
        try:
            await call_next(flow)
        except CallerError:
            raise InvalidRequest("Somebody inside said no.") from None
""",
}
Explain = Callable[..., Any]


@pytest.fixture
def explain(tmp_path: Path) -> Explain:
    async def explain(
        settings: str = "", request: Any = ASKED, stage: str = "", **more: Any
    ) -> Findings:
        for name, text in STAGES.items():
            (tmp_path / name).write_text(text)
        after = "auth" if stage == "answers.py" else "normalize"
        placed = f'[[pipeline]]\nstage = "./{stage}"\nafter = "{after}"\n' if stage else ""
        path = tmp_path / "config.toml"
        path.write_text(f'[state]\npath = "{tmp_path}/state.json"\n{settings}\n{placed}')
        loaded = load({}, path)
        found = (
            find({}, loaded.settings.accounts, tmp_path) if loaded.settings.accounts else Found()
        )
        body = request if isinstance(request, bytes) else msgspec.json.encode({**request, **more})
        outcome = await run_dry(loaded, found, DIALECTS["anthropic"], body)
        return findings(outcome, loaded, "anthropic", "as you said")

    return explain


def did(found: Findings, stage: str) -> list[str]:
    return next(told.did for told in found.stages if told.stage == stage)


def written(found: Findings) -> str:
    screen = StringIO()
    Console(width=80, file=screen).print(told(found))
    return screen.getvalue() + document(found, cut=True)


async def test_a_request_is_shown_as_kiro_would_get_it(explain: Explain, tmp_path: Path) -> None:
    found = await explain(ACCOUNT.format(arn=ARN))
    assert found.model is not None
    assert (found.model.id, found.model.how) == (
        "claude-sonnet-4.5",
        "by the rules for names (docs/kiro.md §7)",
    )
    assert found.account == "me"
    assert [(repair.rule, repair.at) for repair in found.repairs] == [("H4", "messages[1]")]
    assert found.not_honoured == ["temperature"]
    assert did(found, "emulate")[0] == "emulated: max_tokens"
    assert found.counts["turns of the user"] == 1
    assert found.body["profileArn"] == ARN.replace("123456789012", "************")
    state = found.body["conversationState"]
    assert state["currentMessage"]["userInputMessage"]["content"] == "Hello\n\nthere"
    text = written(found)
    assert "123456789012" not in text
    assert "ksk_" not in text
    assert "H4 messages[1]: joined to the user turn before" in text
    assert max(map(len, text.partition("body, which")[0].splitlines())) <= 80
    assert not (tmp_path / "state.json").exists()
    assert not (tmp_path / "state.json.lock").exists()


async def test_no_account_is_needed(explain: Explain) -> None:
    found = await explain()
    assert found.account == "(no account)"
    assert did(found, "account-select")[0] == "there is no account; add one"
    assert "profileArn" not in found.body


async def test_long_texts_are_cut_where_they_are_only_looked_at(explain: Explain) -> None:
    long = [{"role": "user", "content": f"begin{'x' * 5000}end"}]
    found = await explain(messages=long)
    text = written(found)
    assert "Long texts are cut here: --body has them whole.\n" in text
    assert "x" * 5000 in document(found)
    assert "begin" in text
    assert "x… 4,008 characters more …x" in text
    assert "xend" in text


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        ("claude-sonnet-4.5", "as it was asked"),
        ("mine", "by [[models]], which says claude-opus-5"),
        ("news-1", "as it was asked; it is not among the models that are commonly known"),
    ],
)
async def test_it_is_told_how_a_model_was_found(explain: Explain, asked: str, how: str) -> None:
    found = await explain('[[models]]\nname = "mine"\nmodel = "claude-opus-5"\n', model=asked)
    assert found.model.how.startswith(how)
    assert f"model: {asked}" in written(found)


async def test_a_model_that_a_stage_put_there_is_told(explain: Explain) -> None:
    settings = '[[pipeline]]\nstage = "route"\nunknown-model = "claude-opus-5"\n'
    found = await explain(f"{settings}", model="news-1", stage="brief.py")
    assert found.model.how == "by the settings of a stage"


async def test_a_stage_of_ones_own_runs_and_what_it_changed_is_told(explain: Explain) -> None:
    found = await explain(stage="brief.py")
    assert did(found, "./brief.py") == ["conversation.system: nothing ▶ 1 item"]
    first = found.body["conversationState"]["currentMessage"]["userInputMessage"]["content"]
    assert first.startswith("Be brief.")


async def test_what_a_stage_wants_to_send_is_held_back_and_told(explain: Explain) -> None:
    found = await explain(stage="phone.py")
    assert found.held_back == ["127.0.0.1:9"]
    assert found.refused.by == "./phone.py"
    assert found.refused.cause.startswith("ConnectError")
    text = written(found)
    assert "held back: a stage wanted to reach" in text
    assert "secret-path" not in text


async def test_a_stage_that_answers_by_itself_is_told(explain: Explain) -> None:
    found = await explain(stage="answers.py")
    assert found.answered_by == "./answers.py"
    assert did(found, "./answers.py") == ["from the cache", "fills response"]
    assert [told.stage for told in found.stages if told.reached] == ["auth", "./answers.py"]
    assert "outcome: answered by ./answers.py: Kiro would not be asked" in written(found)


@pytest.mark.parametrize("stage", ["refuses.py", "outside.py"])
async def test_who_refuses_is_told_with_the_words_of_the_client(
    explain: Explain, stage: str
) -> None:
    found = await explain(stage=stage, model="we ird")
    told = {"refuses.py": "messages: Not on a Sunday.", "outside.py": "Somebody inside said no."}
    refused = found.refused
    assert (refused.status, refused.by) == (400, f"./{stage}")
    assert refused.body["error"]["message"] == told[stage]
    text = written(found)
    assert text.startswith(f"outcome: refused by ./{stage}, with HTTP 400\n  {refused.why}\n")
    assert "what the client would get\n{" in text


async def test_a_request_that_breaks_a_rule_is_refused_by_it(explain: Explain) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A"}}
    found = await explain(messages=[{"role": "user", "content": [image]}])
    assert (found.refused.rule, found.refused.by) == ("H17", "Kiro's rules")
    assert found.refused.path == "messages[0].content[0]"
    assert found.body is None
    assert "(rule H17)" in written(found)


async def test_what_is_no_request_is_refused_where_it_is_read(explain: Explain) -> None:
    found = await explain(request=b"{")
    assert (found.refused.by, found.model, found.account) == ("normalize", None, None)
    assert found.refused.body["error"]["message"].startswith("the body is not valid JSON")
