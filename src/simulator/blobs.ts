// The blob server behind the result links. It is another host than the API, speaks Azure storage's XML, and wants no bearer token:
// a client that sends its Defender token there would leak it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { collectedFile } from './collected.ts';
import type { Collected } from './collected.ts';
import { checkLink } from './links.ts';
import { addressOf, listen } from './listening.ts';
import type { Listening } from './listening.ts';
import { guid } from './seed.ts';
import { paramOf } from './shapes.ts';
import type { Action, CommandRun } from './shapes.ts';
import type { Tenant } from './tenant.ts';
import { transcriptText } from './transcripts.ts';

export function blobServer(port: number, tenant: Tenant, closing: AbortSignal): Promise<Listening> {
  return listen(port, (request, response) => {
    answer(tenant, closing, request, response).catch((error: unknown) => {
      if (closing.aborted || request.destroyed || response.headersSent) response.destroy();
      else refuse(tenant, response, 500, 'InternalError', error instanceof Error ? error.message : String(error));
    });
  });
}

async function answer(tenant: Tenant, closing: AbortSignal, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { faults } = tenant;
  if (faults.take('reset', 'blob') !== undefined) {
    request.socket.resetAndDestroy();
    return;
  }
  const delay = faults.take('delay', 'blob');
  if (delay !== undefined) await pause(delay.ms ?? 0, undefined, { signal: closing });
  const status = faults.take('status', 'blob');
  if (status !== undefined) {
    refuse(tenant, response, status.status ?? 500, 'InternalError', 'The server encountered an internal error. Please retry the request.');
    return;
  }
  const redirect = faults.take('redirect', 'blob');
  if (redirect !== undefined) {
    response.writeHead(302, { location: redirect.value ?? 'http://127.0.0.1:9/elsewhere' }).end();
    return;
  }
  if (request.headers.authorization !== undefined) {
    refuse(tenant, response, 403, 'AuthenticationFailed', 'Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.');
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(tenant, response, 405, 'UnsupportedHttpVerb', 'The resource doesn\'t support specified Http Verb.');
    return;
  }
  await give(tenant, closing, request, response);
}

async function give(tenant: Tenant, closing: AbortSignal, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, query } = addressOf(request);
  const checked = checkLink(tenant, path, query);
  switch (checked.found) {
    case 'badSignature':
      refuse(tenant, response, 403, 'AuthenticationFailed', 'Server failed to authenticate the request.', 'Signature did not match.');
      return;
    case 'expired':
      refuse(tenant, response, 403, 'AuthenticationFailed', 'Server failed to authenticate the request.',
        `Signature not valid in the specified time frame: Expiry [${new Date(checked.expiry).toUTCString()}] - Current [${new Date(tenant.now()).toUTCString()}]`);
      return;
    case 'nothing':
      refuse(tenant, response, 404, 'BlobNotFound', 'The specified blob does not exist.');
      return;
    case 'result':
      await stream(tenant, closing, request, response, blobOf(tenant, checked.action, checked.index, checked.run));
  }
}

interface Blob extends Pick<Collected, 'bytes' | 'claimedLength'> { readonly fileName?: string }

function blobOf(tenant: Tenant, action: Action, index: number, run: CommandRun): Blob {
  const { profile } = tenant;
  if (run.command.type === 'GetFile') return collectedFile(paramOf(run.command, 'Path') ?? '', action.computerDnsName, profile.collected);
  const device = tenant.device(action.machineId);
  const mode = device?.transcript ?? (device?.os === 'linux' ? 'bash' : profile.transcript);
  const result = run.result ?? { exitCode: 0, output: '', errors: '' };
  return { bytes: Buffer.from(transcriptText(mode, paramOf(run.command, 'ScriptName') ?? '', result, guid(`${action.id}:${index}`).toUpperCase())) };
}

/** Sends the bytes, or the part a Range header asks for, as Azure does. */
async function stream(tenant: Tenant, closing: AbortSignal, request: IncomingMessage, response: ServerResponse, blob: Blob): Promise<void> {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? request.headers['x-ms-range']?.toString() ?? '');
  const from = range === null ? 0 : Number(range[1]);
  const to = range?.[2] === undefined || range[2] === '' ? blob.bytes.length : Math.min(blob.bytes.length, Number(range[2]) + 1);
  if (range !== null && from >= blob.bytes.length) {
    refuse(tenant, response, 416, 'InvalidRange', 'The range specified is invalid for the current size of the resource.');
    return;
  }
  const bytes = blob.bytes.subarray(from, to);
  const cut = tenant.faults.take('truncate', 'blob') !== undefined;
  response.writeHead(range === null ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': blob.claimedLength ?? bytes.length,
    'accept-ranges': 'bytes',
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-version': '2019-07-07',
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${to - 1}/${blob.bytes.length}` }),
    ...(blob.fileName === undefined ? {} : { 'content-disposition': `attachment; filename=${safe(blob.fileName)}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const half = Math.floor(bytes.length / 2);
  if (cut || blob.claimedLength !== undefined) {
    // The connection ends before the announced length: the client must notice.
    response.write(bytes.subarray(0, Math.max(1, half)), () => response.destroy());
    return;
  }
  response.write(bytes.subarray(0, half));
  const slow = tenant.faults.take('slowBody', 'blob');
  if (slow !== undefined) await pause(slow.ms ?? 0, undefined, { signal: closing });
  response.end(bytes.subarray(half));
}

/** Header values take no control characters and nothing beyond Latin-1. */
const safe = (name: string): string => name.replace(/[^\x20-\x7e]/g, '_');

function refuse(tenant: Tenant, response: ServerResponse, status: number, code: string, message: string, detail?: string): void {
  const requestId = tenant.newGuid();
  const more = detail === undefined ? '' : `<AuthenticationErrorDetail>${detail}</AuthenticationErrorDetail>`;
  response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code, 'x-ms-request-id': requestId });
  response.end(`\uFEFF<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}\nRequestId:${requestId}\nTime:${new Date(tenant.now()).toISOString()}</Message>${more}</Error>`);
}
