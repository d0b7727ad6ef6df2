// Text made of many UTF-16 units at once, for passes over whole files: joining single characters takes ten times
// as long.

/** Units that are made into text by one call: as many as it may have arguments, and some to spare. */
const atOnce = 8_192;

export function textOfUnits(units: Uint16Array): string {
  const parts: string[] = [];
  for (let from = 0; from < units.length; from += atOnce)
    parts.push(String.fromCharCode(...units.subarray(from, from + atOnce)));
  return parts.join('');
}
