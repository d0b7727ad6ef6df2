// Draws the two icons of the Teams app and writes them as PNG: `node scripts/teamsIcons.js`. No image
// library: a shape is a function that says how much of a point it covers, and a PNG is four chunks around one
// zlib stream.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'manifest', 'teams');

/** Distance helpers; negative is inside. Coordinates run from 0 to 1. */
const roundBox = (x, y, cx, cy, w, h, r) => {
  const dx = Math.abs(x - cx) - w / 2 + r;
  const dy = Math.abs(y - cy) - h / 2 + r;
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - r;
};
const segment = (x, y, ax, ay, bx, by, width) => {
  const t = Math.max(
    0,
    Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)),
  );
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)) - width / 2;
};
/** A shield: a box with a rounded top whose sides run together to a point. */
const shield = (x, y, grow) => {
  const top = 0.2 - grow;
  const bottom = 0.84 + grow * 1.3;
  const half = 0.27 + grow;
  if (y < top || y > bottom) return Math.max(top - y, y - bottom);
  const shoulder = 0.5;
  const reach =
    y < shoulder ? half : half * Math.cos((((y - shoulder) / (bottom - shoulder)) * Math.PI) / 2) ** 0.8;
  return Math.abs(x - 0.5) - reach;
};
/** A prompt (>_) inside the shield: a session on the device. */
const prompt = (x, y, width) =>
  Math.min(
    segment(x, y, 0.38, 0.38, 0.5, 0.48, width),
    segment(x, y, 0.5, 0.48, 0.38, 0.58, width),
    segment(x, y, 0.53, 0.6, 0.63, 0.6, width),
  );

/** Each pixel is the mean of 8 x 8 points. */
function draw(size, paint) {
  const pixels = Buffer.alloc(size * size * 4);
  const steps = 8;
  for (let py = 0; py < size; py += 1) {
    for (let px = 0; px < size; px += 1) {
      const sum = [0, 0, 0, 0];
      for (let sy = 0; sy < steps; sy += 1) {
        for (let sx = 0; sx < steps; sx += 1) {
          const [r, g, b, a] = paint((px + (sx + 0.5) / steps) / size, (py + (sy + 0.5) / steps) / size);
          sum[0] += r * a;
          sum[1] += g * a;
          sum[2] += b * a;
          sum[3] += a;
        }
      }
      const at = (py * size + px) * 4;
      for (let i = 0; i < 3; i += 1) pixels[at + i] = sum[3] === 0 ? 255 : Math.round(sum[i] / sum[3]);
      pixels[at + 3] = Math.round((sum[3] / (steps * steps)) * 255);
    }
  }
  return pixels;
}

function png(size, pixels) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let y = 0; y < size; y += 1)
    pixels.copy(rows, y * (size * 4 + 1) + 1, y * size * 4, (y + 1) * size * 4);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const clear = [255, 255, 255, 0];
/** A full square: Teams rounds the corners itself. */
const color = (x, y) => {
  const background = [22 + 16 * (1 - y), 41 + 30 * (1 - y), 84 + 50 * (1 - y), 1];
  if (shield(x, y, 0) > 0) return background;
  if (shield(x, y, -0.035) > 0) return [111, 221, 201, 1];
  if (prompt(x, y, 0.055) <= 0) return [255, 255, 255, 1];
  return [30, 62, 122, 1];
};
/** White on nothing, as Teams asks for. */
const outline = (x, y) => {
  const grown = (y - 0.5) * 0.86 + 0.53;
  const wide = (x - 0.5) * 0.86 + 0.5;
  const ring = shield(wide, grown, 0.04) <= 0 && shield(wide, grown, -0.035) > 0;
  return ring || prompt(wide, grown, 0.075) <= 0 ? [255, 255, 255, 1] : clear;
};

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'color.png'), png(192, draw(192, color)));
writeFileSync(join(folder, 'outline.png'), png(32, draw(32, outline)));
