"""The errors of the engine, and the hint at what was meant."""

from pipeline.errors import SettingsError, did_you_mean


def test_a_settings_error_holds_every_fault_and_prints_them_by_line() -> None:
    error = SettingsError(["a.toml:1: one", "a.toml:2: two"])
    assert error.faults == ["a.toml:1: one", "a.toml:2: two"]
    assert str(error) == "a.toml:1: one\na.toml:2: two"


def test_the_nearest_known_word_is_suggested() -> None:
    assert did_you_mean("atempts", ["within", "attempts"]) == ' - did you mean "attempts"?'


def test_so_is_the_only_one_that_begins_like_it() -> None:
    known = ["drain-seconds", "claude-code", "openai-chat-completions", "openai-python"]
    assert did_you_mean("cluade", known) == ' - did you mean "claude-code"?'
    assert did_you_mean("opnai", known) == ""


def test_nothing_is_suggested_for_a_word_unlike_all_others() -> None:
    assert did_you_mean("xyz", ["within", "attempts"]) == ""
