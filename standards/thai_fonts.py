"""Families with Thai letters, the official ones first."""

from __future__ import annotations

THAI_FONTS = ("Sarabun", "TH Sarabun New", "TH Sarabun PSK", "Laksaman", "Noto Serif Thai", "Noto Sans Thai", "Garuda", "Norasi")
