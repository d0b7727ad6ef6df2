// Credentials with which this process signs in to Entra ID.
import type { Secret } from '../secret.ts';

/** How this process proves its identity. */
export type Credentials =
  | { readonly kind: 'secret'; readonly tenantId: string; readonly clientId: string; readonly secret: Secret }
  /** A PEM file with certificate and private key. */
  | {
      readonly kind: 'certificate';
      readonly tenantId: string;
      readonly clientId: string;
      readonly path: string;
      readonly sendChain?: boolean;
    }
  /** `clientId` only for a user-assigned identity. */
  | { readonly kind: 'managedIdentity'; readonly clientId?: string }
  /** Ids and token file from the environment of the pod where absent. */
  | {
      readonly kind: 'workloadIdentity';
      readonly tenantId?: string;
      readonly clientId?: string;
      readonly tokenFile?: string;
    }
  /** The account signed in with az, azd or Azure PowerShell on this machine. */
  | { readonly kind: 'developer'; readonly tenantId?: string };

/** The reason why an origin cannot be reached, in words; undefined when it answers. */
export interface Reach {
  whyNotReached(origin: string): Promise<string | undefined>;
}

export interface EntraSettings {
  readonly credentials: Credentials;
  /** Sign-in host, such as https://login.microsoftonline.com; see `clouds.ts`. */
  readonly authority: string;
  /** Milliseconds to wait for a token. */
  readonly timeoutMs?: number;
  /**
   * Asked for the reason when the sign-in host could not be reached: the library does not distinguish a
   * proxy’s answer from the host’s.
   */
  readonly way?: Reach;
  /** Repeats by the library after network failures. */
  readonly retries?: number;
}
