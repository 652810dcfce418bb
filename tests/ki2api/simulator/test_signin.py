"""The logins of the simulated sign-in services: what they give, and what they refuse."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ki2api.simulator import SimulatorOptions
from ki2api.simulator.signin_clients import DEVICE_GRANT
from ki2api.simulator.signin_codes import hashed

pytestmark = pytest.mark.anyio
Opened = Callable[..., Awaitable[Any]]
BUILDER_ID = "https://view.awsapps.com/start"
CLIENT: dict[str, Any] = {
    "clientName": "test",
    "clientType": "public",
    "scopes": ["codewhisperer:completions"],
    "grantTypes": [DEVICE_GRANT, "refresh_token"],
}
VERIFIER = "v" * 64
PROOF = {"state": "s", "code_challenge": hashed(VERIFIER), "code_challenge_method": "S256"}
BASE = "http://localhost:3128"


class Clock:
    def __init__(self) -> None:
        self.now = 1_763_812_800.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def at_aws(opened: Opened, clock: Clock) -> Any:
    """A caller with a Builder ID, on a clock of the test's own."""
    return await opened(SimulatorOptions(clock=clock), kind="builder-id")


async def _post(caller: Any, path: str, region: str = "", **body: Any) -> httpx.Response:
    url = f"{caller.simulator.urls.oidc}/{region}{'/' if region else ''}{path}"
    response: httpx.Response = await caller.http.post(url, json=body)
    return response


async def _registered(caller: Any, region: str = "", **changed: Any) -> dict[str, str]:
    answer = (await _post(caller, "client/register", region, **{**CLIENT, **changed})).json()
    return {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}


async def _device(caller: Any, start_url: str = BUILDER_ID) -> dict[str, str]:
    client = await _registered(caller)
    answer = (await _post(caller, "device_authorization", startUrl=start_url, **client)).json()
    asked = {"deviceCode": answer["deviceCode"], "grantType": DEVICE_GRANT, **client}
    return {**asked, "userCode": answer["userCode"]}


async def _poll(caller: Any, clock: Clock, device: dict[str, str], seconds: float = 2.0) -> Any:
    clock.now += seconds
    return (await _post(caller, "token", **device)).json()


async def _sent(caller: Any, path: str, host: str = "auth", **query: str) -> httpx.Response:
    url = f"{getattr(caller.simulator.urls, host)}{path}"
    response: httpx.Response = await caller.http.get(url, params={**PROOF, **query})
    return response


def _told(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302, response.text
    query = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"clientType": "confidential"}, "invalid_client_metadata"),
        ({"clientName": ""}, "invalid_client_metadata"),
        ({"grantTypes": []}, "invalid_client_metadata"),
        ({"grantTypes": ["password"]}, "invalid_client_metadata"),
        ({"scopes": []}, "invalid_scope"),
        ({"scopes": ["openid"]}, "invalid_scope"),
        ({"grantTypes": ["authorization_code"]}, "invalid_redirect_uri"),
        (
            {"grantTypes": ["authorization_code"], "redirectUris": ["https://evil.test/"]},
            "invalid_redirect_uri",
        ),
        ({"scopes": "all"}, "invalid_request"),
    ],
)
async def test_a_client_must_say_rightly_what_it_is(
    caller: Any, changed: dict[str, Any], error: str
) -> None:
    response = await _post(caller, "client/register", **{**CLIENT, **changed})

    assert (response.status_code, response.json()["error"]) == (400, error)


async def test_a_registration_lasts_ninety_days(at_aws: Any, clock: Clock) -> None:
    answer = (await _post(at_aws, "client/register", **CLIENT)).json()

    assert answer["clientIdIssuedAt"] == clock.now
    assert answer["clientSecretExpiresAt"] == clock.now + 90 * 86_400


