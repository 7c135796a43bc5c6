/** For commander: an option given many times gathers its values in order. */
export function repeat(value: string, before: string[]): string[] {
  return [...before, value];
}
