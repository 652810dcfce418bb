"""Host names and web origins."""

import pytest

from ki2api.errors import Forbidden
from ki2api.web.origin import Neighbourhood


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8989",
        "LOCALHOST:1",
        "a.localhost",
        "127.0.0.1",
        "127.0.0.1:8989",
        "[::1]",
        "[::1]:8989",
        "192.168.1.20:8989",
        "ki2api",
        "ki2api:8989",
        "my_box",
        "host.docker.internal:8989",
        "host.containers.internal",
        "gate.example:8989",
    ],
)
def test_near_hosts_may_ask(host: str) -> None:
    Neighbourhood(hosts=["Gate.example"]).check({"host": host}, any_host=False)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil",
        "127.0.0.1.evil:8989",
        "a@b",
        "evil#",
        "localhost.",
        "localhost.evil",
        "2130706433",
        "localhost:port",
        "[::1",
        "[gg::1]",
        "[]",
        "a b",
        "a/b",
        "localhost:8989:1",
        "[::1].evil",
        "xn--e.com",
        "evil.com:80",
        "0x7f.1.evil",
    ],
)
def test_foreign_hosts_may_not(host: str) -> None:
    with pytest.raises(Forbidden, match="host name"):
        Neighbourhood().check({"host": host}, any_host=False)


def test_with_a_key_of_ones_own_the_host_does_not_matter() -> None:
    Neighbourhood().check({"host": "evil.example"}, any_host=True)


@pytest.mark.parametrize("origin", ["http://localhost:8989", "HTTP://LOCALHOST:8989"])
def test_our_own_origin_may_ask(origin: str) -> None:
    Neighbourhood().check({"host": "localhost:8989", "origin": origin}, any_host=False)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost:1",
        "http://localhost",
        "file://",
        "ftp://localhost:8989",
        "http://[x",
    ],
)
def test_another_origin_may_not(origin: str) -> None:
    with pytest.raises(Forbidden, match="another origin"):
        Neighbourhood().check({"host": "localhost:8989", "origin": origin}, any_host=True)


def test_a_listed_origin_may_ask_also_across_sites() -> None:
    headers = {"host": "h", "origin": "https://chat.example", "sec-fetch-site": "cross-site"}
    Neighbourhood(origins=["https://chat.example/"]).check(headers, any_host=False)


@pytest.mark.parametrize(
    "site", ["cross-site", "same-site", "Cross-Site", "", "x", "same-origin, cross-site"]
)
def test_a_call_of_another_site_without_an_origin_is_refused(site: str) -> None:
    with pytest.raises(Forbidden, match="another site"):
        Neighbourhood().check({"host": "h", "sec-fetch-site": site}, any_host=True)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_a_person_opens_and_our_own_page_may_ask(site: str) -> None:
    Neighbourhood().check({"host": "h", "sec-fetch-site": site}, any_host=True)


def test_whoever_came_before_changes_nothing() -> None:
    neighbourhood = Neighbourhood(hosts=["box.example"])
    for _ in range(2):
        for host in ("localhost:8989", "localhost:8989", "box.example", "[::1]:1", "127.0.0.1"):
            neighbourhood.check({"host": host}, any_host=False)
            for foreign in ("evil.example", ""):
                with pytest.raises(Forbidden, match="host name"):
                    neighbourhood.check({"host": foreign}, any_host=False)
            neighbourhood.check({"host": host}, any_host=False)


def test_of_a_long_name_only_the_beginning_is_repeated() -> None:
    with pytest.raises(Forbidden) as caught:
        Neighbourhood().check({"host": "a." * 200}, any_host=False)
    assert f"{'a.' * 50!r} is not" in str(caught.value)
