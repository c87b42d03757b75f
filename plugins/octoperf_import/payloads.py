"""What the tools of importing answer, beside tickets."""

from octoperf_mcp import Listing, payload


@payload
class ImportedVirtualUser(Listing):
    """The new virtual user without its tree; dates are epoch milliseconds."""

    type: str | None = None
    next: str
