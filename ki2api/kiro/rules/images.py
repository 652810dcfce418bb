"""Rules about images: what they are, how many, and for which models (H17, docs/kiro.md §3.7)."""

from binascii import a2b_base64
from math import ceil

from ki2api.conversation import ImagePart
from ki2api.errors import InvalidRequest
from ki2api.kiro.limits import MIB, Limits
from ki2api.kiro.rules.draft import Draft
from ki2api.kiro.rules.picture import Picture, look_at

LEFT_OUT = "[image]"


def checked_image(draft: Draft, image: ImagePart) -> ImagePart:
    """Check one image; its format is corrected where its bytes show another."""
    data = image.data.translate(_NO_SPACE)
    found = _picture(data, image.at, draft.limits)
    _check_side(found, image.at, draft.limits)
    if found.format != image.format:
        draft.repair("H17", image.at, f"declared as {image.format}, and is {found.format}")
    return ImagePart(found.format, data, image.at)


_NO_SPACE = dict.fromkeys(map(ord, " \t\r\n"))


def _picture(data: str, at: str, limits: Limits) -> Picture:
    try:
        content = a2b_base64(data, strict_mode=True)
    except ValueError:
        raise InvalidRequest("The image is not valid base64.", path=at, rule="H17") from None
    if len(content) > limits.max_image_bytes:
        size, limit = (
            f"{ceil(len(content) * 10 / MIB) / 10:g} MiB",
            f"{limits.max_image_bytes / MIB:g} MiB",
        )
        raise InvalidRequest(f"The image has {size}, the limit is {limit}.", path=at, rule="H17")
    if found := look_at(content):
        return found
    raise InvalidRequest("The image is none of png, jpeg, gif and webp.", path=at, rule="H17")


def _check_side(picture: Picture, at: str, limits: Limits) -> None:
    longest, limit = max(picture.size or (0, 0)), limits.max_image_side
    if longest > limit:
        detail = f"The image is {longest} pixels long, the limit is {limit}."
        raise InvalidRequest(detail, path=at, rule="H17")


def h17_only_images_that_kiro_takes(draft: Draft) -> None:
    """Keep the newest images up to the limits, and none of the past for a model without eyes."""
    if not draft.has("images"):
        return
    current = draft.turns[-1]
    if current.images and not draft.model.images:
        raise InvalidRequest(
            f"The model {draft.model.id} reads no images.", path=current.images[0].at, rule="H17"
        )
    most = draft.limits.max_images if draft.model.images else 0
    why = f"the limit is {most}" if most else f"the model {draft.model.id} reads none"
    places = most
    room = draft.limits.weight_for(draft.model.window)
    for said in reversed(draft.turns):
        kept: list[ImagePart] = []
        for image in reversed(said.images):
            room -= len(image.data)
            if places and (room >= 0 or said is current):
                places -= 1
                kept.append(image)
                continue
            if places:
                places, why = 0, "together they weigh more than the model takes"
            said.texts.append(LEFT_OUT)
            draft.repair("H17", image.at, f"an older image was left out: {why}")
        said.images = kept[::-1]
