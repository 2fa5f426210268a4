/** What every call reports: docs/tile-core.md lists what each number means. */
export namespace Status {
  export const OK: i32 = 0;
  export const TRUNCATED: i32 = 1;
  export const TRAILING: i32 = 2;
  export const NON_CANONICAL: i32 = 3;
  export const BAD_START: i32 = 4;
  export const ESCAPE_TOO_LONG: i32 = 5;
  export const ESCAPE_TOO_LARGE: i32 = 6;
  export const INTEGER_MISMATCH: i32 = 7;
  export const BAD_SHAPE: i32 = 16;
  export const BAD_TENSOR: i32 = 17;
  export const BAD_TABLES: i32 = 18;
  export const NON_FINITE_LATENT: i32 = 32;
  export const BAD_CALL: i32 = 48;
  export const BAD_TILE: i32 = 49;
  export const BAD_POSITION: i32 = 50;
  export const BAD_TABLE_INDEX: i32 = 51;
  export const OUT_OF_MEMORY: i32 = 52;
}

/** A number that belongs to the last status other than 0. */
let number: f64 = 0;

/** Keeps the number that a message about `status` states. */
export function fail(status: i32, detail: f64 = 0): i32 {
  number = detail;
  return status;
}

/** The number that belongs to the last refusal. */
export function detail(): f64 {
  return number;
}
