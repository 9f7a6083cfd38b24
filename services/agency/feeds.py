"""Atom and RSS feeds of CAP alerts: which alerts they link to. Only links to the feed's own host are followed.

Atom is RFC 4287, RSS 2.0 https://www.rssboard.org/rss-specification.
"""

from urllib.parse import urljoin, urlsplit

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
_CAP = "application/cap+xml"
#: Entries that are looked at, newest first as feeds have them.
LIMIT = 500


class FeedError(ValueError):
    """These bytes are no feed."""


def links(data: bytes, base: str) -> list[str]:
    """Addresses of alerts in the order of the feed, each once."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FeedError("not well-formed XML") from error
    entries = [_of_entry(entry) for entry in root.iter(f"{ATOM}entry")]
    items = [item.findtext("link") for item in root.iter("item")]
    found = [_on_same_host(link.strip(), base) for link in (*entries, *items) if link]
    return list(dict.fromkeys(link for link in found if link))[:LIMIT]


def _of_entry(entry: etree._Element) -> str | None:
    """The link that says it is CAP, else the first."""
    given = [(link.get("type"), link.get("href")) for link in entry.findall(f"{ATOM}link") if link.get("href")]
    return next((href for kind, href in given if kind == _CAP), given[0][1] if given else None)


def _on_same_host(link: str, base: str) -> str | None:
    """The whole address, where it is one of the feed's host. One that is none costs its entry and not the feed.

    A feed that was read over TLS leads nowhere without it: who stands between could else write the alert.
    """
    try:
        whole = urljoin(base, link)
        one, other = urlsplit(whole), urlsplit(base)
    except ValueError:  # such as a bracket in the host's name, which only an IPv6 address has
        return None
    if one.scheme not in {"http", "https"} or one.netloc != other.netloc:
        return None
    return one._replace(scheme="https").geturl() if other.scheme == "https" else whole
