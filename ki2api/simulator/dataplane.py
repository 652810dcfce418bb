"""The data plane: GenerateAssistantResponse in both bindings."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ki2api.simulator.access import Gate
from ki2api.simulator.accounts import Fault, SimAccount
from ki2api.simulator.answer import Answer
from ki2api.simulator.delivery import Delivery
from ki2api.simulator.http import Request, Wire
from ki2api.simulator.identifiers import Identifiers
from ki2api.simulator.operations import Operation, binding_of, media_type, object_in
from ki2api.simulator.plan import Plan
from ki2api.simulator.question import Question, question_of
from ki2api.simulator.records import RecordedRequest
from ki2api.simulator.refusals import JSON_10, REFUSALS, Refusal, Words, refusal
from ki2api.simulator.rules import Violation, violations
from ki2api.simulator.rules.wire import Ask
from ki2api.simulator.scenarios import play
from ki2api.simulator.stream import cost_of
from ki2api.simulator.world import World

_SERVICE = "AmazonCodeWhispererStreamingService"
_SERVER_FAULT = 500
# Before "strict-2026" these four were told apart from no other fault.
_NEW_REASONS = {
    "TOOL_USE_RESULT_MISMATCH",
    "TOOL_DUPLICATE",
    "TOOL_SCHEMA_INVALID",
    "TOOL_CONFIG_MISSING",
}


class DataPlane:
    """The inference operations of one host."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate
        self._operations: Mapping[str, Operation] = {
            "/generateAssistantResponse": self._generate,
        }
        self._targets: Mapping[str, Operation] = {
            f"{_SERVICE}.GenerateAssistantResponse": self._generate,
        }

    def find(self, request: Request) -> Operation | None:
        """Find the operation that a request names, in either binding."""
        content_type = media_type(request)
        if request.method != "POST":
            return None
        if content_type == JSON_10:
            # KIROGO sends the target together with the REST path.
            here = request.path in {"/", *self._operations}
            return self._targets.get(request.headers.get("x-amz-target", "")) if here else None
        return self._operations.get(request.path) if content_type == "application/json" else None

    async def _generate(self, request: Request, wire: Wire) -> None:
        account = self._gate.admit(request)
        body = object_in(request)
        self._gate.check_profile(request, account, body.get("profileArn"))
        plan = self._planned(request, account, body)
        account.requests += 1
        account.used += cost_of(plan.question, plan.answer).credits
        record = self._record(request, account, plan)
        await Delivery(self._world.options, plan, record).run(wire)

    def _planned(self, request: Request, account: SimAccount, body: dict[str, Any]) -> Plan:
        state = body.get("conversationState")
        ids = _ids_of(state if isinstance(state, dict) else {})
        if ids in self._world.failed_ids and self._world.options.refuse_resent_ids:
            # 2UE (2026-09): the ids of a failed request are refused for ever.
            raise refusal("improper", rule="resent-ids")
        try:
            self._gate.check_standing(account)
            self._check_rules(body)
            question = self._question(account, body)
            return self._plan(request, account, question)
        except Refusal as refused:
            transient = refused.words.status == REFUSALS["throttled"].status
            if ids and (transient or refused.words.status >= _SERVER_FAULT):
                self._world.failed_ids.add(ids)
            raise

    def _check_rules(self, body: dict[str, Any]) -> None:
        options = self._world.options
        strict = options.strict_schema
        broken = violations(body, strict_schema=strict, models=self._world.models)
        if broken:
            rules = tuple(dict.fromkeys(violation.rule for violation in broken))
            raise Refusal(self._words(broken[0]), rules=rules)

    def _words(self, broken: Violation) -> Words:
        improper = REFUSALS["improper"]
        options = self._world.options
        reason, message = broken.reason, broken.message
        if reason in _NEW_REASONS and not options.strict_reasons:
            reason, message = None, improper.message
        return Words(improper.status, improper.type, message, reason or options.improper_reason)

    def _question(self, account: SimAccount, body: dict[str, Any]) -> Question:
        ask = msgspec.convert(body, Ask)
        given = ask.conversation_state.conversation_id
        question = question_of(ask, self._world.models, given or self._world.identifiers.uuid())
        self._gate.check_model(account, question.model)
        return question

    def _plan(self, request: Request, account: SimAccount, question: Question) -> Plan:
        options = self._world.options
        answer = self._world.script(question)
        plan = Plan(
            question=question,
            answer=answer,
            ids=Identifiers(f"{options.seed}/{self._world.next_number()}"),
            binding=binding_of(request),
            chunking=options.chunking,
            piece_seconds=options.frame_seconds,
        )
        if fault := self._fault(account, question, answer):
            play(plan, fault)
        return plan

    def _fault(self, account: SimAccount, question: Question, answer: Answer) -> Fault | None:
        if self._world.ordered:
            return self._world.ordered.popleft()
        if account.faults:
            return account.faults.popleft()
        if question.marker:
            return Fault(*question.marker)
        return Fault(answer.scenario) if answer.scenario else None

    def _record(self, request: Request, account: SimAccount, plan: Plan) -> RecordedRequest:
        record = RecordedRequest(
            account=account.name,
            host=self._gate.host,
            path=request.path,
            binding=plan.binding,
            headers=request.headers,
            body=request.body,
            scenario=plan.scenario,
        )
        self._world.note_request(record)
        return record


def _ids_of(state: dict[str, Any]) -> tuple[str, str] | None:
    conversation = state.get("conversationId")
    return (str(conversation), str(state.get("agentContinuationId"))) if conversation else None
