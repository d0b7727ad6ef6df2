// Network addresses of the public internet. A result link must not become a way to reach what can only be
// reached from here.
import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** The shape of `dns.lookup` that net.connect accepts. */
export type Lookup = (
  hostname: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/**
 * Special-purpose ranges of the IANA registries (RFC 6890 and its updates): private, loopback, link-local,
 * CGNAT, documentation, multicast.
 */
const special = new BlockList();
const ranges4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
for (const [net, prefix] of ranges4) special.addSubnet(net, prefix, 'ipv4');
// 168.63.129.16 is the address of an Azure host: public by number, but it answers only to the machine it
// serves.
special.addAddress('168.63.129.16', 'ipv4');

const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
const special6 = new BlockList();
// Teredo and other protocol assignments, documentation, and 6to4, which can contain any IPv4 address.
special6.addSubnet('2001::', 23, 'ipv6');
special6.addSubnet('2001:db8::', 32, 'ipv6');
special6.addSubnet('2002::', 16, 'ipv6');
special6.addSubnet('3fff::', 20, 'ipv6');

/**
 * Whether packets to this address go to the public internet. IPv4 within IPv6 is judged as IPv4 only for
 * NAT64; any other form is refused.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  if (!isIPv6(address)) return false;
  const inner = nat64(address);
  if (inner !== undefined) return !special.check(inner, 'ipv4');
  return global6.check(address, 'ipv6') && !special6.check(address, 'ipv6');
}

/** The IPv4 address inside 64:ff9b::/96 (RFC 6052), which networks without IPv4 assign. */
function nat64(address: string): string | undefined {
  const match = /^64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (match === null) return undefined;
  const high = Number.parseInt(match[1] ?? '', 16);
  const low = Number.parseInt(match[2] ?? '', 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * A lookup that fails with `EPRIVATE` as soon as one of the answers is not public: a mixed answer is an
 * attack, not an accident.
 */
export function publicLookup(lookup: Lookup = systemLookup): Lookup {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses =
        typeof found === 'string' ? [{ address: found, family: family ?? (isIPv6(found) ? 6 : 4) }] : found;
      const bad = addresses.find((one) => !isPublicAddress(one.address));
      const first = addresses[0];
      if (bad !== undefined || first === undefined) {
        const why = bad === undefined ? 'has no address' : 'leads to an address that is not public';
        callback(
          Object.assign(new Error(`${hostname} ${why}`), {
            code: bad === undefined ? 'ENOTFOUND' : 'EPRIVATE',
          }),
          [],
        );
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}
