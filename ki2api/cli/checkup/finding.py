"""One thing that was looked at, and what there is to do about it."""

from typing import Literal, TypeAlias

from msgspec import Struct

Topic: TypeAlias = Literal["Settings", "State", "Network", "Places", "Accounts"]


class Finding(Struct, frozen=True):
    """`none` has nothing to say of itself, `note` is worth knowing, `bad` is to be mended.

    `serves` tells of an account that was seen to be able to serve now.
    """

    topic: Topic
    state: Literal["good", "none", "note", "bad"]
    text: str
    mend: str = ""
    serves: bool = False
