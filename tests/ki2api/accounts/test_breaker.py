from ki2api.accounts.breaker import Breaker


def test_one_suspended_account_does_not_close_the_pool() -> None:
    breaker = Breaker()
    breaker.note_suspension("a", 100.0)
    breaker.note_suspension("a", 110.0)

    assert breaker.remaining(110.0) == 0


def test_two_suspended_accounts_within_a_minute_close_the_pool_for_five() -> None:
    breaker = Breaker()
    breaker.note_suspension("a", 100.0)
    breaker.note_suspension("b", 160.0)

    assert breaker.remaining(160.0) == 300
    assert breaker.remaining(459.0) == 1
    assert breaker.remaining(460.0) == 0


def test_two_suspended_accounts_further_apart_leave_it_open() -> None:
    breaker = Breaker()
    breaker.note_suspension("a", 100.0)
    breaker.note_suspension("b", 160.1)

    assert breaker.remaining(160.1) == 0


def test_a_reset_opens_the_pool_and_forgets_the_suspensions() -> None:
    breaker = Breaker()
    breaker.note_suspension("a", 100.0)
    breaker.note_suspension("b", 101.0)
    breaker.reset()
    breaker.note_suspension("c", 102.0)

    assert breaker.remaining(102.0) == 0


def test_a_suspension_that_is_told_again_does_not_become_an_older_one() -> None:
    breaker = Breaker()
    breaker.note_suspension("a", 110.0)
    breaker.note_suspension("a", 40.0)
    breaker.note_suspension("b", 165.0)

    assert breaker.remaining(165.0) == 300


def test_a_suspension_that_an_earlier_process_saw_counts_from_when_it_was() -> None:
    breaker = Breaker()
    breaker.note_suspension("b", 160.0)
    breaker.note_suspension("a", 100.0)

    assert breaker.remaining(200.0) == 260
