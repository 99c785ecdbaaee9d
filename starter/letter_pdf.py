"""Letters as PDF, typeset by Typst: letterhead, number and date on top, the text, who signs it."""

from __future__ import annotations

import json
from pathlib import Path

from casework.adapters.ports import Letter, Page
from casework.starter.errors import InvalidCase

# Families with Thai letters, the official ones first; Typst takes the first that is there.
THAI_FONTS = ("Sarabun", "TH Sarabun New", "TH Sarabun PSK", "Laksaman", "Noto Serif Thai", "Noto Sans Thai", "Garuda", "Norasi")
TEMPLATE = """
#let letter = json(bytes(sys.inputs.letter))
#set document(title: letter.title)
#set page(paper: "a4", margin: (top: 2.5cm, bottom: 2cm, left: 3cm, right: 2cm))
#set text(font: letter.fonts, size: 15pt, lang: letter.pages.first().language, hyphenate: false)
#set par(justify: false, leading: 0.75em, first-line-indent: (amount: 2.5cm, all: true))
#for (number, page) in letter.pages.enumerate() {
  if number > 0 { pagebreak() }
  set text(lang: page.language, size: if page.language == "th" { 15pt } else { 12pt })
  set par(first-line-indent: 0cm)
  for (line, words) in page.head.split("\\n").enumerate() {
    if line == 0 { align(center, text(weight: "bold", size: 1.2em, words)) } else { align(right, words) }
  }
  v(0.6em)
  if page.about != "" { text(weight: "bold", page.subject_word) + h(1em) + page.about }
  v(0.6em)
  for (line, words) in page.text.split("\\n").enumerate() {
    set par(first-line-indent: (amount: if line == 0 { 0cm } else { 2.5cm }, all: true))
    par(words)
  }
  v(2.5em)
  set par(first-line-indent: 0cm)
  align(center, box(width: 13cm, align(center)[
    #page.closing
    #v(2.5em)
    #page.signature_line
    #v(0.4em)
    #for words in page.foot.split("\\n") { block(spacing: 0.6em, words) }
  ]))
  if number == 0 and letter.postal != "" {
    place(bottom + left, text(size: 0.8em, "ส่งที่ · to: " + letter.postal.replace("\\n", ", ")))
  }
}
"""
SUBJECT_WORD = {"th": "เรื่อง", "en": "Re:"}
SIGNED = {"th": "ลงชื่อ", "en": "Signed"}


class LetterPrinter:
    """Makes PDF of letters, with the fonts of the system and those of a folder."""

    def __init__(self, fonts: Path | None = None) -> None:
        """Raises InvalidCase if Typst is not installed, or no font has Thai letters."""
        try:
            import typst
        except ImportError:
            raise InvalidCase("printing letters needs the extra casework[letters]") from None
        known = typst.Fonts(font_paths=[str(fonts)] if fonts else [])
        self._families = [family for family in THAI_FONTS if family.lower() in {name.lower() for name in known.families()}]
        if not self._families:
            raise InvalidCase(
                "no font with Thai letters is here: install one (Debian: fonts-thai-tlwg), or name a folder that has one: --fonts"
            )
        self._compiler = typst.Compiler(font_paths=known)

    def pdf(self, letter: Letter, title: str) -> bytes:
        """A letter as PDF."""
        data = {"title": title, "fonts": self._families, "pages": [_page(page) for page in letter.pages]}
        data["postal"] = letter.postal or ""
        said = {"letter": json.dumps(data, ensure_ascii=False)}
        made = self._compiler.compile(TEMPLATE.encode(), sys_inputs=said, format="pdf")
        assert isinstance(made, bytes), "a PDF is one file"
        return made


def _page(page: Page) -> dict[str, str]:
    signature = f"{SIGNED[page.language]} {'.' * 40}"
    closing, _, foot = page.foot.partition("\n")
    return {
        **page.model_dump(),
        "closing": closing,
        "foot": foot,
        "subject_word": SUBJECT_WORD[page.language],
        "signature_line": signature,
    }
