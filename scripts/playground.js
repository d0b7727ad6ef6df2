// `npm run test:playground`: Microsoft's Agents Playground plays the main job against the built program, with
// two people: a typed command, a refused self-approval, the second person's approval, live updates, a
// finished card with excerpt and link. Screenshots go to docs/images. LR_TEAMS_DOOR=direct plays it without
// botbuilder. The playground is pre-release software under a licence for evaluation, so it is installed into
// a temporary folder and never a dependency. Where it or Chromium cannot be had, the script prints a line
// that begins with "skip:" and ends with 0.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const images = join(root, 'docs', 'images');
const version = '0.2.28';
const chromium = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
/** Simulated seconds per real second. */
const speed = 40;
/** Milliseconds for one step. */
const patience = 60_000;

const tenant = '22222222-2222-4222-8222-222222222222';
const group = '19:playground-group@thread.v2';
const people = [
  { id: '29:riley', name: 'Riley Responder', oid: 'aaaaaaaa-0000-4000-8000-000000000001' },
  { id: '29:avery', name: 'Avery Approver', oid: 'bbbbbbbb-0000-4000-8000-000000000002' },
  ...['Cleo', 'Dan', 'Eli', 'Fay'].map((name, at) => ({
    id: `29:${name.toLowerCase()}`,
    name,
    oid: `cccccccc-0000-4000-8000-00000000000${at + 3}`,
  })),
];
const [riley, avery, ...others] = people;

function user({ id, name, oid }, indent) {
  const [given, surname = 'Other'] = name.split(' ');
  const mail = `${given.toLowerCase()}@corp.example`;
  return [
    `id: "${id}"`,
    `name: ${name}`,
    `userPrincipleName: ${mail}`,
    `aadObjectId: ${oid}`,
    `givenName: ${given}`,
    `surname: ${surname}`,
    `email: ${mail}`,
  ]
    .map((line) => `${' '.repeat(indent)}${line}`)
    .join('\n');
}

/** The playground wants five users at least, and says so only in its own log. */
function playgroundConfig() {
  const listed = [avery, ...others].map((one) => `  -${user(one, 4).slice(3)}`).join('\n');
  return `version: "0.1.1"
tenantId: ${tenant}
bot:
  id: "28:live-response"
  name: Live Response
currentUser:
${user(riley, 2)}
users:
${listed}
personalChat:
  id: "a:playground-personal-chat"
groupChat:
  id: "${group}"
  name: Incident desk
team:
  id: "19:playground-team@thread.tacv2"
  name: Incident response
  aadGroupId: dddddddd-0000-4000-8000-000000000009
  channels:
    - id: "19:playground-channel@thread.tacv2"
      name: Announcements
`;
}

