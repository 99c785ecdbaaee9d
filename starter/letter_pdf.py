"""Letters as PDF, typeset by Typst: letterhead, number and date on top, the text, who signs it."""

from __future__ import annotations

from pathlib import Path

from casework.adapters.ports import Letter, Page
from casework.starter.typesetting import Typesetter

TEMPLATE = """
#let letter = json(bytes(sys.inputs.said))
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
    """Makes PDF of letters."""

    def __init__(self, fonts: Path | None = None) -> None:
        """Raises InvalidCase if Typst is not installed, or no font has Thai letters."""
        self._typesetter = Typesetter(fonts)

    def pdf(self, letter: Letter, title: str) -> bytes:
        """A letter as PDF."""
        pages = [_page(page) for page in letter.pages]
        return self._typesetter.pdf(TEMPLATE, {"title": title, "pages": pages, "postal": letter.postal or ""})


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
