"""Bodies of HTTP samplers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.importers.jmx.plan import Element

Json = dict[str, Any]
Argument = Mapping[str, Any]

_FOLDERS = re.compile(r"^.*[/\\]", re.DOTALL)


def post_data(
    element: Element, arguments: Sequence[Argument], headers: Sequence[Json]
) -> tuple[Json | None, str]:
    """The body of a sampler as JMeter sends it, and what of it will differ; empty: nothing."""
    files = _files(element)
    declared = next((h["value"] for h in headers if h["name"].lower() == "content-type"), "")
    named = any(_text(one, "Argument.name") for one in arguments)
    if len(files) == 1 and not named and not _text(files[0], "File.paramname"):
        return _whole_file(files[0]), _needed(files)
    if files or element.flag("HTTPSampler.DO_MULTIPART_POST"):
        parts = [*map(_field, arguments), *map(_file_part, files)]
        return ({"@type": "MultipartPostData", "parts": parts}, _needed(files))
    if not arguments:
        return None, ""
    if element.flag("HTTPSampler.postBodyRaw") or not named:
        body = "".join(_text(one, "Argument.value") for one in arguments)
        return ({"@type": "RawPostData", "body": body, "contentType": declared}, "")
    return {"@type": "FormPostData", "parameters": [_form_field(one) for one in arguments]}, ""


def _files(element: Element) -> Sequence[Argument]:
    listed = element.nested("HTTPsampler.Files").get("HTTPFileArgs.files")
    files = [one for one in listed or [] if isinstance(one, dict) and _text(one, "File.path")]
    if files or not element.text("HTTPSampler.FILE_NAME"):
        return files
    return [
        {
            "File.path": element.text("HTTPSampler.FILE_NAME"),
            "File.paramname": element.text("HTTPSampler.FILE_FIELD"),
            "File.mimetype": element.text("HTTPSampler.FILE_MIME_TYPE")
            or element.text("HTTPSampler.FILE_MIMETYPE"),
        }
    ]


def _needed(files: Sequence[Argument]) -> str:
    names = ", ".join(file_name(_text(one, "File.path")) for one in files)
    return f"needs project files: {names[:200]}" if names else ""


def file_name(path: str) -> str:
    """A file without its folders, as project files have none."""
    return _FOLDERS.sub("", path) or path


def _whole_file(file: Argument) -> Json:
    return {
        "@type": "FilePostData",
        "filename": file_name(_text(file, "File.path")),
        "contentType": _text(file, "File.mimetype"),
    }


def _file_part(file: Argument) -> Json:
    return {
        "name": _text(file, "File.paramname") or "file",
        "filename": file_name(_text(file, "File.path")),
        "contentType": _text(file, "File.mimetype"),
    }


def _field(argument: Argument) -> Json:
    return {
        "name": _text(argument, "Argument.name"),
        "value": _text(argument, "Argument.value"),
        "contentType": "",
    }


def _form_field(argument: Argument) -> Json:
    return {
        "name": _text(argument, "Argument.name"),
        "value": _text(argument, "Argument.value"),
        "encode": _text(argument, "HTTPArgument.always_encode").lower() == "true",
    }


def _text(properties: Argument, name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""
