"""The accounts that were found, made fit to stand side by side."""

from msgspec import structs

from ki2api.accounts.account import Credential
from ki2api.accounts.sources.checks import KEYS_BEGIN
from ki2api.accounts.sources.search import Found


def stand_side_by_side(found: Found) -> Found:
    """Return the accounts with a name of its own each and no token twice, and warn of changes.

    A number is no name, unless its place holds one account only: that one stays the first.
    """
    roster: dict[str, Credential] = {}
    owners: dict[str, str] = {}
    warnings = [*found.warnings]
    for number, credential in enumerate(found.credentials, 1):
        wished = credential.name or f"account_{number}"
        if owner := owners.get(credential.seed):
            # One account's refresh would end the token of the other.
            warnings.append(f"{found.place}: {wished} repeats the token of {owner}: left out")
            continue
        name = _free_name(wished, roster)
        if name != wished:
            warnings.append(f"{found.place}: the name {wished} is taken: it is now {name}")
        owners[credential.seed] = name
        named = name == credential.name or len(found.credentials) == 1
        roster[name] = structs.replace(credential, name=name, named=named)
    warnings += [
        f"{found.place}: the refresh token of {name} looks cut off: copy it as a whole"
        for name, credential in roster.items()
        if _looks_cut_off(credential)
    ]
    warnings += [
        f"{found.place}: the API key of {name} does not begin with {KEYS_BEGIN}, as keys of "
        "app.kiro.dev do: is it a key of Kiro at all?"
        for name, credential in roster.items()
        if credential.api_key and not credential.api_key.reveal().startswith(KEYS_BEGIN)
    ]
    return structs.replace(found, credentials=tuple(roster.values()), warnings=tuple(warnings))


def _free_name(wished: str, taken: dict[str, Credential]) -> str:
    name, number = wished, 2
    while name in taken:
        name, number = f"{wished}_{number}", number + 1
    return name


def _looks_cut_off(credential: Credential) -> bool:
    """Tell whether a token was copied from where it is shown shortened (docs/kiro.md §1.2)."""
    if credential.refresh_token is None or credential.kind == "external-idp":
        return False  # the tokens of other providers have lengths of their own
    token = credential.refresh_token.reveal()
    return len(token) < 100 or "..." in token  # noqa: PLR2004 - see there
