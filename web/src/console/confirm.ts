/**
 * One question before a deed that cannot be taken back: the box that asks it stands in the frame of
 * the console, and whoever asks hands over the deed, which is done while the box is open.
 */
import { type InjectionKey, inject, provide, shallowRef } from 'vue';

export interface Question {
  readonly title: string;
  /** What will happen. */
  readonly says: string;
  /** What the button that does it is called. */
  readonly yes: string;
  /** Red: something is lost. */
  readonly grave?: boolean;
  /** Asks for words, which the deed is given. */
  readonly reason?: 'required' | 'optional';
  /** Its refusal is shown in the box, which stays open. @throws Refused */
  readonly deed: (reason: string) => Promise<unknown>;
}
export interface Asked extends Question {
  /** Whether it was done. */
  readonly done: (was: boolean) => void;
}
export type Confirm = (question: Question) => Promise<boolean>;

const CONFIRM: InjectionKey<Confirm> = Symbol('confirm');

/** For the frame: what is being asked, and nothing most of the time. */
export function provideConfirm() {
  const asked = shallowRef<Asked>();
  provide(
    CONFIRM,
    (question) =>
      new Promise((answer) => {
        asked.value = {
          ...question,
          done(was) {
            asked.value = undefined;
            answer(was);
          },
        };
      }),
  );
  return asked;
}
/** @returns asks; the promise says whether the deed was done */
export const useConfirm = (): Confirm => inject(CONFIRM)!;
