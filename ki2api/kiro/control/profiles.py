"""Which profiles an account has in a region (docs/kiro.md §6.2)."""

from ki2api.kiro.calls import Binding, Call
from ki2api.kiro.control.asking import question
from ki2api.kiro.control.reading import Page, document_of, members, text

_PAGE = 10


def profiles_call(binding: Binding, following: str = "") -> Call:
    """Ask for one page of the profiles."""
    return question("POST", "ListAvailableProfiles", binding, maxResults=_PAGE, nextToken=following)


def read_profiles(body: bytes) -> Page[str]:
    """Read a page, without profiles that are said to be out of use; raises UpstreamGarbled."""
    document = document_of(body)
    arns = tuple(
        arn
        for profile in members(document, "profiles")
        if (arn := text(profile, "arn")) and text(profile, "status").upper() in {"", "ACTIVE"}
    )
    return Page(arns, text(document, "nextToken"))
