"""An audit says what was found, and never that nothing was where nobody looked."""

import pytest

from tests.supply.audit import CONTROL, Audited, Report, Weakness, judged

KNOWN = Audited(CONTROL, "2.4.1", vulns=[Weakness("PYSEC-2014-8", ["2.7.2"])])
WELL = Audited("litestar", "2.25.0")
WEAK = Audited("httpx", "0.1", vulns=[Weakness("PYSEC-1", ["0.2", "0.3"]), Weakness("PYSEC-2")])
PASSED_OVER = Audited("msgspec", skip_reason="not found")
NOT_AUDITED = "NOT AUDITED: the service does not report jinja2 2.4.1, whose weaknesses are known."


@pytest.mark.parametrize(
    ("found", "line", "status"),
    [
        ([WELL, KNOWN], "audited: 1 packages, none with a known weakness", 0),
        ([WELL], NOT_AUDITED, 0),
        ([WELL, Audited(CONTROL, "2.4.1")], NOT_AUDITED, 0),
        ([WELL, Audited(CONTROL, skip_reason="not found")], NOT_AUDITED, 0),
        ([WEAK, KNOWN], "httpx 0.1: PYSEC-1, mended in 0.2, 0.3", 1),
        ([PASSED_OVER, KNOWN], "msgspec: passed over: not found", 1),
        ([KNOWN], "uvicorn: passed over: it is not in the report", 1),
    ],
)
def test_what_a_report_means(found: list[Audited], line: str, status: int) -> None:
    wanted = [each.name for each in found if each.name != CONTROL] or ["uvicorn"]

    verdict = judged(Report(found), wanted, required=False)

    assert (verdict.lines[0], verdict.status) == (line, status)
    assert ("none with a known weakness" in line) == (verdict.lines == (line,) and status == 0)


def test_a_service_that_does_not_answer_audits_nothing() -> None:
    verdict = judged(None, ["litestar"], required=False)

    assert verdict.lines == (
        "NOT AUDITED: pip-audit came to no report.",
        "Nothing is said of the packages in requirements.txt.",
    )
    assert verdict.status == 0


@pytest.mark.parametrize("report", [None, Report([WELL])])
def test_where_an_audit_is_required_none_is_a_failure(report: Report | None) -> None:
    assert judged(report, ["litestar"], required=True).status == 1
