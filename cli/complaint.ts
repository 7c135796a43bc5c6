import { HawserError } from '../errors.ts';

/** Docker's exit codes of a command that failed before, or instead of, the container's own process. */
const exitCodes: Partial<Record<HawserError['code'], number>> = {
  'cannot-execute': 126,
  'command-not-found': 127,
};

/** Exit code of everything that fails on hawser's own account, usage included. */
export const failed = 125;

export interface Complaint {
  text: string;
  exitCode: number;
}

/** An error as a person reads it: one sentence, its hint, and with `debug` where it came from. */
export function complaint(error: unknown, debug = false): Complaint {
  const known = error instanceof HawserError;
  const sentence = error instanceof Error ? error.message : String(error);
  const hint = known ? error.hint : debug ? undefined : 'a defect: --debug shows where';
  const line = `hawser: ${oneLine(sentence)}${hint === undefined ? '' : ` (${oneLine(hint)})`}\n`;
  const exitCode = (known && exitCodes[error.code]) || failed;
  return { text: debug ? line + causes(error) : line, exitCode };
}

/** Text of others (a name, a kernel's sentence) may not forge lines or move the cursor. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, '; ').replace(/\p{Cc}/gu, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function causes(error: unknown): string {
  const lines: string[] = [];
  for (
    let at: unknown = error, depth = 0;
    at instanceof Error && depth < 8;
    at = at.cause, depth++
  ) {
    lines.push(depth === 0 ? (at.stack ?? at.message) : `caused by ${at.stack ?? at.message}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}
