// Ends a run of Jest at its first failing test: `npm run check-guards` asks for no more. What failed is left
// in the file that LR_FIRST_FAILURE names.
import { writeFileSync } from 'node:fs';

export default class FirstFailure {
  onTestCaseResult(_test, { status, fullName, failureMessages }) {
    if (status !== 'failed') return;
    writeFileSync(
      process.env.LR_FIRST_FAILURE,
      JSON.stringify({ name: fullName, words: failureMessages.join('\n') }),
    );
    process.exit(1);
  }
}
