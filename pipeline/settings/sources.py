"""Where raw data comes from, as params.yaml says it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.settings import Settings
from pipeline.settings.base import Sha256, SplitName


class Source(Settings):
    """Where raw data comes from; `origin` and `licence` are recorded beside it."""

    origin: str
    licence: str


class PackageSource(Source):
    """An archive from the Python package index, used as data and not installed."""

    kind: Literal["package"]
    name: str
    version: str
    python_version: str  # the interpreter that the archive asks for
    platform: str  # "any", or the platform tag of the wheel
    file: str
    sha256: Sha256


class HubSource(Source):
    """A Hugging Face hub data set; `splits` maps our split to the hub's."""

    kind: Literal["hub"]
    id: str
    config: str | None  # which of the data sets under this id; null: there is one
    revision: str
    columns: Annotated[list[str], Field(min_length=1)]  # the others are left there
    splits: dict[SplitName, str]
    sha256: dict[SplitName, Sha256 | None]  # of the rows of each split; null: not known

    @model_validator(mode="after")
    def _check_splits(self) -> "HubSource":
        if set(self.splits) != set(self.sha256):
            raise ValueError(
                f"splits has {', '.join(self.splits)}, but sha256 has {', '.join(self.sha256)}; "
                "give each split one, or null"
            )
        return self


class UrlSource(Source):
    """One file at a URL."""

    kind: Literal["url"]
    address: str
    file: str
    sha256: Sha256


class FolderSource(Source):
    """A folder on this machine."""

    kind: Literal["folder"]
    path: str


AnySource = Annotated[
    PackageSource | HubSource | UrlSource | FolderSource, Field(discriminator="kind")
]
