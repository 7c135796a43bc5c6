import { HawserError } from '../errors.ts';
import type { Layers } from './rootfs.ts';
import type { User } from './spec.ts';

/** A user of the container's own /etc/passwd, and where it is at home. */
export interface ResolvedUser extends User {
  /** For $HOME; `/` if /etc/passwd does not know the user. */
  home: string;
}

interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface Group {
  name: string;
  gid: number;
  members: string[];
}

/** uid_t is 32 bits wide and its last value means "none"; Docker stops at 31 bits, and so does this. */
const LARGEST_ID = 2 ** 31 - 1;

/**
 * Resolves `-u NAME|UID[:GROUP|GID]` as Docker does: names must exist in the container's files,
 * numbers need not. A user without a group gets the one of /etc/passwd (else 0) and every group of
 * /etc/group that lists it; a group that is given is the only one. The group is a supplementary one
 * too, or a set-group-id program could shed it and what it forbids (CVE-2022-36109). Empty is root.
 */
export function resolveUser(text: string, layers: Layers): ResolvedUser {
  const refuse = (why: string): never => {
    throw new HawserError('invalid', `run as user "${text}": ${why}`);
  };
  const [userText = '', groupText, ...rest] = text.split(':');
  if (rest.length > 0) refuse('expected NAME|UID[:GROUP|GID]');

  const accounts = records(layers, '/etc/passwd').flatMap(parseAccount);
  const groups = records(layers, '/etc/group').flatMap(parseGroup);

  const wantedUid = number(userText === '' ? '0' : userText);
  const account =
    accounts.find(({ name }) => name === userText) ?? accounts.find(({ uid }) => uid === wantedUid);
  const uid = account?.uid ?? wantedUid ?? refuse('the container has no such user in /etc/passwd');
  if (uid > LARGEST_ID) refuse(`a uid is at most ${LARGEST_ID}`);
  const home = account?.home || '/';

  if (groupText !== undefined && groupText !== '') {
    const gid =
      groups.find(({ name }) => name === groupText)?.gid ??
      number(groupText) ??
      refuse('the container has no such group in /etc/group');
    if (gid > LARGEST_ID) refuse(`a gid is at most ${LARGEST_ID}`);
    return { uid, gid, groups: [gid], home };
  }

  const gid = account?.gid ?? 0;
  const listed = groups.filter(({ members }) => account && members.includes(account.name));
  return { uid, gid, groups: [...new Set([gid, ...listed.map((group) => group.gid)])], home };
}

function records(layers: Layers, path: string): string[][] {
  const text = layers.read(path)?.toString('utf8') ?? '';
  return text.split('\n').map((line) => line.trim().split(':'));
}

/** passwd(5): name:password:uid:gid:comment:home:shell. Lines that are none are passed over. */
function parseAccount(fields: string[]): Account[] {
  const [name, , uidText, gidText, , home] = fields;
  const [uid, gid] = [number(uidText), number(gidText)];
  if (!name || uid === undefined || gid === undefined) return [];
  return [{ name, uid, gid, home: home ?? '' }];
}

/** group(5): name:password:gid:members. */
function parseGroup(fields: string[]): Group[] {
  const [name, , gidText, members] = fields;
  const gid = number(gidText);
  if (!name || gid === undefined) return [];
  return [{ name, gid, members: (members ?? '').split(',').filter((member) => member !== '') }];
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
