"""The shape of a text: the counts that its tokens follow from, all made by primitives of C.

Each character becomes one byte that names its class, and these bytes are counted, alone and side by
side. UTF-8 makes that cheap: a lead byte names the script, continuation bytes are left out.
"""

from collections import Counter

from ki2api.estimate.words import KNOWN

_ASCII = bytes(range(0x80))
_CONTINUATION = bytes(range(0x80, 0xC0))
_LONGEST = 14
"""Letters; what a word has beyond these is counted apart."""
_SHORT = 512
"""Bytes: to look for a pattern in less takes no longer than to ask whether it can be there."""
_ACCENTED = (0xC3, 0xC4, 0xC5, 0xC6)

# The first lead byte of each script, and its class: a letters with accents, m marks, g Greek,
# r Cyrillic, h Armenian and Hebrew, i Arabic, n Syriac and Indic, v Vietnamese and more, s symbols,
# k kana and CJK punctuation, z Han, o Hangul, f full width, e emoji.
_SCRIPTS = {
    0xC0: "a",
    0xCA: "m",
    0xCE: "g",
    0xD0: "r",
    0xD5: "h",
    0xD8: "i",
    0xDC: "n",
    0xE1: "v",
    0xE2: "s",
    0xE3: "k",
    0xE4: "z",
    0xEA: "o",
    0xEE: "f",
    0xF0: "e",
}
_CLASSES = b"mgrhinvskzofe"
_SPACED = b"grhin"
"""Scripts that part their words by spaces."""
_PAIRS = tuple(
    bytes.fromhex(pair)
    for pair in (
        "e380", "e381", "e382",  # CJK punctuation, hiragana, katakana
        "e0a4", "e0a5", "e0b8", "e0b9",  # Devanagari, Thai
        "e1ba", "e1bb",  # Vietnamese
        "efbc", "e280", "e29480e29480",  # full width, typographic marks, ruled lines
    )
)  # fmt: skip
_PATTERNS = tuple(
    pattern.encode()
    for pattern in (
        " ", "  ", "    ", "\n", "\n\n", "\n ", "\t",
        "A", "AA", "aA", "0", "00", "000", "a0", "0A",
        "p", "pp", "ppp", " p", "_",
    )
)  # fmt: skip
_LONG_MARKS = _PATTERNS.index(b"ppp")
# What a pattern is made of, by places: where one of these is not found, nobody looks for it.
_MADE_OF = tuple(
    [place for place in range(at) if _PATTERNS[place] in pattern]
    for at, pattern in enumerate(_PATTERNS)
)
_NOTHING_WIDE = (0,) * (len(_ACCENTED) + len(_CLASSES) + 1 + len(_PAIRS))

FIGURES = (
    *(f"{kind} word" for kind in KNOWN),
    *(f"word of {letters}" for letters in range(1, _LONGEST + 1)),
    "letter beyond",
    *(repr(pattern.decode()) for pattern in _PATTERNS),
    "rule",
    *(f"accent {lead:x}" for lead in _ACCENTED),
    *map(chr, _CLASSES),
    "word of a script",
    *(pair.hex() for pair in _PAIRS),
)
"""What `shape` counts, in its order."""


def _class_of(byte: int) -> str:
    char = chr(byte)
    if byte >= 0x80:  # noqa: PLR2004 - the end of ASCII
        return next((said for first, said in reversed(_SCRIPTS.items()) if byte >= first), "p")
    if char.isalnum():
        return "0" if char.isdigit() else "A" if char.isupper() else "a"
    if char.isspace():
        return char if char in " \t" else "\n"
    return "_" if char == "_" else "p"


_SHAPE = "".join(map(_class_of, range(256))).encode()
# Lower-case letters as they are, accents as an "a", all else as a border between words.
_LETTERS = bytes(
    (byte if byte < 0x80 else ord("a")) if said in b"av" else ord(" ")  # noqa: PLR2004 - ASCII
    for byte, said in enumerate(_SHAPE)
)
# A word's kind: its letters, or for a known word a number that no length has.
_KNOWN = {
    word.encode(): -kind for kind, words in enumerate(KNOWN.values(), 1) for word in words.split()
}
_KINDS = (*range(-1, -len(KNOWN) - 1, -1), *range(1, _LONGEST + 1))
"""In the order of FIGURES."""
_NONE = (0,) * len(_KINDS)


def shape(text: str) -> tuple[int, ...]:
    """Count what FIGURES names."""
    data = text.encode("utf-8", "surrogatepass")
    left_out = b"" if len(data) == len(text) else _CONTINUATION
    drawn = data.translate(_SHAPE, left_out)
    patterns = _patterns(drawn)
    rules = data.count(b"----") + data.count(b"====") if patterns[_LONG_MARKS] else 0
    return (
        *_words(data.translate(_LETTERS, left_out)),
        *patterns,
        rules,
        *(_wide(data.translate(None, _ASCII), drawn) if left_out else _NOTHING_WIDE),
    )


def _patterns(drawn: bytes) -> list[int]:
    if len(drawn) < _SHORT:
        return [*map(drawn.count, _PATTERNS)]
    counts: list[int] = []
    for pattern, parts in zip(_PATTERNS, _MADE_OF, strict=True):
        # To find that a single byte is nowhere is many times quicker than to count it.
        there = all(map(counts.__getitem__, parts)) if parts else pattern[0] in drawn
        counts.append(drawn.count(pattern) if there else 0)
    return counts


def _words(letters: bytes) -> list[int]:
    """Count the words by their length, but known ones by themselves."""
    words = letters.split()
    kinds = Counter(map(_KNOWN.get, words, map(len, words)))
    counts = [*map(kinds.get, _KINDS, _NONE), 0]
    for kind in kinds:
        if kind is not None and kind > _LONGEST:
            counts[-2] += kinds[kind]
            counts[-1] += kinds[kind] * (kind - _LONGEST)
    return counts


def _wide(data: bytes, drawn: bytes) -> list[int]:
    """Count what lies outside ASCII; `data` is nothing else, `drawn` the shape of the whole."""
    leads = data.translate(_SHAPE, _CONTINUATION)
    return [
        *map(data.count, _ACCENTED),
        *map(leads.count, _CLASSES),
        sum(drawn.count(b" %c" % script) for script in _SPACED if script in leads),
        *map(data.count, _PAIRS),
    ]
