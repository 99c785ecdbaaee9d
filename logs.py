"""JSON logs. Every line about a case carries its workflow id, added by Temporal's own loggers; personal data never does.

configure("info")     # once, at an entry point
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str) -> None:
    """Send all logging, ours and the libraries', to stderr as one JSON object a line."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*SHARED, _temporal_ids],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _temporal_ids(_: Any, __: str, event: Any) -> Any:
    record = event.get("_record")
    for source in ("temporal_workflow", "temporal_activity"):
        ids = getattr(record, source, None)
        if isinstance(ids, dict):
            wanted = ("workflow_id", "workflow_type", "run_id", "activity_type", "attempt")
            event.update({key: ids[key] for key in wanted if key in ids})
            if "workflow_id" in ids:
                event["case_id"] = ids["workflow_id"]
    return event
