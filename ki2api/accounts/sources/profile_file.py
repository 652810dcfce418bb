"""The profile that the Kiro IDE works with, for a login of its that names none."""

import msgspec
from msgspec import Struct, structs

from ki2api.accounts.account import Credential
from ki2api.accounts.profile import is_profile_arn
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.folders import profile_path
from ki2api.accounts.sources.search import Search


class _Profile(Struct):
    arn: str


def with_profile(search: Search, credential: Credential) -> Credential:
    """Return the IDE's login with the profile of the IDE, if it has none (docs/kiro.md §1.7).

    Social logins and Builder ID share a profile each, so what stands there may be of another login.
    """
    if credential.profile_arn or credential.label in {"social", "builder-id", "api-key"}:
        return credential
    path = profile_path(search.home, search.environ, search.platform)
    try:
        profile = msgspec.json.decode(search.read(path, "") or "", type=_Profile)
    except (AccountsUnreadable, msgspec.DecodeError):
        return credential  # it is a hint that can be done without: Kiro tells the profile too
    if not is_profile_arn(profile.arn):
        return credential
    return structs.replace(credential, profile_arn=profile.arn)
