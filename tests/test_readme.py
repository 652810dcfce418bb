"""What the READMEs say is so: both say the same, and every link, command and setting is there."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from rich_click import Command, Group

from ki2api.app import ROUTES
from ki2api.cli import cli
from ki2api.keys import DEFAULT_KEY
from ki2api.settings import ServerSettings

ROOT = Path(__file__).parent.parent
TRANSLATED = ROOT / "docs" / "README.zh-CN.md"
LINKING = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "pipeline" / "README.md",
    ROOT / "docs" / "examples" / "README.md",
]
FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", flags=re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^]\n]*\]\(([^)\s]+)\)")
SETTING = re.compile(r"\[{1,2}(?P<table>[a-z-]+)\]{1,2}(?: (?P<key>[a-z-]+))?")
README = (ROOT / "README.md").read_text()
CHINESE = TRANSLATED.read_text()


def prose(text: str) -> str:
    """Return what stands outside fenced blocks."""
    return FENCED.sub("", text)


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    return [found["code"] for found in FENCED.finditer(README) if found["language"] == language]


def links(path: Path) -> list[str]:
    """Return where a page points to, except for the web."""
    inline_code_gone = CODE.sub("", prose(path.read_text()))
    return [to for to in LINK.findall(inline_code_gone) if not urlsplit(to).scheme]


def anchors(path: Path) -> set[str]:
    """Return the names that a page's headings have in links."""
    headings = re.findall(r"^#+ (.+)$", prose(path.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def settings(text: str) -> dict[str, set[str]]:
    """Return the keys of each table in TOML, also of those that are commented out."""
    found: dict[str, set[str]] = {}
    table: set[str] = set()
    for line in text.splitlines():
        if named := re.match(r"(?:# )?\[{1,2}([a-z-]+)\]{1,2}", line):
            table = found.setdefault(named[1], set())
        elif key := re.match(r"(?:# )?([a-z-]+) = ", line):
            table.add(key[1])
    return found


def commands(script: str) -> Iterator[list[str]]:
    """Split a script into the words of its commands."""
    # A line that is indented goes on with the one before it.
    for line in re.split(r"\n(?=\S)", script.replace("\\\n", " ")):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if set(word) <= set(";&|"):
                yield words
                words = []
            else:
                words.append(word)
        if words:
            yield words


def unknown(words: list[str], command: Command = cli) -> list[str]:
    """Return which subcommands and options, of the words after `ki2api`, do not exist."""
    if not words:
        return []
    first, *rest = words
    if isinstance(command, Group) and not first.startswith("-"):
        inner = command.commands.get(first)
        return unknown(rest, inner) if inner else [first]
    options = {"-h", "--help"} | {name for each in command.params for name in each.opts}
    return [word for word in words if word.startswith("-") and word not in options]


TABLE = {
    found["command"]: found["text"]
    for found in re.finditer(
        r"^\| `ki2api (?P<command>[a-z]+)` \| (?P<text>.+) \|$", README, flags=re.MULTILINE
    )
}
TYPED = [words for script in blocks("sh") for words in commands(script)]
MENTIONED = [
    shlex.split(code) for code in CODE.findall(prose(README)) if code.startswith("ki2api ")
]
CALLS = [words[1:] for words in TYPED if words[0] == "curl"]
STARTS = [words[1:] for words in TYPED if Path(words[0]).name == "ki2api"]


def test_both_readmes_show_the_same_code_in_the_same_order() -> None:
    assert [found[0] for found in FENCED.finditer(CHINESE)] == [
        found[0] for found in FENCED.finditer(README)
    ]


def test_both_readmes_name_the_same_things_in_inline_code() -> None:
    assert Counter(CODE.findall(prose(CHINESE))) == Counter(CODE.findall(prose(README)))


def test_both_readmes_have_as_many_sections_and_rows() -> None:
    marks = re.compile(r"^(?:#+ |\|)", flags=re.MULTILINE)
    assert marks.findall(prose(CHINESE)) == marks.findall(prose(README))


def test_both_readmes_link_to_the_same_files_and_to_each_other() -> None:
    def targets(path: Path) -> Counter[Path]:
        return Counter((path.parent / to.partition("#")[0]).resolve() for to in links(path))

    english, chinese = targets(ROOT / "README.md"), targets(TRANSLATED)
    # A link to a heading of the page itself has its folder as the target here.
    del english[ROOT.resolve()], chinese[TRANSLATED.parent.resolve()]
    assert english - chinese == Counter([TRANSLATED.resolve()])
    assert chinese - english == Counter([(ROOT / "README.md").resolve()])


@pytest.mark.parametrize("path", LINKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_points_to_a_file_and_a_heading_that_exist(path: Path) -> None:
    for to in links(path):
        file, _, heading = to.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), to
        assert not heading or heading in anchors(target), to


def test_the_table_of_commands_names_commands_that_exist() -> None:
    assert TABLE
    assert TABLE.keys() <= cli.commands.keys()


@pytest.mark.parametrize("command", TABLE)
def test_an_option_in_the_table_of_commands_is_one_of_its_command(command: str) -> None:
    options = [code for code in CODE.findall(TABLE[command]) if code.startswith("-")]
    assert unknown([command, *options]) == []


@pytest.mark.parametrize("command", cli.commands)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert command in {*TABLE, *(words[1] for words in MENTIONED)}


@pytest.mark.parametrize("words", MENTIONED, ids=shlex.join)
def test_a_command_in_the_text_exists(words: list[str]) -> None:
    if words[1] != "COMMAND":
        assert unknown(words[1:]) == []


def test_every_setting_in_the_readme_is_in_the_example() -> None:
    example = settings((ROOT / "config.example.toml").read_text())
    named = [found for code in CODE.findall(prose(README)) if (found := SETTING.fullmatch(code))]
    assert named
    for found in named:
        assert found["table"] in example, found[0]
        assert found["key"] is None or found["key"] in example[found["table"]], found[0]
    for block in blocks("toml"):
        for table, keys in settings(block).items():
            assert keys <= example[table], table


@pytest.mark.parametrize("words", STARTS, ids=shlex.join)
def test_a_command_to_type_exists(words: list[str]) -> None:
    assert words
    assert unknown(words) == []


@pytest.mark.parametrize("words", CALLS, ids=shlex.join)
def test_a_call_to_type_reaches_a_route_at_the_default_address_with_the_default_key(
    words: list[str],
) -> None:
    (address,) = (word for word in words if word.startswith("http"))
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if "-d" in words else "GET"
    url, default = urlsplit(address), ServerSettings()
    assert {word for word in words if word.startswith("-")} <= {"-H", "-X", "-d"}
    assert url.netloc in {f"{default.host}:{default.port}", f"localhost:{default.port}"}
    assert {f"Authorization: Bearer {DEFAULT_KEY}", f"x-api-key: {DEFAULT_KEY}"} & set(words)
    assert any(url.path in route.paths and method in route.http_methods for route in ROUTES)


def test_nothing_is_to_be_typed_that_is_not_expected() -> None:
    pytest_and_pip = {".venv/bin/pytest", ".venv/bin/pip"}
    containers = {"podman", "docker", "docker-compose"}
    programs = {"python3", "curl", ".venv/bin/ki2api", *pytest_and_pip, *containers}
    assert {words[0] for words in TYPED} == programs
