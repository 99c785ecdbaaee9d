"""The engine's own words in Thai and English (glossary of the house): what no process and no pack names.

Texts to the public are the pack's. These label what operators and officers see.
"""

from __future__ import annotations

from casework.standards.limits import Named

LABELS: dict[str, tuple[str, str]] = {
    "closed": ("ยุติเรื่อง", "closed"),
    "asked": ("สอบถามความพึงพอใจ", "asked for satisfaction"),
    # steps of every process
    "satisfaction": ("ประเมินความพึงพอใจ", "satisfaction"),
    "call_back": ("ติดต่อกลับผู้ที่ไม่พึงพอใจ", "call back"),
    "serve_letters": ("ส่งมอบหนังสือ", "serve letters"),
    # actions of a ladder
    "warn": ("เตือน", "warn"),
    "remind": ("แจ้งเตือน", "remind"),
    "progress": ("แจ้งความคืบหน้า", "progress notice"),
    "chase": ("ติดตามเร่งรัด", "chase"),
    "escalate": ("เสนอผู้บังคับบัญชา", "escalate"),
    "breach": ("เกินกำหนด", "breach"),
    # roles
    "requester": ("ผู้รับบริการ", "the requester"),
    "assigned_officer": ("เจ้าหน้าที่ผู้รับผิดชอบ", "the assigned officer"),
    "centre": ("ศูนย์บริการร่วม", "the centre"),
    "centre_officer": ("เจ้าหน้าที่ศูนย์บริการร่วม", "a centre officer"),
    "centre_supervisor": ("หัวหน้างานศูนย์บริการร่วม", "the centre's supervisor"),
    "centre_head": ("หัวหน้าศูนย์บริการร่วม", "the head of the centre"),
    "complaint_centre": ("ศูนย์รับเรื่องร้องเรียน", "the complaint centre"),
    "complaint_centre_head": ("หัวหน้าศูนย์รับเรื่องร้องเรียน", "the head of the complaint centre"),
    "owner_agency": ("ส่วนราชการเจ้าของเรื่อง", "the owner agency"),
    "owner_supervisor": ("ผู้บังคับบัญชาส่วนราชการเจ้าของเรื่อง", "the owner agency's supervisor"),
    "owner_director": ("ผู้อำนวยการส่วนราชการเจ้าของเรื่อง", "the owner agency's director"),
    "deputy_permanent_secretary": ("รองปลัดกระทรวง", "the deputy permanent secretary"),
}


def label(key: str) -> Named:
    """The engine's words for a key, or the key itself where an agency named something of its own."""
    thai, english = LABELS.get(key, (key, key))
    return Named(th=thai, en=english)
