// Host configs that resemble Teams, light and dark, for looking at cards; Teams itself lets nobody set one.

interface Palette {
  readonly page: string;
  readonly card: string;
  readonly text: string;
  readonly subtle: string;
  readonly button: string;
  readonly line: string;
  readonly styles: Readonly<
    Record<'default' | 'emphasis' | 'accent' | 'good' | 'warning' | 'attention', string>
  >;
  readonly colors: Readonly<Record<'accent' | 'good' | 'warning' | 'attention', string>>;
}

export const palettes: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    page: '#F5F5F5',
    card: '#FFFFFF',
    text: '#242424',
    subtle: '#616161',
    button: '#FFFFFF',
    line: '#D1D1D1',
    styles: {
      default: '#FFFFFF',
      emphasis: '#F0F0F0',
      accent: '#E8EBFA',
      good: '#E7F2DA',
      warning: '#FFF4CE',
      attention: '#FCF4F6',
    },
    colors: { accent: '#4F52B2', good: '#237B4B', warning: '#8A5A00', attention: '#C4314B' },
  },
  dark: {
    page: '#1F1F1F',
    card: '#292929',
    text: '#FFFFFF',
    subtle: '#ADADAD',
    button: '#333333',
    line: '#525252',
    styles: {
      default: '#292929',
      emphasis: '#1F1F1F',
      accent: '#2F2F4A',
      good: '#0D2E0D',
      warning: '#463100',
      attention: '#3E1F25',
    },
    colors: { accent: '#9299F7', good: '#92C353', warning: '#F8D22A', attention: '#E37D80' },
  },
};

/** Host config for adaptivecards-js. */
export function hostConfig(mode: 'light' | 'dark'): Readonly<Record<string, unknown>> {
  const palette = palettes[mode];
  const foregroundColors = Object.fromEntries(
    Object.entries({
      default: palette.text,
      dark: palette.text,
      light: palette.subtle,
      ...palette.colors,
    }).map(([name, color]) => [
      name,
      { default: color, subtle: name === 'default' ? palette.subtle : color },
    ]),
  );
  return {
    fontFamily: "'Segoe UI', 'DejaVu Sans', sans-serif",
    fontTypes: {
      default: {
        fontFamily: "'Segoe UI', 'DejaVu Sans', sans-serif",
        fontSizes: { small: 12, default: 14, medium: 16, large: 18, extraLarge: 24 },
      },
      monospace: {
        fontFamily: "Consolas, 'DejaVu Sans Mono', monospace",
        fontSizes: { small: 12, default: 13, medium: 16, large: 18, extraLarge: 24 },
      },
    },
    spacing: { small: 4, default: 8, medium: 12, large: 16, extraLarge: 20, padding: 12 },
    separator: { lineThickness: 1, lineColor: palette.line },
    containerStyles: Object.fromEntries(
      Object.entries(palette.styles).map(([name, backgroundColor]) => [
        name,
        { backgroundColor, foregroundColors },
      ]),
    ),
    actions: {
      maxActions: 6,
      spacing: 'default',
      buttonSpacing: 8,
      actionsOrientation: 'horizontal',
      actionAlignment: 'left',
      showCard: { actionMode: 'inline', style: 'emphasis', inlineTopMargin: 12 },
    },
  };
}
