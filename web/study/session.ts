import type { RaterDisplay, StudyAnswer, StudyResult, StudySite } from '../../src/study/study-format.js';

/** What is kept of one rater, in the browser and until it is deleted. */
interface KeptSession {
  readonly rater: string;
  readonly consentedAt: string;
  readonly answers: readonly StudyAnswer[];
  readonly finishedAt?: string;
  /** Whether the result has been sent, where it is to be. */
  readonly isSent?: boolean;
}

/** One rater's way through a study. */
export interface Session {
  readonly rater: string;
  /** Whether the rater agreed, now or before. */
  readonly hasConsent: boolean;
  readonly answers: readonly StudyAnswer[];
  readonly isFinished: boolean;
  readonly isSent: boolean;
  /** Whether what is answered outlives the page: browsers may forbid that. */
  readonly isKept: boolean;
  consent(): void;
  answer(answer: StudyAnswer): void;
  finish(): void;
  markSent(): void;
  /** What there is, in the form in which it is given away. */
  result(isComplete: boolean): StudyResult;
  /** Deletes everything. */
  forget(): void;
}

/**
 * Opens the session of a rater: the one that this browser has kept, or a new one.
 *
 * @param named - Of the address, where that names the rater.
 */
export function openSession(site: StudySite, named: string | undefined): Session {
  const key = ['dicm-study', site.id, ...(named === undefined ? [] : [named])].join('/');
  let kept = read(key);
  let isKept = true;
  const rater = kept?.rater ?? named ?? randomName();
  const keep = (next: KeptSession) => {
    // Another tab has gone on, or has deleted everything: what this one holds is old, and loading it again shows what there is.
    if (isKept && JSON.stringify(read(key)) !== JSON.stringify(kept)) {
      location.reload();
      return;
    }
    kept = next;
    try {
      localStorage.setItem(key, JSON.stringify(next));
    } catch {
      isKept = false;
    }
  };
  const now = () => new Date().toISOString();
  const session = () => {
    if (kept === undefined) throw new Error('answers without consent');
    return kept;
  };
  return {
    rater,
    get hasConsent() {
      return kept !== undefined;
    },
    get answers() {
      return kept?.answers ?? [];
    },
    get isFinished() {
      return kept?.finishedAt !== undefined;
    },
    get isSent() {
      return kept?.isSent === true;
    },
    get isKept() {
      return isKept;
    },
    consent: () => keep({ rater, consentedAt: now(), answers: [] }),
    answer: (answer) => keep({ ...session(), answers: [...session().answers, answer] }),
    finish: () => keep({ ...session(), finishedAt: now() }),
    markSent: () => keep({ ...session(), isSent: true }),
    result: (complete) => {
      const { consentedAt, finishedAt = now(), answers } = session();
      return {
        schema: 'dicm.study-result/1',
        ...{ study: site.id, rater, complete, consentedAt, finishedAt },
        display: describeDisplay(),
        answers,
      };
    },
    forget: () => {
      kept = undefined;
      try {
        localStorage.removeItem(key);
      } catch {
        // Then nothing was kept either.
      }
    },
  };
}

/** Device pixels along each pixel of a picture that is not zoomed: whole, so that no picture is scaled by fractions. */
export function devicePixelsPerPixel(): number {
  return Math.max(1, Math.floor(devicePixelRatio));
}

function describeDisplay(): RaterDisplay {
  return {
    width: innerWidth,
    height: innerHeight,
    devicePixelRatio,
    devicePixelsPerPixel: devicePixelsPerPixel(),
    colourScheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
  };
}

function read(key: string): KeptSession | undefined {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as KeptSession);
  } catch {
    return undefined;
  }
}

/** 40 random bits in the letters and digits that are not mistaken for others. */
function randomName(): string {
  const letters = '23456789abcdefghjkmnpqrstuvwxyz';
  return [...crypto.getRandomValues(new Uint8Array(8))]
    .map((byte) => letters[byte % letters.length])
    .join('');
}
