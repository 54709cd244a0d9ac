/**
 * Every refusal: an expected "no", a state of the world. `refuse(word, data)` is the only way to
 * say one; it crosses NATS unharmed (a custom class would not) and becomes problem+json in one
 * place, `services/gateway/problem.ts`. The edge carries the same words in `openresty/lib`.
 *
 * `retry`: the same request may succeed later without anybody changing it.
 */
import { Errors } from 'moleculer';

interface RefusalRow {
  readonly status: number;
  readonly retry: boolean;
  readonly zh: string;
  readonly en: string;
}

const table = {
  UNAUTHENTICATED: {
    status: 401,
    retry: false,
    zh: '请先登录，或登录已失效',
    en: 'Sign in first, or sign in again: the token is missing or no longer valid',
  },
  FORBIDDEN: {
    status: 403,
    retry: false,
    zh: '您没有执行此操作的权限',
    en: 'Your role does not allow this',
  },
  NOT_RESERVED: {
    status: 403,
    retry: false,
    zh: '您未预约本场次，不能参与抢购',
    en: 'You did not reserve for this session, so you cannot take part in its sale',
  },
  PERMIT_INVALID: {
    status: 403,
    retry: false,
    zh: '抢票资格无效，请重新获取',
    en: 'The permit is missing, expired, or not yours; ask for a new one',
  },
  SALE_NOT_OPEN: {
    status: 403,
    retry: true,
    zh: '抢购尚未开始',
    en: 'The sale has not opened yet; see opensAt',
  },
  SALE_PAUSED: {
    status: 503,
    retry: true,
    zh: '抢购已暂停，请稍候',
    en: 'The sale is paused; try again shortly',
  },
  SALE_CLOSED: { status: 409, retry: false, zh: '抢购已结束', en: 'The sale is closed' },
  RESERVATION_CLOSED: {
    status: 409,
    retry: false,
    zh: '当前不在预约时间内',
    en: 'Reservations are not being taken at this time',
  },
  SOLD_OUT: {
    status: 409,
    retry: true,
    zh: '暂无可售座位，若有人放弃付款会重新放出',
    en: 'No seat is available now; seats come back when others do not pay',
  },
  SEAT_TAKEN: {
    status: 409,
    retry: false,
    zh: '所选座位刚被抢走，请改选',
    en: 'Somebody took one of these seats first; see lost and alternatives',
  },
  SEAT_UNKNOWN: {
    status: 422,
    retry: false,
    zh: '座位不存在',
    en: 'There is no such seat in this session',
  },
  SEAT_REPEATED: {
    status: 422,
    retry: false,
    zh: '同一座位不能重复选择',
    en: 'A seat is named twice',
  },
  SEAT_SOLD: {
    status: 409,
    retry: false,
    zh: '座位已售出，不能释放',
    en: 'The seat is sold: whoever has it has paid for it',
  },
  SEAT_NOT_HELD: {
    status: 409,
    retry: false,
    zh: '没有订单占用该座位',
    en: 'No order holds this seat',
  },
  SEAT_NOT_FREE: {
    status: 409,
    retry: false,
    zh: '座位已被订单占用，只有可售座位才能留座',
    en: 'An order has the seat: only a free seat can be blocked',
  },
  SEAT_BLOCKED: {
    status: 409,
    retry: false,
    zh: '座位已留座，取消留座后才会重新开售',
    en: 'The seat is blocked: it is on sale again when it is unblocked',
  },
  SEAT_NOT_BLOCKED: {
    status: 409,
    retry: false,
    zh: '座位没有留座',
    en: 'The seat is not blocked',
  },
  LIMIT_REACHED: {
    status: 409,
    retry: false,
    zh: '超过每人限购数量',
    en: 'That would be more seats than one buyer may have; see limit and held',
  },
  IDEMPOTENCY_CONFLICT: {
    status: 422,
    retry: false,
    zh: '同一个 Idempotency-Key 不能用于不同的请求',
    en: 'This Idempotency-Key was used before with another body',
  },
  RATE_LIMITED: {
    status: 429,
    retry: true,
    zh: '请求过于频繁，请稍候再试',
    en: 'Too many requests; wait as long as Retry-After says',
  },
  ORDER_NOT_CANCELLABLE: {
    status: 409,
    retry: false,
    zh: '订单当前状态不能取消',
    en: 'The order cannot be cancelled in its present state',
  },
  ORDER_NOT_PAYABLE: {
    status: 409,
    retry: false,
    zh: '订单当前状态不能支付',
    en: 'The order cannot be paid in its present state',
  },
  ORDER_ABORTED: {
    status: 410,
    retry: false,
    zh: '锁座未能生成订单，座位已释放',
    en: 'The lock never became an order and its seats were released; see reason',
  },
  SIGNATURE_INVALID: {
    status: 401,
    retry: false,
    zh: '签名无效',
    en: 'The signature does not match the body, or is too old',
  },
  ARBITER_AWAY: {
    status: 503,
    retry: true,
    zh: '选座服务暂时不可用，请稍候重试',
    en: 'Seats cannot be locked at this moment; try again shortly',
  },
  BUSY: {
    status: 503,
    retry: true,
    zh: '系统繁忙，请稍候重试',
    en: 'The system is busy; try again shortly',
  },
  VALIDATION_FAILED: {
    status: 422,
    retry: false,
    zh: '请求内容有误，见 errors',
    en: 'The request is wrong; errors names each fault',
  },
  BODY_MALFORMED: {
    status: 400,
    retry: false,
    zh: '请求体不是合法的 JSON',
    en: 'The body is not valid JSON',
  },
  BODY_TOO_LARGE: {
    status: 413,
    retry: false,
    zh: '请求体过大',
    en: 'The body is larger than this path accepts',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retry: false,
    zh: '请求体必须是未压缩的 JSON',
    en: 'The body must be JSON, not compressed',
  },
  // Said by the edge alone: what nginx cannot read never reaches Node.
  REQUEST_MALFORMED: {
    status: 400,
    retry: false,
    zh: '请求格式错误',
    en: 'This is not a well-formed HTTP request',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    retry: false,
    zh: '请求地址或请求头过长',
    en: 'The address or a header is longer than is accepted here',
  },
  NOT_FOUND: { status: 404, retry: false, zh: '不存在', en: 'There is nothing here' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retry: false,
    zh: '不支持的请求方法',
    en: 'This path does not answer that method',
  },
  CONFIG_UNKNOWN: {
    status: 404,
    retry: false,
    zh: '没有这个配置项',
    en: 'There is no such setting',
  },
  CONFIG_NOT_LIVE: {
    status: 409,
    retry: false,
    zh: '该配置项只在启动时读取，不能在运行中更改',
    en: 'This setting is read at start only: change the environment and start again',
  },
  IN_USE: {
    status: 409,
    retry: false,
    zh: '仍被引用，不能删除或更改',
    en: 'Something else still refers to it, so it cannot be removed or changed',
  },
  LETTER_RESOLVED: {
    status: 409,
    retry: false,
    zh: '该死信已处理，见 state',
    en: 'This dead letter was already replayed or discarded; see state',
  },
  PRECONDITION_REQUIRED: {
    status: 428,
    retry: false,
    zh: '修改时必须携带 If-Match',
    en: 'A change needs If-Match with the ETag you read',
  },
  PRECONDITION_FAILED: {
    status: 412,
    retry: false,
    zh: '内容已被他人修改，请刷新后重试',
    en: 'It changed since you read it; read it again',
  },
  INTERNAL: { status: 500, retry: false, zh: '服务器内部错误', en: 'Something went wrong here' },
} as const satisfies Record<string, RefusalRow>;

