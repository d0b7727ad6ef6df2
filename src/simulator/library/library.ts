// The live response library calls: list, upload, delete.
import { partsOf } from '../calls/multipart.ts';
import type { Profile } from '../profile.ts';
import { badRequest, notFound } from '../calls/refused.ts';
import { stamp } from '../seed.ts';
import type { LibraryFile } from '../shapes.ts';
import { contentOf } from './startingLibrary.ts';
import type { Tenant } from '../tenant.ts';

/** GET /api/libraryfiles. */
export function listLibrary(tenant: Tenant, context: string): Readonly<Record<string, unknown>> {
  return {
    '@odata.context': `${context}#LibraryFiles`,
    value: tenant.library().map((file) => fileWire(file, tenant.profile)),
  };
}

/**
 * POST /api/libraryfiles with the multipart parts file, Description, ParametersDescription, HasParameters,
 * OverrideIfExists.
 */
export function uploadFile(
  tenant: Tenant,
  contentType: string,
  body: Uint8Array,
  by: string,
): Readonly<Record<string, unknown>> {
  const parts = partsOf(contentType, body);
  if (parts === undefined) throw badRequest('The body is no multipart form.');
  // The table on the page says File, its curl sample and all clients say file.
  const file = parts.find((part) => part.name.toLowerCase() === 'file');
  const fileName = file?.fileName;
  if (file === undefined || fileName === undefined) throw badRequest('The part "file" is missing.');
  if (file.bytes.length > tenant.profile.uploadMaxBytes) throw badRequest('The file is larger than 20 MB.');
  if (!/^[A-Za-z0-9._-]+$/.test(fileName)) throw badRequest(`The file name '${fileName}' is not allowed.`);
  const text = (name: string): string | null =>
    Buffer.from(parts.find((part) => part.name === name)?.bytes ?? []).toString('utf8') || null;
  const existing = tenant.library().find((other) => other.fileName.toLowerCase() === fileName.toLowerCase());
  if (existing !== undefined && text('OverrideIfExists') !== 'true')
    throw badRequest(`File '${fileName}' already exists.`);
  const now = tenant.now();
  const parametersDescription = text('ParametersDescription');
  const kept: LibraryFile = {
    fileName,
    ...contentOf(file.bytes),
    description: text('Description'),
    createdAt: existing?.createdAt ?? now,
    updatedAt: now,
    createdBy: by,
    hasParameters: parametersDescription !== null || text('HasParameters') === 'true',
    parametersDescription,
  };
  tenant.keepFile(kept);
  return fileWire(kept, tenant.profile);
}

/** DELETE /api/libraryfiles/{fileName}. */
export function deleteFile(tenant: Tenant, fileName: string): void {
  if (!tenant.dropFile(fileName)) throw notFound(`Library file ${fileName} was not found`);
}

function fileWire(file: LibraryFile, { fractionDigits }: Profile): Readonly<Record<string, unknown>> {
  return {
    fileName: file.fileName,
    sha256: file.sha256,
    description: file.description,
    creationTime: stamp(file.createdAt, file.fileName, fractionDigits),
    lastUpdatedTime: stamp(file.updatedAt, file.fileName, fractionDigits),
    createdBy: file.createdBy,
    hasParameters: file.hasParameters,
    ...(file.parametersDescription === null ? {} : { parametersDescription: file.parametersDescription }),
  };
}
