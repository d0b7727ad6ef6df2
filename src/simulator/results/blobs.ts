// The blob server behind the result links. It is another host than the API, speaks Azure storage's XML, and
// wants no bearer token: a client that sends its Defender token there would leak it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { blobOf, collectedFile, investigationPackage } from './collected.ts';
import type { Blob } from './collected.ts';
import { elsewhere } from '../faults.ts';
import { checkLink } from './links.ts';
import { addressOf, listen } from '../listening.ts';
import type { Listening } from '../listening.ts';
import { guid } from '../seed.ts';
import { paramOf } from '../shapes.ts';
import type { Action, CommandRun } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';
import { transcriptText } from './transcripts.ts';

export function blobServer(port: number, tenant: Tenant, closing: AbortSignal): Promise<Listening> {
  return listen(port, (request, response) => {
    const exchange: Exchange = { tenant, closing, request, response, bytes: 0 };
    // Whether the answer ended, broke off or the client went away: what left is noted once.
    response.once('close', () => {
      const { path } = addressOf(request);
      tenant.noteDownload({
        at: tenant.now(),
        path,
        status: response.headersSent ? response.statusCode : 0,
        bytes: exchange.bytes,
        bearer: request.headers.authorization !== undefined,
      });
    });
    answer(exchange).catch((error: unknown) => {
      if (closing.aborted || request.destroyed || response.headersSent) response.destroy();
      else refuse(exchange, 500, error instanceof Error ? error.message : String(error));
    });
  });
}

/** One call to the blob server. */
interface Exchange {
  readonly tenant: Tenant;
  readonly closing: AbortSignal;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Bytes of the body handed to the connection so far. */
  bytes: number;
}

async function answer(exchange: Exchange): Promise<void> {
  const { tenant, closing, request, response } = exchange;
  const { faults } = tenant;
  if (faults.take('reset', 'blob') !== undefined) {
    request.socket.resetAndDestroy();
    return;
  }
  const delay = faults.take('delay', 'blob');
  if (delay !== undefined) await pause(delay.ms ?? 0, undefined, { signal: closing });
  const status = faults.take('status', 'blob');
  if (status !== undefined) {
    refuse(
      exchange,
      status.status ?? 500,
      'The server encountered an internal error. Please retry the request.',
    );
    return;
  }
  const redirect = faults.take('redirect', 'blob');
  if (redirect !== undefined) {
    response.writeHead(302, { location: redirect.value ?? elsewhere }).end();
    return;
  }
  if (request.headers.authorization !== undefined && tenant.profile.blobBearer === 'refused') {
    refuse(
      exchange,
      403,
      'Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.',
    );
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(exchange, 405, "The resource doesn't support specified Http Verb.");
    return;
  }
  await give(exchange);
}

async function give(exchange: Exchange): Promise<void> {
  const { tenant, request } = exchange;
  const { path, query } = addressOf(request);
  const checked = checkLink(tenant, path, query);
  switch (checked.found) {
    case 'badSignature':
      refuse(exchange, 403, 'Server failed to authenticate the request.', 'Signature did not match.');
      return;
    case 'expired':
      refuse(
        exchange,
        403,
        'Server failed to authenticate the request.',
        `Signature not valid in the specified time frame: Expiry [${new Date(checked.expiry).toUTCString()}] - Current [${new Date(tenant.now()).toUTCString()}]`,
      );
      return;
    case 'nothing':
      refuse(exchange, 404, 'The specified blob does not exist.');
      return;
    case 'package':
      await send(exchange, investigationPackage(checked.action.computerDnsName));
      return;
    case 'result':
      await send(exchange, resultOf(tenant, checked.action, checked.index, checked.run));
  }
}

