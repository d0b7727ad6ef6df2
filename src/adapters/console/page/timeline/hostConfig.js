// Settings of the Adaptive Cards renderer. Colours are names from base.css, which has a light and a dark
// value for each.

const sizes = { small: 12, default: 14, medium: 15, large: 17, extraLarge: 22 };
const tones = ['accent', 'good', 'warning', 'attention'];

function foreground(main, subtle) {
  const plain = { default: main, subtle };
  return {
    default: plain,
    dark: plain,
    light: plain,
    ...Object.fromEntries(
      tones.map((tone) => [tone, { default: `var(--${tone})`, subtle: `var(--${tone})` }]),
    ),
  };
}

export const hostConfig = {
  supportsInteractivity: true,
  fontTypes: {
    default: {
      fontFamily: 'var(--sans)',
      fontSizes: sizes,
      fontWeights: { lighter: 400, default: 400, bolder: 600 },
    },
    monospace: {
      fontFamily: 'var(--mono)',
      fontSizes: { ...sizes, small: 12, default: 13 },
      fontWeights: { lighter: 400, default: 400, bolder: 600 },
    },
  },
  lineHeights: { small: 18, default: 20, medium: 22, large: 24, extraLarge: 28 },
  spacing: { small: 4, default: 10, medium: 16, large: 20, extraLarge: 28, padding: 16 },
  separator: { lineThickness: 1, lineColor: 'var(--line)' },
  containerStyles: {
    default: { backgroundColor: 'transparent', foregroundColors: foreground('var(--text)', 'var(--subtle)') },
    emphasis: {
      backgroundColor: 'var(--code)',
      foregroundColors: foreground('var(--text)', 'var(--subtle)'),
    },
    ...Object.fromEntries(
      tones.map((tone) => [
        tone,
        {
          backgroundColor: `var(--${tone}-soft)`,
          foregroundColors: foreground('var(--text)', 'var(--text)'),
        },
      ]),
    ),
  },
  // A second step opens in a dialog of the page: Escape closes it, and the timeline does not jump.
  actions: {
    maxActions: 6,
    spacing: 'medium',
    buttonSpacing: 8,
    actionsOrientation: 'horizontal',
    actionAlignment: 'left',
    showCard: { actionMode: 'popup', style: 'emphasis', inlineTopMargin: 12 },
  },
  textBlock: { headingLevel: 3 },
};
