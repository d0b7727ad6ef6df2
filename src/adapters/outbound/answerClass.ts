// Answer classes of calls to other systems, for the metrics: few and fixed, whatever the other side says.

/**
 * `4xx`: it said no, also with a redirect, or with a word of refusal under another status. `lost`: it was sent, or
 * may have been, and no complete answer came. `notSent`: nothing of it left this machine.
 */
export const answerClasses = ['2xx', '4xx', '429', '5xx', 'lost', 'notSent'] as const;
export type AnswerClass = (typeof answerClasses)[number];

/** The class of an answer with this HTTP status. */
export function answerClass(status: number): AnswerClass {
  if (status === 429) return '429';
  if (status >= 500) return '5xx';
  return status >= 200 && status < 300 ? '2xx' : '4xx';
}

/** One call that was made, or tried. */
export interface SeenCall<Kind extends string> {
  readonly kind: Kind;
  readonly answer: AnswerClass;
  /** Until the answer, or until it was given up. */
  readonly ms: number;
}

/** What is asked of a chat: to post, to change what was posted, to tell one person, to show a form, to read. */
export const chatCallKinds = ['post', 'update', 'private', 'form', 'read'] as const;
export type ChatCallKind = (typeof chatCallKinds)[number];
export type ObserveChatCall = (call: SeenCall<ChatCallKind>) => void;
