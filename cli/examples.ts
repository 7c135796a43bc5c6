/** The examples under a command's help: what to type, and what it does. */
export function examples(...lines: [command: string, does: string][]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const text = lines.map(([command, does]) => `  ${command.padEnd(width)}   # ${does}`);
  return `\nExamples:\n${text.join('\n')}`;
}