async def test_a_device_login_gives_tokens_once_it_is_approved(at_aws: Any, clock: Clock) -> None:
    device = await _device(at_aws)

    assert (await _poll(at_aws, clock, device))["error"] == "authorization_pending"
    at_aws.account.approve("ANOTHER1")
    assert (await _poll(at_aws, clock, device))["error"] == "authorization_pending"
    at_aws.account.approve(device["userCode"])
    answer = await _poll(at_aws, clock, device)

    assert answer["refreshToken"] == at_aws.account.refresh_token
    assert answer["accessToken"] == at_aws.account.access_token
    assert (at_aws.account.logins, at_aws.account.refreshes) == (1, 0)
    assert (await _poll(at_aws, clock, device))["error"] == "invalid_grant"


async def test_a_new_login_refreshes_with_its_own_client_and_ends_the_session_before(
    at_aws: Any, clock: Clock
) -> None:
    old = at_aws.account.refresh_token
    at_aws.account.expire_registration()
    device = await _device(at_aws)
    at_aws.account.approve()
    answer = await _poll(at_aws, clock, device)
    client = {key: device[key] for key in ("clientId", "clientSecret")}
    ask = {**client, "grantType": "refresh_token"}

    dead = await _post(at_aws, "token", refreshToken=old, **ask)
    alive = await _post(at_aws, "token", refreshToken=answer["refreshToken"], **ask)
    clock.now += 91 * 86_400
    late = await _post(at_aws, "token", refreshToken=alive.json()["refreshToken"], **ask)

    assert dead.json()["error"] == "invalid_grant"
    assert alive.status_code == 200
    assert late.json()["error_description"] == "Client is expired"


async def test_asking_too_fast_is_refused_and_slows_the_pace(at_aws: Any, clock: Clock) -> None:
    device = await _device(at_aws)

    assert (await _poll(at_aws, clock, device, 0.5))["error"] == "slow_down"
    assert (await _poll(at_aws, clock, device, 5.0))["error"] == "slow_down"
    assert (await _poll(at_aws, clock, device, 11.0))["error"] == "authorization_pending"


async def test_a_device_login_may_be_denied_or_expire(at_aws: Any, clock: Clock) -> None:
    denied, expired, late = [await _device(at_aws) for _ in range(3)]
    at_aws.account.deny(denied["userCode"])
    at_aws.account.let_expire(expired["userCode"])

    assert (await _poll(at_aws, clock, denied))["error"] == "access_denied"
    assert (await _poll(at_aws, clock, expired))["error"] == "expired_token"
    assert (await _poll(at_aws, clock, late, 600))["error"] == "expired_token"


async def test_a_client_is_known_by_its_pair_its_grants_and_its_region(
    at_aws: Any, clock: Clock
) -> None:
    client = await _registered(at_aws, "us-east-1")
    wrong = {**client, "clientSecret": "x"}
    other = await _registered(at_aws, "us-east-1", grantTypes=["refresh_token"])
    path = "device_authorization"

    answers = [
        await _post(at_aws, path, "us-east-1", startUrl=BUILDER_ID, **wrong),
        await _post(at_aws, path, "eu-west-1", startUrl=BUILDER_ID, **client),
        await _post(at_aws, path, "us-east-1", startUrl=BUILDER_ID, **other),
    ]
    clock.now += 91 * 86_400
    answers.append(await _post(at_aws, path, "us-east-1", startUrl=BUILDER_ID, **client))

    assert [answer.headers["x-amzn-errortype"] for answer in answers] == [
        "InvalidClientException",
        "InvalidClientException",
        "UnauthorizedClientException",
        "ExpiredClientException",
    ]


async def test_a_start_url_is_known_in_its_own_region_only(opened: Opened) -> None:
    caller = await opened(kind="enterprise", region="eu-west-1")
    start_url = caller.account.start_url
    answers = []
    for region in ("eu-west-1", "us-east-1"):
        client = await _registered(caller, region)
        for url in (start_url, BUILDER_ID):
            answer = await _post(caller, "device_authorization", region, startUrl=url, **client)
            answers.append(answer.status_code)

    assert answers == [200, 400, 400, 200]
    assert caller.account.api_region == "eu-central-1"


