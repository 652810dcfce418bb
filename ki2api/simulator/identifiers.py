"""Identifiers that look like the service's and are the same for the same seed."""

from random import Random
from string import ascii_letters, ascii_uppercase, digits
from uuid import UUID

_URL_SAFE = ascii_letters + digits + "_-"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Identifiers:
    """A source of made-up identifiers; nothing here is a secret."""

    def __init__(self, seed: object) -> None:
        self.random = Random(str(seed))  # noqa: S311 - repeatable on purpose, guards nothing

    def uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def tool_use(self) -> str:
        return f"tooluse_{self.text(22)}"

    def text(self, length: int, alphabet: str = _URL_SAFE) -> str:
        return "".join(self.random.choices(alphabet, k=length))

    def refresh_token(self) -> str:
        return f"aorAAAAAG{self.text(180)}"

    def access_token(self) -> str:
        return f"aoaAAAAAG{self.text(160)}"

    def profile_arn(self, region: str = "us-east-1") -> str:
        owner, profile = self.text(12, digits), self.text(12, _BASE32)
        return f"arn:aws:codewhisperer:{region}:{owner}:profile/{profile}"

    def start_url(self) -> str:
        return f"https://d-{self.text(10, digits)}.awsapps.com/start"

    def user_code(self) -> str:
        return f"{self.text(4, ascii_uppercase)}-{self.text(4, ascii_uppercase)}"
