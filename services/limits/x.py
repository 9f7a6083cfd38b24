"""X: the weighted length of twitter-text, configuration version 3.

Rule: https://docs.x.com/fundamentals/counting-characters and
https://github.com/twitter/twitter-text/blob/master/config/v3.json. After NFC, U+0000-10FF,
U+2000-200D, U+2010-201F and U+2032-2037 weigh 1, every other character 2, an emoji sequence 2,
an address 23 whatever its length; 280 in all.

Five units stay unused: X's own counter and the Python one used here differ on rare texts
(a bare domain glued to a word of another script), and an address is easily typed that way.
"""

import warnings
from typing import Final

from services.limits.counting import Count, Limit

with warnings.catch_warnings():
    # It reads its emoji table through pkg_resources, which warns; the lock keeps a setuptools that has it.
    warnings.simplefilter("ignore", UserWarning)
    from twitter_text import parse_tweet
    from twitter_text.config import config

LIMIT: Final = Limit(
    name="x",
    unit="twitter-text v3 weighted characters",
    maximum=280,
    reserve=5,
    source="https://docs.x.com/fundamentals/counting-characters",
)

_RULE: Final = config["version3"]


def count(text: str) -> Count:
    """Weigh `text`; one that holds a character X refuses (U+FFFE, U+FEFF, U+FFFF) never fits."""
    parsed = parse_tweet(text, _RULE)
    units = int(parsed.weightedLength)
    fits = bool(parsed.valid) and units <= LIMIT.usable and not text.isspace()
    return Count(units=units, limit=LIMIT.usable, fits=fits, segments=1)
