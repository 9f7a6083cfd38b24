"""What a client may ask X to post: the fields of CreatePostsRequest, OpenAPI document 2.167."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PostId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]

UNMODELLED: Final = (
    "card_uri", "community_id", "direct_message_deep_link", "edit_options", "geo", "media", "poll",
)  # fmt: skip


class Reply(BaseModel):
    """The post that is answered."""

    model_config = ConfigDict(extra="forbid", strict=True)

    in_reply_to_tweet_id: PostId
    exclude_reply_user_ids: list[str] = []
    auto_populate_reply_metadata: bool = False


class CreatePost(BaseModel):
    """One post. What the stand-in does not model is refused, never dropped in silence."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = ""
    reply: Reply | None = None
    quote_tweet_id: PostId | None = None
    reply_settings: Literal["following", "mentionedUsers", "subscribers", "verified"] | None = None
    for_super_followers_only: bool = False
    made_with_ai: bool = False
    nullcast: bool = False
    paid_partnership: bool = False
    share_with_followers: bool = False


class InvalidPostError(ValueError):
    """A body that X would refuse with 400; `parameter` is what it is about."""

    def __init__(self, message: str, parameter: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def read_post(body: bytes) -> CreatePost:
    """Read a request's body, or raise `InvalidPostError` with X's kind of sentence."""
    given = _object(body)
    for name in UNMODELLED:
        if name in given:
            raise InvalidPostError(f"The sandbox does not model [{name}].", name)
    try:
        post = CreatePost.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InvalidPostError(f"$.{name}: {first['msg']}.", name) from None
    if not post.text.strip():
        raise InvalidPostError("Tweet text is missing: a post without media needs one.", "text")
    return post


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        raise InvalidPostError("Requests with bodies must be JSON.", "body") from None
    if not isinstance(given, dict):
        raise InvalidPostError("$: object expected.", "body")
    return given
