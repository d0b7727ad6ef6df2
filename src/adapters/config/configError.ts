// A start that cannot succeed until somebody changes a setting or a file; the program ends with exit code 2.
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SettingsError';
  }
}
