"""The engine's own words in Thai and English: stages, steps and commands (glossary of the house).

Texts to the public are the pack's. These label what operators and officers see.
"""

from __future__ import annotations

from typing import Literal

LABELS: dict[str, tuple[str, str]] = {
    # services
    "information_request": ("บริการข้อมูลข่าวสาร", "information request"),
    "forward": ("บริการรับเรื่อง-ส่งต่อ", "forward"),
    "one_stop": ("บริการเบ็ดเสร็จ", "one-stop service"),
    # stages
    "queued": ("รอเรียกคิว", "queued"),
    "serving": ("กำลังให้บริการ", "serving"),
    "selecting": ("ผู้รับบริการคัดเลือกเอกสาร", "requester selects documents"),
    "referred": ("สอบถามส่วนราชการเจ้าของเรื่อง", "referred to the owner agency"),
    "telling": ("แจ้งคำตอบผู้รับบริการ", "telling the requester"),
    "provided": ("ให้ข้อมูลแล้ว", "provided"),
    "answered": ("แจ้งคำตอบแล้ว", "answered"),
    "submitted": ("ตรวจสอบเอกสาร", "checking the application"),
    "awaiting_documents": ("รอเอกสารเพิ่มเติม", "awaiting documents"),
    "with_owner": ("ส่วนราชการเจ้าของเรื่องดำเนินการ", "with the owner agency"),
    "completed": ("ดำเนินการแล้วเสร็จ", "completed"),
    "triage": ("วิเคราะห์เรื่อง", "triage"),
    "advising": ("ให้คำปรึกษา", "advising"),
    "giving": ("ให้เอกสารเผยแพร่", "giving publications"),
    "advised": ("ให้คำปรึกษาแล้ว", "advised"),
    "given": ("ให้เอกสารแล้ว", "publications given"),
    "closed": ("ยุติเรื่อง", "closed"),
    # steps
    "respond": ("ตอบผู้รับบริการ", "answer the requester"),
    "provide": ("จัดหาข้อมูล/เอกสาร", "provide the information"),
    "select_documents": ("คัดเลือกเอกสาร", "select documents"),
    "owner_gather": ("รวบรวมข้อมูล", "the owner agency gathers"),
    "tell_requester": ("แจ้งผู้รับบริการ", "tell the requester"),
    "satisfaction": ("ประเมินความพึงพอใจ", "satisfaction"),
    "check_forward": ("ตรวจสอบและส่งต่อ", "check and forward"),
    "requester_complete": ("ผู้รับบริการยื่นเอกสารเพิ่ม", "the requester completes the papers"),
    "relay": ("ส่งต่อส่วนราชการเจ้าของเรื่อง", "relay to the owner agency"),
    "owner_act": ("ดำเนินการและแจ้งผล", "the owner agency acts and tells"),
    "advise": ("ให้คำปรึกษา", "advise"),
    "publications": ("ให้เอกสารเผยแพร่", "give publications"),
    "convert": ("เปลี่ยนบริการ", "convert"),
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


def label(key: str, language: Literal["th", "en"]) -> str:
    """The word for a key of the engine, or the key itself where an agency named something of its own."""
    thai, english = LABELS.get(key, (key, key))
    return thai if language == "th" else english
