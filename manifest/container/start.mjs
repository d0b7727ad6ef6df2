// The image's entry while the package has none of its own: the first word is the program, nothing or `start` is the service.
const programs = {
  start: 'main.js',
  demo: 'demo.js',
  simulator: 'simulator/cli.js',
  doctor: 'doctorCli.js',
  audit: 'auditCli.js',
  freeze: 'freezeCli.js',
  acceptance: 'acceptanceCli.js',
  library: 'libraryCli.js',
};

const [, , word = 'start'] = process.argv;
const file = Object.hasOwn(programs, word) ? programs[word] : undefined;
if (file === undefined) {
  process.stderr.write(`There is no program ${JSON.stringify(word)}. One of: ${Object.keys(programs).join(', ')}.\n`);
  process.exitCode = 2;
} else {
  process.argv.splice(2, 1);
  await import(new URL(`./src/${file}`, import.meta.url).href);
}
