"""Every channel of the contract can be counted, says where its rule is written, and says what it can do."""

from urllib.parse import urlsplit

import pytest

from schemas.words import Channel
from services import limits


@pytest.mark.parametrize("channel", list(Channel))
def test_every_channel_of_the_contract_is_here(channel: Channel) -> None:
    rule = limits.LIMITS[channel]
    assert rule.name == channel
    assert urlsplit(rule.source).scheme == "https"
    assert 0 < rule.usable <= rule.maximum
    assert urlsplit(limits.CAPABILITIES[channel].source).scheme == "https"
    assert limits.count(channel, "Boil water before drinking.").fits


def test_an_unknown_channel_is_named_with_what_is_known() -> None:
    with pytest.raises(limits.UnknownChannelError, match="'fax': known are sms, x"):
        limits.count("fax", "hello")


def test_normalise_composes_and_unifies_line_ends() -> None:
    assert limits.normalise(" man\u0303ana\r\nse acaba\r ") == "ma\u00f1ana\nse acaba"
