// What looks on keeps what Defender and its result links answered, over real HTTP, and of nobody else
// anything.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { TappedHttp } from '../../src/acceptance/tap.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function server(body: (path: string) => string): Promise<string> {
  const one = createServer((request, response) => void response.end(body(request.url ?? '')));
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        one.closeAllConnections();
        one.close(resolve);
      }),
  );
  return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
}

test('sign-in, chats and anchors are not even looked at, a result only once Defender named it, and no request header is kept', async () => {
  const storage = await server(() => 'a result');
  const defender = await server((path) =>
    JSON.stringify(path.includes('DownloadLink') ? { value: `${storage}/blob?sig=x` } : { value: [] }),
  );
  const entra = await server(() => JSON.stringify({ access_token: 'a token of Entra' }));
  const http = new TappedHttp();
  closing.push(() => http.close());
  const get = (url: string) =>
    http.send({
      method: 'GET',
      url: new URL(url),
      maxBytes: 1000,
      headers: { authorization: 'Bearer of ours' },
    });
  await get(`${defender}/api/machines`);
  expect(http.exchanges()).toEqual([]);
  http.lookAt(defender);
  await get(`${storage}/blob?sig=x`);
  await get(`${entra}/token`);
  await http.send({
    method: 'POST',
    url: new URL(`${entra}/chat.postMessage`),
    body: 'a message',
    maxBytes: 1000,
  });
  await get(`${defender}/api/machineactions/1/GetLiveResponseResultDownloadLink(index=0)`);
  await get(`${storage}/blob?sig=x`);
  await get(`${storage}/blob?sig=y`);
  expect(http.exchanges().map(({ from, url }) => [from, url.pathname])).toEqual([
    ['defender', '/api/machineactions/1/GetLiveResponseResultDownloadLink(index=0)'],
    ['result', '/blob'],
  ]);
  expect(JSON.stringify(http.exchanges().map(({ headers, ...rest }) => [...headers, rest]))).not.toMatch(
    /Bearer|token of Entra|a message|a result/,
  );
});
