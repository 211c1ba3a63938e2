"""The door for questions: who may come in, what it says it takes, and what it answers to nonsense."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from html import unescape

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from starlette.types import Message

from analytics.api.app import create_app
from analytics.api.asking import Asker
from analytics.api.identities import routes
from analytics.api.places import Places
from analytics.api.tokens import Rights, tokens_in
from analytics.questions import questions
from schemas.errors import ConfigurationError, TransientError
from schemas.records import Link
from schemas.settings import ApiSettings, ClickHouseSettings

ENVIRONMENT = {"DEMO_TOKEN": "demo-token-0123456789", "ALL_TOKEN": "all-token-0123456789", "SHORT": "short"}
ENVIRONMENT |= {"ADMIN_TOKEN": "admin-token-0123456789"}
NAMED = "demo=DEMO_TOKEN,*=ALL_TOKEN,demo:admin=ADMIN_TOKEN"
DEMO, EVERY, ADMIN = (
    {"Authorization": f"Bearer {ENVIRONMENT[name]}"} for name in ("DEMO_TOKEN", "ALL_TOKEN", "ADMIN_TOKEN")
)
FUNNEL = "/v1/shops/demo/queries/funnel"


async def never(_: Link) -> tuple[int, int]:
    raise AssertionError("it was to be refused")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    nobody = ClickHouseSettings.model_construct(url=SecretStr("http://127.0.0.1:1/nothing"), cluster="")
    api = ApiSettings()
    app = create_app(Asker(nobody, api), tokens_in(NAMED, ENVIRONMENT), api, routes(nobody, never, api))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as made:
        yield made


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (FUNNEL, {}, 401),
        (FUNNEL, {"Authorization": "Bearer wrong-token-0123456789"}, 401),
        (FUNNEL, {"Authorization": "Basic " + ENVIRONMENT["DEMO_TOKEN"]}, 401),
        (FUNNEL + "?token=" + ENVIRONMENT["DEMO_TOKEN"], {}, 401),
        ("/v1/shops/other/queries/funnel", DEMO, 403),
        ("/v1/shops/demo%2F..%2Fother/queries/funnel", DEMO, 404),
        ("/v1/shops/demo/queries/funel", DEMO, 404),
        ("/v1/nothing", {}, 401),
        ("/v1/shops/demo/queries", DEMO, 200),
        ("/v1/shops/other/queries", EVERY, 200),
        (FUNNEL, DEMO, 503),
        ("/readyz", {}, 503),
        ("/healthz", {}, 200),
    ],
)
async def test_only_the_shops_token_opens_the_door(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.get(path, headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("shop", "headers", "status"),
    [
        ("demo", {}, 401),
        ("demo", DEMO, 403),
        ("demo", EVERY, 403),
        ("other", ADMIN, 403),
        ("demo", ADMIN, 503),
    ],
)
async def test_only_a_token_that_administers_the_shop_may_change_something(
    client: httpx.AsyncClient, shop: str, headers: dict[str, str], status: int
) -> None:
    said = {"client": "phone", "customer": "ada"}

    answer = await client.post(f"/v1/shops/{shop}/identities/unlink", headers=headers, json=said)

    assert answer.status_code == status
    assert (await client.get(f"/v1/shops/{shop}/identities/ada", headers=headers)).status_code in (401, 403, 503)


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (b'{"client": "phone", "customer": "ada"', ["body"]),
        (b"[]", ["body"]),
        (b'{"customer": "ada"}', ["client", "visitor"]),
        (
            b'{"client": "phone", "visitor": "0ce5a65d-8a19-5f9f-b04a-d3431727d737", "customer": "ada"}',
            ["client", "visitor"],
        ),
        (b'{"visitor": "phone", "customer": "ada"}', ["visitor"]),
        (b'{"client": "phone"}', ["customer"]),
        (b'{"client": "phone", "customer": 5}', ["customer"]),
        (b'{"client": "phone", "customer": ""}', ["customer"]),
        (b'{"client": "phone", "customer": "ada", "reason": "because"}', ["reason"]),
        (b'{"client": "phone", "customer": "ada", "sure": true}', ["sure"]),
    ],
)
async def test_a_malformed_unlink_is_refused_by_the_names_of_its_fields(
    client: httpx.AsyncClient, said: bytes, fields: list[str]
) -> None:
    headers = ADMIN | {"Content-Type": "application/json"}

    answer = await client.post("/v1/shops/demo/identities/unlink", headers=headers, content=said)

    assert (answer.status_code, answer.json()) == (422, {"error": "bad_value", "fields": fields})


class TwoPieces(Asker):
    def pieces(self, *_: object) -> Iterator[bytes]:
        yield from (b"a\n", b"b\n")


async def test_who_goes_before_the_first_piece_leaves_its_place_to_the_next() -> None:
    nobody = ClickHouseSettings.model_construct(url=SecretStr("http://127.0.0.1:1/nothing"), cluster="")
    one = ApiSettings(questions_at_once=1, wait_seconds=0.05)
    app = create_app(TwoPieces(nobody, one), tokens_in(NAMED, ENVIRONMENT), one)
    token = DEMO["Authorization"].encode()
    scope = {"type": "http", "method": "GET", "path": FUNNEL, "query_string": b"format=csv", "state": {}}
    scope |= {"headers": [(b"authorization", token)], "asgi": {"spec_version": "2.3"}, "root_path": ""}

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def slow(message: Message) -> None:
        await asyncio.sleep(0.02)

    await app(scope, gone, slow)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        answer = await client.get(f"{FUNNEL}?format=csv", headers=DEMO)

    assert answer.text == "a\nb\n"


async def test_metrics_count_requests_by_route_and_name_no_shop(client: httpx.AsyncClient) -> None:
    routes = {
        "/v1/shops/{shop}/queries/paths": ("/v1/shops/demo/queries/paths?of=nothing", DEMO, 422),
        "/v1/shops/{shop}/identities/{identifier:path}": ("/v1/shops/demo/identities/ada", DEMO, 503),
        "none": ("/v1/shops/secret-shop/queries/paths", DEMO, 403),
    }
    before = {route: answered(route, status) for route, (_, _, status) in routes.items()}
    for address, headers, _ in routes.values():
        await client.get(address, headers=headers)
    told = (await client.get("/metrics")).text

    for route, (_, _, status) in routes.items():
        assert answered(route, status) == before[route] + 1
        assert f'api_request_seconds_count{{route="{route}"}}' in told
    assert "secret-shop" not in told
    assert "api_requests_in_progress 1.0" in told


def answered(route: str, status: int) -> float:
    return REGISTRY.get_sample_value("api_requests_answered_total", {"route": route, "status": str(status)}) or 0.0


async def test_openapi_tells_how_to_unlink(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]

    told = {"202", "400", "401", "403", "404", "422", "503"}
    assert set(paths["/v1/shops/{shop}/identities/unlink"]["post"]["responses"]) == told
    assert paths["/v1/shops/{shop}/identities/{identifier}"]["get"]["security"] == [{"HTTPBearer": []}]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("days=never", {"fields": ["days"]}),
        ("days=0", {"fields": ["days"]}),
        ("by=everybody", {"fields": ["by"]}),
        ("limit=0&offset=-1", {"fields": ["limit", "offset"]}),
        ("steps=one", {"fields": ["steps"], "detail": "funnel: steps must be a list of 2 to 20"}),
        ("dayz=3&b=2", {"fields": ["b", "dayz"], "detail": "funnel has no parameter b, dayz"}),
        (
            "time_zone=Nowhere",
            {"fields": ["time_zone"], "detail": "funnel: time_zone must be a time zone such as Europe/Berlin"},
        ),
        (
            "until=yesterday",
            {"fields": ["until"], "detail": "funnel: until must be now, or a day or time such as 2026-11-01"},
        ),
    ],
)
async def test_a_wrong_value_is_named_and_never_repeated(
    client: httpx.AsyncClient, parameters: str, told: dict[str, object]
) -> None:
    answer = await client.get(f"{FUNNEL}?{parameters}", headers=DEMO)

    assert answer.status_code == 422
    assert answer.json() == {"error": "bad_value"} | told


async def test_openapi_tells_of_every_question_what_its_file_does(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["paths"]

    for question in questions().values():
        operation = described[f"/v1/shops/{{shop}}/queries/{question.name}"]["get"]
        assert operation["summary"] == question.text
        assert operation["security"] == [{"HTTPBearer": []}]
        told = {each["name"]: each for each in operation["parameters"]}
        assert told.keys() == {each.name for each in question.parameters} | {"format", "limit", "offset"}
        for each in question.parameters:
            assert told[each.name]["description"] == each.about
            assert told[each.name]["required"] == (each.default is None)
    days = {each["name"]: each for each in described[FUNNEL.replace("demo", "{shop}")]["get"]["parameters"]}["days"]
    assert (days["schema"]["minimum"], days["schema"]["maximum"], days["schema"]["default"]) == (1, 20_000, 7)


async def test_openapi_tells_of_errors_as_they_are_answered(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    error = described["components"]["schemas"]["Error"]
    responses = described["paths"][FUNNEL.replace("demo", "{shop}")]["get"]["responses"]

    answers = [await client.get(FUNNEL), await client.get(f"{FUNNEL}?days=0", headers=DEMO)]
    answers.append(await client.get(f"{FUNNEL}?until=yesterday", headers=DEMO))
    for answer in answers:
        (form,) = responses[str(answer.status_code)]["content"].values()
        assert form["schema"]["$ref"] == "#/components/schemas/Error"
        assert answer.json().keys() <= error["properties"].keys()
        assert answer.json().keys() >= set(error["required"])
    assert responses["200"]["content"].keys() == {"application/json", "text/csv", "application/x-ndjson"}
    assert not {"ValidationError", "HTTPValidationError"} & described["components"]["schemas"].keys()


async def test_a_page_tells_people_the_same_and_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http" not in answer.text
    told = re.findall(r"<code>GET /v1/shops/\{shop\}/queries/(\w+)</code><br>(.+?)</summary>", answer.text)
    assert {name: unescape(text) for name, text in told} == {each.name: each.text for each in questions().values()}
    assert "<td>days<td>1 to 20000<td>7<td>days back from the end" in answer.text
    assert "<td>by<td>person, session<td>person<td>who must make all the steps" in answer.text
    assert "<td>experiment<td>string<td>must be told<td>its name" in answer.text


async def test_what_is_not_there_is_told_like_any_other_error(client: httpx.AsyncClient) -> None:
    missing, changing = await client.get(f"{FUNNEL}s", headers=DEMO), await client.post(FUNNEL, headers=ADMIN)

    assert (missing.status_code, missing.json()) == (404, {"error": "not_found"})
    assert (changing.status_code, changing.json()) == (405, {"error": "method_not_allowed"})
    assert changing.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("demo", "not like shop=VARIABLE"),
        ("demo=SHORT", "names SHORT, which has less than 16"),
        ("demo=MISSING", "names MISSING"),
        ("demo:owner=ADMIN_TOKEN", "not like shop=VARIABLE"),
    ],
)
def test_the_api_does_not_start_with_tokens_that_protect_nothing(named: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        tokens_in(named, ENVIRONMENT)


def test_one_token_may_open_several_shops() -> None:
    tokens = tokens_in("a=DEMO_TOKEN, b=DEMO_TOKEN", ENVIRONMENT)

    assert tokens.rights_of(ENVIRONMENT["DEMO_TOKEN"]) == Rights(frozenset("ab"))
    assert tokens.rights_of("") == Rights()
    assert tokens_in("", ENVIRONMENT).rights_of("") == Rights()


def test_one_token_may_change_one_shop_and_only_read_of_another() -> None:
    tokens = tokens_in("a=DEMO_TOKEN,b:admin=DEMO_TOKEN", ENVIRONMENT)

    assert tokens.rights_of(ENVIRONMENT["DEMO_TOKEN"]) == Rights(frozenset("ab"), frozenset("b"))


async def test_who_finds_no_place_in_time_is_told_to_come_again() -> None:
    places = Places(1, wait_seconds=0.01)
    place = await places.take()

    with pytest.raises(TransientError, match="too many questions at once"):
        await places.take()
    place.free()
    place.free()
    async with places.one():
        with pytest.raises(TransientError):
            await places.take()
