"""X's doorway: read the request, ask the store, write the answer."""

from typing import Any

from aiohttp import web

from services.sandbox.store import Row
from services.sandbox.world import ARRIVED, PLAN, WORLD
from services.sandbox.x import answers, posts, resources
from services.sandbox.x.platform import ACCOUNT
from services.sandbox.x.queries import InvalidQueryError, asked_fields, next_token, read_timeline
from services.sandbox.x.requests import CreatePost, InvalidPostError, read_post
from services.sandbox.x.text import too_long


async def create(request: web.Request) -> web.Response:
    """POST /2/tweets."""
    try:
        post = read_post(await request.read())
    except InvalidPostError as error:
        return answers.invalid(str(error), {error.parameter: []})
    return answers.invalid(answers.TOO_LONG) if too_long(post.text) else await _accept(request, post)


async def _accept(request: web.Request, post: CreatePost) -> web.Response:
    store = request.app[WORLD].store
    try:
        row = await store.transact(posts.accept, request[ACCOUNT].id, post, _moment(request))
    except posts.NoSuchPostError:
        return answers.forbidden(answers.REPLY_TO_NOTHING)
    except posts.DuplicateError:
        return answers.forbidden(answers.DUPLICATE)
    return answers.ok(resources.created(row), 201)


async def delete(request: web.Request) -> web.Response:
    """DELETE /2/tweets/{id}."""
    world = request.app[WORLD]
    post_id = request.match_info["id"]
    gone = await world.store.transact(posts.delete, request[ACCOUNT].id, posts.as_id(post_id), world.now_ms())
    return answers.ok({"data": {"deleted": True}}) if gone else answers.not_found(post_id)


async def fetch(request: web.Request) -> web.Response:
    """GET /2/tweets/{id}. X answers 200 with `errors` for a post that is not there."""
    world = request.app[WORLD]
    post_id = request.match_info["id"]
    row = await world.store.transact(posts.one, posts.as_id(post_id), world.now_ms())
    if row is None:
        return answers.ok({"errors": [answers.missing(post_id)]})
    return answers.ok({"data": resources.post(row, asked_fields(request.query))})


async def me(request: web.Request) -> web.Response:
    """GET /2/users/me."""
    name = request.app[WORLD].settings.x_account_name
    return answers.ok({"data": resources.user(request[ACCOUNT], name)})


async def timeline(request: web.Request) -> web.Response:
    """GET /2/users/{id}/tweets."""
    world = request.app[WORLD]
    try:
        ask = read_timeline(request.match_info["id"], request.query, world.now_ms())
    except InvalidQueryError as error:
        return answers.invalid(str(error), {error.parameter: [request.query[error.parameter]]})
    return answers.ok(_page(await world.store.transact(posts.timeline, ask), ask.size, asked_fields(request.query)))


def _page(found: list[Row], size: int, asked: frozenset[str]) -> dict[str, Any]:
    """One page of a timeline; with more than `size` found there is a token for the next."""
    page = found[:size]
    if not page:
        return {"meta": {"result_count": 0}}
    meta = {"result_count": len(page), "newest_id": str(page[0]["id"]), "oldest_id": str(page[-1]["id"])}
    if len(found) > len(page):
        meta["next_token"] = next_token(page[-1]["id"])
    return {"data": [resources.post(row, asked) for row in page], "meta": meta}


def _moment(request: web.Request) -> posts.Moment:
    world = request.app[WORLD]
    now = world.now_ms()
    return posts.Moment(
        arrived_ms=request[ARRIVED],
        now_ms=now,
        visible_ms=now + int(request[PLAN].lag * 1000),
        duplicates_since_ms=now - world.rules.x_duplicate_s * 1000,
    )


async def nothing(request: web.Request) -> web.Response:
    """Any other address under /2/."""
    return answers.not_found(request.path)
