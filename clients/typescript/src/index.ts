/**
 * Cases of a joint service centre, from TypeScript. The protocol is docs/protocol.md of casework; the types in messages.ts are
 * made from its schemas (`casework commands --json-schema`).
 *
 *     const cases = await CaseClient.connect({ address: "localhost:7233" });
 *     const one = await cases.open("forward", { centre: "JSC", request_id: "2569/0042", requester: {…}, subject: "…", documents: [{ name: "คำขอ" }] });
 *     await one.act("forward_application", { actor: { id: "somying", role: "centre_officer" } });
 */
import { createHash, randomUUID } from "node:crypto";
import {
  ApplicationFailure,
  Client,
  Connection,
  type ConnectionOptions,
  type DataConverter,
  isGrpcServiceError,
  QueryNotRegisteredError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowHandle,
} from "@temporalio/client";
import type { CaseView, CommandReply, CaseworkProtocol } from "./messages.js";

export type * from "./messages.js";

/** The requests by service, and the commands by service and name. */
export type Requests = CaseworkProtocol["requests"];
export type Commands = CaseworkProtocol["commands"];
export type Service = keyof Commands & string;
type AllOf<T> = (T extends unknown ? (each: T) => void : never) extends (all: infer All) => void ? All : never;
/** The commands of a service; where the service is not known, those of every one. */
export type CommandsOf<S extends Service> = [Service] extends [S] ? AllOf<Commands[Service]> : Commands[S];

