// Prints `N passed, N failed, N skipped` as the last line, so that an empty or half-skipped run cannot look
// green.
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const broken = results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${results.numFailedTests + broken} failed, ${skipped} skipped`;
    // After the default reporter's own summary, which it writes to stderr in this same tick.
    process.stderr.write('', () => process.stdout.write(`${line}\n`));
  }
}
