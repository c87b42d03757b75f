"""Command lines as browsers copy them become requests."""

import io
from typing import Any

import pytest

from octoperf_curl.reading import read
from octoperf_curl.words import commands
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.imported import Bodies, Imported
from octoperf_mcp.errors import InvalidArgumentError

COPIED = r"""
curl 'https://shop.example/cart?id=1&size=a%20b' \
  -H 'accept: text/html' \
  -H 'cookie: sid=very-secret' \
  --compressed ;
curl 'https://shop.example/order' -X PUT -H 'content-type: application/json' \
  -H 'authorization: Bearer very-secret' --data-raw $'{"name":"O\'Neil \u0021"}' ;
curl 'http://other.example:8080/login' -d 'user=ada' -d 'word=a+b' -u ada:very-secret --wild
"""


def made(text: str, **options: Any) -> Imported:
    return read(io.BytesIO(text.encode()), options, Bodies())


def test_each_command_is_a_request_and_secrets_are_left_out() -> None:
    imported = made(COPIED)
    (virtual_user,) = imported.virtual_users
    check("virtual_user", {**virtual_user, "projectId": "p1"})
    cart, order, login = virtual_user["children"]
    assert (cart["method"], cart["path"]) == ("GET", "/cart")
    assert [(one["name"], one["value"]) for one in cart["parameters"]] == [
        ("id", "1"),
        ("size", "a b"),
    ]
    assert cart["headers"] == [{"name": "accept", "value": "text/html"}]
    assert order["method"] == "PUT"
    assert order["postData"] == {
        "@type": "RawPostData",
        "body": '{"name":"O\'Neil !"}',
        "contentType": "application/json",
    }
    assert login["method"] == "POST"
    assert [one["value"] for one in login["postData"]["parameters"]] == ["ada", "a b"]
    assert cart["serverId"] == order["serverId"] != login["serverId"]
    assert [(one["protocol"], one["port"]) for one in imported.servers] == [
        ("HTTPS", 443),
        ("HTTP", 8080),
    ]
    assert "very-secret" not in str(imported.virtual_users)
    assert [one.path for one in imported.dropped] == ["/0", "/1", "/2", "/2"]
    assert (imported.carried, virtual_user["name"]) == (3, "shop.example")
    assert made(COPIED, name="Mine").virtual_users[0]["name"] == "Mine"


@pytest.mark.parametrize(
    ("line", "method", "body"),
    [
        ("curl shop.example", "GET", None),
        ("curl -I https://shop.example", "HEAD", None),
        ("curl -G -d a=1 https://shop.example/x", "GET", None),
        ("curl --json '{}' https://shop.example", "POST", "RawPostData"),
        ("curl -d 'not a form' https://shop.example", "POST", "RawPostData"),
        ("curl -d @file https://shop.example", "GET", None),
    ],
)
def test_methods_and_bodies_are_those_that_curl_sends(
    line: str, method: str, body: str | None
) -> None:
    (request,) = made(line).virtual_users[0]["children"]
    assert request["method"] == method
    assert (request["postData"] or {}).get("@type") == body


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no curl command"),
        ("wget https://a.example", "no curl command"),
        ("curl", "0 addresses"),
        ("curl a.example b.example", "2 addresses"),
        ("curl 'https://a.example", "quote in line 1 never ends"),
        ("curl ftp://a.example", "no http or https address"),
        ("curl https://u:p@a.example", "without credentials"),
        ("curl https://a.example:99999", "no http or https address"),
        ("curl https://a.example -H", "expected one argument"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        made(text)


def test_words_are_those_of_bash() -> None:
    text = "a 'b c'd \"e\\\"$f\" $'g\\n\\x41' \\\n h\\ i; j && k"
    assert list(commands(text)) == [["a", "b cd", 'e"$f', "g\nA", "h i"], ["j"], ["k"]]
