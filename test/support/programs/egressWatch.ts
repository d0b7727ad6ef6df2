// Loaded before a program under test (`--import`): writes down each address that the process itself connects
// to and each name it asks for, so that nothing can go around a proxy unseen. It changes nothing of what
// happens.
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

const file = process.env['EGRESS_FILE'] ?? '';

function note(line: string): void {
  if (file !== '') appendFileSync(file, `${line}\n`);
}

/**
 * `connect` of the very class that every client ends at: net, tls, http, https, and undici within Node and
 * without.
 */
const connect: unknown = Reflect.get(Socket.prototype, 'connect');
if (typeof connect !== 'function') throw new Error('Node has no Socket.connect');
Object.assign(Socket.prototype, {
  connect(this: Socket, ...args: unknown[]): unknown {
    // net.connect hands its normalized arguments on in one list.
    const [given, name] = args;
    const first: unknown = Array.isArray(given) ? (given as unknown[])[0] : given;
    if (typeof first === 'object' && first !== null) {
      const {
        host = 'localhost',
        port,
        path,
      } = first as { readonly host?: string; readonly port?: number | string; readonly path?: string };
      note(port === undefined && path !== undefined ? `connect ${path}` : `connect ${host}:${String(port)}`);
    } else note(`connect ${typeof name === 'string' ? name : 'localhost'}:${String(first)}`);
    return Reflect.apply(connect, this, args);
  },
});

const { lookup } = dns;
Object.assign(dns, {
  lookup: Object.assign((...args: unknown[]): unknown => {
    note(`lookup ${String(args[0])}`);
    return Reflect.apply(lookup, dns, args);
  }, lookup),
});
syncBuiltinESMExports();
