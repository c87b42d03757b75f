"""What a system under test sends is shown bounded, visible and without credentials."""

from typing import Any

from octoperf_mcp import Captures, plain_text


def headers(message: Any) -> dict[str, str]:
    return {header.name: header.value for header in message.headers}


def test_equal_credentials_get_the_same_number_and_never_their_value() -> None:
    captures = Captures(100)
    recorded = captures.request(
        {
            "method": "GET",
            "url": "https://joe:pw@shop.test/a?b=1",
            "headers": [
                {"name": "Cookie", "value": "sid=old==; lang=en"},
                {"name": "Authorization", "value": "Bearer secret-1"},
                {"name": "Accept", "value": "*/*"},
            ],
        }
    )
    replayed = captures.request(
        {
            "method": "GET",
            "url": "https://shop.test/a",
            "headers": {"cookie": "sid=new; lang=en", "X-Api-Key": ["secret-1"]},
        }
    )
    assert recorded
    assert replayed
    assert recorded.url == "https://<hidden>@shop.test/a?b=1"
    assert headers(recorded) == {
        "Cookie": "sid=<hidden 1>; lang=<hidden 2>",
        "Authorization": "Bearer <hidden 3>",
        "Accept": "*/*",
    }
    assert headers(replayed) == {
        "cookie": "sid=<hidden 4>; lang=<hidden 2>",
        "X-Api-Key": "<hidden 3>",
    }


def test_the_attributes_of_a_cookie_stay_readable() -> None:
    shown = Captures(100).response(
        {
            "status": 302,
            "statusText": "Found",
            "headers": [{"name": "Set-Cookie", "value": "sid=abc; Path=/; HttpOnly"}],
        }
    )
    assert shown
    assert shown.status == 302
    assert headers(shown) == {"Set-Cookie": "sid=<hidden 1>; Path=/; HttpOnly"}
    assert shown.body is None


def test_a_long_body_is_cut_and_says_so() -> None:
    shown = Captures(4).response({"status": 200, "headers": [], "body": "abcdefgh"})
    assert shown
    assert (shown.body, shown.body_chars, shown.body_truncated) == ("abcd", 8, True)


def test_a_body_that_the_platform_cut_is_marked_even_when_short() -> None:
    shown = Captures(4).response({"status": 200, "body": "abc", "bodyTruncated": True})
    assert shown
    assert shown.body_truncated


def test_nothing_captured_shows_nothing() -> None:
    assert Captures(4).request(None) is None
    assert Captures(4).response({}) is None


def test_characters_that_a_person_would_not_see_are_removed() -> None:
    seen = "a\nb\tc"
    assert plain_text("\x1b[31ma\u200b\n\u202eb\t\x1b]0;title\x07c\U000e0041\x00") == seen


def test_a_long_text_ends_with_what_is_left() -> None:
    assert plain_text("abcdef", 4) == "abcd… (2 more characters)"
    assert plain_text("abcd", 4) == "abcd"
