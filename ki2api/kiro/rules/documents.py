"""Rules about documents: what they are, their names, how many, and for which models (§3.7).

That documents go to the models that read images is inferred: Kiro's list has no word of its own.
"""

import re
from binascii import a2b_base64
from math import ceil

from ki2api.conversation import DocumentPart
from ki2api.errors import InvalidRequest
from ki2api.kiro.limits import Limits
from ki2api.kiro.magic import binary_document
from ki2api.kiro.rules.draft import Draft, Said

BINARY = frozenset({"doc", "docx", "pdf", "xls", "xlsx"})
TEXT = frozenset({"csv", "html", "md", "txt"})
RULE = "§3.7"
_UNNAMED = "document"
_LONGEST_NAME = 180
_MEGABYTE = 1_000_000
_NO_SPACE = dict.fromkeys(map(ord, " \t\r\n"))
# What Amazon Bedrock takes in the name of a document: no dot, and no space beside another.
_FORBIDDEN = re.compile(r"[^A-Za-z0-9()\[\]-]+")


def checked_document(draft: Draft, document: DocumentPart) -> tuple[DocumentPart, str]:
    """Check one document; its format is corrected where its bytes show another.

    The text says its own name where Kiro takes only another one.
    """
    data = document.data.translate(_NO_SPACE)
    found = _format(_content(data, document.at, draft.limits), document)
    if found != document.format:
        draft.repair(RULE, document.at, f"declared as {document.format}, and is {found}")
    stem = _stem(document)
    name = _free_name(draft, _FORBIDDEN.sub(" ", stem).strip()[:_LONGEST_NAME].strip() or _UNNAMED)
    hint = ""
    if stem and name != stem:
        draft.repair(RULE, document.at, f"the document was renamed {name}")
        hint = f"(The attached document {name} is called {document.name}.)"
    return DocumentPart(name, found, data, document.at), hint


def _content(data: str, at: str, limits: Limits) -> bytes:
    try:
        content = a2b_base64(data, strict_mode=True)
    except ValueError:
        raise InvalidRequest("The document is not valid base64.", path=at, rule=RULE) from None
    if len(content) > limits.max_document_bytes:
        size = ceil(len(content) * 10 / _MEGABYTE) / 10
        detail = f"The document has {size:g} MB, the limit is {_megabytes(limits)} MB."
        raise InvalidRequest(detail, path=at, rule=RULE)
    return content


def _megabytes(limits: Limits) -> str:
    return f"{limits.max_document_bytes / _MEGABYTE:g}"


def _format(content: bytes, document: DocumentPart) -> str:
    if found := binary_document(content):
        return found
    if document.format in TEXT and content:
        return document.format
    known = ", ".join(sorted(BINARY | TEXT))
    raise InvalidRequest(
        f"The document is declared as {document.format}, and its bytes are none of {known}.",
        path=document.at,
        rule=RULE,
    )


def _stem(document: DocumentPart) -> str:
    """Return the name without the ending that only says the format."""
    stem, dot, ending = document.name.strip().rpartition(".")
    return stem if dot and ending.lower() in BINARY | TEXT else document.name.strip()


def _free_name(draft: Draft, name: str) -> str:
    """Return the name, with a number where it is taken (DOCUMENT_DUPLICATE_NAME)."""
    free, number = name, 1
    while free.lower() in draft.document_names:
        number += 1
        free = f"{name} ({number})"
    draft.document_names.add(free.lower())
    return free


def h17_only_documents_that_kiro_takes(draft: Draft) -> None:
    """Keep the newest documents of the past up to the limits, and all of the current turn."""
    if not draft.has("documents"):
        return
    current = draft.turns[-1]
    _check_current(draft, current)
    places = draft.limits.max_documents if draft.model.images else 0
    room = draft.limits.weight_for(draft.model.window)
    for said in reversed(draft.turns):
        kept: list[DocumentPart] = []
        for document in reversed(said.documents):
            room -= len(document.data)
            if places and (room >= 0 or said is current):
                places -= 1
                kept.append(document)
            else:
                places = 0
                said.texts.append(f"[document: {document.name}]")
                draft.repair(RULE, document.at, "an older document was left out")
        said.documents = kept[::-1]


def _check_current(draft: Draft, current: Said) -> None:
    if not current.documents:
        return
    if not draft.model.images:
        raise InvalidRequest(
            f"The model {draft.model.id} reads no documents but text.",
            path=current.documents[0].at,
            rule=RULE,
        )
    count, limit = len(current.documents), draft.limits.max_documents
    if count > limit:
        detail = f"There are {count} documents, the limit is {limit}."
        raise InvalidRequest(detail, path=current.documents[limit].at, rule=RULE)
