"""Which stages a chain has, and in which order."""

import tomllib
from collections.abc import Sequence

import pytest

from pipeline.arrange import Arrangement, Entry, arrange
from pipeline.locate import Source

DEFAULTS = ("auth", "retry", "select")


def is_whole(entries: Sequence[Entry]) -> bool:
    """No chain can do without `select`, unless it does something else altogether."""
    return not {"auth", "retry"} >= {entry.name for entry in entries} - {"x.py"}


def arranged(text: str) -> Arrangement:
    tables = tomllib.loads(text).get("pipeline", [])
    return arrange(tables, DEFAULTS, Source(text, "config.toml"), is_whole)


def names(text: str) -> list[str]:
    found = arranged(text)
    assert found.faults == []
    return [entry.name for entry in found.entries]


def faults(text: str) -> list[str]:
    return arranged(text).faults


def tables(*keys: str) -> str:
    return "".join(f"[[pipeline]]\n{key}\n" for key in keys)


def test_without_tables_the_default_chain_stands() -> None:
    assert names("") == ["auth", "retry", "select"]


def test_tables_without_a_place_are_the_whole_chain() -> None:
    assert names(tables('stage = "select"', 'stage = "auth"')) == ["select", "auth"]


def test_tables_with_a_place_are_put_into_the_default_chain() -> None:
    text = tables('stage = "a.py"\nafter = "auth"', 'stage = "b.py"\nbefore = "select"')
    assert names(text) == ["auth", "a.py", "retry", "b.py", "select"]


def test_several_stages_at_the_same_place_keep_the_order_of_the_file() -> None:
    after = tables('stage = "a"\nafter = "auth"', 'stage = "b"\nafter = "auth"')
    before = tables('stage = "c"\nbefore = "auth"', 'stage = "d"\nbefore = "auth"')
    assert names(after + before) == ["c", "d", "auth", "a", "b", "retry", "select"]


def test_a_stage_can_stand_beside_another_that_is_put_in_wherever_that_stands_in_the_file() -> None:
    text = tables(
        'stage = "c"\nafter = "a"', 'stage = "a"\nafter = "auth"', 'stage = "b"\nbefore = "c"'
    )
    assert names(text) == ["auth", "a", "b", "c", "retry", "select"]


def test_a_table_of_a_default_stage_configures_it_where_it_stands() -> None:
    text = tables('stage = "retry"\nattempts = 5', 'stage = "a"\nafter = "retry"')
    assert names(text) == ["auth", "retry", "a", "select"]
    assert arranged(text).entries[1].settings == {"attempts": 5}


def test_tables_that_are_no_whole_chain_configure_stages_of_the_default_one() -> None:
    text = tables('stage = "retry"\nattempts = 5')
    assert names(text) == ["auth", "retry", "select"]
    assert arranged(text).entries[1].settings == {"attempts": 5}
    assert arranged(text).warnings == []


@pytest.mark.parametrize("stages", [("auth", "retry"), ("retry", "auth")])
def test_who_may_have_meant_a_whole_chain_is_told_that_it_is_none(stages: tuple[str, str]) -> None:
    text = tables(*(f'stage = "{stage}"' for stage in stages))
    assert names(text) == ["auth", "retry", "select"]
    (warning,) = arranged(text).warnings
    assert warning == (
        "the [[pipeline]] tables are no whole chain, so they change the settings of stages of the"
        " default one where these stand, and it has select too"
    )


def test_the_keys_that_place_a_stage_are_not_its_settings() -> None:
    text = tables('stage = "x.py"\nlabel = "x"\nafter = "auth"\nwords = ["a"]')
    entry = arranged(text).entries[1]
    assert (entry.stage, entry.name, entry.where) == ("x.py", "x", "pipeline[0]")
    assert entry.settings == {"words": ["a"]}


def test_a_stage_may_stand_twice_under_two_labels() -> None:
    text = tables('stage = "x.py"\nlabel = "one"', 'stage = "x.py"\nlabel = "two"')
    assert names(text) == ["one", "two"]


TWICE = 'stands here twice: give one of them a label = "..."'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            tables('stage = "x"', 'stage = "x"'),
            [f'config.toml:1: stage "x" {TWICE}', f'config.toml:3: stage "x" {TWICE}'],
        ),
        (
            tables('stage = "retry"\nafter = "retry"'),
            [f'config.toml:1: stage "retry" {TWICE}'],
        ),
        (
            tables('stage = "retry"', 'stage = "retry"', 'stage = "x"\nafter = "auth"'),
            [f'config.toml:1: stage "retry" {TWICE}', f'config.toml:3: stage "retry" {TWICE}'],
        ),
        (
            tables('stage = "x"\nafter = "auth"\nbefore = "select"'),
            ['config.toml:1: stage "x" has both after and before: keep one of them'],
        ),
        (
            tables('stage = "x"\nafter = "auth"', 'stage = "y"'),
            [
                'config.toml:4: stage "y" is not in the default chain (auth, retry, select): give it after = "..." or before = "...", or list the whole chain without these two words'
            ],
        ),
        (
            tables('stage = "x.py"'),
            [
                'config.toml:1: stage "x.py" is not in the default chain (auth, retry, select): give it after = "..." or before = "...", or list the whole chain without these two words'
            ],
        ),
        (
            tables('stage = "auth"', 'stage = "x.py"'),
            [
                'config.toml:3: stage "x.py" is not in the default chain (auth, retry, select): give it after = "..." or before = "...", or list the whole chain without these two words; these tables leave out retry, select'
            ],
        ),
        (
            tables('stage = "x"\nafter = "atuh"'),
            [
                'config.toml:1: stage "x" is to stand after "atuh", which this chain has not - did you mean "auth"?'
            ],
        ),
        (
            tables('stage = "x"\nbefore = "y"', 'stage = "y"\nbefore = "x"'),
            [
                'config.toml:1: stage "x" is to stand before "y", which this chain has not; it has auth, retry, select',
                'config.toml:4: stage "y" is to stand before "x", which this chain has not; it has auth, retry, select',
            ],
        ),
        (
            tables("words = []", "stage = 5\nlabel = 6"),
            [
                'config.toml:1: [[pipeline]] needs "stage"',
                "config.toml:4: pipeline[1].stage: expected str, got int",
                "config.toml:5: pipeline[1].label: expected str, got int",
            ],
        ),
    ],
)
def test_a_table_that_has_no_place_is_refused(text: str, said: list[str]) -> None:
    assert faults(text) == said


def test_entries_without_a_place_are_kept_to_be_looked_at() -> None:
    text = tables('stage = "x"\nafter = "nowhere"\nwords = 1')
    assert [entry.name for entry in arranged(text).entries] == ["auth", "retry", "select", "x"]
