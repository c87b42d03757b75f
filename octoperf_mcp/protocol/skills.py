"""The skills extension (`io.modelcontextprotocol/skills`, SEP-2640): public guides as skills.

`skills/NAME.md` among the public files is a skill of one file; `skills/NAME/SKILL.md` one with
all files below `skills/NAME/`. Their bytes are those of the public files, so that digests hold.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidParamsError, PluginError
from octoperf_mcp.protocol import results
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.pagination import Listing
from octoperf_mcp.protocol.prepared import Prepared
from octoperf_mcp.registry.assets import PublicAsset
from octoperf_mcp.registry.readable import SKILL_FILE, SKILLS, front_matter, is_skill

EXTENSION: Final = "io.modelcontextprotocol/skills"


@dataclass(frozen=True, slots=True)
class _Skill:
    """A skill: its front matter, and its files by path within it."""

    front: Mapping[str, Any]
    files: Mapping[str, PublicAsset]

    @property
    def root(self) -> str:
        return f"skill://{self.front['name']}"

    def entry(self) -> dict[str, Any]:
        resources = [
            {
                "uri": f"{self.root}/{path}",
                "digest": "sha256:" + hashlib.sha256(asset.content).hexdigest(),
                "size": len(asset.content),
            }
            for path, asset in self.files.items()
        ]
        front = dict(self.front)
        return {"uri": f"{self.root}/{SKILL_FILE}", "frontmatter": front, "resources": resources}


class Skills:
    """The skills among the public files.

    Attributes:
        assets: Each file of a skill by its address.
        listed: The main files, as they stand in the list of resources.

    Raises:
        PluginError: a skill's front matter breaks a rule.
    """

    def __init__(self, assets: Mapping[str, PublicAsset], info: Mapping[str, Any]) -> None:
        skills = sorted(_found(assets), key=lambda skill: skill.root)
        self.assets: dict[str, PublicAsset] = {}
        self.listed: list[PublicAsset] = []
        self._folders: dict[str, dict[str, dict[str, Any]]] = {}
        for skill in skills:
            self._take(skill)
        tail = results.modern_tail(info, ttl_ms=results.CATALOGUE_TTL_MS)
        entries = {f"{skill.root}/{SKILL_FILE}": orjson.dumps(skill.entry()) for skill in skills}
        self.listing = Listing("skills", list(entries.values()), modern_tail=tail)
        self._answers = {
            uri: Prepared(b'{"skill":' + entry + tail + b"}") for uri, entry in entries.items()
        }
        end = results.modern_tail(info)
        self._directories = {
            uri: Listing(
                "resources",
                [orjson.dumps(children[child]) for child in sorted(children)],
                modern_tail=end,
            )
            for uri, children in self._folders.items()
        }

    def __bool__(self) -> bool:
        return bool(self._answers)

    def get(self, exchange: Exchange) -> Reply:
        """Answer `skills/get`."""
        uri = results.text_param(results.params_of(exchange), "uri")
        answer = self._answers.get(uri)
        if answer is None:
            raise InvalidParamsError(f"There is no skill {uri[:200]}.", data={"uri": uri})
        return answer.reply(exchange)

    def directory(self, exchange: Exchange) -> Reply:
        """Answer `resources/directory/read`: what lies directly in a folder of a skill."""
        uri = results.text_param(results.params_of(exchange), "uri")
        listing = self._directories.get(uri)
        if listing is None:
            raise InvalidParamsError(f"There is no directory {uri[:200]}.", data={"uri": uri})
        return listing.reply(exchange)

    def _take(self, skill: _Skill) -> None:
        for path, asset in skill.files.items():
            uri = f"{skill.root}/{path}"
            if uri in self.assets:
                raise PluginError(f"the skill {skill.front['name']!r} is registered twice")
            self.assets[uri] = asset
            self._place(skill.root, PurePosixPath(path), asset)
        main = skill.files[SKILL_FILE]
        self.listed.append(
            replace(
                main,
                path=skill.front["name"],
                resource_uri=f"{skill.root}/{SKILL_FILE}",
                description=skill.front["description"],
            )
        )

    def _place(self, root: str, path: PurePosixPath, asset: PublicAsset) -> None:
        """Put a file into its folder, and that into those above."""
        uri = f"{root}/{path}"
        media_type = asset.media_type.partition(";")[0].strip()
        child: dict[str, Any] = {"mimeType": media_type, "size": len(asset.content)}
        for folder in path.parents:
            above = root if folder == PurePosixPath() else f"{root}/{folder}"
            child = {"uri": uri, "name": uri.rpartition("/")[2], **child}
            self._folders.setdefault(above, {})[uri] = child
            uri, child = above, {"mimeType": "inode/directory"}


def _found(assets: Mapping[str, PublicAsset]) -> Iterable[_Skill]:
    for path, asset in assets.items():
        front = front_matter(path, asset.content) if is_skill(path) else {}
        if front and "/" not in path.removeprefix(SKILLS):
            yield _Skill(front, {SKILL_FILE: asset})
        elif front:
            folder = path.removesuffix(SKILL_FILE)
            below = {
                other.removeprefix(folder): assets[other]
                for other in sorted(assets)
                if other.startswith(folder)
            }
            yield _Skill(front, below)
