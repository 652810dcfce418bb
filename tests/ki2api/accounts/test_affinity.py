from ki2api.accounts.affinity import Affinity


def test_a_session_stays_on_its_account_until_its_time_is_over() -> None:
    affinity = Affinity()
    affinity.bind("s", "a", until=100.0)

    assert affinity.account_of("s", 99.9) == "a"
    assert affinity.account_of("s", 100.0) is None
    assert affinity.account_of("other", 0.0) is None


def test_the_last_account_is_the_one_that_counts() -> None:
    affinity = Affinity()
    affinity.bind("s", "a", until=100.0)
    affinity.bind("s", "b", until=50.0)

    assert affinity.account_of("s", 10.0) == "b"


def test_no_more_than_ten_thousand_sessions_are_remembered_and_the_oldest_go_first() -> None:
    affinity = Affinity()
    for number in range(10_000):
        affinity.bind(str(number), "a", until=100.0)
    affinity.bind("0", "a", until=100.0)
    affinity.bind("one more", "a", until=100.0)

    kept = [name for name in ("0", "1", "2", "one more") if affinity.account_of(name, 0.0)]
    assert kept == ["0", "2", "one more"]