function policy() {
  const example = readFileSync(join(root, 'policy.example.yaml'), 'utf8');
  return example
    .replace('console: responder1 }', `console: responder1, teams: ${riley.oid} }`)
    .replace('console: approver1 }', `console: approver1, teams: ${avery.oid} }`)
    .replace(
      /^places:\n(?:[ #].*\n)+/m,
      `places:\n  - { place: "teams:${group}", approvals: true, notify: "teams:${avery.oid}", results: card }\n`,
    );
}

const running = [];
function start(name, args, options) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  const keep = (chunk) => (output += chunk);
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  running.push(child);
  return {
    child,
    /** Resolves with the first match in what it printed. */
    said: (pattern) =>
      until(
        `${name} to say ${pattern}`,
        () =>
          pattern.exec(output) ??
          (child.exitCode === null ? undefined : fail(`${name} ended with ${child.exitCode}:\n${output}`)),
      ),
  };
}

function fail(text) {
  throw new Error(text);
}

async function until(what, look) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) fail(`never seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

/**
 * Events of the journal, which is how the second person's button is known: the browser shows the first
 * person's view only.
 */
function journal(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ndjson') && !name.includes('teams-'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function seen(step) {
  console.log(`   [seen] ${step}`);
}

async function story(page, play, data) {
  const post = (path, body) =>
    fetch(new URL(path, play), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const shot = async (name) => {
    await page.screenshot({ path: join(images, `teams-${name}.png`) });
    console.log(`   docs/images/teams-${name}.png`);
  };
  await page.goto(play);
  await page.getByText('Incident desk').first().click();
  await page.locator('div[role=textbox]').first().waitFor();

  const text = 'lr dump hosta OfficeClickToRun --reason "beacon seen at 02:40"';
  console.log(`${riley.name} types: @Live Response ${text}`);
  const box = page.locator('div[role=textbox]').first();
  await box.click();
  await page.keyboard.type('@');
  await page.getByText('Live Response', { exact: true }).last().click();
  await page.keyboard.type(` ${text}`);
  await page.keyboard.press('Enter');
  await page.getByText('Waiting for approval').first().waitFor({ timeout: patience });
  seen('an approval card for everybody');
  await shot('approval');

  await page
    .getByRole('button', { name: /^Approve/ })
    .first()
    .click();
  const second = page.getByRole('button', { name: /^Approve and run/ }).first();
  if (await second.isVisible().catch(() => false)) await second.click();
  await page
    .getByText(/is your own request/i)
    .first()
    .waitFor({ timeout: patience });
  seen('the requester’s own approval refused, as a message below the card');
  await shot('refused');

  const [asked, posted] = await until('the card in the journal', () => {
    const events = journal(data);
    const card = events.findLast((line) => line.event?.type === 'cardPosted');
    const first = events.find((line) => line.event?.type === 'asked' || line.event?.asked !== undefined);
    return card === undefined || first === undefined ? undefined : [first, card];
  });
  const fingerprint =
    JSON.stringify(asked).match(/"digest":"([0-9a-f]{16})/)?.[1] ?? fail('no digest in the journal');
  console.log(`${avery.name} presses Approve`);
  const answer = await post('/_conversation/v1/invoke', {
    name: 'adaptiveCard/action',
    type: 'invoke',
    value: {
      action: {
        type: 'Action.Execute',
        verb: 'lr.approve.v1',
        data: {
          lr: { verb: 'approve', requestId: posted.request, revision: posted.event.shown, fingerprint },
        },
      },
      trigger: 'manual',
    },
    from: { id: avery.id },
    conversation: { id: group },
    replyToId: posted.event.ref.id,
  });
  console.log(`   Teams answers: ${(await answer.text()).slice(0, 300)}`);
  await page
    .getByText(/Approved by/)
    .first()
    .waitFor({ timeout: patience });
  seen('the same card follows the second person’s approval');
  await page
    .getByText(/waiting for the device|Running|session/i)
    .first()
    .waitFor({ timeout: patience });
  await shot('running');
  await page
    .getByText(/Finished: succeeded/)
    .first()
    .waitFor({ timeout: patience });
  await page.getByText('51 MB').first().waitFor({ timeout: patience });
  seen('the finished card, with the excerpt of index 0');
  await page
    .getByRole('link', { name: /Download/ })
    .or(page.getByRole('button', { name: /^Download/ }))
    .first()
    .waitFor({ timeout: patience });
  seen('a download link');
  if ((await page.getByText('Finished: succeeded').count()) < 1) fail('never seen: one finished card');
  await shot('finished');
}

async function main() {
  if (chromium === undefined)
    return skip('Chromium is not installed (apt-get install -y chromium, or set CHROMIUM_PATH to it)');
  if (build({ ifNeeded: true }) !== 0) return 1;
  const work = mkdtempSync(join(tmpdir(), 'lr-playground-'));
  const data = join(work, 'data');
  let browser;
  try {
    mkdirSync(data);
    mkdirSync(images, { recursive: true });
    writeFileSync(join(work, 'package.json'), '{"private":true}');
    writeFileSync(join(work, '.m365agentsplayground.yml'), playgroundConfig());
    writeFileSync(join(work, 'policy.yaml'), policy());
    const installed = spawnSync(
      'npm',
      [
        'install',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        `@microsoft/m365agentsplayground@${version}`,
      ],
      { cwd: work, encoding: 'utf8' },
    );
    if (installed.status !== 0)
      return skip(
        `Microsoft’s Agents Playground ${version} could not be installed: ${(installed.stderr ?? '').trim().split('\n').at(-1) ?? ''}`,
      );

    const { freePort } = await import('../dist/test/support/ports.js');
    const [botPort, playPort] = [await freePort(), await freePort()];
    const program = start('the bot', [join(root, 'dist', 'src', 'main.js')], {
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: String(botPort),
        LR_ADMIN_PORT: '0',
        LR_TEAMS_DEV_NO_AUTH: '1',
        LR_TEAMS_DOOR: process.env.LR_TEAMS_DOOR ?? '',
        LR_DEFENDER: 'simulator',
        LR_SPEED: String(speed),
        LR_DATA_DIR: data,
        LR_POLICY: join(work, 'policy.yaml'),
        LR_LOG_LEVEL: 'warn',
      },
    });
    await program.said(/live-response-bot .* at http/);
    const cli = join(work, 'node_modules', '@microsoft', 'm365agentsplayground', 'cli.js');
    const playground = start(
      'the playground',
      [
        cli,
        'start',
        '-e',
        `http://127.0.0.1:${botPort}/api/messages`,
        '-c',
        'msteams',
        '-p',
        String(playPort),
        '--dt',
      ],
      {
        cwd: work,
        env: { ...process.env, TEAMSAPPTESTER_BROWSER: 'none' },
      },
    );
    // A port that was taken in between is replaced by another one.
    const [, port] = await playground.said(/Listening on (\d+)/);
    const { chromium: launcher } = await import('playwright-core');
    browser = await launcher.launch({
      executablePath: chromium,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 1100 } });
    await story(page, `http://localhost:${port}`, data);
    console.log('Every step was seen in Microsoft’s Agents Playground.');
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    const page = browser?.contexts()[0]?.pages()[0];
    if (page !== undefined) await page.screenshot({ path: join(work, 'failed.png') }).catch(() => undefined);
    return 1;
  } finally {
    await browser?.close();
    for (const child of running) child.kill('SIGTERM');
    await Promise.all(
      running.map((child) =>
        child.exitCode === null && child.signalCode === null
          ? new Promise((resolve) => child.once('exit', resolve))
          : undefined,
      ),
    );
    if (process.env.LR_KEEP === undefined) rmSync(work, { recursive: true, force: true });
    else console.log(`kept ${work}`);
  }
}

function skip(why) {
  console.log(`skip: ${why}`);
  return 0;
}

process.exitCode = await main();
