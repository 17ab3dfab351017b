/** Numbers as they are shown: with their unit, and with a constant number of decimals. */

/** Format a probability as a whole percentage; never 0 or 100 % unless it is exactly that. */
export function percent(probability: number): string {
  const rounded = Math.round(probability * 100)
  if (rounded === 0 && probability > 0) return '<\u00a01\u00a0%'
  if (rounded === 100 && probability < 1) return '>\u00a099\u00a0%'
  return `${rounded} %`
}

/**
 * Format a probability and its threshold, with as many decimals as are needed to see which is
 * larger.
 */
export function percentPair(probability: number, threshold: number): [string, string] {
  const [a, b] = [percent(probability), percent(threshold)]
  if (a !== b || probability === threshold) return [a, b]
  const decimals = [1, 2, 3].find(
    (n) => (probability * 100).toFixed(n) !== (threshold * 100).toFixed(n),
  )
  return [probability, threshold].map((p) => `${(p * 100).toFixed(decimals ?? 3)} %`) as [
    string,
    string,
  ]
}

/** Format a file size in the unit that file managers use. */
export function bytes(count: number, language: string): string {
  const format = (value: number, unit: string) =>
    `${value.toLocaleString(language, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`
  if (count < 1_000) return format(count, 'B')
  if (count < 1_000_000) return format(count / 1_000, 'kB')
  if (count < 1_000_000_000) return format(count / 1_000_000, 'MB')
  return format(count / 1_000_000_000, 'GB')
}

const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
const timeOfDay = inEachLanguage(TIME)
const dayAndTime = inEachLanguage({ ...TIME, day: '2-digit', month: 'short' })
const dateAndTime = inEachLanguage({
  ...TIME,
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  second: '2-digit',
})

/** Format a time in the local time zone; with the date unless it is today. */
export function moment(iso: string, language: string, now = new Date()): string {
  const at = new Date(iso)
  const isToday = at.toDateString() === now.toDateString()
  return (isToday ? timeOfDay : dayAndTime)(language).format(at)
}

/** Format a time in full: date, and time to the second. */
export function fullMoment(iso: string, language: string): string {
  return dateAndTime(language).format(new Date(iso))
}

/** Cached, because making a format takes a hundred times longer than using it. */
function inEachLanguage(options: Intl.DateTimeFormatOptions) {
  const formats = new Map<string, Intl.DateTimeFormat>()
  return (language: string): Intl.DateTimeFormat => {
    let format = formats.get(language)
    if (format === undefined) {
      format = new Intl.DateTimeFormat(language, options)
      formats.set(language, format)
    }
    return format
  }
}

/** Short names of the units of time. */
export interface TimeUnits {
  seconds: string
  minutes: string
  hours: string
  days: string
}

/** Format a duration in its one or two largest units, rounded down. */
export function duration(milliseconds: number, units: TimeUnits): string {
  const seconds = Math.floor(milliseconds / 1_000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (seconds < 1) return `< 1 ${units.seconds}`
  if (minutes < 1) return `${seconds} ${units.seconds}`
  if (minutes < 10) return `${minutes} ${units.minutes} ${seconds % 60} ${units.seconds}`
  if (hours < 1) return `${minutes} ${units.minutes}`
  if (hours < 24) return `${hours} ${units.hours} ${minutes % 60} ${units.minutes}`
  return `${Math.floor(hours / 24)} ${units.days} ${hours % 24} ${units.hours}`
}

/** Format an ISO 8601 date without its year. */
export const dayOfMonth = (iso: string, language: string) =>
  new Date(`${iso}T00:00:00Z`).toLocaleDateString(language, {
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  })
