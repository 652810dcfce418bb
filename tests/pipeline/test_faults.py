"""Every fault of a settings text at once, each in words that name place, cause and mend."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import pytest

from pipeline import SettingsError, decode, decode_table


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    pass


class Inner(Table, frozen=True):
    max_size: int = 0


class Server(Table, frozen=True):
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8989
    level: Literal["info", "debug"] = "info"
    mode: Literal["on", 1] | None = None
    host: str | int | None = ""
    ratio: Annotated[float, msgspec.Meta(le=1)] | None = None
    name: Annotated[str, msgspec.Meta(min_length=2)] = "ok"
    inner: Inner | None = None
    sizes: tuple[int, ...] = ()
    pair: tuple[int, str] = (0, "")
    limits: dict[str, int] = {}
    models: dict[str, Inner] = {}
    mapping: Mapping[str, int] = {}


class Account(Table, frozen=True):
    name: str
    region: str


class Loose(msgspec.Struct, frozen=True):
    a: int = 0


class Checked(msgspec.Struct, frozen=True):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not be over high")


class Settings(Table, frozen=True):
    server: Server = Server()
    accounts: list[Account] = []
    loose: Loose = Loose()
    checked: Checked = Checked(1, 2)
    anything: Any = None


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        decode(text, Settings, "config.toml")
    return caught.value.faults


def fault(text: str) -> str:
    (only,) = faults(text)
    return only


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('port = "80"', "server.port: expected int, got str"),
        ("port = 0", "server.port: expected int >= 1, got 0"),
        ("port = true", "server.port: expected int, got bool"),
        (
            'level = "inof"',
            'server.level: expected "info" or "debug", got "inof" - did you mean "info"?',
        ),
        ("level = 5", 'server.level: expected "info" or "debug", got 5'),
        ("mode = 2", 'server.mode: expected "on" or 1, got 2'),
        ("host = 1.5", "server.host: expected int | str, got float"),
        ("ratio = 1.5", "server.ratio: expected float <= 1.0, got 1.5"),
        ('name = "x"', "server.name: expected str of length >= 2"),
        ("sizes = [1, 'x']", "server.sizes[1]: expected int, got str"),
        ("pair = [1, 2]", "server.pair[1]: expected str, got int"),
        ("pair = 1", "server.pair: expected array, got int"),
        ("limits = { 'a b' = 'x' }", 'server.limits."a b": expected int, got str'),
        ("mapping = { x = 'y' }", "server.mapping: expected int, got str"),
        ("inner = { max-size = '1' }", "server.inner.max-size: expected int, got str"),
        (
            "inner = { maxsize = 1 }",
            '[server.inner] has no setting "maxsize" - did you mean "max-size"?',
        ),
        ("models.x.max-size = '1'", "server.models.x.max-size: expected int, got str"),
        ("prot = 1", '[server] has no setting "prot" - did you mean "port"?'),
        ("zzz = 1", '[server] has no setting "zzz"'),
    ],
)
def test_a_fault_names_line_place_and_cause(line: str, said: str) -> None:
    assert fault(f"# first\n[server]\n{line}") == f"config.toml:3: {said}"


def test_an_unknown_table_is_found() -> None:
    assert fault("[sever]\nport = 1") == (
        'config.toml:1: the file has no setting "sever" - did you mean "server"?'
    )


def test_a_table_where_a_value_should_be_and_the_reverse() -> None:
    assert fault("server = 5") == "config.toml:1: server: expected table, got int"
    assert fault("[server.port]\nx = 1") == "config.toml:1: server.port: expected int, got table"


def test_what_is_missing_is_told_at_the_head_of_its_table() -> None:
    assert faults('[[accounts]]\nname = "a"\nregion = "b"\n[[accounts]]\nregion = 5') == [
        'config.toml:4: [[accounts]] needs "name"',
        "config.toml:5: accounts[1].region: expected str, got int",
    ]


def test_faults_of_all_tables_come_at_once_in_the_order_of_their_lines() -> None:
    text = '[[accounts]]\nnam = "a"\nregion = "b"\n[server]\nlevel = 1\nport = 0\nzzz = 2\n'
    assert [each.partition(" ")[0] for each in faults(text)] == [
        "config.toml:1:",
        "config.toml:2:",
        "config.toml:5:",
        "config.toml:6:",
        "config.toml:7:",
    ]


def test_a_struct_that_lets_unknown_keys_pass_is_asked_for_its_known_ones_alone() -> None:
    assert fault("[loose]\nb = 1\na = 'x'") == "config.toml:3: loose.a: expected int, got str"


def test_a_struct_that_checks_itself_is_blamed_as_a_whole() -> None:
    said = "config.toml:1: checked: low must not be over high"
    assert fault("[checked]\nlow = 3\nhigh = 2") == said


def test_a_whole_text_that_refuses_itself_has_no_place_but_its_first_line() -> None:
    with pytest.raises(SettingsError) as caught:
        decode("low = 3\nhigh = 2", Checked, "config.toml")
    assert caught.value.faults == ["config.toml:1: low must not be over high"]


class Nested(Table, frozen=True):
    inner: Inner = Inner()
    all: list[Inner] = []


def test_with_a_title_every_place_begins_with_it() -> None:
    table = {"inner": {"max": 1}, "all": [{"max-size": "1"}, {"max": 2}]}
    with pytest.raises(SettingsError) as caught:
        decode_table(table, Nested, where="pipeline[0]", text="", source="", title="retry")
    assert caught.value.faults == [
        "[retry] all[0].max-size: expected int, got str",
        '[retry] all[1] has no setting "max" - did you mean "max-size"?',
        '[retry] inner has no setting "max" - did you mean "max-size"?',
    ]
