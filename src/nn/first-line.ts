/** First line of what was thrown; native libraries put advice and stack traces after it. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split('\n', 1)[0]!.trim();
}
