// The check of a certificate file by which the bot proves who it is: whether the file has what is needed, and
// until when the certificate is valid.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { diskWords } from '../store/journal/disk.ts';
import { fail, ok, warn } from './line.ts';
import type { Line } from './line.ts';

const day = 86_400_000;
/** Milliseconds. Time enough for somebody to renew it before the bot can no longer sign in. */
const soon = 30 * day;

/** `setting` is the name of the setting that holds the path. */
export function certificateLine(check: string, setting: string, path: string, now: number): Line {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    return fail(
      check,
      `the file of ${setting} cannot be read: ${diskWords(error)}`,
      'Give the bot’s user the right to read it, or correct the path.',
    );
  }
  const certificate = firstCertificate(pem);
  const key = /-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(pem);
  if (certificate === undefined || !key) {
    return fail(
      check,
      `the file of ${setting} holds no ${certificate === undefined ? 'certificate' : 'unencrypted private key'} in PEM`,
      'Put the certificate and its unencrypted private key into one PEM file.',
    );
  }
  const ends = Date.parse(certificate.validTo);
  const begins = Date.parse(certificate.validFrom);
  const until = new Date(ends).toISOString().slice(0, 10);
  const renew = `Make a new certificate, add it to the app registration, and let ${setting} name its file.`;
  if (begins > now)
    return fail(
      check,
      `the certificate is valid only from ${new Date(begins).toISOString()} on`,
      'Check the clock of this machine, or use a certificate that is valid already.',
    );
  if (ends <= now) return fail(check, `the certificate ended on ${until}`, renew);
  if (ends - now < soon)
    return warn(check, `the certificate ends on ${until}, in ${Math.floor((ends - now) / day)} days`, renew);
  return ok(check, `certificate ${certificate.fingerprint.replaceAll(':', '')}, valid until ${until}`);
}

function firstCertificate(pem: string): X509Certificate | undefined {
  const text = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (text === undefined) return undefined;
  try {
    return new X509Certificate(text);
  } catch {
    // The lines look like a certificate and contain something else; it is reported as "no certificate".
    return undefined;
  }
}
