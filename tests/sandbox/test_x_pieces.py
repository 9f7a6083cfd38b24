"""X's text, accounts, windows and queries, without HTTP."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sandbox.settings import Rules
from services.sandbox.x.accounts import authenticate
from services.sandbox.x.queries import InvalidQueryError, next_token, read_timeline
from services.sandbox.x.requests import InvalidPostError, read_post
from services.sandbox.x.text import UrlEntity, shown, too_long
from services.sandbox.x.windows import Windows

PIECES = st.sampled_from(
    [
        "Boil water ",
        "& keep < 3 days > ",
        "https://health.example.org/boil?a=1&b=2 ",
        "https://cdc.gov ",
        "Agua: ñandú ",
        "🚰 ",
    ]
)


def recovered(text: str, urls: list[UrlEntity]) -> str:
    """The text as a reader of the API gets it back."""
    for url in urls:
        text = text.replace(url["url"], html.escape(url["expanded_url"], quote=False))
    return html.unescape(text)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_shown_text_comes_back_whole_and_its_links_stand_where_they_say(text: str) -> None:
    seen = shown(text, 42)
    assert recovered(seen.text, seen.urls) == text
    for url in seen.urls:
        assert seen.text[url["start"] : url["end"]] == url["url"]
        assert len(url["url"]) == 23


def test_links_are_shortened_and_markup_is_escaped() -> None:
    seen = shown("Boil & wait: https://health.example.org/boil.", 42)
    assert seen.text.startswith("Boil &amp; wait: https://t.co/")
    assert seen.text.endswith(".")
    assert [url["expanded_url"] for url in seen.urls] == ["https://health.example.org/boil"]


def test_the_weighted_limit_is_280_to_the_letter() -> None:
    assert not too_long("a" * 280)
    assert too_long("a" * 281)
    assert not too_long("水" * 140)
    assert too_long("水" * 141)


OAUTH = (
    'OAuth oauth_consumer_key="k", oauth_nonce="n", oauth_signature="s%3D", oauth_signature_method="HMAC-SHA1", '
    'oauth_timestamp="1", oauth_token="{}", oauth_version="1.0"'
)


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Basic abc", "OAuth ", OAUTH.replace("oauth_nonce", "nonce")])
def test_a_header_that_names_no_account_is_none(header: str | None) -> None:
    assert authenticate(header) is None


def test_a_token_names_one_account_for_ever_and_its_own_number_if_it_has_one() -> None:
    one, two = authenticate("Bearer one"), authenticate("Bearer two")
    assert one is not None
    assert two is not None
    assert one == authenticate("Bearer one")
    assert one.id != two.id
    assert one.id.isdigit()
    assert len(one.id) <= 19
    owned = authenticate(OAUTH.format("77012-secret"))
    assert owned is not None
    assert owned.id == "77012"


def test_a_window_empties_says_so_and_opens_again() -> None:
    windows, rules = Windows(), Rules(x_create_limit=2, x_window_s=900)
    taken = [windows.take("7", "create", 1000.0, rules) for _ in range(3)]
    assert [admitted for _, admitted in taken] == [True, True, False]
    assert taken[2][0].headers == {
        "x-rate-limit-limit": "2", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "1900",
    }  # fmt: skip
    assert windows.take("7", "read", 1000.0, rules)[1], "reading has a window of its own"
    assert windows.take("8", "create", 1000.0, rules)[1], "so has another account"
    assert windows.take("7", "create", 1900.0, rules)[1]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "must be JSON"),
        (b"[]", "object expected"),
        (b'{"text": "  "}', "text is missing"),
        (b'{"text": 5}', r"\$\.text"),
        (b'{"text": "a", "colour": "red"}', r"\$\.colour"),
        (b'{"text": "a", "reply_settings": "everyone"}', "reply_settings"),
        (b'{"text": "a", "reply": {"in_reply_to_tweet_id": "abc"}}', "in_reply_to_tweet_id"),
        (b'{"text": "a", "media": {"media_ids": ["1"]}}', "does not model"),
    ],
)
def test_a_wrong_post_is_refused_and_the_part_is_named(body: bytes, says: str) -> None:
    with pytest.raises(InvalidPostError, match=says):
        read_post(body)


@given(st.integers(0, 2**63 - 1))
def test_a_page_token_leads_back_to_its_post(post_id: int) -> None:
    assert read_timeline("7", {"pagination_token": next_token(post_id)}, 0).until_id == post_id


@pytest.mark.parametrize(
    "query",
    [
        {"max_results": "4"}, {"max_results": "101"}, {"max_results": "ten"}, {"since_id": "-1"},
        {"start_time": "noon"}, {"pagination_token": "!"}, {"page": "2"},
    ],
)  # fmt: skip
def test_a_wrong_query_is_refused_and_the_part_is_named(query: dict[str, str]) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        read_timeline("7", query, 0)
    assert [caught.value.parameter] == list(query)
