// Certificate that proves who the bot is, from one PEM file, in the forms that both connections to Teams
// want.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { codeOf } from '../clock.ts';

export interface Certificate {
  /** SHA-1 in hex, by which Entra finds the certificate of an app registration. */
  readonly thumbprint: string;
  /** The same by SHA-256, which is what Entra prefers and botbuilder does not know. */
  readonly thumbprintSha256: string;
  /** PEM. */
  readonly privateKey: string;
}

/** @throws Error with a sentence for the operator, without anything of the file's content */
export async function readCertificate(path: string): Promise<Certificate> {
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (error) {
    const code = codeOf(error) || 'unknown';
    throw new Error(`The file of MicrosoftAppCertificatePath cannot be read (${code}).`);
  }
  const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem)?.[0];
  const privateKey = /-----BEGIN (?:RSA )?PRIVATE KEY-----[\s\S]+?-----END (?:RSA )?PRIVATE KEY-----/.exec(
    pem,
  )?.[0];
  const thumbprints = certificate === undefined ? undefined : thumbprintsOf(certificate);
  if (thumbprints === undefined || privateKey === undefined) {
    throw new Error(
      'The file of MicrosoftAppCertificatePath must hold a certificate and its unencrypted private key, both in PEM.',
    );
  }
  return { ...thumbprints, privateKey };
}

function thumbprintsOf(pem: string): Pick<Certificate, 'thumbprint' | 'thumbprintSha256'> | undefined {
  try {
    const { fingerprint, fingerprint256 } = new X509Certificate(pem);
    return {
      thumbprint: fingerprint.replaceAll(':', ''),
      thumbprintSha256: fingerprint256.replaceAll(':', ''),
    };
  } catch {
    // No certificate, although its lines say so; the caller reports it in words.
    return undefined;
  }
}
