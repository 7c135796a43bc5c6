/** Messages in a stream, each behind its length in two bytes (RFC 1035 4.2.2). */

export function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(2 + message.length);
  bytes.writeUInt16BE(message.length, 0);
  message.copy(bytes, 2);
  return bytes;
}

/** Puts a stream's pieces together; holds no more than one message and a piece. */
export interface Unframer {
  /** Takes a piece and gives the messages that are whole with it. */
  push(piece: Buffer): Buffer[];
  /** How long the message will be that has begun, as far as that is known. */
  expected(): number;
}

export function openUnframer(): Unframer {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(piece) {
      rest = Buffer.concat([rest, piece]);
      const messages: Buffer[] = [];
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const end = 2 + rest.readUInt16BE(0);
        messages.push(rest.subarray(2, end));
        rest = rest.subarray(end);
      }
      return messages;
    },
    expected: () => (rest.length >= 2 ? rest.readUInt16BE(0) : 0),
  };
}
