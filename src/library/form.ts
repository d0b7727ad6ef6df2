// The body of an upload: multipart/form-data with the parts that the API takes
// (learn.microsoft.com/defender-endpoint/api/upload-library).

export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly description: string;
  /** What the script takes, for people; absent where it takes nothing. */
  readonly parameters?: string;
  /**
   * True only where a file of that name was seen and is to be replaced: without it Defender itself refuses to
   * overwrite.
   */
  readonly replace: boolean;
}

export interface Form {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** `unique`: letters and digits that are in no part. */
export function formOf({ name, bytes, description, parameters, replace }: Upload, unique: string): Form {
  const boundary = `----liveResponseLibrary${unique}`;
  const head = (attributes: string, type = ''): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${attributes}\r\n${type}\r\n`;
  const field = (key: string, value: string): string => `${head(`name="${key}"`)}${value}\r\n`;
  const fields =
    field('Description', oneLine(description)) +
    (parameters === undefined ? '' : field('ParametersDescription', oneLine(parameters))) +
    field('HasParameters', String(parameters !== undefined)) +
    field('OverrideIfExists', String(replace));
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([
      Buffer.from(
        fields + head(`name="file"; filename="${name}"`, 'Content-Type: application/octet-stream\r\n'),
      ),
      bytes,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  };
}

/** A description that was read from the library must not become another part. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
