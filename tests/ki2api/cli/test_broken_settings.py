"""Broken settings: each is answered with its place, the cause and the mend, word for word."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from ki2api.cli import cli

FILES = {
    "fine.py": "def request(flow):\n    pass\n",
    "broken.py": "WORDS = []\n\nWORD = WORDS[0]\n",
    "syntax.py": "def request(flow)\n    pass\n",
    "misspelt.py": "def reqest(flow):\n    pass\n",
    "slot.py": 'requires = {"conversaton"}\n\n\ndef request(flow):\n    pass\n',
    "event.py": "def event(flow, event):\n    return event\n",
}
# What it is about: the settings, and all that is said of them.
BROKEN = {
    "unknown key": (
        "[server]\nprt = 1\n",
        [
            'ki2api: config.toml:2: [server] has no setting "prt" - did you mean "port"?',
        ],
    ),
    "unknown table": (
        "[sever]\nport = 1\n",
        [
            'ki2api: config.toml:1: the file has no setting "sever" - did you mean "server"?',
        ],
    ),
    "wrong type": (
        '[server]\nport = "8989"\n',
        [
            "ki2api: config.toml:2: server.port: expected int, got str",
        ],
    ),
    "out of range": (
        "[server]\nport = 70000\n",
        [
            "ki2api: config.toml:2: server.port: expected int <= 65535, got 70000",
        ],
    ),
    "below range": (
        "[upstream]\nidle-seconds = -1\n",
        [
            "ki2api: config.toml:2: upstream.idle-seconds: expected float >= 0.0, got -1",
        ],
    ),
    "wrong choice": (
        '[log]\nlevel = "verbos"\n',
        [
            'ki2api: config.toml:2: log.level: expected "debug" or "info" or "warning" or "error", got "verbos"',
        ],
    ),
    "wrong choice without a near one": (
        '[upstream]\nkind = "aws"\n',
        [
            'ki2api: config.toml:2: upstream.kind: expected "kiro" or "simulator", got "aws"',
        ],
    ),
    "two faults": (
        '[server]\nprt = 1\n\n[log]\nformat = "xml"\n',
        [
            'ki2api: config.toml:2: [server] has no setting "prt" - did you mean "port"?',
            'config.toml:5: log.format: expected "text" or "json", got "xml"',
        ],
    ),
    "bad TOML": (
        "[server\nport = 1\n",
        [
            "ki2api: config.toml:1: Expected ']' at the end of a table declaration (at line 1, column 8)",
        ],
    ),
    "bad value": (
        "[server]\nport = \n",
        [
            "ki2api: config.toml:2: Invalid value (at line 2, column 8)",
        ],
    ),
    "a key twice": (
        "[server]\nport = 1\nport = 2\n",
        [
            "ki2api: config.toml:3: Cannot overwrite a value (at line 3, column 9)",
        ],
    ),
    "no secret in the environment": (
        '[server]\napi-keys = ["env:KI2API_TEST_MISSING"]\n',
        [
            "ki2api: config.toml:2: server.api-keys[0]: the environment variable KI2API_TEST_MISSING is not set",
        ],
    ),
    "no file of a secret": (
        '[[accounts]]\nrefresh-token = "file:missing.txt"\n',
        [
            "ki2api: config.toml:2: accounts[0].refresh-token: cannot read the file missing.txt: No such file or directory",
        ],
    ),
    "a secret that is no text": (
        "[[accounts]]\nrefresh-token = 5\n",
        [
            "ki2api: config.toml:2: accounts[0].refresh-token: expected str, got int",
        ],
    ),
    "an account with an unknown key": (
        '[[accounts]]\nrefresh-tokn = "abc"\n',
        [
            'ki2api: config.toml:2: [[accounts]] has no setting "refresh-tokn" - did you mean "refresh-token"?',
        ],
    ),
    "an account without a credential": (
        '[[accounts]]\nname = "me"\n',
        [
            "ki2api: config.toml:1: refresh-token, api-key, token-file or database is missing",
        ],
    ),
    "many faults of accounts": (
        '[[accounts]]\nregion = "Berlin"\nweight = 0\nrefresh-token = "r"\n[[accounts]]\nname = "a"\napi-key = "ksk_..."\n',
        [
            "ki2api: config.toml:2: the region must be like us-east-1",
            "config.toml:3: the weight must be 1 or more",
            "config.toml:7: the API key is shortened, or the example of some page: copy the whole of your own from app.kiro.dev",
        ],
    ),
    "addresses that lead nowhere": (
        '[upstream]\napi-url = "runtime.kiro.dev"\nauth-url = "https://auth.{regoin}.x"\noidc-url = ""\nfallback-url = ""\nlogin-url = "ftp://x"\n',
        [
            "ki2api: config.toml:2: upstream.api-url: expected an http or https address, such as https://runtime.{region}.kiro.dev",
            'config.toml:3: upstream.auth-url: only {region} is filled in, not {regoin} - did you mean "region"?',
            "config.toml:4: upstream.oidc-url: expected an http or https address, such as https://oidc.{region}.amazonaws.com",
            "config.toml:6: upstream.login-url: expected an http or https address, such as https://app.kiro.dev",
        ],
    ),
    "a table in place of a list": (
        '[accounts]\nname = "me"\n',
        [
            "ki2api: config.toml:1: accounts: expected array, got table: write [[accounts]]",
        ],
    ),
    "a list in place of a table": (
        "[[server]]\nport = 1\n",
        [
            "ki2api: config.toml:1: server: expected table, got array: write [server]",
        ],
    ),
    "an alias without a model": (
        '[[models]]\nname = "gpt-4o"\n',
        [
            'ki2api: config.toml:1: [[models]] needs "model"',
        ],
    ),
    "a misspelt stage": (
        '[[pipeline]]\nstage = "rout"\nafter = "normalize"\n',
        [
            'ki2api: config.toml:2: there is no stage "rout" - did you mean "route"?',
        ],
    ),
    "a stage that is not there": (
        '[[pipeline]]\nstage = "./gone.py"\nafter = "normalize"\n',
        [
            'ki2api: config.toml:2: stage "./gone.py": cannot read gone.py: No such file or directory',
        ],
    ),
    "a package that is not there": (
        '[[pipeline]]\nstage = "no_such_package:Stage"\nafter = "normalize"\n',
        [
            "ki2api: config.toml:2: stage \"no_such_package:Stage\": ModuleNotFoundError: No module named 'no_such_package'",
        ],
    ),
    "a misspelt setting of a stage": (
        '[[pipeline]]\nstage = "retry"\natempts = 1\n[[pipeline]]\nstage = "./fine.py"\nafter = "normalize"\n',
        [
            'ki2api: config.toml:3: [retry] has no setting "atempts" - did you mean "attempts"?',
        ],
    ),
    "a wrong setting of a stage": (
        '[[pipeline]]\nstage = "retry"\nattempts = "many"\n[[pipeline]]\nstage = "./fine.py"\nafter = "normalize"\n',
        [
            "ki2api: config.toml:3: [retry] attempts: expected int, got str",
        ],
    ),
    "a table without a stage": (
        '[[pipeline]]\nafter = "normalize"\n',
        [
            'ki2api: config.toml:1: [[pipeline]] needs "stage"',
        ],
    ),
    "a neighbour that is not there": (
        '[[pipeline]]\nstage = "./fine.py"\nafter = "normalise"\n',
        [
            'ki2api: config.toml:1: stage "./fine.py" is to stand after "normalise", which this chain has not - did you mean "normalize"?',
        ],
    ),
    "both after and before": (
        '[[pipeline]]\nstage = "./fine.py"\nafter = "auth"\nbefore = "route"\n',
        [
            'ki2api: config.toml:1: stage "./fine.py" has both after and before: keep one of them',
        ],
    ),
    "two stages alike": (
        '[[pipeline]]\nstage = "./fine.py"\nafter = "auth"\n[[pipeline]]\nstage = "./fine.py"\nafter = "route"\n',
        [
            'ki2api: config.toml:1: stage "./fine.py" stands here twice: give one of them a label = "..."',
            'config.toml:4: stage "./fine.py" stands here twice: give one of them a label = "..."',
        ],
    ),
    "a stage of one's own without a place": (
        '[[pipeline]]\nstage = "./fine.py"\n',
        [
            'ki2api: config.toml:1: stage "./fine.py" is not in the default chain (auth, encode-stream, normalize, route, emulate, web-search, retry, account-select): give it after = "..." or before = "...", or list the whole chain without these two words',
        ],
    ),
    "a chain that lacks something": (
        '[[pipeline]]\nstage = "encode-stream"\n[[pipeline]]\nstage = "normalize"\n[[pipeline]]\nstage = "./fine.py"\n[[pipeline]]\nstage = "account-select"\n',
        [
            'ki2api: config.toml:5: stage "./fine.py" is not in the default chain (auth, encode-stream, normalize, route, emulate, web-search, retry, account-select): give it after = "..." or before = "...", or list the whole chain without these two words; these tables leave out auth, route, emulate, web-search, retry',
        ],
    ),
    "a wrong order": (
        '[[pipeline]]\nstage = "auth"\n[[pipeline]]\nstage = "encode-stream"\n[[pipeline]]\nstage = "route"\n[[pipeline]]\nstage = "normalize"\n[[pipeline]]\nstage = "emulate"\n[[pipeline]]\nstage = "web-search"\n[[pipeline]]\nstage = "retry"\n[[pipeline]]\nstage = "account-select"\n',
        [
            "ki2api: config.toml:5: stage #3 'route' needs flow.conversation: put 'normalize' before 'route'",
        ],
    ),
    "a stage with a fault in it": (
        '[[pipeline]]\nstage = "./broken.py"\nafter = "normalize"\n',
        [
            'ki2api: config.toml:2: stage "./broken.py": broken.py:3: IndexError: list index out of range',
        ],
    ),
    "a stage with bad syntax": (
        '[[pipeline]]\nstage = "./syntax.py"\nafter = "normalize"\n',
        [
            "ki2api: config.toml:2: stage \"./syntax.py\": syntax.py:1: SyntaxError: expected ':' (syntax.py, line 1)",
        ],
    ),
    "a misspelt hook": (
        '[[pipeline]]\nstage = "./misspelt.py"\nafter = "normalize"\n',
        [
            'ki2api: config.toml:2: misspelt.py:1: reqest is no hook - did you mean "request"? (a helper\'s name begins with _)',
        ],
    ),
    "a misspelt slot": (
        '[[pipeline]]\nstage = "./slot.py"\nafter = "normalize"\n',
        [
            "ki2api: config.toml:1: stage #4 './slot.py' requires 'conversaton', but GatewayFlow has no such slot - did you mean \"conversation\"?",
        ],
    ),
    "a hook outside the stream": (
        '[[pipeline]]\nstage = "./event.py"\nafter = "auth"\n',
        [
            "ki2api: config.toml:1: stage #2 './event.py' awaits flow.events, but 'encode-stream' inside it has used them up: put './event.py' after 'encode-stream'",
        ],
    ),
    "the default key where one's own is required": (
        "[server]\nrequire-own-key = true\n",
        [
            "ki2api: config.toml:2: require-own-key is set, but the key is the default: set API_KEY or api-keys",
        ],
    ),
}


@pytest.mark.parametrize("about", BROKEN)
def test_broken_settings_are_told_with_place_cause_and_mend(
    about: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, said = BROKEN[about]
    monkeypatch.chdir(tmp_path)
    for name, text in {**FILES, "config.toml": settings}.items():
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o644)
    nothing = dict.fromkeys(set(os.environ) - {"PATH"})
    done = CliRunner().invoke(cli, ["check"], env={**nothing, "HOME": str(tmp_path)})
    assert done.exit_code == 2
    assert done.output.splitlines() == said
