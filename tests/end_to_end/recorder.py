"""Writes a HAR of what a tab does, from the events of its debugging protocol."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.end_to_end.browser import Tab

Json = dict[str, Any]


class Recorder:
    """Call `keep` after each step: the browser forgets bodies when it leaves a page."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._requests: dict[str, Json] = {}
        self._entries: list[Json] = []
        self._pages: list[Json] = []

    async def start(self) -> None:
        await self._tab.command("Network.enable")

    async def keep(self, title: str) -> None:
        """Turn the events since the last call into entries of a page."""
        events, self._tab.network = self._tab.network, []
        page = f"page_{len(self._pages)}"
        started = len(self._entries)
        for event in events:
            await self._event(event["method"], event["params"], page)
        if len(self._entries) > started:
            first = self._entries[started]["startedDateTime"]
            self._pages.append(
                {"id": page, "title": title, "startedDateTime": first, "pageTimings": {}}
            )

    def har(self) -> bytes:
        log = {
            "version": "1.2",
            "creator": {"name": "WebInspector", "version": "537.36"},
            "pages": self._pages,
            "entries": self._entries,
        }
        return json.dumps({"log": log}).encode()

    async def _event(self, method: str, params: Json, page: str) -> None:
        number = params.get("requestId", "")
        if method == "Network.requestWillBeSent":
            if "redirectResponse" in params:
                self._write(number, params["redirectResponse"], params["timestamp"], page, {})
            url = params["request"]["url"]
            if url.startswith("http") and not url.endswith("/favicon.ico"):
                self._requests[number] = params
        elif method == "Network.responseReceived" and number in self._requests:
            self._requests[number]["response"] = params["response"]
        elif method == "Network.loadingFinished" and "response" in self._requests.get(number, {}):
            body = await self._tab.command("Network.getResponseBody", requestId=number)
            response = self._requests[number]["response"]
            self._write(number, response, params["timestamp"], page, body)

    def _write(self, number: str, response: Json, ended: float, page: str, body: Json) -> None:
        sent = self._requests.pop(number)
        request = sent["request"]
        content: Json = {"size": len(body.get("body", "")), "mimeType": response["mimeType"]}
        if "body" in body:
            content["text"] = body["body"]
        if body.get("base64Encoded"):
            content["encoding"] = "base64"
        made: Json = {
            "method": request["method"],
            "url": request["url"],
            "httpVersion": response.get("protocol", "http/1.1"),
            "headers": _pairs(request["headers"]),
            "queryString": [],
        }
        if "postData" in request:
            kind = request["headers"].get("Content-Type", "")
            made["postData"] = {"mimeType": kind, "text": request["postData"]}
        self._entries.append(
            {
                "pageref": page,
                "startedDateTime": datetime.fromtimestamp(sent["wallTime"], UTC).isoformat(),
                "time": (ended - sent["timestamp"]) * 1000,
                "_resourceType": sent.get("type", "").lower(),
                "request": made,
                "response": {
                    "status": response["status"],
                    "statusText": response["statusText"],
                    "headers": _pairs(response["headers"]),
                    "content": content,
                },
            }
        )


def _pairs(headers: Json) -> list[Json]:
    return [{"name": name, "value": str(value)} for name, value in headers.items()]
