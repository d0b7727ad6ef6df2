// Certificates made fresh for each test: self-signed ones for 127.0.0.1, and an authority that issues them
// for any host. No key lies in the repository, and no tool of the machine is needed.
import { createSign, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface SelfSigned {
  /** PEM of the certificate. */
  readonly cert: string;
  /** PEM of its private key, PKCS #8. */
  readonly key: string;
}

/** DER, as far as an X.509 certificate needs it (RFC 5280). */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (...bytes: readonly number[]) => der(0x06, Buffer.from(bytes));
const utcTime = (ms: number) =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
const name = (common: string) =>
  sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(common)))));
const sha256WithRsa = sequence(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), der(0x05));

const day = 86_400_000;
const critical = der(0x01, Buffer.from([0xff]));
const basicConstraints = (authority: boolean) =>
  sequence(
    oid(0x55, 0x1d, 0x13),
    critical,
    der(0x04, sequence(...(authority ? [der(0x01, Buffer.from([0xff]))] : []))),
  );
const names = (...alternatives: readonly Uint8Array[]) =>
  sequence(oid(0x55, 0x1d, 0x11), der(0x04, sequence(...alternatives)));
const dnsName = (host: string) => der(0x82, Buffer.from(host));

interface Contents {
  readonly serial: number;
  readonly issuer: string;
  readonly subject: string;
  readonly of: KeyObject;
  readonly signedWith: KeyObject;
  readonly extensions: Uint8Array;
}

function certificate({ serial, issuer, subject, of, signedWith, extensions }: Contents): string {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial >> 8, serial & 0xff])),
    sha256WithRsa,
    name(issuer),
    sequence(utcTime(Date.now() - day), utcTime(Date.now() + day)),
    name(subject),
    of.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = createSign('sha256').update(body).sign(signedWith);
  const lines =
    sequence(body, sha256WithRsa, der(0x03, Buffer.from([0]), signature))
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const pemOf = (key: KeyObject): string => String(key.export({ type: 'pkcs8', format: 'pem' }));

/** @param host a name it is good for, beside 127.0.0.1 */
export function selfSigned(common: string, host = 'localhost'): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const extensions = sequence(
    basicConstraints(true),
    names(der(0x87, Buffer.from([127, 0, 0, 1])), dnsName(host)),
  );
  return {
    cert: certificate({
      serial: 256,
      issuer: common,
      subject: common,
      of: publicKey,
      signedWith: privateKey,
      extensions,
    }),
    key: pemOf(privateKey),
  };
}

export interface Authority {
  /** PEM of its own certificate, which whoever is to believe it must be given. */
  readonly cert: string;
  /** For a host that may begin with a star, by its name alone. */
  issue(host: string): SelfSigned;
}

/** All of its certificates are for one key: making keys is what takes time. */
export function certificateAuthority(common: string): Authority {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const leaf = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issued = new Map<string, SelfSigned>();
  return {
    cert: certificate({
      serial: 256,
      issuer: common,
      subject: common,
      of: own.publicKey,
      signedWith: own.privateKey,
      extensions: sequence(basicConstraints(true)),
    }),
    issue(host) {
      const known = issued.get(host);
      if (known !== undefined) return known;
      const made = {
        cert: certificate({
          serial: issued.size + 1_000,
          issuer: common,
          subject: host,
          of: leaf.publicKey,
          signedWith: own.privateKey,
          extensions: sequence(basicConstraints(false), names(dnsName(host))),
        }),
        key: pemOf(leaf.privateKey),
      };
      issued.set(host, made);
      return made;
    },
  };
}
