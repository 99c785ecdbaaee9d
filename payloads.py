"""How casework's messages become JSON: pydantic's converter, which everybody can read, and for what goes between workflow and
activities (and so into every history) without the fields that have their default value."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

from pydantic_core import SchemaSerializer
from pydantic_core.core_schema import any_schema
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import CompositePayloadConverter, DefaultPayloadConverter, JSONPlainPayloadConverter

from casework.workflows.ports import Compact, StandardAnswer

ANSWERS_AT_HAND = 64


class _PackedJSON(PydanticJSONPlainPayloadConverter):
    """JSON that only casework reads, and that is much the same in every history, is packed: 6 kB become 2."""

    _serializer = SchemaSerializer(any_schema())

    @property
    def encoding(self) -> str:
        return "json/zlib"

    def to_payload(self, value: Any) -> Payload | None:
        if not isinstance(value, StandardAnswer):
            return None
        data = zlib.compress(self._serializer.to_json(value, exclude_defaults=True))
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        return _unpacked(payload.data)


@lru_cache(maxsize=ANSWERS_AT_HAND)
def _unpacked(data: bytes) -> StandardAnswer:
    """Cases with the same terms on the same calendar share what they read: it is data that nobody changes."""
    return StandardAnswer.model_validate_json(zlib.decompress(data))


class _CompactJSON(PydanticJSONPlainPayloadConverter):
    _serializer = SchemaSerializer(any_schema())

    def to_payload(self, value: Any) -> Payload | None:
        if not isinstance(value, Compact):
            return super().to_payload(value)
        data = self._serializer.to_json(value, exclude_defaults=True)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)


class CaseworkPayloadConverter(CompositePayloadConverter):
    """Temporal's default converters, with JSON by pydantic."""

    def __init__(self) -> None:
        json = _CompactJSON()
        super().__init__(
            _PackedJSON(),
            *(
                json if isinstance(converter, JSONPlainPayloadConverter) else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            ),
        )
