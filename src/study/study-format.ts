/** What is kept of a study, apart from its site: which picture is which. Raters must not see it. */
export interface Study {
  readonly schema: 'dicm.study/1';
  /** Names the study in results: 16 hexadecimal digits of the SHA-256 of all the rest. */
  readonly id: string;
  readonly seed: number;
  /** Rates that were asked for, in bits per pixel. */
  readonly bpp: readonly number[];
  readonly codecs: readonly StudyCodec[];
  readonly pictures: readonly StudyPicture[];
  /** Every picture of the site, by its name without folder and extension. */
  readonly files: Readonly<Record<string, StudyFile>>;
  readonly comparisons: readonly StudyComparison[];
  readonly checks: readonly StudyCheck[];
  /** Comparisons that each rater is asked for; all checks come on top. */
  readonly comparisonsPerRater: number;
  readonly leftOut: readonly LeftOutPair[];
}

/** A codec that takes part. */
export interface StudyCodec {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly settingName: string;
}

/** An original. */
export interface StudyPicture {
  /** Name of its file as it was given, without folders. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Its name in the site. */
  readonly file: string;
}

/** A picture of the site. */
export interface StudyFile {
  /** Index of its original in {@link Study.pictures}. */
  readonly picture: number;
  /** Absent for the original itself. */
  readonly codec?: string;
  readonly setting?: number;
  /** Size of the coded file. */
  readonly bytes?: number;
}

/** Two codecs on one picture at one rate. */
export interface StudyComparison {
  readonly trial: string;
  readonly picture: number;
  /** The rate that was asked for; the files have the rates that they could be matched at. */
  readonly bpp: number;
  readonly codecs: readonly [string, string];
  readonly files: readonly [string, string];
  /** How far apart the sizes are, as a part of the smaller one. */
  readonly mismatch: number;
}

/** A pair whose answer says something of the rater. */
export interface StudyCheck {
  readonly trial: string;
  /** `obvious`: the first file is the original itself, the other far from it. `identical`: one file on both sides. */
  readonly kind: 'obvious' | 'identical';
  readonly picture: number;
  readonly files: readonly [string, string];
}

/** A comparison that there is none of. */
export interface LeftOutPair {
  readonly picture: string;
  readonly bpp: number;
  readonly codecs: readonly [string, string];
  readonly reason: string;
}

/** What the page of a study knows: nothing of codecs. */
export interface StudySite {
  readonly schema: 'dicm.study-site/1';
  readonly id: string;
  /** What raters agree to, by paragraphs. */
  readonly consent: readonly string[];
  /** Where results are sent, besides being offered as a file. */
  readonly post?: string;
  readonly comparisonsPerRater: number;
  /** Those of one `group` are alike; a rater gets about as many of every group. */
  readonly comparisons: readonly (SiteTrial & { readonly group: number })[];
  readonly checks: readonly SiteTrial[];
}

/** An original and two versions of it. */
export interface SiteTrial {
  readonly trial: string;
  readonly original: string;
  readonly files: readonly [string, string];
  readonly width: number;
  readonly height: number;
}

/** What one rater said. */
export interface StudyResult {
  readonly schema: 'dicm.study-result/1';
  /** Id of the study. */
  readonly study: string;
  /** Of the address (`?rater=`), or drawn at random. */
  readonly rater: string;
  /** Whether every trial was answered. */
  readonly complete: boolean;
  /** ISO 8601, as the rater's clock says. */
  readonly consentedAt: string;
  readonly finishedAt: string;
  readonly display: RaterDisplay;
  readonly answers: readonly StudyAnswer[];
}

/** What pictures were shown on. */
export interface RaterDisplay {
  /** Of the page, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** Device pixels in a CSS pixel. */
  readonly devicePixelRatio: number;
  /** Device pixels along each pixel of a picture that is not zoomed. */
  readonly devicePixelsPerPixel: number;
  readonly colourScheme: 'light' | 'dark';
}

/** One choice. */
export interface StudyAnswer {
  readonly trial: string;
  readonly left: string;
  readonly right: string;
  readonly chosen: 'left' | 'right';
  /** From when the pictures were there to the choice that was kept, without pauses. */
  readonly ms: number;
  /** Largest zoom that was used; 1 where there was none. */
  readonly zoom: number;
  readonly input: 'keyboard' | 'mouse' | 'touch';
}
