"""With a codec that encrypts, everything works, and nothing of a citizen is readable in a history."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec
from temporalio.testing import WorkflowEnvironment

from casework.adapters.postgres.records import PostgresRecords
from casework.codec import NoCodec, codec_of
from casework.standards.pack.loader import default_pack
from casework.starter.case_health import decided_batches, examine_cases, replay_problem
from casework.starter.client import CaseClient
from casework.starter.errors import CaseRefused
from tests.counter import Counter

KEY = 0x5A


class Veil(PayloadCodec):
    """Not a cipher, but nobody reads through it by accident."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload(metadata={"encoding": b"binary/veiled"}, data=bytes(b ^ KEY for b in p.SerializeToString())) for p in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload.FromString(bytes(b ^ KEY for b in p.data)) if p.metadata["encoding"] == b"binary/veiled" else p
            for p in payloads
        ]


async def test_a_case_lives_behind_a_codec(
    temporal: WorkflowEnvironment, records: PostgresRecords, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(temporal.client.service_client.config.target_host)
    environment = {
        "CASEWORK_CODEC": "tests.test_codec:Veil",
        "TEMPORAL_ADDRESS": address,
        "CASEWORK_DATABASE_URL": database_url,
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    async with Counter(temporal, records, default_pack(), codec=Veil()) as counter:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        case = await counter.open(
            service="forward", documents=[{"name": "คำขอ"}], requester={"name": "สมชาย ลับสุดยอด", "citizen_id": "1101700230708"}
        )
        client = await CaseClient.connect()
        seen = client.case(case.case_id)
        officer = {"id": "somying", "role": "centre_officer"}
        reply = await seen.send("forward_application", {"actor": officer})
        view = await seen.recorded(reply)
        assert view.stage == "with_owner"
        assert (await client.find(str(view.case_no))).case_id == case.case_id
        with pytest.raises(CaseRefused, match="not possible in the stage with_owner"):
            await seen.send("forward_application", {"actor": officer})
        shown = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-P", "-m", "casework.starter.cli.main", "show", str(view.case_no)],
            env={**os.environ, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert case.case_id in shown.stdout
        history = await seen.workflow.fetch_history()
        assert "ลับสุดยอด".encode() not in b"".join(event.SerializeToString() for event in history.events)
        assert (await decided_batches(client.temporal, history))[0].events[0].type == "opened"
        assert await replay_problem(history, Veil()) is None
        assert [t async for t in examine_cases(client.temporal, records) if t.case_id == case.case_id] == []
        await case.workflow.terminate()


@pytest.mark.parametrize("said", ["nowhere:codec", "tests.test_codec:Nothing", "tests.test_codec:KEY", "tests.test_codec"])
def test_a_codec_that_cannot_be_used_is_named(said: str) -> None:
    with pytest.raises(NoCodec, match=f"CASEWORK_CODEC={said} "):
        codec_of({"CASEWORK_CODEC": said})


def test_without_the_setting_there_is_none() -> None:
    assert codec_of({}) is None
