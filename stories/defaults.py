"""What a story need not say: who asks, who acts, and the content of commands that does not matter to it."""

from __future__ import annotations

from typing import Any

REQUESTER = {"name": "ผู้รับบริการ", "email": "requester@story.example", "citizen_id": "1101700230708"}
SUBJECT = "เรื่องในบทเล่า"
OFFICER = {"id": "somying", "name": "สมหญิง ใจดี"}

REQUESTS: dict[str, dict[str, Any]] = {
    "information_request": {},
    "forward": {"documents": [{"name": "คำขอ"}]},
    "one_stop": {},
    "complaint": {},
    "improvement": {"cause": "idea_of_public"},
}

COMMANDS: dict[str, dict[str, Any]] = {
    "start_service": {"officer": OFFICER},
    "report_held": {"explanation": "แผ่นพับ"},
    "refer_to_owner": {"agency": "DOEB", "question": "ขอข้อมูล"},
    "record_owner_reply": {"answer": "ข้อมูลตามที่ขอ"},
    "issue_deficiency_list": {"missing": ["สำเนาโฉนด"]},
    "complete_documents": {"documents": [{"name": "สำเนาโฉนด"}]},
    "assign_to_owner": {"agency": "DOEB"},
    "report_delay": {"reason": "รอผลตรวจ"},
    "report_progress": {"status_th": "อยู่ระหว่างตรวจสอบ", "status_en": "being examined"},
    "report_result": {"result": "อนุญาต"},
    "refuse": {"reason": "ไม่อยู่ในหลักเกณฑ์"},
    "redirect": {"to": "หน่วยงานอื่น", "contact": "1111"},
    "settle": {"terms": "ตกลงกันได้"},
    "reassign": {"to": {"id": "preecha", "name": "ปรีชา"}, "reason": "ลาป่วย"},
    "extend": {"reason": "รอผลตรวจ"},
    "reopen": {"reason": "มีข้อมูลใหม่"},
    "add_note": {"text": "บันทึก"},
    "add_document": {"document": {"name": "เอกสาร"}},
    "begin_advice": {"matter": "การประหยัดพลังงาน"},
    "complete_advice": {"advice": "คำแนะนำ"},
    "begin_publications": {"wanted": ["แผ่นพับ"]},
    "give_publications": {"given": ["แผ่นพับ"]},
    "convert": {"into": "information_request"},
    "acknowledge_complaint": {"reviewer": {"id": "wanida", "name": "วนิดา ตรงไป"}},
    "ask_unit": {"question": "เหตุใดจึงล่าช้า"},
    "record_statement": {"statement": "ระบบขัดข้อง"},
    "answer_complaint": {"upheld": "yes", "answer": "เรื่องที่ร้องเรียนมีมูล", "put_right": "แก้ไขแล้ว และขออภัยมา ณ ที่นี้", "apology": True},
    "redirect_complaint": {"to": "หน่วยงานอื่น", "contact": "1111", "reason": "อยู่ในอำนาจหน้าที่", "acknowledged_by": "ผู้รับเรื่อง"},
    "contest": {"reason": "ไม่เห็นด้วย"},
    "take_task": {"owner": OFFICER, "plan": "จัดทำคู่มือ"},
    "decline_task": {"reason": "มีอยู่แล้ว"},
    "report_improvement": {"done": "จัดทำคู่มือแล้ว"},
    "record_effect": {"effect": "better", "figures": "ตรงเวลา ร้อยละ 80 เป็นร้อยละ 92"},
    "rate": {"scores": {"overall": 5}},
    "record_call_back": {"reached": True},
}
