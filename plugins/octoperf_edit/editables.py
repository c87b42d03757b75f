"""The kinds of documents that the tools edit, and the calls that read and write them."""

from octoperf_edit import rest
from octoperf_mcp import Editable

VIRTUAL_USER = Editable(
    "virtual_user",
    read=rest.GET_VIRTUAL_USER,
    write=rest.PUT_VIRTUAL_USER,
    at=rest.GET_VIRTUAL_USER_REVISION,
    schema="vu",
)
