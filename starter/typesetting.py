"""PDF by Typst, with Thai letters: of the fonts of the system, and of those of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from casework.standards.thai_fonts import THAI_FONTS
from casework.starter.errors import InvalidCase


class Typesetter:
    """Makes PDF of a template and what it says."""

    def __init__(self, fonts: Path | None = None) -> None:
        """Raises InvalidCase if Typst is not installed, or no font has Thai letters."""
        try:
            import typst
        except ImportError:
            raise InvalidCase("printing needs the extra casework[letters]") from None
        known = typst.Fonts(font_paths=[str(fonts)] if fonts else [])
        self._families = [family for family in THAI_FONTS if family.lower() in {name.lower() for name in known.families()}]
        if not self._families:
            raise InvalidCase(
                "no font with Thai letters is here: install one (Debian: fonts-thai-tlwg), or name a folder that has one: --fonts"
            )
        self._compiler = typst.Compiler(font_paths=known)

    def pdf(self, template: str, said: dict[str, Any]) -> bytes:
        """A PDF. The template finds what is said, and `fonts`, as JSON in `sys.inputs.said`."""
        words = json.dumps({**said, "fonts": self._families}, ensure_ascii=False)
        made = self._compiler.compile(template.encode(), sys_inputs={"said": words}, format="pdf")
        assert isinstance(made, bytes), "a PDF is one file"
        return made
