"""The proof of order: every way in which a chain cannot work, in words that say the mend."""

import pytest

from pipeline import Flow, OrderError, Slot, Stage, StageConfig
from pipeline.order import prove, suffice


class ChatFlow(Flow):
    request: Slot[str] = Slot()
    conversation: Slot[str] = Slot()
    target: Slot[str] = Slot()
    account: Slot[str] = Slot()
    response: Slot[str] = Slot()
    given = frozenset({"request"})


class Endpoint:
    requires = frozenset({"conversation"})
    answers = frozenset({"events"})

    async def __call__(self, flow: ChatFlow) -> None:
        raise NotImplementedError


def stage(name: str, **words: object) -> tuple[str, Stage[ChatFlow, StageConfig]]:
    """Make a stage of its words alone."""
    sets = {
        word: frozenset(value.split())
        if isinstance(value, str) and word != "once_per_attempt"
        else value
        for word, value in words.items()
    }
    return name, type(name, (Stage,), sets)(StageConfig())


NORMALIZE = stage("normalize", requires="request", provides="conversation")
ROUTE = stage("route", requires="conversation", provides="target")
RETRY = stage("retry", awaits="events", answers="events", repeats=True)
SELECT = stage(
    "account-select",
    requires="target",
    provides="account",
    once_per_attempt="every attempt will use the same account",
)
ENCODE = stage("encode-stream", awaits="events conversation", answers="response", takes="events")
COUNT = stage("./count.py", awaits="events")


def faults(*stages: tuple[str, Stage[ChatFlow, StageConfig]]) -> list[str]:
    with pytest.raises(OrderError) as caught:
        prove(stages, Endpoint(), ChatFlow)
    return str(caught.value).split("\n")


def test_a_sound_order_has_neither_faults_nor_warnings() -> None:
    assert prove([ENCODE, NORMALIZE, ROUTE, RETRY, SELECT, COUNT], Endpoint(), ChatFlow) == []


def test_a_stage_that_stands_before_what_it_needs_is_told_where_to_go() -> None:
    assert faults(ENCODE, ROUTE, NORMALIZE) == [
        "stage #2 'route' needs flow.conversation: put 'normalize' before 'route'"
    ]


def test_the_endpoint_has_needs_too() -> None:
    assert faults(ENCODE) == [
        "the endpoint needs flow.conversation: nothing in this pipeline provides flow.conversation",
        "stage #1 'encode-stream' awaits flow.conversation, but nothing in this pipeline answers flow.conversation",
    ]


def test_all_faults_are_told_at_once() -> None:
    assert faults(SELECT, NORMALIZE) == [
        "stage #1 'account-select' needs flow.target: nothing in this pipeline provides flow.target",
        "nothing in this pipeline answers flow.response",
    ]


def test_who_needs_what_comes_on_the_way_back_only_is_told_to_await_it() -> None:
    early = stage("early", requires="events")
    assert faults(ENCODE, NORMALIZE, early) == [
        "stage #3 'early' needs flow.events: 'endpoint' fills it on the way back only, so `awaits` is the word for it"
    ]


def test_a_stage_that_provides_what_it_needs_itself_still_needs_it_before() -> None:
    circular = stage("circular", requires="target", provides="target")
    assert faults(ENCODE, NORMALIZE, circular) == [
        "stage #3 'circular' needs flow.target: nothing in this pipeline provides flow.target"
    ]


def test_who_awaits_what_is_used_up_inside_is_told_to_stand_further_in() -> None:
    assert faults(COUNT, ENCODE, NORMALIZE) == [
        "stage #1 './count.py' awaits flow.events, but 'encode-stream' inside it has used them up: put './count.py' after 'encode-stream'"
    ]


def test_what_is_used_up_may_be_answered_again() -> None:
    again = stage("again", answers="events")
    assert prove([COUNT, again, ENCODE, NORMALIZE], Endpoint(), ChatFlow) == []


def test_who_awaits_what_is_answered_outside_is_told_to_stand_further_out() -> None:
    logger = stage("logger", awaits="response")
    assert faults(ENCODE, NORMALIZE, logger) == [
        "stage #3 'logger' awaits flow.response, but 'encode-stream' stands outside it: put 'logger' before 'encode-stream'"
    ]


def test_taking_is_awaiting() -> None:
    taker = stage("taker", takes="account")
    assert faults(ENCODE, NORMALIZE, taker) == [
        "stage #3 'taker' awaits flow.account, but nothing in this pipeline answers flow.account"
    ]


def test_what_was_filled_on_the_way_in_can_be_awaited_as_well() -> None:
    curious = stage("curious", awaits="request conversation target")
    assert prove([ENCODE, NORMALIZE, ROUTE, curious], Endpoint(), ChatFlow) == []


def test_the_wanted_slot_must_not_be_used_up() -> None:
    eater = stage("eater", takes="response")
    assert faults(eater, ENCODE, NORMALIZE) == [
        "'eater' uses up flow.response, and nothing outside it answers flow.response again"
    ]


def test_another_slot_can_be_wanted() -> None:
    assert prove([NORMALIZE], Endpoint(), ChatFlow, wanted="events") == []


def test_a_misspelt_slot_is_found_before_it_shows_as_a_fault_of_order() -> None:
    sloppy = stage("sloppy", requires="conversaton", takes="zzz")
    assert faults(sloppy) == [
        "stage #1 'sloppy' requires 'conversaton', but ChatFlow has no such slot - did you mean \"conversation\"?",
        "stage #1 'sloppy' takes 'zzz', but ChatFlow has no such slot",
    ]


def test_a_stage_that_repeats_inside_one_that_wants_to_be_inside_is_warned_about() -> None:
    assert prove([ENCODE, NORMALIZE, ROUTE, SELECT, RETRY], Endpoint(), ChatFlow) == [
        "'retry' stands inside 'account-select': every attempt will use the same account"
    ]


def test_a_slot_that_is_filled_again_inside_a_stage_that_repeats_is_warned_about() -> None:
    again = stage("reroute", requires="target", provides="target")
    assert prove([ENCODE, NORMALIZE, ROUTE, RETRY, again], Endpoint(), ChatFlow) == [
        "'reroute' fills flow.target again, so 'retry' empties it before each new attempt: put 'reroute' before 'retry'"
    ]


def sufficient(*stages: tuple[str, Stage[ChatFlow, StageConfig]]) -> bool:
    return suffice([type(each) for _, each in stages], Endpoint(), ChatFlow)


def test_stages_suffice_if_they_fill_what_is_needed_in_whatever_order() -> None:
    assert sufficient(NORMALIZE, ENCODE)
    assert sufficient(SELECT, ENCODE, ROUTE, NORMALIZE)


@pytest.mark.parametrize("stages", [(ENCODE,), (NORMALIZE,), (NORMALIZE, ENCODE, SELECT), ()])
def test_stages_do_not_suffice_where_something_is_needed_that_none_of_them_fills(
    stages: tuple[tuple[str, Stage[ChatFlow, StageConfig]], ...],
) -> None:
    assert not sufficient(*stages)


def test_a_misspelt_slot_makes_no_chain_less_whole() -> None:
    assert sufficient(NORMALIZE, ENCODE, stage("curious", requires="conversaton"))
