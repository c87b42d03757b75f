"""A skill with a folder, which the suite walks through."""

from octoperf_mcp import PublicAsset

_ROOT = "skills/a-sample-skill/"
_MARKDOWN = "text/markdown; charset=utf-8"

FILES = (
    PublicAsset(
        path=_ROOT + "SKILL.md",
        media_type=_MARKDOWN,
        content=b"""---
name: a-sample-skill
description: A skill of two files, for tests of the protocol.
---

# Sample

See references/more.md.
""",
        title="Sample",
    ),
    PublicAsset(
        path=_ROOT + "references/more.md",
        media_type=_MARKDOWN,
        content=b"# More\n\nNothing more.\n",
        title="More",
    ),
)
