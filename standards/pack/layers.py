"""A pack that is based on another one says only what differs: `based_on: moe_jsc.yaml`."""

from __future__ import annotations

from typing import Any

BASED_ON = "based_on"


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Mappings key by key, lists of things with an id by their id, everything else replaced; null takes something away."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(old, dict):
            result[key] = merged(old, value)
        elif isinstance(value, dict) and isinstance(old, list) and all(isinstance(each, dict) and "id" in each for each in old):
            result[key] = [merged(each, value[each["id"]]) if each["id"] in value else each for each in old]
        else:
            result[key] = value
    return result
