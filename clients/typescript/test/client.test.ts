import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { CaseClient, CaseRefused, InvalidCase, NotFound, caseId, maskedCitizenId, type Requests } from "../src/index.js";

const officer = { id: "somying", role: "centre_officer" };
const requester = { name: "สมชาย รักไทย", citizen_id: maskedCitizenId("1101700230708"), email: "somchai@home.example" };
let cases: CaseClient;

const application = (more: Partial<Requests["forward"]> = {}): Requests["forward"] => ({
  centre: "JSC", request_id: randomUUID(), requester, subject: "ขอขยายสถานี", documents: [{ name: "คำขอ" }], ...more,
});

before(async () => { cases = await CaseClient.connect({ address: process.env.TEMPORAL_ADDRESS }); });
after(async () => { await cases.close(); });

test("an id is made as the protocol says", () => {
  assert.equal(caseId("forward", "JSC", "2569/0042"), "forward-5VSEE5BR11");
  assert.equal(caseId("information_request", "JSC", "a@b.example"), "information-request-VVRQCJ53FH");
});

test("a citizen id is checked and masked", () => {
  assert.equal(maskedCitizenId("1-1017-00230-70-8"), "x-xxxx-xxxx0-70-8");
  assert.throws(() => maskedCitizenId("1101700230709"), InvalidCase);
});

test("a case is opened once, acted on, looked at, found and listed", async () => {
  const request = application();
  const one = await cases.open("forward", request);
  assert.equal((await cases.open("forward", request)).caseId, one.caseId);
  const reply = await one.act("forward_application", { actor: officer }, "once");
  assert.deepEqual(await one.act("forward_application", { actor: officer }, "once"), reply);
  assert.equal(reply.stage, "with_owner");
  let view = await one.view();
  for await (view of one.changes(100)) if (view.case_no) break;
  assert.match(view.case_no ?? "", /^JSC-\d{4}-\d{5}$/);
  assert.ok(view.allowed_commands.some((each) => each.name === "assign_to_owner"));
  let found: string | undefined;
  for (let tries = 0; tries < 50 && !found; tries++) {
    for await (const row of cases.list("CaseStage = 'with_owner'")) if (row.caseId === one.caseId) found = row.caseNo;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(found, view.case_no);
  assert.equal((await cases.find(found ?? "")).caseId, one.caseId);
});

test("what is refused says why, by class", async () => {
  const one = await cases.open("forward", application());
  await assert.rejects(one.act("report_result", { actor: officer, result: "อนุญาต" }), CaseRefused);
  await assert.rejects(one.send("forward_application", { actor: officer, colour: "red" }), (error: unknown) => {
    assert.ok(error instanceof InvalidCase);
    assert.deepEqual(error.problems, ["colour: Extra inputs are not permitted"]);
    return true;
  });
  await assert.rejects(cases.open("forward", application({ documents: [] })), InvalidCase);
  await assert.rejects(cases.case("forward-0000000000").view(), NotFound);
  await assert.rejects(cases.find("JSC-2569-99999"), NotFound);
});

test("a case that was refused at its opening may be sent again, corrected", async () => {
  const request = application({ documents: [] });
  await assert.rejects(cases.open("forward", request), InvalidCase);
  const one = await cases.open("forward", { ...request, documents: [{ name: "คำขอ" }] });
  assert.equal((await one.view()).stage, "submitted");
});

test("a case is watched until it closes", async () => {
  const one = await cases.open("one_stop", { centre: "JSC", request_id: randomUUID(), requester: { name: "วันดี" }, subject: "คำปรึกษา" });
  const stages = new Set<string>();
  const watched = (async () => { for await (const view of one.changes(50)) stages.add(view.stage); })();
  await one.act("start_service", { actor: officer, officer: { id: "somying" } });
  await one.act("redirect", { actor: officer, to: "กรมที่ดิน", contact: "02 141 5555" });
  await watched;
  assert.ok(stages.has("closed"));
});
