/** One unit of a raw HEVC or VVC stream. */
export interface NalUnit {
  readonly type: number;
  /** Size with its start code, in bytes. */
  readonly sizeBytes: number;
}

/** Which bits of a unit's two header bytes hold its type. */
const TYPE_OF = {
  /** ITU-T H.265, 7.3.1.2. */
  hevc: (first: number, _second: number) => (first >> 1) & 0x3f,
  /** ITU-T H.266, 7.3.1.2. */
  vvc: (_first: number, second: number) => second >> 3,
} as const;

/** Types of the units that describe a stream, not a picture: VPS, SPS, PPS (VVC: also OPI and DCI). */
const PARAMETER_SETS: Readonly<Record<keyof typeof TYPE_OF, readonly number[]>> = {
  hevc: [32, 33, 34],
  vvc: [12, 13, 14, 15, 16],
};

/** Splits a byte stream (Annex B of H.265 and H.266) at its start codes 00 00 01 and 00 00 00 01. */
export function readNalUnits(stream: Uint8Array, standard: keyof typeof TYPE_OF): NalUnit[] {
  const starts: { code: number; header: number }[] = [];
  for (let i = 0; i + 3 < stream.length; i++) {
    if (stream[i] !== 0 || stream[i + 1] !== 0 || stream[i + 2] !== 1) continue;
    const zeroBefore = i > 0 && stream[i - 1] === 0;
    starts.push({ code: zeroBefore ? i - 1 : i, header: i + 3 });
    i += 2;
  }
  return starts.map(({ code, header }, index) => ({
    type: TYPE_OF[standard](stream[header] ?? 0, stream[header + 1] ?? 0),
    sizeBytes: (starts[index + 1]?.code ?? stream.length) - code,
  }));
}

/** Bytes of a raw stream without its parameter sets, which many pictures of one kind could share. */
export function bytesWithoutParameterSets(stream: Uint8Array, standard: keyof typeof TYPE_OF): number {
  return readNalUnits(stream, standard)
    .filter(({ type }) => !PARAMETER_SETS[standard].includes(type))
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