async def test_a_device_code_belongs_to_its_client(at_aws: Any, clock: Clock) -> None:
    device = await _device(at_aws)
    stranger = await _registered(at_aws)

    assert (await _poll(at_aws, clock, {**device, **stranger}))["error"] == "invalid_grant"


@pytest.mark.parametrize(("kind", "host"), [("enterprise", "oidc"), ("social", "auth")])
async def test_a_token_is_honoured_by_the_region_that_issued_it(
    opened: Opened, kind: str, host: str
) -> None:
    caller = await opened(kind=kind, region="eu-west-1")
    account = caller.account
    url = getattr(caller.simulator.urls, host)
    path = "token" if host == "oidc" else "refreshToken"
    statuses = []
    for region in ("us-east-1", "eu-west-1"):
        body = {
            "clientId": account.client_id,
            "clientSecret": account.client_secret,
            "refreshToken": account.refresh_token,
            "grantType": "refresh_token",
        }
        answer = await caller.http.post(f"{url}/{region}/{path}", json=body)
        statuses.append((answer.status_code, answer.json().get("error")))

    refused = "invalid_request" if host == "oidc" else None
    assert statuses == [(400, refused), (200, None)]


async def test_the_page_of_all_logins_sends_a_social_one_back_with_a_code(caller: Any) -> None:
    told = _told(await _sent(caller, "/signin", redirect_uri=BASE, redirect_from="KiroIDE"))
    body = {
        "code": told["code"],
        "code_verifier": VERIFIER,
        "redirect_uri": f"{BASE}/oauth/callback?login_option=google",
    }
    url = f"{caller.simulator.urls.auth}/oauth/token"
    first = await caller.http.post(url, json=body)
    again = await caller.http.post(url, json=body)

    assert (told["state"], told["login_option"]) == ("s", "google")
    assert first.json()["refreshToken"] == caller.account.refresh_token
    assert first.json()["profileArn"] == caller.account.profile_arn
    assert again.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("wrong", ["code", "code_verifier", "redirect_uri"])
async def test_a_code_is_good_for_whoever_asked_for_it_only(caller: Any, wrong: str) -> None:
    callback = f"{BASE}/oauth/callback"
    told = _told(await _sent(caller, "/login", idp="Github", redirect_uri=callback))
    body = {"code": told["code"], "code_verifier": VERIFIER, "redirect_uri": callback}
    url = f"{caller.simulator.urls.auth}/oauth/token"

    answer = await caller.http.post(url, json={**body, wrong: "x"})

    assert answer.json()["error"] == "invalid_grant"
    assert caller.account.logins == 0


async def test_a_code_ends_with_its_time(opened: Opened, clock: Clock) -> None:
    caller = await opened(SimulatorOptions(clock=clock))
    callback = "kiro://kiro.kiroAgent/authenticate-success"
    told = _told(await _sent(caller, "/login", idp="Google", redirect_uri=callback))
    clock.now += 301
    body = {"code": told["code"], "code_verifier": VERIFIER, "redirect_uri": callback}

    answer = await caller.http.post(f"{caller.simulator.urls.auth}/oauth/token", json=body)

    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("kind", "option"), [("builder-id", "builderid"), ("enterprise", "awsidc")]
)
async def test_the_page_of_all_logins_sends_others_on_to_aws(
    opened: Opened, kind: str, option: str
) -> None:
    caller = await opened(kind=kind)
    told = _told(await _sent(caller, "/signin", redirect_uri=f"{BASE}/", redirect_from="KiroIDE"))

    assert told == {
        "login_option": option,
        "issuer_url": caller.account.start_url,
        "idc_region": "us-east-1",
        "state": "s",
    }