/** The case refuses the command: what is possible now is in the message. Nothing was changed. */
export class CaseRefused extends Error {}
/** The request or command cannot be read, or does not fit its standard: a line for each reason. Nothing was changed. */
export class InvalidCase extends Error {
  constructor(message: string, readonly problems: string[]) {
    super(message);
  }
}
/** There is no such case, or it is closed and takes no command any more. */
export class NotFound extends Error {}
/** Temporal or its worker does not answer: what was sent may have been done; sent again under the same id it is done once. */
export class Unreachable extends Error {}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ASK_AGAIN = "ask again in a moment";
const NUMBER = /^[^\s/'\\]{1,20}-\d{4}-\d{5,}$/;

/** The workflow id of a request: the same request at the same centre is the same case. */
export function caseId(service: string, centre: string, requestId: string): string {
  let number = createHash("sha256").update(`${service}/${centre}/${requestId}`, "utf8").digest().readBigUInt64BE(0);
  let letters = "";
  for (let place = 0; place < 10; place++) {
    letters = ALPHABET[Number(number % 32n)] + letters;
    number /= 32n;
  }
  return `${service.replaceAll("_", "-")}-${letters}`;
}

/** Checks a Thai citizen id and masks it, so that the whole number is never sent. */
export function maskedCitizenId(digits: string): string {
  const said = digits.replace(/\D/g, "");
  const sum = [...said.slice(0, 12)].reduce((total, digit, place) => total + Number(digit) * (13 - place), 0);
  if (said.length !== 13 || (11 - (sum % 11)) % 10 !== Number(said[12])) {
    throw new InvalidCase("not a Thai citizen id", ["citizen_id: is not a Thai citizen id: 13 digits whose last is the check digit"]);
  }
  return `x-xxxx-xxxx${said[9]}-${said.slice(10, 12)}-${said[12]}`;
}

/** A case as lists show it. */
export interface CaseRow {
  caseId: string;
  caseNo?: string;
  service?: string;
  stage?: string;
  centre?: string;
  unit?: string;
  assignee?: string;
  dueAt?: Date;
  overdue: boolean;
  status: string;
}

export interface Settings {
  address?: string;
  namespace?: string;
  taskQueue?: string;
  /** The codec of the installation, if it has one: `{ payloadCodecs: [codec] }`. */
  dataConverter?: DataConverter;
  connection?: ConnectionOptions;
}

/** Speaks to the cases of one namespace. */
export class CaseClient {
  private constructor(readonly temporal: Client, private readonly connection: Connection, private readonly taskQueue: string) {}

  static async connect(settings: Settings = {}): Promise<CaseClient> {
    const { address = "localhost:7233", namespace = "default", taskQueue = "casework" } = settings;
    const connection = await Connection.connect({ address, ...settings.connection });
    return new CaseClient(new Client({ connection, namespace, dataConverter: settings.dataConverter }), connection, taskQueue);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /** Open a case, or find the one that this request_id opened before, whatever it said then. Throws InvalidCase, Unreachable. */
  async open<S extends Service>(service: S, request: Requests[S]): Promise<CaseHandle<S>> {
    const { centre, request_id } = request as { request_id: string; centre: string };
    const workflowId = caseId(service, centre, request_id);
    try {
      await this.start(service, request, workflowId, centre, "REJECT_DUPLICATE");
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const { status } = await this.temporal.workflow.getHandle(workflowId).describe();
      if (status.name === "FAILED") await this.start(service, request, workflowId, centre, "ALLOW_DUPLICATE_FAILED_ONLY");
    }
    return this.case<S>(workflowId);
  }

  private async start(
    service: string, request: unknown, workflowId: string, centre: string, workflowIdReusePolicy: "REJECT_DUPLICATE" | "ALLOW_DUPLICATE_FAILED_ONLY",
  ): Promise<void> {
    const startWorkflowOperation = new WithStartWorkflowOperation(service, {
      workflowId,
      taskQueue: this.taskQueue,
      args: [request],
      workflowIdConflictPolicy: "USE_EXISTING",
      workflowIdReusePolicy,
      searchAttributes: { CaseService: [service], CaseCentre: [centre], CaseOverdue: [false] },
    });
    try {
      await this.temporal.workflow.executeUpdateWithStart("opened", { args: [null], startWorkflowOperation });
    } catch (error) {
      throw translated(error, workflowId);
    }
  }

  /** A case by its id; nothing is sent yet. */
  case<S extends Service = Service>(id: string): CaseHandle<S> {
    return new CaseHandle<S>(id, this.temporal.workflow.getHandle(id));
  }

  /** A case by its id or registry number. Throws NotFound. */
  async find<S extends Service = Service>(name: string): Promise<CaseHandle<S>> {
    if (!NUMBER.test(name)) return this.case<S>(name);
    for await (const row of this.list(`CaseNumber = '${name}'`)) return this.case<S>(row.caseId);
    throw new NotFound(`there is no case with the number ${name}`);
  }

  /** Cases by a list filter over the Case… search attributes, such as "CaseOverdue = true". */
  async *list(query?: string): AsyncIterable<CaseRow> {
    const ours = "CaseService IS NOT NULL";
    for await (const found of this.temporal.workflow.list({ query: query ? `${ours} AND (${query})` : ours })) {
      const shown = <T>(name: string) => (found.searchAttributes[name] as T[] | undefined)?.[0];
      yield {
        caseId: found.workflowId,
        caseNo: shown<string>("CaseNumber"),
        service: shown<string>("CaseService"),
        stage: shown<string>("CaseStage"),
        centre: shown<string>("CaseCentre"),
        unit: shown<string>("CaseUnit"),
        assignee: shown<string>("CaseAssignee"),
        dueAt: shown<Date>("CaseDueAt"),
        overdue: shown<boolean>("CaseOverdue") ?? false,
        status: found.status.name.toLowerCase(),
      };
    }
  }
}

/** One case. */
export class CaseHandle<S extends Service = Service> {
  constructor(readonly caseId: string, readonly workflow: WorkflowHandle) {}

  /** Give a command. The same commandId again gets the first answer. Throws CaseRefused, InvalidCase, NotFound, Unreachable. */
  async act<C extends keyof CommandsOf<S> & string>(command: C, payload: CommandsOf<S>[C], commandId: string = randomUUID()): Promise<CommandReply> {
    return this.send(command, payload, commandId);
  }

  /** Give a command by name, such as one of an agency's own service; the case checks it. */
  async send(command: string, payload: unknown, commandId: string = randomUUID()): Promise<CommandReply> {
    try {
      return await this.workflow.executeUpdate<CommandReply, [unknown]>(command, { args: [payload], updateId: commandId });
    } catch (error) {
      throw translated(error, this.caseId);
    }
  }

  /** The case as it is now. Throws NotFound. */
  async view(): Promise<CaseView> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.workflow.query<CaseView, []>("case");
      } catch (error) {
        if (tries >= 100 || !said(error).includes(ASK_AGAIN)) throw translated(error, this.caseId);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** The case now, and again each time it changed, until it is closed. */
  async *changes(everyMs = 500): AsyncIterable<CaseView> {
    let seen = "";
    for (;;) {
      const { status, historyLength } = await this.workflow.describe();
      const view = await this.view();
      const now = JSON.stringify(view);
      if (now !== seen) yield view;
      seen = now;
      if (view.stage === "closed" || status.name !== "RUNNING") return;
      while ((await this.workflow.describe()).historyLength === historyLength) {
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    }
  }
}

function said(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  return `${(error as Error).message ?? error}${cause ? ` ${said(cause)}` : ""}`;
}

function translated(error: unknown, caseId: string): unknown {
  if (error instanceof WorkflowNotFoundError) return new NotFound(`there is no open case ${caseId}`);
  if (error instanceof QueryNotRegisteredError) return new NotFound(`${caseId} is no case`);
  const failure = error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError ? error.cause : undefined;
  if (failure instanceof ApplicationFailure) {
    const problems = (failure.details?.[0] as string[] | undefined) ?? [];
    if (failure.type === "Refused") return new CaseRefused(failure.message);
    if (failure.type === "InvalidInput" || failure.type === "InvalidRequest") return new InvalidCase(failure.message, problems);
  }
  if (isGrpcServiceError(error) && error.code === 5) return new NotFound(`there is no case ${caseId}`);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || (isGrpcServiceError(error) && [1, 4, 14].includes(error.code))) {
    return new Unreachable(`no answer: ${error.message}`);
  }
  return error;
}
