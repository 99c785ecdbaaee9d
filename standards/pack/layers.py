"""A pack that is based on another one says only what differs: `based_on: moe_jsc.yaml`."""

from __future__ import annotations

from typing import Any

BASED_ON = "based_on"


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Mappings key by key; null takes something away; everything else is replaced. A list of things with an id may be changed by
    a mapping of ids: to what is different in one, to a new one, to null."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(old, dict):
            result[key] = merged(old, value)
        elif isinstance(value, dict) and isinstance(old, list) and all(isinstance(each, dict) and "id" in each for each in old):
            result[key] = _by_id(old, value)
        else:
            result[key] = value
    return result


def _by_id(things: list[dict[str, Any]], changes: dict[str, Any]) -> list[dict[str, Any]]:
    known = {thing["id"]: thing for thing in things}
    kept = {name: merged(thing, changes[name] or {}) if name in changes else thing for name, thing in known.items()}
    kept |= {name: {"id": name, **said} for name, said in changes.items() if name not in known and isinstance(said, dict)}
    return [thing for name, thing in kept.items() if name not in changes or changes[name] is not None]
