"""Rules about images: what they are, how many, and for which models (H17, docs/kiro.md §3.7)."""

from binascii import a2b_base64

from ki2api.conversation import ImageFormat, ImagePart
from ki2api.errors import InvalidRequest
from ki2api.kiro.limits import MIB, Limits
from ki2api.kiro.magic import image_format
from ki2api.kiro.rules.draft import Draft

LEFT_OUT = "[image]"
_HEAD = 24
"""Base64 characters that hold the magic bytes of every format."""


def checked_image(draft: Draft, image: ImagePart) -> ImagePart:
    """Check one image; its format is corrected where its bytes show another."""
    data = image.data.translate(_NO_SPACE)
    _check_size(data, image.at, draft.limits)
    found = _format(data, image.at)
    if found != image.format:
        draft.repair("H17", image.at, f"declared as {image.format}, and is {found}")
    return ImagePart(found, data, image.at)


_NO_SPACE = dict.fromkeys(map(ord, " \t\r\n"))


def _check_size(data: str, at: str, limits: Limits) -> None:
    try:
        size = len(a2b_base64(data, strict_mode=True))
    except ValueError:
        raise InvalidRequest("The image is not valid base64.", path=at) from None
    if size > limits.max_image_bytes:
        limit = limits.max_image_bytes / MIB
        raise InvalidRequest(f"The image is over the limit of {limit:g} MiB.", path=at)


def _format(data: str, at: str) -> ImageFormat:
    found = image_format(a2b_base64(data[:_HEAD]))
    if found is None:
        raise InvalidRequest("The image is none of png, jpeg, gif and webp.", path=at)
    return found


def h17_only_images_that_kiro_takes(draft: Draft) -> None:
    """Keep the newest images up to the limits, and none of the past for a model without eyes."""
    current = draft.turns[-1]
    if current.images and not draft.model.images:
        raise InvalidRequest(
            f"The model {draft.model.id} reads no images.", path=current.images[0].at
        )
    places = draft.limits.max_images if draft.model.images else 0
    room = draft.limits.weight_for(draft.model.window)
    for said in reversed(draft.turns):
        kept: list[ImagePart] = []
        for image in reversed(said.images):
            room -= len(image.data)
            if places and (room >= 0 or said is current):
                places -= 1
                kept.append(image)
            else:
                places = 0
                said.texts.append(LEFT_OUT)
                draft.repair("H17", image.at, "an older image was left out")
        said.images = kept[::-1]
