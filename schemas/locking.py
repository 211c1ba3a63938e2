"""The lock of the schemas: which id each version of each record has, and that no version breaks the ones before.

`storestream schemas check` says what is wrong; `storestream schemas lock` adds what is new.
"""

import json
from typing import Any, Final

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from schemas.codec import LOCK, current_schema, locked_versions
from schemas.topics import TOPICS

# Members that stand alone inside an envelope are locked with it.
LOCKED_RECORDS: Final = tuple(sorted({topic.value for topic in TOPICS}))


def problems() -> list[str]:
    """Tell what would break a reader: a schema changed but not locked, or one that cannot read an older version."""
    versions = locked_versions()
    found = []
    for name in LOCKED_RECORDS:
        known = versions.get(name, [])
        if not known or known[-1]["schema"] != current_schema(name):
            found.append(f"{name}: changed but not locked; run `storestream schemas lock`")
        found += incompatibilities(name, current_schema(name), [version["schema"] for version in known])
    return found


def incompatibilities(name: str, current: dict[str, Any], older: list[dict[str, Any]]) -> list[str]:
    """Tell which of the *older* versions the *current* schema cannot read.

    The rules are Avro's schema resolution: https://avro.apache.org/docs/1.12.0/specification/#schema-resolution.
    """
    reader = avro.schema.parse(json.dumps(current))
    found = []
    for number, schema in enumerate(older, start=1):
        verdict = ReaderWriterCompatibilityChecker().get_compatibility(reader, avro.schema.parse(json.dumps(schema)))
        if verdict.compatibility is not SchemaCompatibilityType.compatible:
            places = ", ".join(sorted(map(str, verdict.locations)))
            found.append(f"{name}: cannot read version {number} ({'; '.join(sorted(verdict.messages))} at {places})")
    return found


def lock() -> list[str]:
    """Add a version for every changed record and return their names. Raises `ValueError` if one breaks its readers."""
    versions = locked_versions() if LOCK.exists() else {}
    changed = []
    for name in LOCKED_RECORDS:
        known = versions.setdefault(name, [])
        if known and known[-1]["schema"] == current_schema(name):
            continue
        if broken := incompatibilities(name, current_schema(name), [version["schema"] for version in known]):
            raise ValueError("; ".join(broken))
        highest = max((version["id"] for each in versions.values() for version in each), default=0)
        known.append({"id": highest + 1, "schema": current_schema(name)})
        changed.append(name)
    LOCK.write_text(json.dumps(versions, indent=1, ensure_ascii=False) + "\n")
    return changed
