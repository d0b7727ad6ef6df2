// An approximation of how Slack draws the blocks that our cards use, for looking at them; Slack's own Block
// Kit Builder needs an account.
import { textOf } from '../examples/reading.ts';

type Json = Readonly<Record<string, unknown>>;

function escape(text: unknown): string {
  return textOf(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const signs: Readonly<Record<string, string>> = {
  bell: '🔔',
  white_check_mark: '✅',
  warning: '⚠️',
  red_circle: '🔴',
};

function inline(part: Json): string {
  if (part['type'] === 'emoji') return signs[textOf(part['name'])] ?? '?';
  const style = part['style'] as Json | undefined;
  const text = escape(part['text']).replaceAll('\n', '<br>');
  return style?.['bold'] === true ? `<b>${text}</b>` : text;
}

function rich(element: Json): string {
  const parts = element['elements'] as readonly Json[];
  return element['type'] === 'rich_text_preformatted'
    ? `<pre>${parts.map((part) => escape(part['text'])).join('')}</pre>`
    : `<div class="rich">${parts.map(inline).join('')}</div>`;
}

function block(one: Json): string {
  const elements = (one['elements'] ?? []) as readonly Json[];
  switch (one['type']) {
    case 'header':
      return `<h3>${escape((one['text'] as Json)['text'])}</h3>`;
    case 'section':
      return `<div class="rich">${escape((one['text'] as Json)['text'])}</div>`;
    case 'rich_text':
      return elements.map(rich).join('');
    case 'context':
      return `<div class="context">${elements.map((part) => `<span>${escape(part['text'])}</span>`).join('')}</div>`;
    default:
      return `<div class="actions">${elements.map((button) => `<button class="${textOf(button['style'])}">${escape((button['text'] as Json)['text'])}</button>`).join('')}</div>`;
  }
}

export function slackHtml(blocks: readonly Json[], mode: 'light' | 'dark'): string {
  const [page, text, subtle, code, line] =
    mode === 'light'
      ? ['#fff', '#1d1c1d', '#616061', '#f8f8f8', '#ddd']
      : ['#1a1d21', '#d1d2d3', '#ababad', '#222529', '#565856'];
  return `<style>
    body{margin:0;background:${page};color:${text};font:15px/1.47 Lato,'DejaVu Sans',sans-serif}
    #card{padding:12px} h3{font-size:18px;margin:0 0 8px} .rich{margin:0 0 4px;overflow-wrap:anywhere;white-space:pre-wrap}
    pre{font:12px/1.5 'DejaVu Sans Mono',monospace;background:${code};border:1px solid ${line};border-radius:4px;padding:8px;margin:4px 0;white-space:pre-wrap;overflow-wrap:anywhere}
    .context{color:${subtle};font-size:13px;margin:8px 0} .context span{margin-right:8px;display:inline-block}
    .actions{display:flex;flex-wrap:wrap;gap:8px;margin-top:8px} button{font:bold 13px 'DejaVu Sans',sans-serif;padding:6px 12px;border:1px solid ${line};border-radius:4px;background:${page};color:${text}}
    .primary{background:#007a5a;color:#fff}.danger{background:#e01e5a;color:#fff}</style><div id="card">${blocks.map(block).join('')}</div>`;
}
