"""How the command line finds the gateway, and what it says when it does not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import rich_click as click
from click.testing import CliRunner, Result

from ki2api.cli import cli
from ki2api.cli.calling import Door, door_options


class Page(BaseHTTPRequestHandler):
    """Something on a port that is no gateway."""

    def do_GET(self) -> None:
        self.send_response(404 if "status" in self.path else 200)
        self.end_headers()
        self.wfile.write(b"<h1>\x1b[31mHello</h1>")

    def log_request(self, *_: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@click.command()
@door_options
def where(door: Door) -> None:
    click.echo(door.url)


@click.group(invoke_without_command=True)
@door_options
@click.pass_context
def above(context: click.Context, door: Door) -> None:
    context.obj = door


above.add_command(where)


@pytest.fixture
def run(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def run(command: click.Command, *arguments: str) -> Result:
        return CliRunner().invoke(command, arguments)

    return run


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("localhost:9000/v1", "http://localhost:9000"),
        ("http://127.0.0.1:9000/v1/", "http://127.0.0.1:9000"),
        ("https://kiro.example/", "https://kiro.example"),
        ("https://kiro.example/gateway/v1", "https://kiro.example/gateway"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
    ],
)
def test_an_address_is_understood_as_people_write_it(run: Any, typed: str, understood: str) -> None:
    assert run(where, "--url", typed).output == f"{understood}\n"


@pytest.mark.parametrize("typed", ["ftp://x", "http://", "http://a b", "http://x?y=1", ":9000"])
def test_what_is_no_address_is_refused(run: Any, typed: str) -> None:
    done = run(where, "--url", typed)
    assert done.exit_code == 2
    assert "is no address such as" in " ".join(done.output.split())


def test_without_an_address_the_settings_say_it(run: Any, tmp_path: Any) -> None:
    assert run(where).output == "http://127.0.0.1:8989\n"
    assert run(where, "--port", "9000").output == "http://127.0.0.1:9000\n"
    (tmp_path / "config.toml").write_text('[server]\nhost = "::"\nport = 9001\n')
    assert run(where).output == "http://[::1]:9001\n"


def test_a_port_and_an_address_are_one_too_many(run: Any) -> None:
    done = run(where, "--url", "127.0.0.1", "--port", "9000")
    assert done.exit_code == 2


def test_the_options_may_stand_before_the_subcommand_or_behind_it(run: Any) -> None:
    assert run(above, "--port", "9000", "where").output == "http://127.0.0.1:9000\n"
    assert run(above, "where", "--port", "9000").output == "http://127.0.0.1:9000\n"
    assert run(above, "--port", "9000", "where", "--port", "1").output == "http://127.0.0.1:1\n"


def test_where_no_gateway_answers_that_is_said(run: Any) -> None:
    done = run(cli, "health", "--port", "1")
    assert done.exit_code == 1
    assert "no gateway answers at http://127.0.0.1:1" in done.output
    assert "--port N" in done.output


def test_what_is_no_gateway_is_told_apart(run: Any, page: int) -> None:
    done = run(cli, "health", "--port", str(page))
    assert done.exit_code == 1
    assert "is no Ki2API" in done.output
    done = run(cli, "accounts", "--port", str(page))
    assert done.exit_code == 1
    assert "is no Ki2API" in done.output
    assert "<h1>" not in done.output


def test_broken_settings_are_told_before_anything_is_called(run: Any, tmp_path: Any) -> None:
    (tmp_path / "config.toml").write_text("[server")
    done = run(cli, "health")
    assert done.exit_code == 2
    assert "config.toml:1" in done.output


def test_who_names_the_gateway_needs_no_settings(run: Any, tmp_path: Any) -> None:
    (tmp_path / "config.toml").write_text('[server]\napi-keys = ["env:NOT_SET"]\n')
    done = run(where, "--url", "127.0.0.1:9000")
    assert done.exit_code == 0
    assert done.stdout == "http://127.0.0.1:9000\n"
    assert "warning: without your settings: config.toml:2" in done.stderr
    assert run(where).exit_code == 2


def test_an_address_keeps_the_key_of_the_environment(
    run: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "sk-own")
    monkeypatch.setenv("KI2API_CONFIG", str(tmp_path / "gone.toml"))
    keys: list[str] = []

    @click.command()
    @door_options
    def key(door: Door) -> None:
        keys.append(door.key.reveal())

    assert run(key, "--url", "127.0.0.1:9000").exit_code == 0
    assert keys == ["sk-own"]