/** What lies behind the link of one command's result. */
export function resultOf(tenant: Tenant, action: Action, index: number, run: CommandRun): Blob {
  const { profile } = tenant;
  const device = tenant.device(action.machineId);
  if (run.command.type === 'GetFile')
    return collectedFile(
      paramOf(run.command, 'Path') ?? '',
      action.computerDnsName,
      device?.collected ?? profile.collected,
    );
  const mode = device?.transcript ?? (device?.os === 'linux' ? 'bash' : profile.transcript);
  const result = run.result ?? { exitCode: 0, output: '', errors: '' };
  return blobOf(
    Buffer.from(
      transcriptText(
        mode,
        paramOf(run.command, 'ScriptName') ?? '',
        result,
        guid(`${action.id}:${index}`).toUpperCase(),
      ),
    ),
  );
}

/** Sends the bytes, or the part a Range header asks for, as Azure does. */
async function send(exchange: Exchange, blob: Blob): Promise<void> {
  const { tenant, closing, request, response } = exchange;
  const range = /^bytes=(\d+)-(\d*)$/.exec(
    request.headers.range ?? request.headers['x-ms-range']?.toString() ?? '',
  );
  const from = range === null ? 0 : Number(range[1]);
  const to =
    range?.[2] === undefined || range[2] === '' ? blob.length : Math.min(blob.length, Number(range[2]) + 1);
  if (range !== null && from >= blob.length) {
    refuse(exchange, 416, 'The range specified is invalid for the current size of the resource.');
    return;
  }
  const cut = tenant.faults.take('truncate', 'blob') !== undefined;
  response.writeHead(range === null ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': blob.claimedLength ?? to - from,
    'accept-ranges': 'bytes',
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-version': '2019-07-07',
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${to - 1}/${blob.length}` }),
    ...(blob.fileName === undefined
      ? {}
      : { 'content-disposition': `attachment; filename=${safe(blob.fileName)}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const half = from + Math.floor((to - from) / 2);
  if (cut || blob.claimedLength !== undefined) {
    // The connection ends before the announced length: the client must notice.
    await write(exchange, blob, from, Math.max(from + 1, half));
    response.write('', () => response.destroy());
    return;
  }
  await write(exchange, blob, from, half);
  const slow = tenant.faults.take('slowBody', 'blob');
  if (slow !== undefined) await pause(slow.ms ?? 0, undefined, { signal: closing });
  await write(exchange, blob, half, to);
  response.end();
}

/** Writes no faster than the client reads, and stops when it has gone away. */
async function write(exchange: Exchange, blob: Blob, from: number, to: number): Promise<void> {
  const { response } = exchange;
  for (const piece of blob.slice(from, to)) {
    if (response.destroyed) return;
    exchange.bytes += piece.length;
    if (response.write(piece)) continue;
    await drained(response);
  }
}

/** Until more may be written, or nothing will be read any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

/** Header values take no control characters and nothing beyond Latin-1. */
const safe = (name: string): string => name.replace(/[^\x20-\x7e]/g, '_');

const codes: ReadonlyMap<number, string> = new Map([
  [403, 'AuthenticationFailed'],
  [404, 'BlobNotFound'],
  [405, 'UnsupportedHttpVerb'],
  [410, 'BlobNotFound'],
  [416, 'InvalidRange'],
  [429, 'ServerBusy'],
  [503, 'ServerBusy'],
]);

function refuse(
  { tenant, response }: Pick<Exchange, 'tenant' | 'response'>,
  status: number,
  message: string,
  detail?: string,
): void {
  const code = codes.get(status) ?? 'InternalError';
  const requestId = tenant.newGuid();
  const more = detail === undefined ? '' : `<AuthenticationErrorDetail>${detail}</AuthenticationErrorDetail>`;
  response.writeHead(status, {
    'content-type': 'application/xml',
    'x-ms-error-code': code,
    'x-ms-request-id': requestId,
  });
  response.end(
    `\uFEFF<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}\nRequestId:${requestId}\nTime:${new Date(tenant.now()).toISOString()}</Message>${more}</Error>`,
  );
}
