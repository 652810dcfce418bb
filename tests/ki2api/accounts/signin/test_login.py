"""Whole logins against the simulated services, over real sockets, on a clock of the test's own."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from ki2api.accounts.signin.device import Authorization
from ki2api.accounts.signin.exchange import LoginFailed
from ki2api.accounts.signin.login import LogIn, Services
from ki2api.accounts.signin.loopback import Loopback
from ki2api.simulator import SimAccount, Simulator, SimulatorOptions

pytestmark = pytest.mark.anyio
BUILDER_ID = "https://view.awsapps.com/start"


class Person:
    """Reads the screen, and acts on what it says; the clock moves only while the login sleeps."""

    def __init__(self) -> None:
        self.now = 1_763_812_800.0
        self.naps: list[float] = []
        self.looked_for: list[str] = []
        self.waiting: Authorization | None = None
        self.url = ""
        self.on_nap: Callable[[float], float] = float
        self.on_code: Callable[[str], None] = lambda _: None
        self.on_page: Callable[[str, Callable[[str], None]], None] = lambda *_: None

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += self.on_nap(seconds)

    def looking(self, start_url: str) -> None:
        self.looked_for.append(start_url)

    def code(self, authorization: Authorization) -> None:
        self.waiting = authorization
        self.on_code(authorization.user_code)

    def page(self, url: str, deliver: Callable[[str], None]) -> None:
        self.url = url
        self.on_page(url, deliver)


class Line(httpx.AsyncHTTPTransport):
    """A network that is away for some questions to one path."""

    def __init__(self) -> None:
        super().__init__()
        self.away: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rpartition("/")[2]
        if path in self.away:
            self.away.remove(path)
            raise httpx.ConnectError("away")
        return await super().handle_async_request(request)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
async def simulator(person: Person) -> AsyncIterator[Simulator]:
    options = SimulatorOptions(clock=person.clock, sleep=person.sleep)
    async with Simulator(options) as simulator:
        yield simulator


@pytest.fixture
async def http(line: Line) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=line) as http:
        yield http


@pytest.fixture
def log_in(person: Person, simulator: Simulator, http: httpx.AsyncClient) -> LogIn:
    services = Services(
        f"{simulator.urls.auth}/{{region}}",
        f"{simulator.urls.oidc}/{{region}}",
        simulator.urls.auth,
    )
    return LogIn(
        http,
        services,
        person,
        clock=person.clock,
        sleep=person.sleep,
        loopback=lambda: Loopback((0,)),
    )


@pytest.fixture
def browsed(log_in: LogIn, person: Person, http: httpx.AsyncClient) -> Callable[..., Any]:
    """Logs in by page, with a browser that goes where it is sent."""

    async def browsed(provider: str = "", change: Callable[[str], str] = str) -> Any:
        async with anyio.create_task_group() as group:

            async def browse(url: str) -> None:
                sent = await http.get(url)
                assert sent.status_code == 302, sent.text
                page = await http.get(change(sent.headers["location"]))
                assert page.status_code == 200

            def opened(url: str, _: Callable[[str], None]) -> None:
                group.start_soon(browse, url)

            person.on_page = opened
            return await log_in.by_page(provider)

    return browsed


def builder_id(simulator: Simulator) -> SimAccount:
    return simulator.add_account("me", kind="builder-id")


async def test_a_builder_id_login_waits_for_the_person(
    log_in: LogIn, person: Person, simulator: Simulator
) -> None:
    account = builder_id(simulator)
    before = account.refresh_token
    person.on_code = account.approve

    login = await log_in.by_code(BUILDER_ID)

    assert login.refresh_token.reveal() == account.refresh_token != before
    assert login.access_token.reveal() == account.access_token
    assert (login.client_id, login.provider) == (account.client_id, "BuilderId")
    assert (login.start_url, login.region) == (BUILDER_ID, "us-east-1")
    assert login.expires_at == "2025-11-22T13:00:01+00:00"
    assert login.client_secret is not None
    assert login.client_secret.reveal() == account.client_secret
    assert account.logins == 1
    assert person.naps == [1.0]


async def test_the_service_is_asked_until_the_person_has_come_and_slower_when_it_says_so(
    log_in: LogIn, person: Person, simulator: Simulator
) -> None:
    account = builder_id(simulator)

    def nap(seconds: float) -> float:
        if len(person.naps) == 4:
            account.approve()
        return 0.2 if len(person.naps) == 2 else seconds

    person.on_nap = nap
    login = await log_in.by_code(BUILDER_ID)

    assert login.provider == "BuilderId"
    assert person.naps == [1.0, 1.0, 6.0, 6.0]


async def test_an_identity_center_is_looked_for_region_by_region(
    log_in: LogIn, person: Person, simulator: Simulator
) -> None:
    account = simulator.add_account("work", kind="enterprise", region="eu-central-1")
    person.on_code = account.approve

    login = await log_in.by_code(account.start_url)

    assert person.looked_for == [account.start_url]
    assert (login.region, login.provider) == ("eu-central-1", "Enterprise")
    assert account.profile_arn.split(":")[3] == "eu-central-1"


async def test_a_region_that_was_given_is_the_only_one_asked(
    log_in: LogIn, person: Person, simulator: Simulator
) -> None:
    account = simulator.add_account("work", kind="enterprise", region="eu-west-1")
    person.on_code = account.approve

    login = await log_in.by_code(account.start_url, "eu-west-1")
    with pytest.raises(LoginFailed, match="400 invalid_request; also check the start"):
        await log_in.by_code(account.start_url, "us-east-1")

    assert person.looked_for == []
    assert login.region == "eu-west-1"


async def test_an_identity_center_that_nobody_knows_is_said_to_be_unknown(log_in: LogIn) -> None:
    with pytest.raises(LoginFailed, match=r"no region .* knows https://d-1\.test.*--region"):
        await log_in.by_code("https://d-1.test")


async def test_a_code_that_nobody_confirms_ends_by_the_clock(
    log_in: LogIn, person: Person, simulator: Simulator
) -> None:
    builder_id(simulator)
    began = person.now

    with pytest.raises(LoginFailed, match="the code has expired"):
        await log_in.by_code(BUILDER_ID)
    assert person.now - began == pytest.approx(600, abs=2)


async def test_a_login_that_is_denied_or_expires_at_the_service_ends(
    log_in: LogIn, person: Person, simulator: Simulator
) -> None:
    account = builder_id(simulator)
    person.on_code = account.deny
    with pytest.raises(LoginFailed, match="denied in the browser"):
        await log_in.by_code(BUILDER_ID)

    person.on_code = account.let_expire
    with pytest.raises(LoginFailed, match="the code has expired"):
        await log_in.by_code(BUILDER_ID)
    assert account.logins == 0


async def test_a_service_that_is_away_for_a_moment_does_not_end_the_waiting(
    log_in: LogIn, person: Person, simulator: Simulator, line: Line
) -> None:
    account = builder_id(simulator)
    person.on_code = account.approve
    line.away.append("token")

    await log_in.by_code(BUILDER_ID)

    assert person.naps == [1.0, 6.0]


async def test_a_service_that_stays_away_is_not_waited_for_longer_than_the_code_lasts(
    log_in: LogIn, person: Person, simulator: Simulator, line: Line
) -> None:
    builder_id(simulator)
    line.away.extend(["token"] * 100)
    began = person.now

    with pytest.raises(LoginFailed, match="the code has expired"):
        await log_in.by_code(BUILDER_ID)
    assert 600 <= person.now - began < 700
    assert len(person.naps) < 20


async def test_a_service_that_cannot_be_reached_at_all_is_said_at_once(
    person: Person, http: httpx.AsyncClient
) -> None:
    nowhere = "http://127.0.0.1:1"
    log_in = LogIn(http, Services(nowhere, nowhere, nowhere), person)

    with pytest.raises(LoginFailed, match=r"127\.0\.0\.1 cannot be reached"):
        await log_in.by_code(BUILDER_ID)


@pytest.mark.parametrize("provider", ["Google", "Github"])
async def test_a_social_login_comes_back_from_the_page_of_its_provider(
    browsed: Callable[..., Any], simulator: Simulator, provider: str
) -> None:
    account = simulator.add_account("me")

    login = await browsed(provider)

    assert login.refresh_token.reveal() == account.refresh_token
    assert (login.provider, login.profile_arn) == (provider, account.profile_arn)
    assert (login.client_id, login.client_secret, login.start_url) == ("", None, "")


async def test_a_login_on_kiros_page_says_which_way_was_chosen_there(
    browsed: Callable[..., Any], simulator: Simulator, person: Person
) -> None:
    account = simulator.add_account("me", provider="github")

    login = await browsed()

    assert login.provider == "Github"
    assert login.refresh_token.reveal() == account.refresh_token
    assert "redirect_from=KiroIDE" in person.url


@pytest.mark.parametrize("kind", ["builder-id", "enterprise"])
async def test_a_login_at_aws_that_is_chosen_on_kiros_page_goes_on_there_by_code(
    browsed: Callable[..., Any], simulator: Simulator, person: Person, kind: Any
) -> None:
    account = simulator.add_account("me", kind=kind)
    account.approve()  # the choice on the page
    person.on_code = account.approve

    login = await browsed()

    assert login.start_url == account.start_url
    assert login.client_id == account.client_id
    assert account.logins == 1


async def test_an_address_that_is_pasted_ends_the_login_as_well(
    log_in: LogIn, simulator: Simulator, person: Person, http: httpx.AsyncClient
) -> None:
    account = simulator.add_account("me")
    async with anyio.create_task_group() as group:

        async def paste(url: str, deliver: Callable[[str], None]) -> None:
            deliver((await http.get(url)).headers["location"])

        def opened(url: str, deliver: Callable[[str], None]) -> None:
            group.start_soon(paste, url, deliver)

        person.on_page = opened
        login = await log_in.by_page()

    assert login.refresh_token.reveal() == account.refresh_token


async def test_a_browser_from_another_login_is_turned_away(
    browsed: Callable[..., Any], simulator: Simulator
) -> None:
    account = simulator.add_account("me")

    with pytest.raises(ExceptionGroup) as group:
        await browsed(change=lambda url: url.replace("state=", "state=x"))

    assert group.group_contains(LoginFailed, match="another login")
    assert account.logins == 0


async def test_a_login_that_is_denied_on_the_page_ends(
    browsed: Callable[..., Any], simulator: Simulator
) -> None:
    simulator.add_account("me").deny()

    with pytest.raises(ExceptionGroup) as group:
        await browsed("Google")
    assert group.group_contains(LoginFailed, match="denied in the browser")


async def test_a_code_that_has_ended_is_refused(
    browsed: Callable[..., Any], simulator: Simulator
) -> None:
    simulator.add_account("me").let_expire()

    with pytest.raises(ExceptionGroup) as group:
        await browsed("Google")
    assert group.group_contains(LoginFailed, match="answered 400 invalid_grant")
