"""One text for a single node and for a cluster: a migration with `{{...}}` goes in, ClickHouse's SQL comes out.

    {{table:events}}            events      on a cluster: events_local ON CLUSTER 'c', if it is distributed
    {{engine:X(a)}}             X(a)        ReplicatedX('path/{shard}', '{replica}', a): each shard has its part
    {{engine_everywhere:X(a)}}  X(a)        ReplicatedX('path', '{shard}-{replica}', a): every node has all of it
    {{distributed:t by KEY}}    nothing     table t over the shards' t_local, rows placed by KEY
    {{tokens:N}}                the last N insert tokens are remembered, on a cluster for 7 days
    {{on_cluster}}              nothing     ON CLUSTER 'c'

`{shard}` and `{replica}` are macros of the server: https://clickhouse.com/docs/engines/table-engines/mergetree-family/replication
"""

import re
from typing import Final

TOKEN_SECONDS: Final = 7 * 24 * 3600
"""How long a replicated table remembers insert tokens; ClickHouse's default is one hour."""

_DIRECTIVE = re.compile(r"\{\{(\w+)(?::(.*?))?\}\}")
_ENGINE = re.compile(r"(\w+)(?:\((.*)\))?")
_DISTRIBUTED = re.compile(r"(\w+) by (.+)")


def render(text: str, cluster: str = "") -> str:
    """Write *text* for a single node, or for *cluster*.

    Raises:
        ValueError: a directive is not one of the list above.
    """
    local = set() if not cluster else {found.split(" ")[0] for found in re.findall(r"\{\{distributed:(.*?)\}\}", text)}

    def directive(match: re.Match[str]) -> str:
        name, argument = match.group(1), match.group(2) or ""
        match name:
            case "table":
                return argument if not cluster else f"{argument}{'_local' * (argument in local)} ON CLUSTER '{cluster}'"
            case "engine":
                return _engine(argument, "/{shard}", "{replica}") if cluster else argument
            case "engine_everywhere":
                return _engine(argument, "", "{shard}-{replica}") if cluster else argument
            case "distributed":
                return _distributed(argument, cluster) if cluster else ""
            case "tokens":
                return _tokens(argument, cluster)
            case "on_cluster":
                return f"ON CLUSTER '{cluster}'" if cluster else ""
            case _:
                raise ValueError(f"no such directive: {name}")

    return _DIRECTIVE.sub(directive, text)


def statements(text: str) -> list[str]:
    """Split SQL at each `;` that ends a line; what holds only comments is dropped."""
    parts = (part.strip() for part in re.split(r";[ \t]*(?:\n|$)", text))
    return [part for part in parts if re.sub(r"--.*", "", part).strip()]


def _engine(engine: str, shard: str, replica: str) -> str:
    found = _ENGINE.fullmatch(engine)
    if found is None:
        raise ValueError(f"no engine: {engine}")
    path = f"'/clickhouse/{{database}}/{{table}}{shard}', '{replica}'"
    return f"Replicated{found.group(1)}({', '.join(filter(None, (path, found.group(2))))})"


def _distributed(argument: str, cluster: str) -> str:
    found = _DISTRIBUTED.fullmatch(argument)
    if found is None:
        raise ValueError(f"no distributed table: {argument}")
    table, key = found.groups()
    return (
        f"CREATE TABLE IF NOT EXISTS {table} ON CLUSTER '{cluster}' AS {table}_local\n"
        f"ENGINE = Distributed('{cluster}', currentDatabase(), {table}_local, {key})"
    )


def _tokens(count: str, cluster: str) -> str:
    if cluster:
        return f"replicated_deduplication_window = {count}, replicated_deduplication_window_seconds = {TOKEN_SECONDS}"
    return f"non_replicated_deduplication_window = {count}"