async def test_whoever_decided_is_who_logs_in(caller: Any) -> None:
    second = caller.simulator.add_account("second")
    second.deny()

    told = _told(await _sent(caller, "/login", idp="Google", redirect_uri=f"{BASE}/x"))

    assert told == {"state": "s", "error": "access_denied"}


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/signin", {"redirect_uri": "https://evil.test", "redirect_from": "KiroIDE"}, "redirect"),
        ("/signin", {"redirect_uri": f"{BASE}/x", "redirect_from": "KiroIDE"}, "redirect_uri"),
        ("/signin", {"redirect_uri": BASE}, "redirect_from"),
        ("/login", {"redirect_uri": "https://evil.test", "idp": "Google"}, "redirect_uri"),
        ("/login", {"redirect_uri": BASE, "idp": "Facebook"}, "idp"),
        (
            "/login",
            {"redirect_uri": BASE, "idp": "Google", "code_challenge_method": "plain"},
            "code_challenge",
        ),
        ("/login", {"redirect_uri": BASE, "idp": "Google", "code_challenge": "x"}, "code_chall"),
        ("/login", {"redirect_uri": BASE, "idp": "Google", "state": ""}, "state"),
    ],
)
async def test_a_page_wants_its_parameters_right(
    caller: Any, path: str, query: dict[str, str], parameter: str
) -> None:
    response = await _sent(caller, path, **query)

    assert response.status_code == 400
    assert parameter in response.json()["message"]


async def test_a_page_without_anybody_to_log_in_says_so(at_aws: Any) -> None:
    response = await _sent(at_aws, "/login", idp="Google", redirect_uri=BASE)

    assert response.status_code == 404


async def test_an_aws_login_by_page_is_proved_like_any_other(at_aws: Any) -> None:
    callback = "http://127.0.0.1:4649/oauth/callback"
    grants = ["authorization_code", "refresh_token"]
    client = await _registered(at_aws, grantTypes=grants, redirectUris=[callback])
    asked = {
        "host": "oidc",
        "client_id": client["clientId"],
        "redirect_uri": callback,
        "scopes": "codewhisperer:completions",
    }
    told = _told(await _sent(at_aws, "/authorize", response_type="code", **asked))
    ask = {"code": told["code"], "redirectUri": callback, "grantType": "authorization_code"}

    tokens = await _post(at_aws, "token", codeVerifier=VERIFIER, **ask, **client)
    refused = [
        await _sent(at_aws, "/authorize", **asked),
        await _sent(at_aws, "/authorize", response_type="code", **{**asked, "client_id": "x"}),
        await _sent(at_aws, "/authorize", response_type="code", **{**asked, "redirect_uri": BASE}),
    ]

    assert tokens.json()["refreshToken"] == at_aws.account.refresh_token
    assert [response.status_code for response in refused] == [400, 400, 400]


@pytest.mark.parametrize(
    ("form", "json"),
    [
        (None, {"grant_type": "refresh_token"}),
        ({"grant_type": "refresh_token"}, None),
        ({"grant_type": "password", "scope": "x"}, None),
    ],
)
async def test_an_external_provider_refuses_what_is_no_form_with_a_scope(
    opened: Opened, form: Any, json: Any
) -> None:
    caller = await opened(kind="external-idp")
    url = f"{caller.simulator.urls.oidc}/oauth2/v2.0/token"

    response = await caller.http.post(url, data=form, json=json)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("region", "api_region"),
    [
        ("us-east-1", "us-east-1"),
        ("ap-southeast-1", "us-east-1"),
        ("eu-west-1", "eu-central-1"),
        ("us-gov-west-1", "us-gov-west-1"),
    ],
)
async def test_an_enterprise_profile_lies_in_the_region_that_serves_the_sign_in(
    opened: Opened, region: str, api_region: str
) -> None:
    account = (await opened(kind="enterprise", region=region)).account

    assert account.api_region == account.profile_arn.split(":")[3] == api_region


async def test_an_api_region_may_be_given(opened: Opened) -> None:
    account = (await opened(kind="enterprise", api_region="eu-central-1")).account

    assert account.profile_arn.split(":")[3] == "eu-central-1"
