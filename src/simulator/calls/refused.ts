// A call the API refuses, and the body every refusal has: code, message and a fresh correlation target.

export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Refused';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const badRequest = (message: string): Refused => new Refused(400, 'BadRequest', message);
export const invalidBody = (message: string): Refused => new Refused(400, 'InvalidRequestBody', message);
export const missing = (name: string): Refused =>
  new Refused(400, 'MissingRequiredParameter', `Required parameter is missing: ${name}.`);
export const odataError = (message: string): Refused => new Refused(400, 'ODataError', message);
export const notFound = (message: string): Refused => new Refused(404, 'ResourceNotFound', message);

export function errorBody(code: string, message: string, target: string): string {
  return JSON.stringify({ error: { code, message, target } });
}
