import { expect, test } from 'vitest';
import { HawserError } from '../../errors.ts';
import { formatReference, parseReference } from '../../image/reference.ts';

test.each([
  ['busybox', 'busybox', 'latest'],
  ['busybox:1.36', 'busybox', '1.36'],
  ['a', 'a', 'latest'],
  ['a.b_c__d---e', 'a.b_c__d---e', 'latest'],
  ['team/web:V2_beta', 'team/web', 'V2_beta'],
  ['localhost/web', 'localhost/web', 'latest'],
  ['localhost:5000/web', 'localhost:5000/web', 'latest'],
  ['localhost:5000/web:2', 'localhost:5000/web', '2'],
  ['Registry.Example.org/a/b/c:x', 'Registry.Example.org/a/b/c', 'x'],
  ['HOST/web', 'HOST/web', 'latest'],
  ['10.0.0.1:80/web', '10.0.0.1:80/web', 'latest'],
  ['[fd00::1]:80/web:3', '[fd00::1]:80/web', '3'],
  ['[::1]/web', '[::1]/web', 'latest'],
  [`x:${'t'.repeat(128)}`, 'x', 't'.repeat(128)],
  ['n'.repeat(255), 'n'.repeat(255), 'latest'],
])('%s is a name', (text, name, tag) => {
  expect(parseReference(text)).toEqual({ name, tag });
  expect(formatReference({ name, tag })).toBe(`${name}:${tag}`);
  expect(parseReference(`${name}:${tag}`)).toEqual({ name, tag });
});

test.each([
  ['', 'read image name "": it is empty'],
  ['../x', '".." is not the host of a registry'],
  ['x/..', '".." is not lower-case letters and digits'],
  ['/x', 'an empty part is not lower-case'],
  ['x/', 'an empty part is not lower-case'],
  ['a//b', 'an empty part is not lower-case'],
  ['Busybox', '"Busybox" has upper-case letters'],
  ['localhost/Web', '"Web" has upper-case letters'],
  ['a b', '"a b" is not lower-case'],
  ['a\nb', '"a\\nb" is not lower-case'],
  ['busybox\n', '"busybox\\n" is not lower-case'],
  ['\u0000', '"\\u0000" is not lower-case'],
  ['\u001b[31m', '\\u001b[31m'],
  ['größe', '"größe" is not lower-case'],
  ['-a', '"-a" is not lower-case'],
  ['a-', '"a-" is not lower-case'],
  ['a..b', '"a..b" is not lower-case'],
  ['a___b', '"a___b" is not lower-case'],
  ['a:', 'the tag "" is not 1 to 128'],
  ['a:-x', 'the tag "-x" is not 1 to 128'],
  ['a:b:c', 'the tag "b:c" is not 1 to 128'],
  [`a:${'t'.repeat(129)}`, 'is not 1 to 128 letters'],
  ['n'.repeat(300), 'it has 300 characters, and 255 are allowed'],
  ['x@sha256:abc', 'has no digest to be named by'],
  ['0'.repeat(64), 'it looks like the id of an image'],
  ['bad_host.:80/x', '"bad_host.:80" is not the host of a registry'],
  ['host:/x', '"host:" is not the host of a registry'],
  ['[::1/x', '"[::1" is not the host of a registry'],
])('%j is refused in one sentence', (text, sentence) => {
  const message = refusal(text);
  expect(message).toContain(sentence);
  expect(message).not.toMatch(/\p{Cc}/u);
  expect(message.length).toBeLessThan(300);
});

function refusal(text: string): string {
  try {
    parseReference(text);
  } catch (error) {
    if (error instanceof HawserError && error.code === 'invalid') return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(text)} was taken`);
}
