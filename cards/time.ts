// Times as people read them on cards: UTC from epoch milliseconds, and durations in words. No Date, so that
// it stays pure.

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Days since 1970-01-01 of an instant, also before it. */
function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

/** Proleptic Gregorian date of a day number (Howard Hinnant's civil_from_days). */
function civil(day: number): { readonly year: number; readonly month: number; readonly dayOfMonth: number } {
  const shifted = day + 719_468; // days from 0000-03-01, so that the leap day is the last of its year
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

const two = (n: number): string => String(n).padStart(2, '0');

function clock(ms: number): string {
  const inDay = ms - dayOf(ms) * dayMs;
  return `${two(Math.floor(inDay / hourMs))}:${two(Math.floor((inDay % hourMs) / minuteMs))} UTC`;
}

/** `2026-11-23 15:04 UTC`. */
export function stamp(ms: number): string {
  if (!Number.isFinite(ms)) return 'at a time not known';
  const { year, month, dayOfMonth } = civil(dayOf(ms));
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(dayOfMonth)} ${clock(ms)}`;
}

/**
 * `15:04 UTC` on the same UTC day as `beside`, else with the date. `beside` is a time whose date the reader
 * already sees.
 */
export function timeOf(ms: number, beside: number): string {
  if (!Number.isFinite(ms)) return 'at a time not known';
  return dayOf(ms) === dayOf(beside) ? clock(ms) : stamp(ms);
}

/** `under 1 s`, `3 s`, `2 min 5 s`, `29 min`, `1 h 5 min`, `3 days`: rounded down, two units at most. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < secondMs) return 'under 1 s';
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)} s`;
  // Seconds stop mattering when a thing takes ten minutes or more.
  if (ms < 10 * minuteMs)
    return pair(Math.floor(ms / minuteMs), 'min', Math.floor((ms % minuteMs) / secondMs), 's');
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return pair(Math.floor(ms / hourMs), 'h', Math.floor((ms % hourMs) / minuteMs), 'min');
  return pair(Math.floor(ms / dayMs), 'days', Math.floor((ms % dayMs) / hourMs), 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Sizes as analysts compare them: `0 bytes`, `640 bytes`, `51 MB`, `2.9 GB` (decimal units). */
export function size(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return 'size not known';
  if (bytes < 1000) return `${Math.floor(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`;
  let value = bytes;
  for (const unit of ['kB', 'MB', 'GB', 'TB']) {
    value /= 1000;
    // 999.5 would be printed as "1000"; it belongs to the next unit.
    if (value < 999.5) return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
  }
  return `${value.toFixed(0)} TB`;
}
