"""The `[[accounts]]` tables of the settings."""

from pathlib import Path

from msgspec import Struct, structs

from ki2api.accounts.account import AccountConfig, Credential, Origin
from ki2api.accounts.sources.complaints import AccountsUnreadable, Checklist, Complaint
from ki2api.accounts.sources.credential import make_credential
from ki2api.accounts.sources.entry import Entry, laid_over
from ki2api.accounts.sources.kiro_cli import read_login
from ki2api.accounts.sources.reading import read_json
from ki2api.accounts.sources.registration import CACHE, LOG_IN, with_registration
from ki2api.accounts.sources.search import Found, Search
from ki2api.accounts.sources.token_file import open_to_others

_LOGIN = dict.fromkeys(
    ("refresh_token", "kiro_api_key", "client_id", "client_secret", "token_endpoint", "start_url")
)
NAME = "[[accounts]]"


class _Foreign(Struct):
    """What lies in the file that a table names."""

    entry: Entry
    origin: Origin
    warnings: tuple[str, ...] = ()


def read_configured(search: Search) -> Found:
    """Return one account for each table, in the order of the file."""
    checks = Checklist()
    credentials: list[Credential] = []
    warnings: list[str] = []
    for number, config in enumerate(search.configured, 1):
        where = f"{NAME} {number}"
        checked = Checklist()
        if account := _account(search, config, where, checked):
            credential, told = account
            credentials.append(credential)
            warnings += told
        for each in checked.complaints:
            path = f"accounts[{number - 1}].{each.key}".rstrip(".")
            checks.add(structs.replace(each, path=path))
    checks.end()
    return Found(NAME, tuple(credentials), tuple(warnings))


def _account(
    search: Search, config: AccountConfig, where: str, checks: Checklist
) -> tuple[Credential, tuple[str, ...]] | None:
    """Return the account of a table with its warnings; what is wrong goes to the checks."""
    way = checks.take("", _way, config, where)
    checks.take("write-back", _check_write_back, config, where)
    foreign = checks.take(way, _foreign, search, config, where) if way else None
    if way is None or (foreign is None and way in {"token-file", "database"}):
        # What it signs in with is unknown, and the rest of it can be checked without.
        checks.take("", make_credential, structs.replace(_said(config), **_LOGIN), where, where)
        return None
    credential = checks.take("", _credential, search, config, foreign, where)
    return (credential, foreign.warnings if foreign else ()) if credential else None


def _way(config: AccountConfig, where: str) -> str:
    """Return the one key by which a table gives its account; raises AccountsUnreadable."""
    ways = {
        "refresh-token": config.refresh_token,
        "api-key": config.api_key,
        "token-file": config.token_file,
        "database": config.database,
    }
    given = [name for name, value in ways.items() if value]
    if not given:
        *others, last = ways
        raise AccountsUnreadable(f"{where}: {', '.join(others)} or {last} is missing")
    if len(given) > 1:
        cause = f"{where}: {' and '.join(given)} are two accounts: split"
        raise AccountsUnreadable([Complaint(cause, key=given[1])])
    return given[0]


def _check_write_back(config: AccountConfig, where: str) -> None:
    if config.write_back and not (config.token_file or config.database):
        raise AccountsUnreadable(
            f"{where}: write-back is for a token-file or a database: remove it"
        )


def _foreign(search: Search, config: AccountConfig, where: str) -> _Foreign | None:
    """Read the file that the table names, if it names one; raises AccountsUnreadable."""
    if not (config.token_file or config.database):
        return None
    path = search.path(config.token_file or config.database, search.folder)
    place = f"{where}: {search.shown(path)}"
    read, mend = (_token_file, LOG_IN) if config.token_file else (_database, "log in again")
    try:
        foreign = read(search, path, place)
    except AccountsUnreadable as error:
        raise error.of_a_program(f"{mend}, or mend the path") from None
    if foreign is None:
        what = "token file" if config.token_file else "login in a database"
        raise AccountsUnreadable(f"{place} is no {what}: mend the path, or log in again")
    foreign.origin = Origin(path, foreign.origin.key, config.write_back)
    return foreign


def _token_file(search: Search, path: Path, place: str) -> _Foreign | None:
    content = search.read(path, place)
    if content is None:
        return None
    return _Foreign(read_json(content, Entry, place), Origin(path), open_to_others(path, place))


def _database(search: Search, path: Path, place: str) -> _Foreign | None:
    login = read_login(search, path, place)
    return _Foreign(login.entry, Origin(path, login.key)) if login else None


def _credential(
    search: Search, config: AccountConfig, foreign: _Foreign | None, where: str
) -> Credential:
    """Make the credential of a table; what it says itself wins over what its file says."""
    entry, source, origin = _said(config), where, None
    if foreign:
        origin = foreign.origin
        source = f"{where} ({search.shown(origin.path)})"
        folders = (origin.path.parent, search.home / CACHE)
        entry = with_registration(search, laid_over(entry, foreign.entry), folders, where)
    return make_credential(
        entry, where, source, wanted="refresh-token", trusted=search.trusted, origin=origin
    )


def _said(config: AccountConfig) -> Entry:
    """Return what the table says itself; what is empty there is not said."""
    return Entry(
        name=config.name or None,
        refresh_token=config.refresh_token or None,
        kiro_api_key=config.api_key or None,
        client_id=config.client_id or None,
        client_secret=config.client_secret or None,
        token_endpoint=config.token_endpoint or None,
        scopes=config.scopes or None,
        start_url=config.start_url or None,
        region=config.region or None,
        api_region=config.api_region or None,
        profile_arn=config.profile_arn or None,
        disabled=config.disabled,
        max_concurrent=config.max_concurrent,
        weight=config.weight,
        proxy=config.proxy or None,
    )
