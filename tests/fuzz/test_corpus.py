"""Every input in the corpus keeps the promises of its target, those that once broke one as well."""

from importlib import import_module
from random import Random

import msgspec
import pytest

from tests.fuzz.mutation import Mutator, dictionary, words_of
from tests.fuzz.targets import CORPUS, NAMES
from tests.fuzz.targets.frames import mended, read

LARGEST = 8192


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_the_corpus_breaks_a_promise(name: str) -> None:
    check = import_module(f"tests.fuzz.targets.{name}").check
    paths = sorted((CORPUS / name).iterdir())
    assert paths
    for path in paths:
        data = path.read_bytes()
        assert len(data) <= LARGEST, path
        check(data)


@pytest.mark.parametrize("name", NAMES)
def test_an_input_becomes_many_others(name: str) -> None:
    target = import_module(f"tests.fuzz.targets.{name}")
    words = words_of(target.WORDS)
    mutate = Mutator(target.mutate, words, lambda data, limit: data[::-1][:limit])
    seed = max((path.read_bytes() for path in (CORPUS / name).iterdir()), key=len)

    made = {mutate(seed, LARGEST, number) for number in range(12)}

    assert len(made) > 5 or name in {"frames", "responses"}
    assert all(len(each) <= LARGEST for each in made)
    assert mutate(seed, LARGEST, 7) == mutate(seed, LARGEST, 7)
    for each in made:
        target.check(each)


def test_what_looks_like_frames_gets_right_checksums() -> None:
    frames, _ = read([mended(bytes(100), Random(1))])  # noqa: S311 - repeatable
    assert frames


def test_words_are_written_as_libfuzzer_reads_them() -> None:
    assert dictionary(['a"\\']) == '"\\x61\\x22\\x5c"\n'
    assert {"content", "tool_calls", "toolCalls"} <= set(words_of(["ki2api/protocols/openai_chat"]))


def test_a_document_is_mutated_into_documents() -> None:
    document = b'{"messages":[{"role":"user","content":"Hi"}],"model":"m"}'
    mutate = import_module("tests.fuzz.mutation").mutate_json
    for seed in range(200):
        random = Random(seed)  # noqa: S311 - repeatable
        made = mutate(document, LARGEST, random, ["stop"], lambda data, _: b"[]")
        msgspec.json.decode(made)
