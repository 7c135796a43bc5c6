/**
 * `a=1,"b=2,3",c=4`: comma-separated values (RFC 4180) with a field in each, as Docker's --network and
 * --mount have them. Quotes around a value alone will do as well.
 *
 * @param refuse makes the error of what is malformed
 */
export function fieldsOf(
  text: string,
  refuse: (why: string) => Error,
): [key: string, value: string][] {
  return split(text, refuse).map((field) => {
    const at = field.indexOf('=');
    const key = at < 0 ? field : field.slice(0, at);
    if (at < 0 || at === field.length - 1) throw refuse(`${JSON.stringify(key)} has no value`);
    return [key, field.slice(at + 1)];
  });
}

/** Cut at the commas that are not in quotes; the quotes go. */
function split(text: string, refuse: (why: string) => Error): string[] {
  const parts: string[] = [];
  let part = '';
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    else if (character === ',' && !isQuoted) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  if (isQuoted) throw refuse('a quotation mark is not closed');
  return [...parts, part];
}
