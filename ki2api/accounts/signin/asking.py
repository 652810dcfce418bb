"""One POST to a sign-in service: within a budget, and to no other host than the one meant."""

import asyncio
from collections.abc import Callable

import httpx

from ki2api.accounts.signin.exchange import Answer, Question

BUDGET = 10.0
"""Seconds that a question may take in all."""


class Unreachable(Exception):
    """The service gave no answer; the text names its host and the kind of fault."""


async def ask(
    client: httpx.AsyncClient, question: Question, *, clock: Callable[[], float], budget: float
) -> Answer:
    """Put the question; raises Unreachable when no answer has come within `budget` seconds."""
    asked_at = clock()
    try:
        async with asyncio.timeout(budget):
            answer = await client.post(
                question.url,
                content=question.body.reveal(),
                headers=question.headers,
                timeout=budget,
                follow_redirects=False,  # the body holds a secret that is meant for one host
            )
    except (httpx.HTTPError, TimeoutError) as error:
        host = httpx.URL(question.url).host
        raise Unreachable(f"{host} cannot be reached ({type(error).__name__})") from error
    return Answer(answer.status_code, answer.headers, answer.content, asked_at)
