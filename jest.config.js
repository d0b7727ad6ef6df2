export default {
  testEnvironment: 'node',
  rootDir: 'dist',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.js'],
  transform: {},
  testTimeout: 60_000,
  maxWorkers: 2,
  // A worker keeps the modules of every file it has run. With very many of them it needs longer to end than
  // Jest waits, and is then reported as one that leaks. Whether a file leaks is seen alone: node
  // scripts/jest.js -i <file>, which says so when it does not exit.
  workerIdleMemoryLimit: '600MB',
  reporters: ['default', '<rootDir>/../scripts/countReporter.js'],
};
