from ki2api.accounts.account import Credential
from ki2api.accounts.lease import Lease, nobody
from ki2api.accounts.member import Member
from pipeline.secret import Secret


def test_a_lease_shows_no_token() -> None:
    member = Member(Credential("a", "social", Secret("tok-en")), 0, 0.0, 0.0)
    lease = Lease("a", Secret("tok-en"), proxy=Secret("http://tok-en"), model="m", member=member)

    assert "tok-en" not in repr(lease)


def test_two_leases_of_one_account_are_not_the_same() -> None:
    member = Member(Credential("a", "social"), 0, 0.0, 0.0)

    assert Lease("a", Secret("t"), model="m", member=member) != Lease(
        "a", Secret("t"), model="m", member=member
    )


def test_nobody_has_neither_token_nor_profile() -> None:
    lease = nobody("m")

    assert (lease.name, lease.token.reveal(), lease.profile_arn) == ("(no account)", "", "")
    assert not lease.held
