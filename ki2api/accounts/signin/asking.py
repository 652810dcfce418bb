"""One POST to a sign-in service: within a budget, and to no other host than the one meant."""

import asyncio
from collections.abc import Callable

import httpx

from ki2api.accounts.signin.exchange import Answer, Question
from ki2api.transport import proxy_fault

BUDGET = 10.0
"""Seconds that a question may take in all."""
LONGEST_ANSWER = 64 * 1024
"""Bytes; an answer with every token is a tenth of that."""


class Unreachable(Exception):
    """The service gave no answer; the text names its host and the kind of fault."""


async def ask(
    client: httpx.AsyncClient,
    question: Question,
    *,
    clock: Callable[[], float],
    budget: float,
    proxy: str = "",
) -> Answer:
    """Put the question; raises Unreachable when no answer has come within `budget` seconds.

    `proxy` is the host of the proxy that the client goes by, if it goes by one.
    """
    asked_at = clock()
    try:
        async with asyncio.timeout(budget):
            async with client.stream(
                "POST",
                question.url,
                content=question.body.reveal(),
                headers={**question.headers, "accept-encoding": "identity"},
                timeout=budget,
                follow_redirects=False,  # the body holds a secret that is meant for one host
            ) as answer:
                body = await _body(answer)
    except (httpx.HTTPError, TimeoutError) as error:
        host = httpx.URL(question.url).host
        cause = proxy_fault(error, proxy)
        why = f": {cause}" if cause else f" ({type(error).__name__})"
        raise Unreachable(f"{host} cannot be reached{why}") from error
    return Answer(answer.status_code, answer.headers, body, asked_at)


async def _body(answer: httpx.Response) -> bytes:
    """Read the answer; raises Unreachable where it is, or may unfold to, more than memory holds."""
    host = answer.request.url.host
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise Unreachable(f"{host} answered in a compression that it was not asked for")
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise Unreachable(f"{host} gave an answer that is too long to be one")
    return bytes(body)
