// HRESULTs of what goes wrong on a device, as actions show them: signed, 32 bits, decimal. Names and numbers
// are those of Windows (winerror.h).

export const hresults = {
  /** E_FAIL, 0x80004005. */
  unspecified: -2_147_467_259,
  /** ERROR_FILE_NOT_FOUND, 0x80070002. */
  fileNotFound: -2_147_024_894,
  /** ERROR_ACCESS_DENIED, 0x80070005. */
  accessDenied: -2_147_024_891,
  /** ERROR_HANDLE_EOF, 0x80070026. */
  endOfFile: -2_147_024_858,
  /** ERROR_SHARING_VIOLATION, 0x80070020. */
  sharingViolation: -2_147_024_864,
  /** ERROR_NOT_SUPPORTED, 0x80070032. */
  notSupported: -2_147_024_846,
  /** ERROR_FILE_TOO_LARGE, 0x800700DF. */
  fileTooLarge: -2_147_024_673,
  /** ERROR_VIRUS_INFECTED, 0x800700E1. */
  virus: -2_147_024_671,
  /** ERROR_CLOUD_FILE_PROVIDER_NOT_RUNNING, 0x8007016A. */
  cloudFile: -2_147_024_534,
  /** ERROR_TIMEOUT, 0x800705B4. */
  timeout: -2_147_023_436,
  /** ERROR_CANT_ACCESS_FILE, 0x80070780. */
  cannotAccess: -2_147_022_976,
  /** TRUST_E_NOSIGNATURE, 0x800B0100. */
  noSignature: -2_146_762_496,
} as const;

/** "0x80070002". */
export const inHex = (hresult: number): string =>
  `0x${(hresult >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;
