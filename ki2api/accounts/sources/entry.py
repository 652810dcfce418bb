"""One account as a place describes it."""

from typing import Any

from msgspec import Struct, structs

from pipeline.secret import Secret


class Entry(Struct, rename="camel"):
    """One account in the spelling of the IDE's token file (docs/kiro.md §1.6).

    `KIRO_AUTH_CONFIG` and our own logins share it, and every other place is put into it. Fields
    that are unknown here are passed over: the file is the IDE's, and it grows.
    """

    name: str | None = None
    refresh_token: Secret | None = None
    access_token: Secret | None = None
    expires_at: Any = None
    kiro_api_key: Secret | None = None
    auth_method: str | None = None
    provider: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    client_id_hash: str | None = None
    token_endpoint: str | None = None
    scopes: str | list[str] | None = None
    start_url: str | None = None
    region: str | None = None
    idc_region: str | None = None
    api_region: str | None = None
    profile_arn: str | None = None
    disabled: bool | None = None
    max_concurrent: int | None = None
    weight: int | None = None
    proxy: Secret | None = None

    def __post_init__(self) -> None:
        # Where a file tells the region of its Identity Center apart, that one signs in.
        self.region = self.idc_region or self.region
        self.idc_region = None


def laid_over(upper: Entry, lower: Entry) -> Entry:
    """Return the lower entry with all that the upper one says put in its place."""
    said = {name: value for name, value in structs.asdict(upper).items() if value is not None}
    return structs.replace(lower, **said)
