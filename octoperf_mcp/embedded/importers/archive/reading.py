"""An archive as a virtual user, with the servers, variables, rules, files and bodies it needs."""

from typing import Any, BinaryIO

from octoperf_mcp.embedded.importers.archive import layout
from octoperf_mcp.embedded.importers.archive.links import ordered
from octoperf_mcp.embedded.importers.archive.package import Package
from octoperf_mcp.embedded.importers.archive.strangers import OURS
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.nodes import short
from octoperf_mcp.embedded.importers.values import MAX_DEPTH, depth_of, mapping, parse
from octoperf_mcp.entities.added_types import NO_ADDED_TYPES, AddedTypes
from octoperf_mcp.entities.check import Mismatch, check
from octoperf_mcp.entities.imported import Bodies, Imported, Note

Json = dict[str, Any]

_MAX_OTHERS = 10_000
_MAIN = "virtual-user"


def import_archive(
    file: BinaryIO, bodies: Bodies, *, name: str = "", added: AddedTypes = NO_ADDED_TYPES
) -> Imported:
    """What an archive holds; the virtual user itself comes last, behind the ones it links to.

    Args:
        file: The zip.
        bodies: Where recorded bodies and files are kept.
        name: Of the virtual user; empty: as in the archive.
        added: Types that plugins add.

    Raises:
        ImportFailed: it is no archive of this platform, broken, or too large.
    """
    package = Package(file)
    _require_ours(mapping(_json(package, layout.MANIFEST)))
    result = Imported(blobs=bodies)
    result.servers = _documents(package, layout.SERVERS, "http_server")
    result.variables = _documents(package, layout.VARIABLES, "variable")
    result.rules = _documents(package, layout.RULES, "correlation_rule")
    users = _virtual_users(package, {str(one.get("id")) for one in result.servers}, added)
    if name:
        users[_MAIN]["name"] = short(name)
    result.virtual_users = [{**body, "id": known_as} for known_as, body in ordered(users).items()]
    _keep_bytes(package, result)
    _note_secrets(result)
    _note_bodies(result)
    result.carried = len(users) + len(result.servers) + len(result.variables)
    result.carried += len(result.rules) + len(result.files)
    return result


def _require_ours(manifest: Json) -> None:
    if manifest.get("format") != layout.FORMAT:
        told = str(manifest.get("format") or "another format")[:80]
        raise ImportFailed(f"The archive's manifest is that of another platform ({told}).", OURS)
    if manifest.get("version") != layout.VERSION:
        raise ImportFailed(
            f"The archive has version {str(manifest.get('version'))[:20]} of the layout; this "
            f"platform reads version {layout.VERSION}.",
            "Export it again with this version, or update the platform.",
        )


def _json(package: Package, name: str) -> Any:
    value = parse(package.document(name), name)
    if depth_of(value) > MAX_DEPTH:
        raise ImportFailed(f"{name} has more than {MAX_DEPTH} levels.", OURS)
    return value


def _documents(package: Package, name: str, kind: str) -> list[Json]:
    listed = _json(package, name)
    if not isinstance(listed, list) or len(listed) > _MAX_OTHERS:
        raise ImportFailed(f"{name} is no list of at most {_MAX_OTHERS}.", OURS)
    for index, one in enumerate(listed):
        _check(kind, one, f"{name} /{index}")
    return listed


def _check(kind: str, document: Any, where: str, added: AddedTypes = NO_ADDED_TYPES) -> None:
    if not isinstance(document, dict):
        raise ImportFailed(f"{where} is no object.", OURS)
    try:
        check(kind, {"id": "", "projectId": "", **document}, added)
    except Mismatch as error:
        raise ImportFailed(f"{where} is not as it must be: {error.message}.", OURS) from error


def _virtual_users(package: Package, servers: set[str], added: AddedTypes) -> dict[str, Json]:
    """The documents by the ids that links use; the one that was exported is `virtual-user`."""
    users = {_MAIN: _json(package, layout.VIRTUAL_USER)}
    for name in package.names:
        if found := layout.FRAGMENT.fullmatch(name):
            users[f"fragment-{found[1]}"] = _json(package, name)
    for known_as, body in users.items():
        _check("virtual_user", body, f"{known_as}.json", added)
        asked = {text for member, text in layout.texts(body) if member == "serverId" and text}
        if missing := sorted(asked - servers):
            raise ImportFailed(
                f"{known_as}.json asks for the server {missing[0][:80]!r}, which is not in "
                f"{layout.SERVERS}.",
                OURS,
            )
    return users


def _keep_bytes(package: Package, result: Imported) -> None:
    known = {layout.MANIFEST, layout.README, *layout.DOCUMENTS}
    for name in package.names:
        if found := layout.FILE.fullmatch(name):
            result.files[found[1]] = result.blobs.keep_parts(package.parts(name))
        elif found := layout.BODY.fullmatch(name):
            if result.blobs.keep_parts(package.parts(name)) != found[1]:
                raise ImportFailed(f"The archive's {name} is not what its name says.", OURS)
        elif name not in known and not layout.FRAGMENT.fullmatch(name):
            result.dropped.append(Note(name[:200], "has no place in an archive"))


def _note_secrets(result: Imported) -> None:
    for variable in result.variables:
        if mapping(variable.get("variable")).get("@type") == "SecretVariable":
            reason = "a secret's value is never in an archive: enter it again"
            result.changed.append(Note(f"variable {variable['name']}", reason))
    for server in result.servers:
        if server.get("authorizations"):
            reason = "passwords are never in an archive: enter them again"
            result.changed.append(Note(f"server {server.get('hostname')}", reason))


def _note_bodies(result: Imported) -> None:
    """Recorded bodies that the archive names and does not hold: correlation cannot look there."""
    asked = {
        text
        for user in result.virtual_users
        for member, text in layout.texts(user.get("children"))
        if member == "bodyRef" and text
    }
    gone = len(asked - set(result.blobs))
    if gone:
        result.changed.append(Note("bodies", f"{gone} recorded bodies are not in the archive"))
