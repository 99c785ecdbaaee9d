"""The codec that everybody who speaks to cases must share, if there is one: worker, clients, command line.

CASEWORK_CODEC=our_agency.crypto:codec       # module:object; a PayloadCodec, or a callable that gives one
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from temporalio.converter import PayloadCodec

SETTING = "CASEWORK_CODEC"


class NoCodec(Exception):
    """The setting names no codec; the message says why."""


def codec_of(environment: Mapping[str, str]) -> PayloadCodec | None:
    """The codec that the settings name, or None. Raises NoCodec if it cannot be used."""
    said = environment.get(SETTING)
    if not said:
        return None
    module, _, name = said.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
        codec = found if isinstance(found, PayloadCodec) else found()
    except Exception as error:
        raise NoCodec(f"{SETTING}={said} cannot be used ({type(error).__name__}: {error}); it is MODULE:OBJECT") from error
    if not isinstance(codec, PayloadCodec):
        raise NoCodec(f"{SETTING}={said} is no PayloadCodec of temporalio.converter")
    return codec
