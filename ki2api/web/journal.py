"""The one line in the log that tells how a flow ended."""

from ki2api.flow import EventStream, GatewayFlow


def journal(flow: GatewayFlow, status: int) -> None:
    """Log a flow that has ended: who asked for what, on which account, and what came of it."""
    words = [flow.protocol.name]
    if flow.has("target"):
        words.append(flow.target.model.id)
    words.append(str(status))
    if flow.has("response") and isinstance(flow.response, EventStream):
        words.append("stream")
    if flow.usage is not None:
        words.append(f"{flow.usage.whole_input}+{flow.usage.output} tok")
    words.append(f"{flow.clock() - flow.began:.2f} s")
    words += _accounts(flow)
    if flow.failure is not None:
        words.append(f"failed: {flow.failure.code}")
    flow.log.info(" ".join(words))


def _accounts(flow: GatewayFlow) -> list[str]:
    tried = len(flow.attempts) if flow.has("attempts") else 0
    words = [f"account={flow.account.name}"] if flow.has("account") else []
    return [*words, f"attempts={tried + 1}"] if tried else words
