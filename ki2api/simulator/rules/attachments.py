"""What the service demands of images and documents (docs/kiro.md §3.7)."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Iterator

from ki2api.simulator.catalogue import Model
from ki2api.simulator.paper import look_into
from ki2api.simulator.picture import look_at
from ki2api.simulator.rules.violation import Violation
from ki2api.simulator.rules.wire import Document, Image, UserMessage

_IMAGES = 10
_IMAGE_BYTES = 10 * 1024 * 1024
# The model's own limit: for the service's, docs/kiro.md §3.7 has a client's 2,000 px alone.
_IMAGE_SIDE = 8_000
_IMAGE_FORMATS = {"png", "jpeg", "gif", "webp"}
# Count, size and names are those of Amazon Bedrock's Converse, pages those of Anthropic's API for
# windows of 200,000 tokens; docs/kiro.md §3.7 names only the reasons.
_DOCUMENTS = 5
_PAGES = 100
_NAME = re.compile(r"(?! )(?:[A-Za-z0-9()\[\]-]| (?! )){1,200}")
_DOCUMENT_BYTES = 4_500_000
_DOCUMENT_FORMATS = {"csv", "doc", "docx", "html", "md", "pdf", "txt", "xls", "xlsx"}


def broken_attachments(users: list[UserMessage], model: Model) -> Iterator[Violation]:
    """Give every broken rule of the images and documents of a request."""
    images = [image for user in users for image in user.images or []]
    documents = [document for user in users for document in user.documents or []]
    if images and not model.images:
        yield Violation("image-model", "REQUEST_BODY_INVALID")
    if len(images) > _IMAGES:
        yield _refused("image-count", "IMAGE_COUNT_EXCEEDED", "Too many images in the request.")
    for image in images:
        yield from _broken_image(image)
    yield from _broken_documents(documents, model)


def _broken_image(image: Image) -> Iterator[Violation]:
    data = decoded(image.source.bytes)
    picture = look_at(data) if data else None
    if image.format not in _IMAGE_FORMATS or data is None or picture is None:
        yield _refused("image-format", "IMAGE_FORMAT_UNSUPPORTED", "Could not process image")
        return
    if picture.format != image.format:
        message = f"The image was declared as {image.format} but appears to be {picture.format}."
        yield _refused("image-mime", "IMAGE_MIME_MISMATCH", message)
    if len(data) > _IMAGE_BYTES:
        yield _refused("image-size", "IMAGE_SIZE_EXCEEDED", "The image is too large.")
    if picture.size and max(picture.size) > _IMAGE_SIDE:
        yield _refused("image-dimension", "IMAGE_DIMENSION_EXCEEDED", "The image is too wide.")


def _broken_documents(documents: list[Document], model: Model) -> Iterator[Violation]:
    if documents and not model.images:
        message = "The model does not support documents."
        yield _refused("document-model", "DOCUMENT_MODEL_NOT_SUPPORTED", message)
    if len(documents) > _DOCUMENTS:
        yield _refused("document-count", "DOCUMENT_COUNT_EXCEEDED", "Too many documents.")
    if any(count > 1 for count in Counter(document.name for document in documents).values()):
        message = "Two documents have the same name."
        yield _refused("document-name", "DOCUMENT_DUPLICATE_NAME", message)
    for document in documents:
        yield from _broken_document(document)


def _broken_document(document: Document) -> Iterator[Violation]:
    data = decoded(document.source.bytes)
    if document.format not in _DOCUMENT_FORMATS or not _NAME.fullmatch(document.name) or not data:
        yield Violation("document-format", "REQUEST_BODY_INVALID")
        return
    if len(data) > _DOCUMENT_BYTES:
        yield _refused("document-size", "DOCUMENT_SIZE_EXCEEDED", "The document is too large.")
    paper = look_into(data, document.format)
    if paper is None:
        yield Violation("document-format", "REQUEST_BODY_INVALID")
    elif paper.locked:
        message = "The document is protected by a password."
        yield _refused("document-password", "DOCUMENT_PASSWORD_PROTECTED", message)
    elif paper.pages > _PAGES:
        message = f"The document has more than {_PAGES} pages."
        yield _refused("document-pages", "DOCUMENT_MAXIMUM_PAGES_EXCEEDED", message)


def decoded(text: str) -> bytes | None:
    """Read base64 as strictly as the service does: no data: prefix, no line breaks."""
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None


def _refused(rule: str, reason: str, message: str) -> Violation:
    return Violation(rule, reason, message)
