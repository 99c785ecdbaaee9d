"""Search attributes in a namespace: which are there, which are missing, and adding them."""

from __future__ import annotations

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from casework.workflows.names import SEARCH_ATTRIBUTES


async def missing_search_attributes(client: Client) -> list[str]:
    """The names that the namespace does not know; those of another type count as missing."""
    known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    return [key.name for key in SEARCH_ATTRIBUTES if known.custom_attributes.get(key.name) != int(key.indexed_value_type)]


async def add_search_attributes(client: Client) -> list[str]:
    """Add what is missing; returns the names added. Raises RPCError if a name is taken by another type."""
    missing = await missing_search_attributes(client)
    if missing:
        types = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in SEARCH_ATTRIBUTES if key.name in missing}
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
        )
    return missing
