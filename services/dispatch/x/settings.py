"""Settings of the X dispatcher."""

from pydantic import Field, SecretStr

from services.dispatch.settings import DispatchSettings
from services.runtime.settings import room_config

VENDOR_HOSTS = frozenset({"x.com", "twitter.com"})


class XSettings(DispatchSettings):
    """`TOCSIN_X_…`: an OAuth 2.0 user token, or the four OAuth 1.0a values."""

    model_config = room_config("X")

    token: SecretStr | None = Field(None, description="OAuth 2.0 user token with tweet.write")
    consumer_key: SecretStr | None = Field(None, description="OAuth 1.0a consumer key, where there is no token")
    consumer_secret: SecretStr | None = Field(None, description="OAuth 1.0a consumer secret")
    access_token: SecretStr | None = Field(None, description="OAuth 1.0a access token")
    access_token_secret: SecretStr | None = Field(None, description="OAuth 1.0a access token secret")
    answer_s: float = Field(15, gt=0, description="R: seconds an answer may take, kept by the kernel too")
    visible_s: float = Field(60, ge=0, description="L: seconds until a post shows on the timeline, assumed")
    quarantine_s: float = Field(180, gt=0, description="Q: seconds doubt is waited out; above F + G + R + D + L")
    window: int = Field(8, ge=1, le=1024, description="W: requests in flight, and rows in doubt after a crash")

    def without_credentials(self) -> str | None:
        """A sentence when neither kind of credentials is complete."""
        four = (self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret)
        if self.token is not None or all(four):
            return None
        return "TOCSIN_X_TOKEN (or _FILE) is missing, and so are the four OAuth 1.0a values: nothing can be posted"
