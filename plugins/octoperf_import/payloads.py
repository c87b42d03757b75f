"""What the tools of importing answer."""

from typing import Any

from octoperf_mcp import Listing, payload


@payload
class ImportedVirtualUser(Listing):
    """The new virtual user without its tree; dates are epoch milliseconds."""

    type: str | None = None
    next: str


@payload
class ImportedRow:
    """A virtual user that an import made."""

    id: str
    name: str
    type: str
    url: str


@payload
class FileImport:
    """A ticket (`method` to `pageUrl`) for an upload to `url`, or what a file sent along became."""

    url: str
    method: str | None = None
    expires_at: str | None = None
    instructions: str | None = None
    page_url: str | None = None
    virtual_users: list[ImportedRow] | None = None
    import_report: dict[str, Any] | None = None
    next: str | None = None