export type RefusalWord = keyof typeof table;

export const REFUSALS: Readonly<Record<RefusalWord, RefusalRow>> = table;

/** One fault of a request, as `errors` of a `VALIDATION_FAILED` names it. */
export interface Fault {
  /** JSON pointer into the body, or `/name` of a path or query parameter. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** Which data a refusal carries: they become members of the problem+json. */
export interface RefusalData {
  SALE_NOT_OPEN: { opensAt: string };
  SEAT_TAKEN: {
    lost: number[];
    stillAvailable: number[];
    alternatives: { seats: number[]; tier: string; adjacent: boolean }[];
  };
  SOLD_OUT: { tier?: string; left?: number };
  SEAT_UNKNOWN: { seats?: number[] };
  LIMIT_REACHED: { limit: number; held: number };
  ORDER_ABORTED: { reason: string };
  IN_USE: { usedBy?: { kind: string; id: string }[] };
  LETTER_RESOLVED: { state: string; resolvedBy: string };
  RATE_LIMITED: { retryAfterMs: number; limit?: number; seconds?: number };
  VALIDATION_FAILED: { errors: Fault[] };
}
type DataOf<W extends RefusalWord> = W extends keyof RefusalData
  ? RefusalData[W]
  : Record<string, unknown>;

/** A refusal as it travels: `type` is the word, `code` the HTTP status. */
export class Refusal extends Errors.MoleculerClientError {}

/** Builds a refusal without throwing it. */
export function refusal<W extends RefusalWord>(word: W, data?: DataOf<W>): Refusal {
  const row = REFUSALS[word];
  return new Errors.MoleculerClientError(row.en, row.status, word, data) as Refusal;
}

/** Says no: throws the refusal. */
export function refuse<W extends RefusalWord>(word: W, data?: DataOf<W>): never {
  throw refusal(word, data);
}

/** The word of an error that is a refusal, on whichever node it was thrown; else undefined. */
export function wordOf(error: unknown): RefusalWord | undefined {
  const type = (error as { type?: unknown } | null)?.type;
  return typeof type === 'string' && type in REFUSALS ? (type as RefusalWord) : undefined;
}
