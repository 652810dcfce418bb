"""What docs/content.md shows is so."""

import re
from pathlib import Path

from ki2api.kiro.compose import Limits
from ki2api.settings import load
from ki2api.stages.fetch_images import FetchImagesConfig
from pipeline.settings import decode

PAGE = (Path(__file__).parents[2] / "docs" / "content.md").read_text()


def test_the_table_that_it_shows_is_taken_and_shows_the_defaults(tmp_path: Path) -> None:
    (table,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(table)
    (stage,) = load({}, path).settings.pipeline
    assert (stage.pop("stage"), stage.pop("after")) == ("fetch-images", "normalize")
    written = "\n".join(f"{key} = {value}" for key, value in stage.items())
    assert decode(written, FetchImagesConfig, source="config.toml") == FetchImagesConfig()
    assert len(stage) == len(FetchImagesConfig.__struct_fields__)


def test_the_numbers_that_it_names_are_those_in_force() -> None:
    limits = Limits()
    assert f"up to {limits.max_image_bytes // 2**20} MiB" in PAGE
    assert f"up to {limits.max_document_bytes / 1e6:g} MB" in PAGE
    assert (limits.max_images, limits.max_documents) == (10, 5)
