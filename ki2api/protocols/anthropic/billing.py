"""Claude Code's billing line: the first of its system texts (2.1.330, seen 2026-11).

It is made for Anthropic's accounting and differs between versions and conversations, so at Kiro it
would only keep equal prompts from the cache (docs/kiro.md §3.9). It is left out, and listed so.
"""

from ki2api.protocols.anthropic import wire

_HEAD = "x-anthropic-billing-header:"


def is_billing(block: wire.SystemText) -> bool:
    """Tell whether a system text is the line."""
    return block.text.startswith(_HEAD)


def billing_lines(system: str | list[wire.SystemText] | None) -> list[str]:
    """Name the places where it stands."""
    blocks = system if isinstance(system, list) else ()
    return [f"system[{index}]" for index, block in enumerate(blocks) if is_billing(block)]
